failsvc web start {return UP} stop {return RECOVER}
failsvc web interval 3sec
