failsvc web start {return UP}
