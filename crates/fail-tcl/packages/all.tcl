# failover::all: a service that is made of several parts, started in their order and stopped in
# reverse. What a part is, and how a package offers one, stands at the top of part.tcl.
#
#     all::service web {
#         ip::part address 192.0.2.10/24 eth0
#         exec::part disk -start {mount /srv} -stop {umount /srv}
#         systemd::part server nginx
#     } slaves hostb interval 1s

package require failover::part

namespace eval ::all {}

proc ::all::service {name parts args} {
    ::failover::part::public [list ::all::Service $name $parts $args]
}

proc ::all::part {name parts} {
    ::failover::part::public [list ::all::Part "all::part $name" $name $parts]
}

proc ::all::Service {name script words} {
    set command "all::service $name"
    lassign [::failover::part::read $command {} $words] - options
    ::failover::part::service $name [Make $command $name $script] $options
}

proc ::all::Part {command name script} {
    Make $command $name $script
}

# The scripts: each is told only what it needs of the parts.
proc ::all::Make {command name script} {
    # Where the policy called: above us, Service or Part, and service or part.
    set parts [::failover::part::collect 3 $script]
    if {![llength $parts]} {
        ::failover::part::wrong "$command: there is no part in it"
    }
    set seen {}
    foreach part $parts {
        set word [dict get $part name]
        if {$word in $seen} {
            ::failover::part::wrong "$command: there are two parts \"$word\""
        }
        lappend seen $word
    }
    set scripts [list start [list ::all::Start [Pick $parts start stop]] \
        stop [list ::all::Stop [Pick [lreverse $parts] stop]]]
    foreach {action command} {check ::all::Check reclaim ::all::Reclaim} {
        set able [lmap part $parts {expr {[dict exists $part $action] ? $part : [continue]}}]
        if {[llength $able]} {
            lappend scripts $action [list $command [Pick $able $action]]
        }
    }
    # One after the other; a part that says nothing takes as long as a service that says nothing.
    set told [lmap part $parts {expr {[dict exists $part timeout] ? [dict get $part timeout] : 30}}]
    if {[lsearch -exact [lmap part $parts {dict exists $part timeout}] 1] >= 0} {
        lappend scripts timeout [::tcl::mathop::+ {*}$told]
    }
    ::failover::part::make $name {*}$scripts
}

# A list of lists: the name of each part, and these scripts of it.
proc ::all::Pick {parts args} {
    lmap part $parts {
        set row [list [dict get $part name]]
        foreach action $args {
            lappend row [dict get $part $action]
        }
        set row
    }
}

proc ::all::Start {rows} {
    set started {}
    foreach row $rows {
        lassign $row name start stop
        set started [linsert $started 0 [list $name $stop]]
        set code [catch {::failover::part::state $start} state options]
        if {$code == 0 && $state eq "UP"} {
            continue
        }
        set why [expr {$code ? $state : "start returned $state"}]
        set why "$name: [First $why]"
        if {$code && [Cancelled $options]} {
            return -options $options $why
        }
        foreach problem [StopAll $started] {
            append why "; then stop of $problem"
        }
        return -code error -errorcode [list FAILOVER PART $name] $why
    }
    return UP
}

proc ::all::Stop {rows} {
    set problems [StopAll $rows]
    if {[llength $problems]} {
        return -code error -errorcode {FAILOVER PART} [join $problems "; "]
    }
    return RECOVER
}

# Stops them all, whatever comes of one, and returns what went wrong.
proc ::all::StopAll {rows} {
    set problems {}
    foreach row $rows {
        lassign $row name stop
        if {[catch {::failover::part::state $stop} state options]} {
            if {[Cancelled $options]} {
                return -options $options "$name: $state"
            }
            lappend problems "$name: [First $state]"
        } elseif {$state ne "RECOVER"} {
            lappend problems "$name: stop returned $state"
        }
    }
    return $problems
}

# All UP is UP, all RECOVER is RECOVER. Everything else is neither, and names who is to blame:
# what is broken, or else what differs from what the service is said to be.
proc ::all::Check {rows} {
    set seen {}
    foreach row $rows {
        lassign $row name check
        if {[catch {::failover::part::state $check} state options]} {
            return -options $options "$name: $state"
        }
        if {$state eq "FAIL"} {
            return -code error -errorcode [list FAILOVER PART $name] "$name: check returned FAIL"
        }
        dict lappend seen $state $name
    }
    if {[dict size $seen] == 1} {
        return [lindex $seen 0]
    }
    set odd [expr {$::fail::from eq "UP" ? "RECOVER" : "UP"}]
    set names [dict get $seen $odd]
    return -code error -errorcode [list FAILOVER PART {*}$names] \
        "[join $names {, }]: $odd, the other parts are not"
}

proc ::all::Reclaim {rows} {
    foreach row $rows {
        lassign $row name reclaim
        if {[catch {::failover::part::state $reclaim} state options]} {
            return -options $options "$name: $state"
        }
        if {$state ne "UP"} {
            return -code error -errorcode [list FAILOVER PART $name] \
                "$name: reclaim returned $state"
        }
    }
    return UP
}

# Whoever cancels a script decides what is run next, and does not wait for us.
proc ::all::Cancelled {options} {
    expr {[lrange [dict get $options -errorcode] 0 1] eq {FAIL CANCELLED}}
}

proc ::all::First {text} {
    lindex [split [string trim $text] \n] 0
}
