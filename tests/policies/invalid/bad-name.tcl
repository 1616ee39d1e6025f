failsvc {my web} interval 1
