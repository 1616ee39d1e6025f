failsvc web retry {30s twice} start {return UP} stop {return RECOVER}
