failsvc web interval 5ms start {return UP} stop {return RECOVER}
