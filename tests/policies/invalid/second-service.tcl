# The first one is well.
failsvc db start {return UP} stop {return RECOVER}
failsvc web start {return UP} stop {return RECOVER} slaves {hosta hosta}
