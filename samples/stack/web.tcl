# A file system, the web server that serves it, and its address: one service, which is here or
# there as a whole. The same file on both hosts; me.tcl, which says who this host is, must be
# read first.

package require failover::all
package require failover::exec
package require failover::ip

# The key that the failds of these hosts share. Make your own: openssl rand -hex 16
set community 8hGq2vXw

# All hosts, by rank, and where their failds answer.
set hosts {
    hosta 192.0.2.11
    hostb 192.0.2.12
}

# What is mounted, and where; how nginx is started, and where it writes its number; the
# service address, which no host may configure at boot.
set disk /dev/disk/by-label/www
set folder /srv/www
set options {-c /etc/nginx/nginx.conf}
set pidfile /run/nginx.pid
set address 192.0.2.10/24
set device eth0

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

# Started in this order, stopped in reverse. Each start and stop must cope with what has been
# done already. Exit code 3 of a check: does not run, but could.
all::service web {
    exec::part disk -timeout 20s \
        -start [list sh -c {mountpoint -q "$1" || mount "$0" "$1"} $disk $folder] \
        -stop [list sh -c {! mountpoint -q "$0" || umount "$0"} $folder] \
        -check [list sh -c {
            mountpoint -q "$1" && exit 0
            test -e "$0" && exit 3
            echo "there is no $0" >&2
            exit 1
        } $disk $folder] -codes {3 RECOVER}

    set nginx [list --quiet --pidfile $pidfile --exec /usr/sbin/nginx]
    exec::part server -timeout 15s \
        -start [list start-stop-daemon --start --oknodo {*}$nginx -- {*}$options] \
        -stop [list start-stop-daemon --stop --oknodo --retry QUIT/5/TERM/5 {*}$nginx] \
        -check [list start-stop-daemon --status {*}$nginx] -codes {1 RECOVER 3 RECOVER}

    # Last, so that nobody is sent to a server that does not answer yet.
    ip::part address $address $device
} masters [lrange $names 0 $rank-1] slaves [lrange $names $rank+1 end] \
    interval 500ms timeout 1m retry {2s 2 5m} \
    checkinterval 1s checkrecover yes rise 2 fall 2

failtrap web fail {
    fail log error "$::fail::service is broken on this host: $::fail::reason"
}
