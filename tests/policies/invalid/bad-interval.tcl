failsvc web interval soon start {return UP} stop {return RECOVER}
