failsvc web start {return UP}; failsvc web stop {return RECOVER}; failsvc web \
    interval 2 \
    delay 0 ;# the end
failhost a address 127.0.0.1 ;failtrap * * {list}
