failsvc web check {return UP} fall 2.5 start {return UP} stop {return RECOVER}
