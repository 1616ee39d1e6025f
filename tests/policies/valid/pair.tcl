# One subcommand per call, as the original had it.
proc ip_start {} { return UP }
proc ip_stop {} { return RECOVER }
failsvc ipaddr interval 5
failsvc ipaddr masters {}
failsvc ipaddr slaves {hostb}
failsvc ipaddr start ip_start
failsvc ipaddr stop ip_stop
failsvc ipaddr reclaim ip_start
failhost hostb protocol udp
failhost hostb address 127.0.0.2
