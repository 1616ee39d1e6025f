failsvc web failback {} start {return UP} stop {return RECOVER}
