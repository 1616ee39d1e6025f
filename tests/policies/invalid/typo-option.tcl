failhost hosta address 127.0.0.1

failsvc web masters hosta intervall 3 start {return UP} stop {return RECOVER}
