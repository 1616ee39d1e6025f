failsvc {} start {return UP} stop {return RECOVER}
