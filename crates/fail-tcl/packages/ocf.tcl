# failover::ocf: any resource agent of the Open Cluster Framework as a service.
#
# While the policy is read the agent describes itself (meta-data), and the parameters are held
# against that. What the scripts need of it, the time-outs, is written into them.

package require failover::part

namespace eval ::ocf {
    variable options {
        -params {dict {}} -instance {word {}} -reclaim {word {}} -depth {count 0}
        -timeout {time {}} -root {word /usr/lib/ocf}
    }
    variable meanings {
        1 error 2 {wrong parameters} 3 {not implemented by the agent} 4 {permission denied}
        5 {not installed} 6 {not configured} 7 {not running} 9 {failed while promoted}
    }
    # Between two looks at what is being started.
    variable look 500
    # instance -> told that it is degraded.
    variable degraded {}
}

proc ::ocf::service {name agent args} {
    ::failover::part::public [list ::ocf::Service $name $agent $args]
}

proc ::ocf::part {name agent args} {
    ::failover::part::public [list ::ocf::Part $name $agent $args]
}

proc ::ocf::Service {name agent words} {
    variable options
    lassign [::failover::part::read "ocf::service $name" $options $words] own rest
    ::failover::part::service $name [Make "ocf::service $name" $name $agent $own] $rest
}

proc ::ocf::Part {name agent words} {
    variable options
    lassign [::failover::part::read "ocf::part $name" $options $words] own rest
    ::failover::part::none "ocf::part $name" $rest
    Make "ocf::part $name" $name $agent $own
}

# The scripts. Each carries a dict that says all about the agent: see Act.
proc ::ocf::Make {command name agent own} {
    if {![regexp {^ocf:([^:/]+):([^:/]+)$} $agent -> provider type]} {
        ::failover::part::wrong "$command: bad agent \"$agent\": must be ocf:provider:type"
    }
    set root [dict get $own root]
    set program [file join $root resource.d $provider $type]
    if {![file isfile $program] || ![file executable $program]} {
        ::failover::part::wrong "$command: there is no agent $agent: no program $program"
    }
    set about [Describe $command $agent $root $program]
    Fits $command $agent $about $own
    set instance [expr {[dict get $own instance] eq {} ? $name : [dict get $own instance]}]
    set it [dict create program $program root $root provider $provider type $type \
        instance $instance params [dict get $own params] depth [dict get $own depth] \
        timeouts [Timeouts $about $own]]
    set scripts [list start [list ::ocf::Start $it] stop [list ::ocf::Stop $it] \
        check [list ::ocf::Check $it]]
    if {[dict get $own reclaim] ne {}} {
        lappend scripts reclaim [list ::ocf::Reclaim $it [dict get $own reclaim]]
    }
    ::failover::part::make $name {*}$scripts timeout [Longest [dict get $it timeouts]]
}

# What an agent says about itself: `parameters`, name -> {required yes type string default x},
# and `actions`, name -> seconds.
proc ::ocf::Describe {command agent root program} {
    # While the policy is read nothing else runs: this is Tcl's own exec.
    set run [list env OCF_ROOT=$root OCF_RESOURCE_INSTANCE=none timeout -k 1 10 $program meta-data]
    if {[catch {exec -ignorestderr {*}$run 2> /dev/null} xml]} {
        ::failover::part::wrong "$command: $agent meta-data: [lindex [split $xml \n] end]"
    }
    set about [Parse $xml]
    if {![dict size [dict get $about actions]]} {
        ::failover::part::wrong "$command: $agent meta-data: there is no action in it"
    }
    return $about
}

# The little of XML that a description needs: tags and their attributes.
proc ::ocf::Parse {xml} {
    regsub -all {<!--.*?-->|<!\[CDATA\[.*?\]\]>} $xml {} xml
    set about {parameters {} actions {}}
    set parameter {}
    foreach {- tag rest} [regexp -all -inline {<(/?\w[\w-]*)((?:"[^"]*"|'[^']*'|[^<>"'])*)>} $xml] {
        set attributes {}
        foreach {- key double single} [regexp -all -inline {([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')} $rest] {
            dict set attributes $key [Entities $double$single]
        }
        set values [dict merge {name {} required 0 type string default {} timeout {}} $attributes]
        dict with values {}
        switch $tag {
            parameter {
                set parameter $name
                set required [expr {[string tolower $required] in {1 yes true}}]
                dict set about parameters $name [dict create required $required type string default {}]
            }
            /parameter {set parameter {}}
            content {
                if {$parameter ne {}} {
                    dict set about parameters $parameter type $type
                    dict set about parameters $parameter default $default
                }
            }
            action {
                # Of several for one action, the longest.
                set seconds [Seconds $timeout]
                if {[dict exists $about actions $name]} {
                    set seconds [expr {max($seconds, [dict get $about actions $name])}]
                }
                dict set about actions $name $seconds
            }
        }
    }
    return $about
}

proc ::ocf::Entities {text} {
    string map {&lt; < &gt; > &quot; \" &apos; ' &amp; &} $text
}

# The time-out of an action: seconds, with or without a unit. None is 20 seconds, as for
# cluster managers.
proc ::ocf::Seconds {text} {
    if {[catch {::failover::part::kind-time [string map {sec s min m} $text]} seconds]} {
        return 20
    }
    return $seconds
}

# Do the options fit what the agent says?
proc ::ocf::Fits {command agent about own} {
    set known [dict get $about parameters]
    set params [dict get $own params]
    dict for {name value} $params {
        # Every agent knows how to trace itself.
        if {$name in {trace_ra trace_file}} {
            continue
        }
        if {![dict exists $known $name]} {
            ::failover::part::wrong "$command: $agent has no parameter \"$name\": must be\
                [::failover::part::choice [lsort [dict keys $known]]]"
        }
        if {[dict get $known $name type] eq "integer" && ![string is entier -strict $value]} {
            ::failover::part::wrong "$command: $agent: bad $name \"$value\": must be a number"
        }
    }
    dict for {name parameter} $known {
        if {[dict get $parameter required] && [dict get $parameter default] eq {}
                && ![dict exists $params $name]} {
            ::failover::part::wrong "$command: $agent needs a parameter \"$name\""
        }
    }
    set reclaim [dict get $own reclaim]
    set actions [dict keys [dict get $about actions]]
    if {$reclaim ne {} && $reclaim ne "restart" && $reclaim ni $actions} {
        ::failover::part::wrong "$command: $agent has no action \"$reclaim\": must be\
            [::failover::part::choice [lsort [linsert $actions 0 restart]]]"
    }
}

# How long each action may take that the agent has.
proc ::ocf::Timeouts {about own} {
    dict map {action seconds} [dict get $about actions] {
        expr {[dict get $own timeout] eq {} ? $seconds : [dict get $own timeout]}
    }
}

# A start is the longest: it has three actions.
proc ::ocf::Longest {timeouts} {
    set sum 0
    foreach action {validate-all start monitor} {
        if {[dict exists $timeouts $action]} {
            set sum [expr {$sum + [dict get $timeouts $action]}]
        }
    }
    if {[dict exists $timeouts stop]} {
        set sum [expr {max($sum, [dict get $timeouts stop])}]
    }
    return $sum
}

# Runs one action of an agent and returns its exit code and what it has to say.
proc ::ocf::Act {it action {interval 0}} {
    dict with it {}
    set seconds [expr {[dict exists $timeouts $action] ? [dict get $timeouts $action] : 20}]
    set env [dict create OCF_ROOT $root OCF_RESOURCE_INSTANCE $instance \
        OCF_RESOURCE_PROVIDER $provider OCF_RESOURCE_TYPE $type \
        OCF_RA_VERSION_MAJOR 1 OCF_RA_VERSION_MINOR 1 OCF_CHECK_LEVEL $depth \
        OCF_RESKEY_CRM_meta_timeout [expr {round($seconds * 1000)}] \
        OCF_RESKEY_CRM_meta_interval $interval]
    dict for {name value} $params {
        dict set env OCF_RESKEY_$name $value
    }
    set command [list $program $action]
    set ran [::failover::part::run [list -timeout $seconds -env $env] $command "$type $action"]
    if {[dict get $ran signal] ne {}} {
        return -code error -errorcode {FAILOVER SIGNAL} [::failover::part::complaint $command $ran]
    }
    list [dict get $ran exit] [Reason [dict get $ran stderr]]
}

# The exit reason that an agent gave last, or else its first line that is no mere news.
proc ::ocf::Reason {text} {
    set reason {}
    foreach line [split $text \n] {
        if {[regexp {ocf-exit-reason:\s*(.*\S)} $line -> given]} {
            set last $given
        } elseif {$reason eq {} && ![regexp {^\s*$|\y(INFO|DEBUG|NOTICE):} $line]} {
            # The time that some put in front is in the log already.
            regsub {^\w{3} \d\d \d\d:\d\d:\d\d (ERROR: |WARNING: )?} [string trim $line] {} reason
        }
    }
    if {[info exists last]} {
        return $last
    }
    return $reason
}

# An action that must succeed.
proc ::ocf::Must {it action good} {
    lassign [Act $it $action] code reason
    if {$code ni $good} {
        Failed $it $action $code $reason
    }
    return $code
}

proc ::ocf::Failed {it action code reason} {
    variable meanings
    set what [expr {[dict exists $meanings $code] ? [dict get $meanings $code] : "exit code $code"}]
    if {$reason ne {}} {
        append what ": $reason"
    }
    return -code error -errorcode [list FAILOVER EXIT $code] "[dict get $it type] $action: $what"
}

proc ::ocf::Start {it} {
    variable look
    if {[dict exists $it timeouts validate-all]} {
        # One that says 3 has none after all.
        Must $it validate-all {0 3}
    }
    Must $it start 0
    set seconds [dict get [dict merge {start 20} [dict get $it timeouts]] start]
    set end [expr {[clock milliseconds] + 1000 * $seconds}]
    while 1 {
        lassign [Act $it monitor] code reason
        if {$code in {0 8 190 191}} {
            return UP
        }
        # Wrong words, missing programs: they do not come by waiting.
        if {$code ni {1 7} || [clock milliseconds] > $end} {
            Failed $it "start, then monitor" $code $reason
        }
        after $look
    }
}

proc ::ocf::Stop {it} {
    Must $it stop {0 7}
    return RECOVER
}

# A monitor with an interval of 0 is a probe, which must cope with what is not there.
proc ::ocf::Check {it} {
    variable degraded
    lassign [Act $it monitor [expr {$::fail::from eq "UP" ? 10000 : 0}]] code reason
    set instance [dict get $it instance]
    if {$code ni {190 191}} {
        dict unset degraded $instance
    } elseif {![dict exists $degraded $instance]} {
        dict set degraded $instance 1
        ::fail log warn "service $::fail::service: [dict get $it type] is degraded: $reason"
    }
    switch $code {
        0 - 8 - 190 - 191 {return UP}
        7 {return RECOVER}
        default {Failed $it monitor $code $reason}
    }
}

proc ::ocf::Reclaim {it action} {
    if {$action eq "restart"} {
        Stop $it
        return [Start $it]
    }
    Must $it $action 0
    return UP
}
