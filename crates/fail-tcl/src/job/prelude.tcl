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
    variable service {} reason {} from {}
}

foreach command {after exec interp unknown update vwait} {
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

proc ::after args {
    lassign $args ms
    if {[llength $args] == 1 && [string is wideinteger -strict $ms]
            && [set alarm [::fail::asks [info coroutine] after]] ne {}} {
        set timer [::fail::tcl::after $ms $alarm]
        set answer [::fail::pause after]
        ::fail::tcl::after cancel $timer
        return -options {*}$answer
    }
    tailcall ::fail::tcl::after {*}$args
}

proc ::vwait args {
    if {[llength $args] == 1
            && [set alarm [::fail::asks [info coroutine] vwait]] ne {}} {
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
    foreach command {exec exit} {
        ::fail::tcl::interp alias $child $command {} ::$command
    }
    return $child
}

interp bgerror {} ::fail::background
