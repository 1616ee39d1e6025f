failsvc web start {return UP} stop {return RECOVER} check "if 1 \{"
