failsvc "my\nweb" start {return UP} stop {return RECOVER}
