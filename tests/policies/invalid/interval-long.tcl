failsvc web interval 25h start {return UP} stop {return RECOVER}
