failsvc web interval -1 start {return UP} stop {return RECOVER}
