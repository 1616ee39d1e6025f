failsvc web* start {return UP} stop {return RECOVER}
