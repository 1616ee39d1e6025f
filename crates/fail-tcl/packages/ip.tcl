# failover::ip: service addresses, put on devices and announced by failsh itself; no program is
# started.
#
# The commands hand their words to the engine, which reads them: what is wrong with them is
# said there, in fail_core::address.

package require failover::part

namespace eval ::ip {
    # Those of add, for all the addresses of a service or a part.
    variable options {
        -label {any {}} -probe {any {}} -announce {any {}} -spacing {any {}} -force {bool 0}
    }
    # A start that is refused because somebody else still answers must not be the last one.
    variable retry {1s 2 30s}
}

foreach command {add announce del has link probe} {
    proc ::ip::$command args [format {
        tailcall ::fail::ask address %s {*}$args
    } $command]
}
unset command

proc ::ip::list args {
    set found {}
    foreach line [split [::fail::ask address list {*}$args] \n] {
        if {$line ne {}} {
            lassign [split $line \t] address device label flags
            lappend found [dict create \
                address $address device $device label $label flags $flags]
        }
    }
    return $found
}

proc ::ip::service {name addrs dev args} {
    ::failover::part::public [::list ::ip::Service $name $addrs $dev $args]
}

proc ::ip::part {name addrs dev args} {
    ::failover::part::public [::list ::ip::Part $name $addrs $dev $args]
}

proc ::ip::Service {name addrs dev words} {
    variable options
    variable retry
    lassign [::failover::part::read "ip::service $name" $options $words] own rest
    set part [Make "ip::service $name" $name $addrs $dev $own]
    ::failover::part::service $name $part [::list retry $retry {*}$rest]
}

proc ::ip::Part {name addrs dev words} {
    variable options
    lassign [::failover::part::read "ip::part $name" $options $words] own rest
    ::failover::part::none "ip::part $name" $rest
    Make "ip::part $name" $name $addrs $dev $own
}

proc ::ip::Make {command name addrs dev own} {
    set up {}
    foreach option {label probe announce spacing} {
        if {[dict get $own $option] ne {}} {
            lappend up -$option [dict get $own $option]
        }
    }
    if {[dict get $own force]} {
        lappend up -force
    }
    set tell {}
    foreach {option as} {announce -times spacing -spacing} {
        if {[dict get $own $option] ne {}} {
            lappend tell $as [dict get $own $option]
        }
    }
    # Whoever mistypes an address learns it now, and not in the night when it is needed. Outside
    # of failsh nobody reads orders.
    if {[info commands ::fail::address] ne {}
            && [catch {::fail::address add $addrs $dev {*}$up} message]} {
        ::failover::part::wrong "$command: $message"
    }
    ::failover::part::make $name \
        start [::list ::ip::Up $addrs $dev $up] \
        stop [::list ::ip::Down $addrs $dev] \
        check [::list ::ip::Check $addrs $dev] \
        reclaim [::list ::ip::Tell $addrs $dev $tell]
}

proc ::ip::Up {addrs dev options} {
    add $addrs $dev {*}$options
    return UP
}

proc ::ip::Down {addrs dev} {
    del $addrs $dev
    return RECOVER
}

proc ::ip::Tell {addrs dev options} {
    announce $addrs $dev {*}$options
    return UP
}

# What can not serve can not be brought up either: without a carrier it is neither UP nor
# RECOVER.
proc ::ip::Check {addrs dev} {
    set words [dict create nocarrier "has no carrier" down "is down"]
    set state [link $dev]
    if {$state ne "up"} {
        error "the device $dev [dict get $words $state]"
    }
    set missing {}
    foreach addr $addrs {
        if {![has $addr $dev]} {
            lappend missing $addr
        }
    }
    if {![llength $missing]} {
        return UP
    }
    if {[llength $missing] == [llength $addrs]} {
        return RECOVER
    }
    error "not on $dev: [join $missing {, }]"
}
