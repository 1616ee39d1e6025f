# What the scripts of a policy see of Tcl, where it differs from Tcl itself.
#
# Commands that wait (exec, after ms, vwait, update) ask first whether a job is calling
# (::fail::asks); if so they suspend its coroutine (::fail::pause) until Rust resumes it with
# an answer, a list of return options and a result. Everywhere else they are Tcl's own,
# which live on in ::fail::tcl.

encoding system utf-8

namespace eval ::fail {
    namespace eval tcl {}
    namespace eval job {}
    variable service {} reason {} from {} event {} data {}
    # What child interpreters share with us.
    variable shared {exec exit}
}

foreach command {after close exec exit gets interp puts read unknown update vwait} {
    rename ::$command ::fail::tcl::$command
}
unset command

# One job, from its first line to its last.
proc ::fail::body {script} {
    set code [catch {uplevel #0 $script} result options]
    if {$code == 2} {
        set code [dict get $options -code]
    }
    ::fail::ended $code $result $options
}

# The script of an `after`. It is a job of its own, so that it may wait as others do; where it
# can not be one it is what it is in Tcl.
proc ::fail::callback {script} {
    if {![::fail::begin $script]} {
        tailcall uplevel #0 $script
    }
}

# Such a job. Nobody else looks after its time, and its errors are those of the background.
proc ::fail::watched {no ms script} {
    set timer [::fail::tcl::after $ms [list ::fail::late $no $ms]]
    set code [catch {uplevel #0 $script} result options]
    ::fail::tcl::after cancel $timer
    if {$code == 1 && [dict get $options -errorcode] ne {FAIL CANCELLED}} {
        set code [catch {{*}[::fail::tcl::interp bgerror {}] $result $options} result options]
    }
    ::fail::ended $code $result $options
}

proc ::fail::late {no ms} {
    if {[::fail::overdue $no]} {
        ::fail::tcl::after $ms [list ::fail::late $no $ms]
    }
}

# Tcl's own would name themselves.
proc ::fail::usage {line} {
    return -level 2 -code error -errorcode {TCL WRONGARGS}\
        "wrong # args: should be \"$line\""
}

# Suspends the job that has just asked for something, until the answer is there. Returns it
# instead of raising it, so that errorInfo shows the script's own command and not this one.
proc ::fail::pause {command} {
    if {![catch yield answer options]} {
        return $answer
    }
    ::fail::withdraw
    if {[string match *CANT_YIELD* [dict get $options -errorcode]]} {
        return [list {-code error} "$command can not wait here, inside a command such as\
            lsort -command: call it before, and keep its result in a variable"]
    }
    list $options $answer
}

proc ::exec args {
    if {[::fail::asks [info coroutine] exec {*}$args] ne {}} {
        return -options {*}[::fail::pause exec]
    }
    tailcall ::fail::tcl::exec {*}$args
}

# Something that only the engine can do: `::fail::ask kind word ...`. A job waits for what
# comes of it.
proc ::fail::ask args {
    if {[::fail::asks [info coroutine] ask {*}$args] ne {}} {
        return -options {*}[::fail::pause [::fail::called [lindex $args 0]]]
    }
    tailcall ::fail::tell {*}$args
}

# `fail run ?option value ...? command ?arg ...?`.
proc ::fail::run args {
    ::fail::asks [info coroutine] run {*}$args
    return -options {*}[::fail::pause {fail run}]
}

proc ::after args {
    if {$args eq {}} {
        ::fail::usage {after option ?arg ...?}
    }
    set rest [lassign $args word]
    if {[string is wideinteger -strict $word]} {
        if {$rest eq {} && [set alarm [::fail::asks [info coroutine] after]] ne {}} {
            set timer [::fail::tcl::after $word $alarm]
            set answer [::fail::pause after]
            ::fail::tcl::after cancel $timer
            return -options {*}$answer
        }
    } else {
        set word [::tcl::prefix match -error {} {cancel idle info} $word]
    }
    # Scripts become jobs. Who asks sees what he gave.
    if {[llength $rest] == 0} {
        tailcall ::fail::tcl::after {*}$args
    }
    set job [list ::fail::callback [concat {*}$rest]]
    switch -- $word {
        {} {
            tailcall ::fail::tcl::after {*}$args
        }
        cancel {
            ::fail::tcl::after cancel $job
            tailcall ::fail::tcl::after cancel {*}$rest
        }
        info {
            set known [::fail::tcl::after info {*}$rest]
            if {[lindex $known 0 0] eq {::fail::callback}} {
                lset known 0 [lindex $known 0 1]
            }
            return $known
        }
        default {
            tailcall ::fail::tcl::after $word $job
        }
    }
}

proc ::vwait args {
    if {[llength $args] != 1} {
        ::fail::usage {vwait name}
    }
    if {[set alarm [::fail::asks [info coroutine] vwait]] ne {}} {
        set name ::[lindex $args 0]
        trace add variable $name {write unset} $alarm
        set answer [::fail::pause vwait]
        trace remove variable $name {write unset} $alarm
        return -options {*}$answer
    }
    tailcall ::fail::tcl::vwait {*}$args
}

# Lets everything else that is ready have its turn.
proc ::update args {
    if {$args in {{} idletasks}
            && [set alarm [::fail::asks [info coroutine] update]] ne {}} {
        ::fail::tcl::after 0 $alarm
        return -options {*}[::fail::pause update]
    }
    tailcall ::fail::tcl::update {*}$args
}

# A command from a console writes to that console.
proc ::puts args {
    if {[llength $args] ni {1 2 3}} {
        ::fail::usage {puts ?-nonewline? ?channelId? string}
    }
    if {[::fail::printed {*}$args]} {
        return
    }
    tailcall ::fail::tcl::puts {*}$args
}

# Nobody types there for a script: it would stop them all.
proc ::gets args {
    if {[llength $args] ni {1 2}} {
        ::fail::usage {gets channelId ?varName?}
    }
    ::fail::refuse_stdin gets $args
    tailcall ::fail::tcl::gets {*}$args
}

proc ::read args {
    if {[llength $args] ni {1 2}} {
        ::fail::usage {read channelId ?numChars?}
    }
    ::fail::refuse_stdin read $args
    tailcall ::fail::tcl::read {*}$args
}

proc ::fail::refuse_stdin {command words} {
    if {{stdin} in $words && [::fail::is_open]} {
        return -level 2 -code error -errorcode {FAIL STDIN}\
            "$command stdin: a script has no standard input"
    }
}

# What is opened next would have the number of the one that is closed, and get our log.
proc ::close args {
    set channel [lindex $args 0]
    if {$channel in {stdin stdout stderr}} {
        return -code error -errorcode {FAIL STDIO}\
            "close $channel: it belongs to failsh, and not to a script"
    }
    tailcall ::fail::tcl::close {*}$args
}

# Ends a console. A policy can not end anything.
proc ::exit args {
    if {[::fail::asks [info coroutine] exit {*}$args] ne {}} {
        return -options {*}[::fail::pause exit]
    }
    tailcall ::fail::tcl::exit {*}$args
}

proc ::unknown args {
    ::fail::misspelled [lindex $args 0]
    tailcall ::fail::tcl::unknown {*}$args
}

# The command that defines a proc again.
proc ::fail::definition {name} {
    set formals {}
    foreach formal [info args ::$name] {
        if {[info default ::$name $formal value]} {
            lappend formals [list $formal $value]
        } else {
            lappend formals [list $formal]
        }
    }
    list proc $name $formals [info body ::$name]
}

# A child interpreter shares our exec and our exit: Tcl's own would stop all scripts, or end
# failsh. Those that a child makes itself are its own affair.
proc ::interp args {
    set word [lindex $args 0]
    if {$word eq {} || ![string equal -length [string length $word] $word create]} {
        tailcall ::fail::tcl::interp {*}$args
    }
    set child [::fail::tcl::interp {*}$args]
    foreach command $::fail::shared {
        ::fail::tcl::interp alias $child $command {} ::$command
    }
    return $child
}

namespace ensemble configure chan -map [dict replace [namespace ensemble configure chan -map]\
    close ::close gets ::gets puts ::puts read ::read]

interp bgerror {} ::fail::background
