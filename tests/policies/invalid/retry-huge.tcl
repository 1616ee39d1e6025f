failsvc web retry {1m 2 8d} start {return UP} stop {return RECOVER}
