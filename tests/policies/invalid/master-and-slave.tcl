failsvc web masters {hosta hostb} start {return UP} stop {return RECOVER}
failsvc web slaves {hostc hostb}
