failsvc web inter 3 start {return UP} stop {return RECOVER}
