failsvc "web\0" start {return UP} stop {return RECOVER}
