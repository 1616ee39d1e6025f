failsvc web check {return UP} rise -1 start {return UP} stop {return RECOVER}
