# What a policy sees of Tcl while it is rehearsed: the prelude, but time is invented, and what
# would change something outside is answered (::fail::rehearsed) and not done. Reading is done.

foreach command {after exec vwait update} {
    rename ::fail::tcl::$command {}
}
foreach command {cd open socket} {
    rename ::$command ::fail::tcl::$command
}
unset command

namespace eval ::fail::still {}

# Outside of a script there is nothing to wait for: time does not pass while a policy is read.
proc ::fail::tcl::vwait {name} {
    return -code error -errorcode {FAIL REHEARSED}\
        "vwait $name: nothing can come in a rehearsal while a policy is read"
}

proc ::fail::tcl::update args {}

proc ::cd {{folder ~}} {
    ::fail::rehearsed cd $folder
    return
}

proc ::open {name args} {
    set access [lindex $args 0]
    if {[string match |* $name]} {
        ::fail::rehearsed open $name
        return [::fail::tcl::open /dev/null r+]
    }
    if {$access in {{} r rb} || $access eq "RDONLY"} {
        tailcall ::fail::tcl::open $name {*}$args
    }
    ::fail::rehearsed open $name {*}$access
    return [::fail::tcl::open /dev/null r+]
}

proc ::socket args {
    ::fail::rehearsed socket {*}$args
    return [::fail::tcl::open /dev/null r+]
}

foreach command {copy delete link mkdir rename} {
    proc ::fail::still::$command args [format {
        ::fail::rehearsed file %s {*}$args
        return
    } $command]
}
# Whoever makes a file wants to write to it.
foreach command {tempdir tempfile} {
    proc ::fail::still::$command args [format {
        ::fail::rehearsed file %1$s {*}$args
        if {{%1$s} eq {tempdir}} {
            return /tmp/rehearsed
        }
        if {[llength $args]} {
            upvar 1 [lindex $args 0] name
            set name /tmp/rehearsed
        }
        return [::fail::tcl::open /dev/null r+]
    } $command]
}
# These also tell.
foreach {command most} {attributes 2 mtime 1 atime 1} {
    proc ::fail::still::$command args [format {
        if {[llength $args] <= %1$d} {
            tailcall ::tcl::file::%2$s {*}$args
        }
        ::fail::rehearsed file %2$s {*}$args
        return
    } $most $command]
}
# What is installed on the host that is rehearsed need not be installed here.
foreach command {executable isfile} {
    proc ::fail::still::$command {name} [format {
        if {[string match /etc/init.d/* $name] || [string match */resource.d/*/* $name]} {
            return 1
        }
        tailcall ::tcl::file::%s $name
    } $command]
}
unset command most

apply {{} {
    set map [namespace ensemble configure file -map]
    foreach command {
        atime attributes copy delete executable isfile link mkdir mtime rename tempdir tempfile
    } {
        dict set map $command ::fail::still::$command
    }
    namespace ensemble configure file -map $map
    set map [namespace ensemble configure info -map]
    namespace ensemble configure info -map [dict replace $map hostname ::fail::still::hostname]
}}

# Standard output is for what comes of the rehearsal: what is printed is logged.
proc ::puts args {
    set words [lrange $args 0 end-1]
    if {[lindex $words 0] eq {-nonewline}} {
        set words [lrange $words 1 end]
    }
    if {[llength $args] && $words in {{} stdout stderr}} {
        ::fail log info [lindex $args end]
        return
    }
    tailcall ::fail::tcl::puts {*}$args
}

# A child interpreter shares these too.
lappend ::fail::shared cd open puts socket
