failsvc web timeout never start {return UP} stop {return RECOVER}
