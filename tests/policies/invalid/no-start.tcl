failsvc web stop {return RECOVER}
