failhost hosta address no-such-host.invalid
failsvc web masters hosta start {return UP} stop {return RECOVER}
