failsvc web start {return UP} stop {return RECOVER}
failsvc web retry "30s \{"
