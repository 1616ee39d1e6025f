# What a scenario sees of Tcl: it tells what is to happen, and does nothing itself. Reading is
# done: source, open for reading, glob, and what file tells.
#
# What is dangerous is Tcl's own list, that of a safe interpreter, so that what is not known here
# is not done either.

namespace eval ::scenario {}

proc ::scenario::refuse {name args} {
    return -level 1 -code error -errorcode {FAIL SCENARIO}\
        "$name is not done in a scenario: it only tells what is to happen"
}

apply {{} {
    interp create -safe probe
    set hidden [interp hidden probe]
    interp delete probe
    set reads {encoding fconfigure file glob open pwd source}
    set tells {
        atime attributes dirname executable exists extension isdirectory isfile join lstat mtime
        nativename normalize owned pathtype readable readlink rootname separator size split stat
        system tail type volumes writable
    }
    foreach command [concat $hidden {exec exit fcopy load socket unload}] {
        if {[regexp {^tcl:(\w+):(\w+)$} $command -> ensemble word]} {
            if {$ensemble ne {file} || $word in $tells} {
                continue
            }
            set name "$ensemble $word"
            set command ::tcl::${ensemble}::$word
        } elseif {$command in $reads} {
            continue
        } else {
            set name $command
            set command ::$command
        }
        if {[info commands $command] ne {}} {
            rename $command {}
        }
        interp alias {} $command {} ::scenario::refuse $name
    }
    # These also change things where they are given more words.
    foreach {word most} {atime 1 mtime 1 attributes 2} {
        rename ::tcl::file::$word ::scenario::$word
        proc ::tcl::file::$word args [format {
            if {[llength $args] > %1$d} {
                ::scenario::refuse {file %2$s}
            }
            tailcall ::scenario::%2$s {*}$args
        } $most $word]
    }
}}

# Another interpreter would have all that is refused here.
rename ::interp ::scenario::interp
proc ::interp args {
    set word [lindex $args 0]
    if {$word ne {} && [string equal -length [string length $word] $word create]} {
        ::scenario::refuse {interp create}
    }
    tailcall ::scenario::interp {*}$args
}

rename ::open ::scenario::open
proc ::open {name args} {
    if {[string match |* $name] || [lindex $args 0] ni {{} r rb RDONLY}} {
        ::scenario::refuse {open for anything but reading}
    }
    tailcall ::scenario::open $name {*}$args
}

# Standard output is for what comes of the rehearsal.
rename ::puts ::scenario::puts
proc ::puts args {
    set words [lrange $args 0 end-1]
    if {[lindex $words end] eq {stdout}} {
        set words [lrange $words 0 end-1]
    }
    if {[llength $args] && $words in {{} -nonewline}} {
        lappend words stderr
    }
    tailcall ::scenario::puts {*}$words {*}[lrange $args end end]
}

rename ::close ::scenario::close
proc ::close args {
    if {[lindex $args 0] in {stdin stdout stderr}} {
        ::scenario::refuse "close [lindex $args 0]"
    }
    tailcall ::scenario::close {*}$args
}

namespace ensemble configure chan -map [dict replace [namespace ensemble configure chan -map]\
    close ::close copy ::fcopy pipe {::scenario::refuse {chan pipe}} puts ::puts]
