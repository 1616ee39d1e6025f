failsvc web failback 2 start {return UP} stop {return RECOVER}
