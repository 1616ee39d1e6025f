proc address_start {} {
    exec ip address replace 192.0.2.10/24 dev eth0
    exec arping -A -c 1 -I eth0 192.0.2.10
    return UP
}

proc address_stop {} {
    exec ip address flush dev eth0 to 192.0.2.10/32
    return RECOVER
}

failhost hostb address 192.0.2.12 community 8hGq2vXw

failsvc address slaves   hostb
failsvc address interval 500ms
failsvc address confirm  {4 25ms}
failsvc address timeout  10s
failsvc address start    address_start
failsvc address stop     address_stop
failsvc address reclaim  address_start
