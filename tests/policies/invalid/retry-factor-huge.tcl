failsvc web retry {30s 1001} start {return UP} stop {return RECOVER}
