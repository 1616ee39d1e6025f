# A service that is checked, also while it waits, and that tries again by itself.
proc looks {} {
    if {[catch {exec curl --fail --silent --max-time 2 http://127.0.0.1/}]} { return FAIL }
    return UP
}
failhost hostb address 127.0.0.2
failsvc web slaves hostb start {return UP} stop {return RECOVER}
failsvc web check looks checkinterval 2 checkrecover on rise 3 fall 2
failsvc web retry {30s 1.5 15m} failback false community 8hGq2vXw
failsvc db check looks start {return UP} stop {return RECOVER} retry 5
failsvc db retry {}
