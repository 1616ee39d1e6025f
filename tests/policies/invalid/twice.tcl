failsvc web masters {hosta hosta} start {return UP} stop {return RECOVER}
