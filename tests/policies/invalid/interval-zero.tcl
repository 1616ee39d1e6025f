failsvc web interval 0 start {return UP} stop {return RECOVER}
