failsvc web retry {30s 0.5} start {return UP} stop {return RECOVER}
