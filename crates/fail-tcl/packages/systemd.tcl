# failover::systemd: a unit as a service, by systemctl.

package require failover::part

namespace eval ::systemd {
    variable options {
        -system {flag 0} -user {flag 0} -enabled {enabled no} -reclaim {reclaim no}
    }
    # systemd's own limit for a start or a stop is 90 seconds: let it speak first.
    variable timeout 100
    # Between two looks at a unit that is on its way.
    variable look 200
}

proc ::systemd::service {name unit args} {
    ::failover::part::public [list ::systemd::Service $name $unit $args]
}

proc ::systemd::part {name unit args} {
    ::failover::part::public [list ::systemd::Part $name $unit $args]
}

proc ::systemd::Service {name unit words} {
    variable options
    lassign [::failover::part::read "systemd::service $name" $options $words] own rest
    ::failover::part::service $name [Make "systemd::service $name" $name $unit $own] $rest
}

proc ::systemd::Part {name unit words} {
    variable options
    lassign [::failover::part::read "systemd::part $name" $options $words] own rest
    ::failover::part::none "systemd::part $name" $rest
    Make "systemd::part $name" $name $unit $own
}

proc ::failover::part::kind-enabled {value} {
    if {$value ni {ok no}} {
        error "bad value \"$value\": must be ok or no"
    }
    return $value
}

proc ::failover::part::kind-reclaim {value} {
    if {$value ni {no reload restart}} {
        error "bad value \"$value\": must be restart, reload, or no"
    }
    return $value
}

proc ::systemd::Make {command name unit own} {
    variable timeout
    if {[dict get $own system] && [dict get $own user]} {
        ::failover::part::wrong "$command: -system and -user exclude each other"
    }
    if {![regexp {^[\w:.\\@-]+$} $unit] || [string match -* $unit]} {
        ::failover::part::wrong "$command: bad unit \"$unit\""
    }
    if {![regexp {\.(service|socket|device|mount|automount|swap|target|path|timer|slice|scope)$} $unit]} {
        append unit .service
    }
    set ctl systemctl
    if {[dict get $own user]} {
        lappend ctl --user
    }
    Usable $command $ctl $unit [dict get $own enabled]
    set scripts [list start [list ::systemd::Start $ctl $unit] \
        stop [list ::systemd::Stop $ctl $unit] check [list ::systemd::Check $ctl $unit]]
    if {[dict get $own reclaim] ne "no"} {
        lappend scripts reclaim [list ::systemd::Reclaim $ctl $unit [dict get $own reclaim]]
    }
    ::failover::part::make $name {*}$scripts timeout $timeout
}

# Whether a unit is there, and is started by nobody else. Asked while the policy is read, with
# Tcl's own exec; needs no running systemd.
proc ::systemd::Usable {command ctl unit enabled} {
    catch {exec {*}$ctl is-enabled -- $unit} said
    switch [lindex [split $said \n] 0] {
        enabled - enabled-runtime - alias {
            if {$enabled ne "ok"} {
                ::failover::part::wrong "$command: $unit is enabled, so systemd would start it\
                    at boot: say \"$ctl disable $unit\" at a shell, or -enabled ok here"
            }
        }
        masked - masked-runtime {
            ::failover::part::wrong "$command: $unit is masked"
        }
        disabled - static - indirect - generated - transient - linked - linked-runtime {}
        default {
            ::failover::part::wrong "$command: [lindex [split $said \n] 0]"
        }
    }
}

# Runs systemctl; returns what fail run does.
proc ::systemd::Ctl {ctl args} {
    ::failover::part::run {} [list {*}$ctl --no-ask-password --no-pager {*}$args]
}

# What systemd knows of a unit: a dict of properties.
proc ::systemd::Look {ctl unit} {
    set names LoadState,ActiveState,SubState,Result,ExecMainCode,ExecMainStatus
    set ran [Ctl $ctl show --property=$names -- $unit]
    if {[dict get $ran exit] ne 0} {
        return -code error -errorcode {FAILOVER SYSTEMD} \
            [::failover::part::complaint systemctl $ran]
    }
    set seen [dict create LoadState {} ActiveState {} SubState {} Result {} ExecMainStatus 0]
    foreach line [split [dict get $ran stdout] \n] {
        if {[regexp {^(\w+)=(.*)$} $line -> name value]} {
            dict set seen $name $value
        }
    }
    return $seen
}

# The same, once the unit is not on its way any more.
proc ::systemd::Settled {ctl unit} {
    variable look
    while 1 {
        set seen [Look $ctl $unit]
        if {[dict get $seen ActiveState] ni {activating deactivating}} {
            return $seen
        }
        after $look
    }
}

# Why a unit is not as it should be, in one line.
proc ::systemd::Why {unit seen} {
    dict with seen {}
    if {$LoadState ni {loaded {}}} {
        return "$unit is $LoadState"
    }
    if {$Result eq "exit-code"} {
        return "$unit is $ActiveState: exit code $ExecMainStatus"
    }
    if {$Result ni {success {}}} {
        return "$unit is $ActiveState: $Result"
    }
    return "$unit is $ActiveState"
}

proc ::systemd::Failed {message} {
    return -code error -errorcode {FAILOVER SYSTEMD} $message
}

proc ::systemd::Start {ctl unit} {
    # Fails for what was never loaded; then there is nothing to reset.
    Ctl $ctl reset-failed -- $unit
    set ran [Ctl $ctl start -- $unit]
    set seen [Settled $ctl $unit]
    if {[dict get $seen ActiveState] in {active reloading}} {
        return UP
    }
    set said [::failover::part::complaint systemctl $ran]
    if {[dict get $ran exit] eq 0 || [string match "systemctl: Job for *" $said]} {
        # What systemctl says then is only how to find out.
        set said [Why $unit $seen]
    }
    Failed $said
}

proc ::systemd::Stop {ctl unit} {
    set ran [Ctl $ctl stop -- $unit]
    set seen [Settled $ctl $unit]
    switch [dict get $seen ActiveState] {
        inactive {return RECOVER}
        failed {
            # It does not run, which is what was wanted; how it ended is the log's.
            ::fail log warn "service $::fail::service: stop: [Why $unit $seen]"
            Ctl $ctl reset-failed -- $unit
            return RECOVER
        }
    }
    set said [Why $unit $seen]
    if {[dict get $ran exit] ne 0} {
        set said [::failover::part::complaint systemctl $ran]
    }
    Failed $said
}

proc ::systemd::Check {ctl unit} {
    set seen [Settled $ctl $unit]
    if {[dict get $seen LoadState] in {loaded {}}} {
        switch [dict get $seen ActiveState] {
            active - reloading {return UP}
            inactive {return RECOVER}
        }
    }
    Failed [Why $unit $seen]
}

proc ::systemd::Reclaim {ctl unit action} {
    set ran [Ctl $ctl $action -- $unit]
    set seen [Settled $ctl $unit]
    if {[dict get $ran exit] eq 0 && [dict get $seen ActiveState] in {active reloading}} {
        return UP
    }
    set said [::failover::part::complaint systemctl $ran]
    if {[dict get $ran exit] eq 0} {
        set said [Why $unit $seen]
    }
    Failed $said
}
