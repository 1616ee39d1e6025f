# How failover::notify talks to servers: a TCP connection whose every step waits in the script
# that takes it and nowhere else, and has a deadline; and when it is worth to try again.
#
# A deadline is a number of milliseconds as of `clock milliseconds`. What may be well later is an
# error with the code FAILOVER LATER, what will not is FAILOVER NEVER.

package require failover::part

namespace eval ::failover::talk {
    # channel -> why the script that waits for it goes on.
    variable woken
    array set woken {}
    # A server that never ends its line, or its answer, is none.
    variable line_max 4096
    variable lines_max 100
}

proc ::failover::talk::later {message} {
    return -code error -errorcode {FAILOVER LATER} $message
}

proc ::failover::talk::never {message} {
    return -code error -errorcode {FAILOVER NEVER} $message
}

# Evaluates a script until it succeeds or will never, at most 1 + `times` times, with a pause
# between that begins with `pause` milliseconds and doubles.
proc ::failover::talk::again {times pause script} {
    for {set n 0} 1 {incr n} {
        set code [catch {uplevel 1 $script} result options]
        if {$code == 0} {
            return $result
        }
        if {$n >= $times || [lrange [dict get $options -errorcode] 0 1] ne {FAILOVER LATER}} {
            return -options $options $result
        }
        after [expr {$pause << $n}]
    }
}

# The deadline that so many seconds from now are.
proc ::failover::talk::deadline {seconds} {
    expr {[clock milliseconds] + round(1000 * $seconds)}
}

proc ::failover::talk::left {deadline} {
    expr {max(0, $deadline - [clock milliseconds])}
}

# host:port, [host]:port, or host alone; a list of both.
proc ::failover::talk::server {text port} {
    if {![regexp {^\[([0-9a-fA-F:.]+)\](?::(\d+))?$} $text -> host given]
            && ![regexp {^([\w.-]+)(?::(\d+))?$} $text -> host given]
            && ![regexp {^([0-9a-fA-F:]+:[0-9a-fA-F:.]+)()$} $text -> host given]} {
        error "bad server \"$text\": must be host or host:port"
    }
    if {$given ne {}} {
        scan $given %d port
    }
    if {$port < 1 || $port > 65535} {
        error "bad port \"$port\": must be 1 to 65535"
    }
    list $host $port
}

# The addresses of a host. A look-up in here would stop all scripts, so a program does it.
proc ::failover::talk::addresses {host deadline} {
    if {[regexp {^[\d.]+$|:} $host]} {
        return [list $host]
    }
    set seconds [expr {[left $deadline] / 1000.0 + 0.001}]
    set command [list getent ahosts $host]
    if {[catch {::failover::part::run [list -timeout $seconds] $command "look-up of $host"} ran]} {
        later $ran
    }
    set addresses {}
    foreach line [split [dict get $ran stdout] \n] {
        set address [lindex [split $line] 0]
        if {$address ni [list {} {*}$addresses]} {
            lappend addresses $address
        }
    }
    if {$addresses eq {}} {
        later "there is no address for $host"
    }
    return $addresses
}

# Connects; the channel neither blocks nor translates.
proc ::failover::talk::connect {host port deadline} {
    set problem {}
    foreach address [addresses $host $deadline] {
        if {[catch {socket -async $address $port} channel]} {
            set problem $channel
            continue
        }
        set code [catch {
            fconfigure $channel -blocking 0 -translation binary
            await $channel writable $deadline "$host:$port does not answer"
            set problem [fconfigure $channel -error]
        } result options]
        if {$code == 0 && $problem eq {}} {
            return $channel
        }
        end $channel
        if {$code} {
            # The time is over, or we are cancelled.
            return -options $options $result
        }
    }
    regsub {^couldn't open socket: } $problem {} problem
    later "$host:$port: $problem"
}

proc ::failover::talk::end {channel} {
    variable woken
    catch {close $channel}
    unset -nocomplain woken($channel)
}

# Waits until something can be done with a channel.
proc ::failover::talk::await {channel what deadline late} {
    variable woken
    set name ::failover::talk::woken($channel)
    set timer [after [left $deadline] [list set $name late]]
    fileevent $channel $what [list set $name ready]
    try {
        vwait $name
    } finally {
        after cancel $timer
        catch {fileevent $channel $what {}}
    }
    if {$woken($channel) eq "late"} {
        later $late
    }
}

# The next line, without its end.
proc ::failover::talk::line {channel who deadline} {
    variable line_max
    while {[gets $channel line] < 0} {
        if {[eof $channel]} {
            later "$who has closed the connection"
        }
        if {[chan pending input $channel] > $line_max} {
            never "$who sends a line without an end"
        }
        await $channel readable $deadline "$who does not answer"
    }
    if {[string length $line] > $line_max} {
        never "$who sends a line without an end"
    }
    string trimright $line \r
}

# Bytes on their way. Whoever sends them then waits for an answer.
proc ::failover::talk::say {channel who bytes} {
    if {[catch {
        puts -nonewline $channel $bytes
        flush $channel
    } message]} {
        later "$who has closed the connection"
    }
}
