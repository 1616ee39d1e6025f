failsvc web confirm 101 start {return UP} stop {return RECOVER}
