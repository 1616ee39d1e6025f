# Those subcommands of `fail` that wait, or that others wait for. Tcl tells how they are used
# from the names of their arguments.
#
# `::fail::ask kind word ...` asks the engine; it suspends a script until that has answered.

namespace eval ::fail {
    # The scripts that wait, and what Tcl calls their timers.
    variable timers {} timer 0
}

proc ::fail::do_set {name state {reason {}}} {
    ::fail::must_know set $name $state
    tailcall ::fail::ask set $name $state $reason
}

foreach wish {away back hold release} {
    proc ::fail::do_$wish {name {reason {}}} [string map [list @ $wish] {
        ::fail::must_know @ $name
        tailcall ::fail::ask set $name @ $reason
    }]
}
unset wish

proc ::fail::do_after {time script} {
    variable timers
    variable timer
    set ms [::fail::timer $time $script [dict size $timers]]
    set id timer[incr timer]
    dict set timers $id [::after $ms [list ::fail::due $id $script]]
    return $id
}

proc ::fail::due {id script} {
    variable timers
    dict unset timers $id
    tailcall uplevel #0 $script
}

proc ::fail::do_cancel {id} {
    variable timers
    if {![dict exists $timers $id]} {
        tailcall ::fail::no_timer $id
    }
    ::after cancel [dict get $timers $id]
    dict unset timers $id
    return
}

proc ::fail::do_for {time script} {
    ::fail::lending $time
    try {
        uplevel 1 $script
    } finally {
        ::fail::lent
    }
}
