failsvc web retry 0 start {return UP} stop {return RECOVER}
