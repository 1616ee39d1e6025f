# Two services on two hosts, each host the master of one. The same file on both; me.tcl,
# which says who this host is, must be read first.

# The key that the failds of these hosts share. Make your own: openssl rand -hex 16
set community 8hGq2vXw

set device eth0

# Where the failds of the hosts answer.
set addresses {
    hosta 192.0.2.11
    hostb 192.0.2.12
}

# service  address        unit of systemd  hosts by rank
set services {
    web    192.0.2.10/24  nginx.service    {hosta hostb}
    dns    192.0.2.20/24  named.service    {hostb hosta}
}

# Each returns the new state of the service. An error makes it FAIL, and after a failed start
# service_stop cleans up: it must cope with a service that does not run.

proc service_start {address device unit} {
    exec ip address replace $address dev $device
    exec systemctl start $unit
    # Last, so that nobody is sent to a server that does not answer yet.
    service_announce $address $device
    return UP
}

proc service_stop {address device unit} {
    # Whatever happens to the unit: with the address still here, nobody else could serve.
    try {
        exec systemctl stop $unit
    } finally {
        exec ip address flush dev $device to [lindex [split $address /] 0]/32
    }
    return RECOVER
}

# Tell the neighbours where the address is now.
proc service_announce {address device} {
    exec arping -U -c 1 -I $device [lindex [split $address /] 0]
    return UP
}

if {![info exists me]} {
    error "read me.tcl before services.tcl: failsh -f me.tcl -f services.tcl"
}

dict for {host address} $addresses {
    if {$host ne $me} {
        failhost $host address $address community $community
    }
}

foreach {service address unit hosts} $services {
    set rank [lsearch -exact $hosts $me]
    if {$rank < 0} {
        error "me.tcl says that this host is \"$me\", which is not one of: $hosts"
    }
    failsvc $service masters [lrange $hosts 0 $rank-1] slaves [lrange $hosts $rank+1 end]
    failsvc $service interval 500ms
    failsvc $service start [list service_start $address $device $unit]
    failsvc $service stop [list service_stop $address $device $unit]
    failsvc $service reclaim [list service_announce $address $device]
}
