failsvc web retry {1 2 3 4} start {return UP} stop {return RECOVER}
