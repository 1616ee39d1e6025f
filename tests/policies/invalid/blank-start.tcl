failsvc web stop {return RECOVER}
failsvc web start {  }
