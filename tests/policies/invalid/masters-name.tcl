failsvc web masters {hosta host;b} start {return UP} stop {return RECOVER}
