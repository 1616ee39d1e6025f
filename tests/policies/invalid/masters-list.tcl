failsvc web masters "a \{b" start {return UP} stop {return RECOVER}
