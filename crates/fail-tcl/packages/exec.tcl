# failover::exec: programs that start, stop and check a service, given as lists; no shell is
# between. What their exit codes mean is a table.

package require failover::part

namespace eval ::exec {
    variable options {
        -start {command} -stop {command} -check {command {}} -reclaim {command {}}
        -codes {codes {}} -startcodes {codes {}} -stopcodes {codes {}} -reclaimcodes {codes {}}
        -timeout {time {}} -env {dict {}} -dir {word {}}
    }
    # What an action's exit codes mean unless it is said otherwise.
    variable tables {
        start {0 UP * FAIL} stop {0 RECOVER * FAIL} check {0 UP * FAIL} reclaim {0 UP * FAIL}
    }
}

proc ::exec::service {name args} {
    ::failover::part::public [list ::exec::Service $name $args]
}

proc ::exec::part {name args} {
    ::failover::part::public [list ::exec::Part $name $args]
}

proc ::exec::Service {name words} {
    variable options
    lassign [::failover::part::read "exec::service $name" $options $words] own rest
    ::failover::part::service $name [Make $name $own] $rest
}

proc ::exec::Part {name words} {
    variable options
    lassign [::failover::part::read "exec::part $name" $options $words] own rest
    ::failover::part::none "exec::part $name" $rest
    Make $name $own
}

# The scripts: one for each command that was given.
proc ::exec::Make {name own} {
    variable tables
    set shared {}
    foreach option {timeout env dir} {
        if {[dict get $own $option] ne {}} {
            lappend shared -$option [dict get $own $option]
        }
    }
    set scripts {}
    dict for {action table} $tables {
        set command [dict get $own $action]
        if {$command eq {}} {
            continue
        }
        set codes [expr {$action eq "check" ? "codes" : "${action}codes"}]
        set table [dict merge $table [dict get $own $codes]]
        lappend scripts $action [list ::exec::Run $command $table $shared]
    }
    ::failover::part::make $name {*}$scripts
}

# An exit code, or `signal`, or `*` for all others, and the state that it means.
proc ::failover::part::kind-codes {value} {
    foreach {code state} [kind-dict $value] {
        if {$code ni {* signal} && !([string is digit -strict $code] && $code < 256)} {
            error "bad exit code \"$code\": must be 0 to 255, signal, or *"
        }
        if {$state ni {UP RECOVER FAIL}} {
            error "bad state \"$state\": must be UP, RECOVER, or FAIL"
        }
    }
    return $value
}

# Runs a command and looks up what its end means. FAIL is an error, so that what the
# program has said becomes the reason.
proc ::exec::Run {command table options} {
    set ran [::failover::part::run $options $command]
    set code [expr {[dict get $ran signal] ne {} ? "signal" : [dict get $ran exit]}]
    foreach key [list $code *] {
        if {[dict exists $table $key]} {
            set state [dict get $table $key]
            break
        }
    }
    if {$state eq "FAIL"} {
        return -code error -errorcode [list FAILOVER EXIT $code] \
            [::failover::part::complaint $command $ran]
    }
    return $state
}
