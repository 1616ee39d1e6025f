failsvc web timeout 0s start {return UP} stop {return RECOVER}
