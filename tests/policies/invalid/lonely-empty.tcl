failsvc web lonely {} start {return UP} stop {return RECOVER}
