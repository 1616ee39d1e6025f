failsvc web delay -5s start {return UP} stop {return RECOVER}
