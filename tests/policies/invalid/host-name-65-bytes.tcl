failhost [string repeat x 65] port 1
