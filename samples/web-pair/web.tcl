# A service address and nginx, on one of several hosts. The same file on each of them; what
# differs is in site.tcl, which must be read first.

package require failover::all
package require failover::exec
package require failover::ip

if {![info exists site(me)]} {
    error "read site.tcl before web.tcl: failsh -f site.tcl -f web.tcl"
}
set names [dict keys $site(hosts)]
set rank [lsearch -exact $names $site(me)]
if {$rank < 0} {
    error "site.tcl says that this host is \"$site(me)\", which is not one of: $names"
}

foreach {name address} $site(hosts) {
    if {$name ne $site(me)} {
        failhost $name address $address port $site(port) community $site(community)
    }
}

# The service has two parts. They are started in this order, and stopped in reverse: nobody is
# sent to a server that does not answer yet, or no more. When one can not be started, the
# other is stopped again, the service is FAIL here, and the other host takes over.
all::service web {
    # nginx and its number together tell whether a process is ours: the number alone stays
    # behind when nginx is killed, and may be somebody else's by now. A check that ends with
    # 1 or 3 has found that nginx does not run.
    set nginx [list --quiet --pidfile $site(pidfile) --exec $site(nginx)]
    exec::part nginx \
        -start [list start-stop-daemon --start --oknodo {*}$nginx -- {*}$site(options)] \
        -stop [list start-stop-daemon --stop --oknodo --retry QUIT/5/TERM/5 {*}$nginx] \
        -check [list start-stop-daemon --status {*}$nginx] -codes {1 RECOVER 3 RECOVER}

    # Nobody is asked whether he has the address: a host whose daemons are dead while its
    # kernel lives still answers, and must not keep others from serving.
    if {$site(device) ne ""} {
        ip::part address $site(address) $site(device) -probe no
    }
} interval $site(interval) timeout 15s

# Whoever stands before this host outranks it, whoever stands after it does not.
failsvc web masters [lrange $names 0 $rank-1] slaves [lrange $names $rank+1 end]

# Every two seconds both parts are checked. Three bad checks in a row, and the service is
# stopped and FAIL; two good ones, and bad ones before them are forgotten.
failsvc web checkinterval 2s rise 2 fall 3

# After a failure it is tried again: after 5 seconds, then 10, 20, and so on up to 5 minutes.
failsvc web retry {5s 2 5m}
