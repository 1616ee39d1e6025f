# fine
failsvc web start {return UP
