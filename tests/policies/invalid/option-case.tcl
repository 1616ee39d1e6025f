failsvc web Interval 3 start {return UP} stop {return RECOVER}
