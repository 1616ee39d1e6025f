failsvc [string repeat é 32]x start {return UP} stop {return RECOVER}
