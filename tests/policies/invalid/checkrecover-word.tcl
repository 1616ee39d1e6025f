failsvc web check {return UP} checkrecover perhaps start {return UP} stop {return RECOVER}
