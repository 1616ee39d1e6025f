failsvc web check {return UP} rise 0 start {return UP} stop {return RECOVER}
