failsvc web start {return UP} stop {return RECOVER}
failsv web interval 3
