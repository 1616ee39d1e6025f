failsvc web interval 99999999999999999999 start {return UP} stop {return RECOVER}
