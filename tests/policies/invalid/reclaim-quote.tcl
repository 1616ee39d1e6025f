failsvc web start {return UP} stop {return RECOVER} reclaim {set x "y}
