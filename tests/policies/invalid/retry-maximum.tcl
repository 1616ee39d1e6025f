failsvc web retry {30s 2 10s} start {return UP} stop {return RECOVER}
