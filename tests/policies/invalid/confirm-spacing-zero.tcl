failsvc web confirm {1 0} start {return UP} stop {return RECOVER}
