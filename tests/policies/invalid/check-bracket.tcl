failsvc web start {return UP} stop {return RECOVER} check {set x [y}
