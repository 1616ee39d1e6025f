failsvc web community [string repeat k 129] start {return UP} stop {return RECOVER}
