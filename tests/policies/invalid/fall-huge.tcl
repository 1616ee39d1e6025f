failsvc web check {return UP} fall 1001 start {return UP} stop {return RECOVER}
