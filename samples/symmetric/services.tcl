# Two services on two hosts, each host the master of one. The same file on both; me.tcl,
# which says who this host is, must be read first.

package require failover::all
package require failover::ip
package require failover::systemd

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
    # Started in this order, stopped in reverse: nobody is sent to a server that does not
    # answer yet, or no more. Every two seconds both are checked.
    all::service $service {
        systemd::part unit $unit
        ip::part address $address $device
    } masters [lrange $hosts 0 $rank-1] slaves [lrange $hosts $rank+1 end] \
        interval 500ms checkinterval 2s retry {5s 2 5m}
}
