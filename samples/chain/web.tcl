# A service address on four hosts: the first one that can serve has it. The same file on all
# of them; me.tcl, which says who this host is, must be read first.

package require failover::ip
package require failover::notify

# The key that the failds of these hosts share. Make your own: openssl rand -hex 16
set community 8hGq2vXw

# All hosts, by rank, and where their failds answer.
set hosts {
    hosta 192.0.2.11
    hostb 192.0.2.12
    hostc 192.0.2.13
    hostd 192.0.2.14
}

# The service address, which no host may configure at boot.
set address 192.0.2.10/24
set device eth0

# The web server runs on every host, whether it serves or not; only the address moves. So a
# host can tell before its turn comes whether it could serve. An error, that of curl for
# example, means that it can not.
proc web_check {address device} {
    exec curl --fail --silent --show-error --max-time 2 --output /dev/null http://127.0.0.1/
    return [expr {[ip::has $address $device] ? "UP" : "RECOVER"}]
}

if {![info exists me]} {
    error "read me.tcl before web.tcl: failsh -f me.tcl -f web.tcl"
}
set names [dict keys $hosts]
set rank [lsearch -exact $names $me]
if {$rank < 0} {
    error "me.tcl says that this host is \"$me\", which is not one of: $names"
}

dict for {host ip} $hosts {
    if {$host ne $me} {
        failhost $host address $ip community $community
    }
}

# Whoever stands before this host outranks it, whoever stands after it does not.
ip::service web $address $device \
    masters [lrange $names 0 $rank-1] slaves [lrange $names $rank+1 end] \
    interval 500ms timeout 5s retry {2s 2 1m} \
    check [list web_check $address $device] checkinterval 1s checkrecover yes rise 2 fall 3

# Somebody should know who serves now, and why. Not more than ten mails in ten minutes.
notify::on web {takeover handback fail} {mail -to ops@example.org}
