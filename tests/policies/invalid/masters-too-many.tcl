set all {}
for {set i 0} {$i < 65} {incr i} {lappend all host$i}
failsvc web slaves $all start {return UP} stop {return RECOVER}
