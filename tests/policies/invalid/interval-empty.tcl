failsvc web interval {} start {return UP} stop {return RECOVER}
