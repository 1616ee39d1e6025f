failhost hosta port 1 address
