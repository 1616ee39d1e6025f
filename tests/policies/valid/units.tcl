# Every unit, decimals, and what leaves out its whole or its fraction.
failsvc us interval 10000us start {return UP} stop {return RECOVER}
failsvc ms interval 250ms timeout 1500ms start {return UP} stop {return RECOVER}
failsvc s interval 0.05 delay 10s timeout 90 start {return UP} stop {return RECOVER}
failsvc m interval .5m timeout 1.5m delay 2m start {return UP} stop {return RECOVER}
failsvc h interval 1.h timeout 1h delay 24h start {return UP} stop {return RECOVER}
failsvc d interval 1d retry {1s 1 1d} start {return UP} stop {return RECOVER}
