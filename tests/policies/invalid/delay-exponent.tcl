failsvc web delay 1e3 start {return UP} stop {return RECOVER}
