# As it was written for the original: procs that call programs and return the name of the new
# state, one subcommand per call, the host's own settings last.
proc ip_start {} {
    exec ifconfig eth0:0 192.168.1.10 netmask 255.255.255.0 broadcast 192.168.1.255 up
    exec /usr/local/sbin/send_arp 192.168.1.10 &
    return UP
}
proc ip_stop {} {
    if {[catch {exec ifconfig eth0:0 down} result]} {
        puts stderr "ifconfig failed: $result"
        return "FAIL"
    }
    return {RECOVER}
}
proc ip_reclaim {} {
    ip_stop
    return [ip_start]
}
failsvc ipaddr interval 5
failsvc ipaddr masters  {}
failsvc ipaddr slaves   {hostb hostc}
failsvc ipaddr start    ip_start
failsvc ipaddr stop     ip_stop
failsvc ipaddr reclaim  ip_reclaim
failhost hostb protocol udp
failhost hostb port 1847
failhost hostb address 127.0.0.2
failhost hostc address 127.0.0.3
# The protocol that was the default then.
failhost 192.168.1.2 protocol tcp
