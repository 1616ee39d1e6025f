failsvc web start {return UP} stop {return RECOVER}

failtrap web down {mail}
