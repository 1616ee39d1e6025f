failsvc web\u200b start {return UP} stop {return RECOVER}
