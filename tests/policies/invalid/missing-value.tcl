failsvc web interval 1 masters
