# What the ready-made packages share: options, running a program, and parts.
#
# A part is one thing that can be started and stopped, as a dict:
#
#     name     one word; messages call it so
#     start    script: brings it up, returns UP. To start what runs already is no error
#     stop     script: takes it down, returns RECOVER. To stop what does not run is no error
#     check    script, may be missing: returns UP, RECOVER or FAIL, and changes nothing
#     reclaim  script, may be missing: after a slave served as well; returns UP
#     timeout  seconds, may be missing: the longest that one of them takes
#
# Scripts are run in the global scope of a job, where exec, fail run and after ms wait. What
# went wrong is an error whose first line is the reason; it names no part and no service.
# Each is a list that says all: command, arguments, settings. It uses nothing that was
# remembered while the policy was read, since `failsh --check` prints it and nothing else:
#
#     start {ip::Up 192.0.2.10/24 eth0 {announce 3}}
#
# Each package X offers X::part, which ends in ::failover::part::make, and X::service, which
# ends in ::failover::part::service. Both run while the policy is read. So this is all that a
# package adds:
#
#     proc ::ip::part {name args}    { ::failover::part::public [list ::ip::Part $name $args] }
#     proc ::ip::service {name args} { ::failover::part::public [list ::ip::Service $name $args] }
#     proc ::ip::Part {name words} {
#         ... read the words; ::failover::part::wrong "what is wrong" where they are
#         ::failover::part::make $name start [list ::ip::Up ...] stop [list ::ip::Down ...]
#     }
#     proc ::ip::Service {name words} {
#         ... take the options of failsvc off the words
#         ::failover::part::service $name [Part $name $own] $options
#     }

namespace eval ::failover::part {
    # Parts of the all::service that is being read, in their order; see collect.
    variable collected {}
    variable collecting 0
    variable actions {start stop check reclaim}
}

# Runs a command of a package. What is wrong with its words becomes an error of the command
# that the policy called, so that the line of the policy is blamed and no line in here.
proc ::failover::part::public {command} {
    set code [catch {uplevel 1 $command} result options]
    if {$code == 0} {
        return $result
    }
    lassign [dict get $options -errorcode] ours why
    if {$ours ne "FAILOVER" || $why ni {USAGE BLAMED}} {
        return -options $options $result
    }
    # Inside all::service this has been the line of a part already.
    if {$why eq "USAGE" && [info commands ::fail::blame] ne {}} {
        ::fail::blame $result
    }
    return -level 2 -code error -errorcode {FAILOVER BLAMED} $result
}

# The words of a command are wrong.
proc ::failover::part::wrong {message} {
    return -code error -errorcode {FAILOVER USAGE} $message
}

# A part out of its name and its scripts. Inside all::service it is also put on its list.
proc ::failover::part::make {name args} {
    variable actions
    variable collecting
    variable collected
    foreach needed {start stop} {
        if {![dict exists $args $needed]} {
            wrong "part $name: there is no $needed"
        }
    }
    set part [dict create name $name]
    foreach key [list {*}$actions timeout] {
        if {[dict exists $args $key]} {
            dict set part $key [dict get $args $key]
        }
    }
    if {$collecting} {
        lappend collected $part
    }
    return $part
}

# A service that is this part alone. The options of failsvc come last, so that they win.
proc ::failover::part::service {name part options} {
    set settings {}
    foreach {key value} $part {
        switch $key {
            name {}
            timeout {
                # Never less than the default.
                lappend settings timeout [format %g [expr {max($value, 30)}]]
            }
            default {lappend settings $key $value}
        }
    }
    ::failsvc $name {*}$settings {*}$options
}

# Evaluates a script of X::part commands in the scope `level` levels up and returns the parts.
proc ::failover::part::collect {level script} {
    variable collecting
    variable collected
    set before [list $collecting $collected]
    lassign {1 {}} collecting collected
    incr level
    set code [catch {uplevel $level $script} result options]
    set parts $collected
    lassign $before collecting collected
    if {$code ni {0 2}} {
        return -options $options $result
    }
    return $parts
}

# Evaluates a script of a part as the engine would, and returns its state; everything else
# is an error.
proc ::failover::part::state {script} {
    set code [catch {uplevel #0 $script} result options]
    if {$code == 1} {
        return -options $options $result
    }
    set state [string trim $result]
    if {$code ni {0 2} || $state ni {UP RECOVER FAIL}} {
        error "returned \"$result\", not UP, RECOVER or FAIL"
    }
    return $state
}

# Reads the words behind a name: -option value, or -option alone for a flag, which are ours, and
# option value, which are those of failsvc. `known` is a dict of option -> {kind default}; an
# option whose default is missing must be given. Returns a list of two dicts, ours without
# the dashes.
proc ::failover::part::read {command known words} {
    set own {}
    set options {}
    while {[llength $words]} {
        set words [lassign $words word]
        set ours [string match -* $word]
        if {$ours && ![dict exists $known $word]} {
            set choices [dict keys $known]
            wrong "$command: bad option \"$word\": must be [choice [lappend choices {one of failsvc}]]"
        }
        if {$ours && [lindex [dict get $known $word] 0] eq "flag"} {
            dict set own [string range $word 1 end] 1
            continue
        }
        if {![llength $words]} {
            wrong "$command: value for \"$word\" missing"
        }
        set words [lassign $words value]
        if {!$ours} {
            lappend options $word $value
        } elseif {[catch {kind-[lindex [dict get $known $word] 0] $value} value]} {
            wrong "$command: $word: $value"
        } else {
            dict set own [string range $word 1 end] $value
        }
    }
    dict for {word about} $known {
        set name [string range $word 1 end]
        if {[dict exists $own $name]} {
            continue
        }
        if {[llength $about] < 2} {
            wrong "$command: $word is missing"
        }
        dict set own $name [lindex $about 1]
    }
    list $own $options
}

# a, b, or c
proc ::failover::part::choice {words} {
    if {[llength $words] < 2} {
        return [join $words]
    }
    return "[join [lrange $words 0 end-1] {, }], or [lindex $words end]"
}

proc ::failover::part::kind-any {value} {
    return $value
}

proc ::failover::part::kind-word {value} {
    if {$value eq {}} {
        error "is empty"
    }
    return $value
}

proc ::failover::part::kind-command {value} {
    if {![string is list $value] || [string trim [lindex $value 0]] eq {}} {
        error "bad command \"$value\": must be a list of a program and its arguments"
    }
    return [list {*}$value]
}

proc ::failover::part::kind-dict {value} {
    if {![string is list $value] || [llength $value] % 2} {
        error "bad value \"$value\": must be pairs of a name and a value"
    }
    return [dict create {*}$value]
}

proc ::failover::part::kind-bool {value} {
    if {![string is boolean -strict $value]} {
        error "bad value \"$value\": must be yes or no"
    }
    return [expr {bool($value)}]
}

proc ::failover::part::kind-count {value} {
    if {![regexp {^0*(\d{1,9})$} $value -> number]} {
        error "bad number \"$value\": must be 0 or more"
    }
    return $number
}

# A time as failsvc takes it; returns seconds.
proc ::failover::part::kind-time {value} {
    if {![regexp {^0*(\d+(?:\.\d+)?|\.\d+)(ms|s|m|h|d|)$} $value -> number unit]} {
        error "bad time \"$value\": must be seconds, or a number with ms, s, m, h or d"
    }
    set seconds [dict get {ms 0.001 {} 1 s 1 m 60 h 3600 d 86400} $unit]
    set seconds [expr {$number * $seconds}]
    if {$seconds <= 0} {
        error "bad time \"$value\": must be more than 0"
    }
    return $seconds
}

# Runs a program and returns what fail run returns; that it could not be started, and that
# it took too long, is an error. Options are those of fail run; `what` is what messages call it.
proc ::failover::part::run {options command {what {}}} {
    set options [dict filter $options script {option value} {expr {$value ne {}}}]
    set ran [::fail run {*}$options {*}$command]
    if {[dict get $ran timedout]} {
        if {$what eq {}} {
            set what [file tail [lindex $command 0]]
        }
        set limit [format %g [dict get $options -timeout]]
        return -code error -errorcode {FAILOVER TIMEOUT} "$what took longer than ${limit}s"
    }
    return $ran
}

# What a program that failed has to say, in one line.
proc ::failover::part::complaint {command ran} {
    set what [file tail [lindex $command 0]]
    foreach line [split [dict get $ran stderr] \n] {
        if {[string trim $line] ne {}} {
            return "$what: [string trim $line]"
        }
    }
    if {[dict get $ran signal] ne {}} {
        return "$what was ended by [dict get $ran signal]"
    }
    return "$what: exit code [dict get $ran exit]"
}

# A part has no options of failsvc: its service has.
proc ::failover::part::none {command options} {
    if {[llength $options]} {
        wrong "$command: bad option \"[lindex $options 0]\": a part takes none of failsvc, give it to all::service"
    }
}
