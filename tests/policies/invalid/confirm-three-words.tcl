failsvc web confirm {1 2 3} start {return UP} stop {return RECOVER}
