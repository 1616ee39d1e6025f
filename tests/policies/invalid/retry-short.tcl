failsvc web retry 50ms start {return UP} stop {return RECOVER}
