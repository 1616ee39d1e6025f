failsvc web community "a\tb" start {return UP} stop {return RECOVER}
