# The policy of hosta, as it was written twenty years ago.

proc ipaddr_start {} {
    exec ifconfig eth0:1 192.0.2.10 netmask 255.255.255.0 broadcast 192.0.2.255 up
    # some routers do not believe us otherwise
    catch {exec arping -U -c 1 -I eth0 192.0.2.10}
    return UP
}

proc ipaddr_stop {} {
    if {[catch {exec ifconfig eth0:1 down} msg]} {
        if {![string match "*Cannot assign requested address*" $msg]} {
            return FAIL
        }
    }
    return RECOVER
}

failsvc ipaddr interval 1
failsvc ipaddr masters  {}
failsvc ipaddr slaves   {hostb}
failsvc ipaddr start    ipaddr_start
failsvc ipaddr stop     ipaddr_stop
failsvc ipaddr reclaim  ipaddr_start

failhost hostb port     1847
failhost hostb protocol udp
