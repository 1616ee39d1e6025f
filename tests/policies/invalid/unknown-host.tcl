failsvc web start {return UP} stop {return RECOVER}
failsvc web masters no-such-host.invalid
