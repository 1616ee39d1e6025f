failsvc web -interval 3 start {return UP} stop {return RECOVER}
