failsvc web interval {1 s} start {return UP} stop {return RECOVER}
