# What the tests of the ready-made packages share. Each file *.test is run by tests/packages.rs,
# in failsh and, what needs none, in tclsh:
#
#     tclsh tests/tcl/exec.test
#
# failsvc, failtrap and fail log only write down what they are called with, here in every
# interpreter, so that a test sees what a package made of its words; what failsh makes of that
# the other tests show. Programs are run by fail run, and where there is none by a stand-in.

package require Tcl 8.6
package require tcltest 2.3
namespace import -force ::tcltest::test ::tcltest::testConstraint ::tcltest::cleanupTests

# Set by who has put us into a network namespace of our own; see tests/packages.rs.
testConstraint netns [info exists env(TEST_NETNS)]
testConstraint root [expr {[exec id -u] == 0}]

set here [file dirname [file normalize [info script]]]
set root [file dirname [file dirname $here]]

if {"failover::exec" ni [package names]} {
    # Not in failsh. Tcl's package mechanism gives the version that the suite would give.
    foreach file [glob $root/crates/fail-tcl/packages/*.tcl] {
        set name failover::[file rootname [file tail $file]]
        package ifneeded $name 0 "package provide $name 0; [list source $file]"
    }
    namespace eval ::fail {variable service web reason {} from RECOVER event {} data {}}
}

# Called as fail run is: through exec, with its output in files.
proc fail_run {args} {
    set given {-timeout {} -input {} -env {} -dir {}}
    while {[string match -* [lindex $args 0]]} {
        set args [lassign $args option value]
        dict set given $option $value
    }
    set command $args
    dict with given {}
    if {${-timeout} ne {}} {
        set command [list timeout -k 1 ${-timeout} {*}$command]
    }
    set words {}
    if {${-dir} ne {}} {
        lappend words -C ${-dir}
    }
    dict for {name value} ${-env} {
        lappend words $name=$value
    }
    if {[auto_execok [lindex $args 0]] eq {} && ![file executable [lindex $args 0]]} {
        return -code error -errorcode {POSIX ENOENT {no such file or directory}} \
            "couldn't execute \"[lindex $args 0]\": no such file or directory"
    }
    set ran {exit 0 signal {} stdout {} stderr {} timedout 0}
    foreach stream {stdout stderr} {
        close [file tempfile file($stream)]
    }
    if {[catch {exec env {*}$words {*}$command << ${-input} > $file(stdout) 2> $file(stderr)} \
            message options]} {
        lassign [dict get $options -errorcode] kind - what
        switch $kind {
            CHILDSTATUS {dict set ran exit $what}
            CHILDKILLED {dict set ran signal $what}
            default {return -options $options $message}
        }
    }
    foreach stream {stdout stderr} {
        set channel [open $file($stream)]
        dict set ran $stream [read $channel]
        close $channel
        file delete $file($stream)
    }
    if {${-timeout} ne {} && [dict get $ran exit] == 124} {
        dict set ran timedout 1
    }
    return $ran
}

# What has been set, logged and trapped since `forget`.
proc forget {} {
    set ::services {}
    set ::logged {}
    set ::traps {}
}
forget
proc record_service {name args} {
    if {![llength $args]} {
        return [dict get $::services $name]
    }
    foreach {option value} $args {
        dict set ::services $name $option $value
    }
}
proc record_trap {args} {
    lappend ::traps $args
}
proc record_fail {args} {
    switch [lindex $args 0] {
        run {tailcall {*}$::real_run {*}[lrange $args 1 end]}
        log {lappend ::logged [lrange $args 1 end]}
        after {after [expr {round(1000 * [lindex $args 1])}] [lindex $args 2]}
        default {tailcall ::real_fail {*}$args}
    }
}
set real_run fail_run
if {[info commands ::fail] ne {}} {
    catch {fail run} message
    rename ::fail ::real_fail
    if {[string match "wrong # args*" $message]} {
        set real_run {::real_fail run}
    }
}
foreach {name command} {fail record_fail failsvc record_service failtrap record_trap} {
    interp alias {} ::$name {} ::$command
}

# Runs a script of a service that has been defined, as the engine would. In failsh these
# variables are set again whenever a script goes on, to those of the job that we are.
set pretended {service web from RECOVER event {} data {}}
foreach name {service from event data} {
    trace add variable ::fail::$name read \
        [list apply {{name args} {set ::fail::$name [dict get $::pretended $name]}} $name]
}
proc run {service action {from RECOVER}} {
    set ::pretended [dict create service $service from $from event {} data {}]
    ::failover::part::state [dict get $::services $service $action]
}

# The same, but for a part.
proc act {part action} {
    ::failover::part::state [dict get $part $action]
}

# An error's message; an error if there is none.
proc failure {script} {
    if {![catch {uplevel 1 $script} message]} {
        error "no error, but \"$message\""
    }
    return $message
}

# Evaluates a script again and again until it gives what is wanted, but not for ever.
proc until {script wanted} {
    set end [expr {[clock milliseconds] + 10000}]
    while {[set seen [uplevel 1 $script]] ne $wanted && [clock milliseconds] < $end} {
        # Tcl's own after sleeps, and nothing else goes on.
        after 10 {set ::tick 1}
        vwait ::tick
    }
    return $seen
}

# The lines of a file; nothing if there is none.
proc lines {file} {
    if {![file exists $file]} {
        return {}
    }
    set channel [open $file]
    set text [read -nonewline $channel]
    close $channel
    split $text \n
}

# A script in a directory of its own, gone with `cleanup`.
close [file tempfile scratch]
file delete $scratch
file mkdir $scratch
proc program {name text} {
    set path $::scratch/$name
    set channel [open $path w]
    puts $channel $text
    close $channel
    file attributes $path -permissions 0755
    return $path
}
proc finish {} {
    file delete -force $::scratch
    uplevel #0 ::tcltest::cleanupTests
}
