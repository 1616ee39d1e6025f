# Later values replace earlier ones, empty ones take back, whole dicts are given again.
failhost hostb address 127.0.0.2 timeout 100ms
failhost hostb timeout {}
failsvc web slaves hostb masters hosta start {return UP} stop {return RECOVER} reclaim {return UP}
failhost hosta {*}[failhost hostb]
failsvc web reclaim {} masters {} retry 30 check {return UP}
failsvc web check {}
failsvc copy {*}[failsvc web]
failsvc copy retry {} interval [failsvc web interval]
