# failover::lsb: an init script as a service, by the exit codes of the Linux Standard Base.

package require failover::part

namespace eval ::lsb {
    variable options {
        -args {any {}} -env {dict {}} -reclaim {word {}} -status {bool 1} -timeout {time {}}
    }
    variable meanings {
        1 {error} 2 {wrong arguments} 3 {not implemented} 4 {permission denied}
        5 {not installed} 6 {not configured} 7 {not running}
    }
    variable found {
        1 {dead, and its pid file is left} 2 {dead, and its lock file is left} 4 {unknown}
    }
    # Between two looks at what is being started, and for how long.
    variable look 250
    variable patience 10000
}

proc ::lsb::service {name script args} {
    ::failover::part::public [list ::lsb::Service $name $script $args]
}

proc ::lsb::part {name script args} {
    ::failover::part::public [list ::lsb::Part $name $script $args]
}

proc ::lsb::Service {name script words} {
    variable options
    lassign [::failover::part::read "lsb::service $name" $options $words] own rest
    ::failover::part::service $name [Make "lsb::service $name" $name $script $own] $rest
}

proc ::lsb::Part {name script words} {
    variable options
    lassign [::failover::part::read "lsb::part $name" $options $words] own rest
    ::failover::part::none "lsb::part $name" $rest
    Make "lsb::part $name" $name $script $own
}

proc ::lsb::Make {command name script own} {
    set path [file join /etc/init.d $script]
    if {$script eq {} || ![file isfile $path] || ![file executable $path]} {
        ::failover::part::wrong "$command: there is no init script $path"
    }
    set it [dict create script $path args [dict get $own args] env [dict get $own env] \
        timeout [dict get $own timeout] status [dict get $own status]]
    set scripts [list start [list ::lsb::Start $it] stop [list ::lsb::Stop $it]]
    if {[dict get $own status]} {
        lappend scripts check [list ::lsb::Check $it]
    }
    if {[dict get $own reclaim] ne {}} {
        lappend scripts reclaim [list ::lsb::Reclaim $it [dict get $own reclaim]]
    }
    ::failover::part::make $name {*}$scripts
}

# Runs one action and returns its exit code and what it has to say. As at boot nothing of our
# environment is handed on.
proc ::lsb::Act {it action} {
    dict with it {}
    set words {}
    foreach name {PATH LANG} {
        if {[info exists ::env($name)]} {
            lappend words $name=$::env($name)
        }
    }
    dict for {name value} $env {
        lappend words $name=$value
    }
    set command [list env -i {*}$words $script $action {*}$args]
    set ran [::failover::part::run [list -timeout $timeout -dir /] $command \
        "[file tail $script] $action"]
    set said [::failover::part::complaint [list $script] $ran]
    if {[dict get $ran signal] ne {}} {
        return -code error -errorcode {FAILOVER SIGNAL} $said
    }
    if {[string match "*: exit code *" $said]} {
        set said {}
    }
    list [dict get $ran exit] $said
}

proc ::lsb::Failed {it action code said {meanings {}}} {
    if {$said eq {}} {
        set what [expr {[dict exists $meanings $code] ? [dict get $meanings $code] : "exit code $code"}]
        set said "[file tail [dict get $it script]] $action: $what"
    }
    return -code error -errorcode [list FAILOVER EXIT $code] $said
}

proc ::lsb::Start {it} {
    variable meanings
    variable look
    variable patience
    variable found
    lassign [Act $it start] code said
    if {$code != 0} {
        Failed $it start $code $said $meanings
    }
    if {![dict get $it status]} {
        return UP
    }
    set end [expr {[clock milliseconds] + $patience}]
    while 1 {
        lassign [Act $it status] code said
        if {$code == 0} {
            return UP
        }
        if {[clock milliseconds] > $end} {
            dict set found 3 "not running"
            Failed $it "start, then status" $code {} $found
        }
        after $look
    }
}

proc ::lsb::Stop {it} {
    variable meanings
    lassign [Act $it stop] code said
    # Whatever it says: what counts is whether it runs.
    if {[dict get $it status]} {
        lassign [Act $it status] now
        if {$now in {1 2 3}} {
            return RECOVER
        }
        if {$code in {0 7}} {
            Failed $it "stop, then status" $now "[file tail [dict get $it script]] still runs"
        }
    }
    if {$code ni {0 7}} {
        Failed $it stop $code $said $meanings
    }
    return RECOVER
}

proc ::lsb::Check {it} {
    variable found
    lassign [Act $it status] code said
    if {$code == 0} {
        return UP
    }
    if {$code == 3 || ($code in {1 2} && $::fail::from ne "UP")} {
        return RECOVER
    }
    Failed $it status $code {} $found
}

proc ::lsb::Reclaim {it action} {
    variable meanings
    lassign [Act $it $action] code said
    if {$code != 0} {
        Failed $it $action $code $said $meanings
    }
    return UP
}
