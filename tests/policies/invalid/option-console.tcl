failsvc web start {return UP} stop {return RECOVER}
failsvc web console yes
