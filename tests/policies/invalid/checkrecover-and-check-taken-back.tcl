failsvc web start {return UP} stop {return RECOVER} check {return UP}
failsvc web checkrecover yes
failsvc web check {}
