# A service address and nginx, on one of several hosts. The same file on each of them; what
# differs is in site.tcl, which must be read first.
#
# failsh calls web_start, web_stop and web_reclaim. What they return is the new state of the
# service; an error makes it FAIL, and after a failed start web_stop cleans up. So web_start
# must cope with a service that runs already, web_stop with one that does not.
#
# `exec` and `after` suspend the script only: failsh goes on asking and answering.

proc web_start {} {
    address_add
    nginx_start
    # Last, so that nobody is sent to a server that does not answer yet. The announcement goes
    # out at once; arping ends a second later.
    address_announce
    return UP
}

proc web_stop {} {
    # Whatever happens to nginx: with the address still here, nobody else could serve.
    try {
        nginx_stop
    } finally {
        address_remove
    }
    return RECOVER
}

# A slave has served as well while the network was cut, and has given way: the neighbours
# must forget where they saw the address.
proc web_reclaim {} {
    address_announce
    return UP
}

# --- the address ---------------------------------------------------------------------------

proc address_add {} {
    global site
    if {$site(device) eq ""} return
    # `add` would be an error where the address is there already.
    exec ip address replace $site(address)/$site(prefix) dev $site(device)
}

proc address_announce {} {
    global site
    if {$site(device) eq ""} return
    exec arping -U -c 1 -I $site(device) $site(address)
}

proc address_remove {} {
    global site
    if {$site(device) eq ""} return
    # `delete` would be an error where the address is gone already.
    exec ip address flush dev $site(device) to $site(address)/32
}

# --- nginx ---------------------------------------------------------------------------------

proc nginx_start {} {
    global site
    if {[nginx_pid] ne ""} return
    try {
        exec {*}$site(nginx)
    } trap NONE message {
        # It ended with 0 and wrote to standard error, which `exec` takes for an error: a
        # warning.
        fail log warn "nginx: $message"
    }
    # It answers by now, but writes its pid file a moment later. Without that we could not
    # stop it.
    if {![wait_until {[nginx_pid] ne ""} 5000]} {
        error "nginx was started, but there is no process of $site(pidfile)"
    }
}

proc nginx_stop {} {
    # Not `nginx -s quit`: that would read the configuration first, and fail if there is an
    # error in it. QUIT lets running requests end, TERM does not.
    foreach {signal limit} {QUIT 5000 TERM 5000} {
        set pid [nginx_pid]
        if {$pid eq ""} return
        # `catch`: it may end between the two lines.
        catch {exec sh -c {kill -s "$0" "$1"} $signal $pid}
        # Until it is gone: RECOVER is a promise that nothing is running here any more.
        if {[wait_until {[nginx_pid] eq ""} $limit]} return
    }
    error "nginx, process $pid, does not end"
}

# The number of the running nginx, or nothing. The pid file alone proves little: it stays
# behind when nginx is killed, and the number may be somebody else's by now.
proc nginx_pid {} {
    global site
    try {
        set pid [string trim [content $site(pidfile)]]
        set line [string map {\0 " "} [content /proc/$pid/cmdline]]
    } on error {} {
        return ""
    }
    if {[string first [join $site(nginx)] $line] < 0} {
        return ""
    }
    return $pid
}

# --- small things --------------------------------------------------------------------------

proc content file {
    set channel [open $file]
    try {
        read $channel
    } finally {
        close $channel
    }
}

# Looks every 20 ms whether the condition holds. Gives 0 if it does not within the limit.
proc wait_until {condition limit_ms} {
    set end [expr {[clock milliseconds] + $limit_ms}]
    while {![uplevel 1 [list expr $condition]]} {
        if {[clock milliseconds] > $end} {
            return 0
        }
        after 20
    }
    return 1
}

# --- the service ---------------------------------------------------------------------------

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

# Whoever stands before this host outranks it, whoever stands after it does not.
failsvc web masters [lrange $names 0 $rank-1] slaves [lrange $names $rank+1 end]
failsvc web interval $site(interval)
failsvc web start web_start stop web_stop reclaim web_reclaim
