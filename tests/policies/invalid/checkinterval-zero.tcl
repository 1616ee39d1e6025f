failsvc web start {return UP} stop {return RECOVER} check {return UP} checkinterval 0
