for {set i 0} {$i < 2001} {incr i} {
    failsvc web$i start {return UP} stop {return RECOVER}
}
