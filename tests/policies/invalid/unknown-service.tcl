failsvc web interval
