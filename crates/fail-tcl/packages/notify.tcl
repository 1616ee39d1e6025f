# failover::notify: tells people and programs what has happened: by mail, by a webhook, by
# syslog, by a command. mail.tcl and webhook.tcl have the first two; here are the others, and
# notify::on, which tells of events.
#
# Each target of notify::on is a trap of its own, so that one that hangs holds up no other.

package require failover::part
package require failover::mail
package require failover::webhook

namespace eval ::notify {
    variable syslog_options {
        -facility {facility daemon} -level {level notice} -tag {header failover}
        -socket {word {}} -server {syslogserver {}} -timeout {time 10}
    }
    variable command_options {-input {any {}} -env {dict {}} -timeout {time 20}}
    variable kinds {
        mail {ReadMail FireMail} webhook {ReadWebhook FireWebhook}
        syslog {ReadSyslog FireSyslog} command {ReadCommand FireCommand}
    }
    # For each target: when it was told something, what waits to be told together, and how much
    # more there was.
    variable told {}
    variable surplus {}
    variable more {}
    # What stands in one summary.
    variable surplus_max 100
}

proc ::failover::part::kind-facility {value} {
    set known {auth authpriv cron daemon ftp lpr mail news syslog user uucp
        local0 local1 local2 local3 local4 local5 local6 local7}
    if {$value ni $known} {
        error "bad facility \"$value\": must be [choice $known]"
    }
    return $value
}

proc ::failover::part::kind-level {value} {
    set known {emerg alert crit err warning notice info debug}
    if {$value ni $known} {
        error "bad level \"$value\": must be [choice $known]"
    }
    return $value
}

proc ::failover::part::kind-syslogserver {value} {
    ::failover::talk::server $value 514
}

proc ::failover::part::kind-limit {value} {
    if {![string is list $value] || [llength $value] != 2} {
        error "bad limit \"$value\": must be a number and a time"
    }
    set number [kind-count [lindex $value 0]]
    if {$number < 1} {
        error "bad number \"$number\": must be 1 or more"
    }
    list $number [kind-time [lindex $value 1]]
}

# None of the commands here has options of failsvc.
proc ::notify::None {command options} {
    if {[llength $options]} {
        ::failover::part::wrong "$command: bad option \"[lindex $options 0]\": options begin with -"
    }
}

proc ::notify::syslog {args} {
    ::failover::part::public [list ::notify::Syslog $args]
}

proc ::notify::Syslog {words} {
    if {[llength $words] % 2 == 0} {
        ::failover::part::wrong \
            "wrong # args: should be \"notify::syslog ?-option value ...? text\""
    }
    SendSyslog [ReadSyslog notify::syslog [lrange $words 0 end-1]] [lindex $words end]
}

proc ::notify::ReadSyslog {command words} {
    variable syslog_options
    lassign [::failover::part::read $command $syslog_options $words] own rest
    None $command $rest
    if {[dict get $own socket] ne {} && [dict get $own server] ne {}} {
        ::failover::part::wrong "$command: -socket and -server exclude each other"
    }
    return $own
}

# By logger, which every system has: Tcl has no datagrams. One line is one message.
proc ::notify::SendSyslog {own text} {
    dict with own {}
    set command [list logger --tag $tag --priority $facility.$level --socket-errors=on]
    if {$server ne {}} {
        lassign $server host port
        lappend command --udp --server $host --port $port
    }
    if {$socket ne {}} {
        lappend command --socket $socket
    }
    set ran [::failover::part::run [list -timeout $timeout -input [string trimright $text \n]\n] $command]
    # Some versions say on standard error what went wrong, and end with 0.
    if {[dict get $ran exit] ne 0 || [string trim [dict get $ran stderr]] ne {}} {
        ::failover::talk::never [::failover::part::complaint $command $ran]
    }
    return
}

proc ::notify::command {command args} {
    ::failover::part::public [list ::notify::Command $command $args]
}

proc ::notify::Command {command words} {
    SendCommand [ReadCommand notify::command $command $words]
}

proc ::notify::ReadCommand {name command words} {
    variable command_options
    if {[catch {::failover::part::kind-command $command} command]} {
        ::failover::part::wrong "$name: $command"
    }
    lassign [::failover::part::read $name $command_options $words] own rest
    None $name $rest
    dict set own command $command
}

proc ::notify::SendCommand {own} {
    dict with own {}
    set ran [::failover::part::run [list -timeout $timeout -input $input -env $env] $command]
    if {[dict get $ran exit] ne 0} {
        ::failover::talk::never [::failover::part::complaint $command $ran]
    }
    string trimright [dict get $ran stdout] \n
}

# notify::on pattern events ?-limit {number time}? target ?target ...?
proc ::notify::on {pattern events args} {
    ::failover::part::public [list ::notify::On $pattern $events $args]
}

proc ::notify::On {pattern events words} {
    variable kinds
    set limit {10 600.0}
    if {[lindex $words 0] eq "-limit"} {
        if {[catch {::failover::part::kind-limit [lindex $words 1]} limit]} {
            ::failover::part::wrong "notify::on: -limit: $limit"
        }
        set words [lrange $words 2 end]
    }
    if {![llength $words]} {
        ::failover::part::wrong "wrong # args: should be\
            \"notify::on pattern events ?-limit {number time}? target ?target ...?\""
    }
    # All are looked at before the first trap is set.
    set scripts {}
    foreach target $words {
        if {![string is list $target] || ![dict exists $kinds [lindex $target 0]]} {
            ::failover::part::wrong "notify::on: bad target \"$target\": must begin with\
                [::failover::part::choice [dict keys $kinds]]"
        }
        set rest [lassign $target kind]
        lassign [dict get $kinds $kind] read fire
        # mail and syslog may end in a text, the others begin with an argument.
        set command "notify::on: $kind"
        if {$kind in {mail syslog}} {
            set text {}
            if {[llength $rest] % 2} {
                set text [lindex $rest end]
                set rest [lrange $rest 0 end-1]
            }
            set target [list $fire [$read $command $rest] $text]
        } else {
            set target [list $fire [$read $command [lindex $rest 0] [lrange $rest 1 end]]]
        }
        lappend scripts [list ::notify::Event $limit $target]
    }
    foreach event $events {
        foreach script $scripts {
            ::failtrap $pattern $event $script
        }
    }
}

# What a trap runs. `target` is a command of Fire... without the event.
proc ::notify::Event {limit target} {
    variable told
    variable surplus
    variable more
    variable surplus_max
    set about [About]
    lassign $limit number seconds
    set now [clock milliseconds]
    set recent {}
    if {[dict exists $told $target]} {
        set recent [lmap at [dict get $told $target] {
            expr {$at <= $now && $at > $now - 1000 * $seconds ? $at : [continue]}
        }]
    }
    if {![dict exists $surplus $target] && [llength $recent] < $number} {
        dict set told $target [lappend recent $now]
        Send $target $about
        return
    }
    if {![dict exists $surplus $target]} {
        # When the oldest is old enough, all that has come meanwhile is told in one.
        set wait [expr {max(1, [lindex $recent 0] + round(1000 * $seconds) - $now)}]
        ::fail after [format %.3f [expr {$wait / 1000.0}]] [list ::notify::Summary $target]
        dict set surplus $target {}
        dict set more $target 0
    }
    if {[llength [dict get $surplus $target]] < $surplus_max} {
        dict lappend surplus $target $about
    } else {
        dict incr more $target
    }
}

proc ::notify::Send {target about} {
    set rest [lassign $target fire own]
    $fire $own {*}$rest $about
}

proc ::notify::Summary {target} {
    variable told
    variable surplus
    variable more
    set events [dict get $surplus $target]
    set left [dict get $more $target]
    dict unset surplus $target
    dict unset more $target
    dict lappend told $target [clock milliseconds]
    set count [expr {[llength $events] + $left}]
    set lines [lmap about $events {
        string cat "[dict get $about time] " [Line $about]
    }]
    if {$left} {
        lappend lines "and $left more"
    }
    set about [About]
    dict set about name "$count events"
    dict set about event summary
    dict set about reason "[join $lines {; }]"
    dict set about lines $lines
    dict set about count $count
    Send $target $about
}

# What has happened, as a dict of words.
proc ::notify::About {} {
    set data $::fail::data
    set about {name {} event {} host {} time {} kind service from {} to {} reason {} peer {} count 1}
    dict set about host [info hostname]
    dict set about event $::fail::event
    dict set about name $::fail::service
    set now [clock milliseconds]
    foreach {key value} $data {
        switch $key {
            time {set now $value}
            host - hosts {dict set about peer [join $value {, }]}
            default {dict set about $key $value}
        }
    }
    if {[dict get $about name] eq {}} {
        dict set about name [dict get $about peer]
    }
    if {![string is entier -strict $now]} {
        set now [clock milliseconds]
    }
    dict set about ms $now
    dict set about time [clock format [expr {$now / 1000}] -gmt 1 -locale C -format %Y-%m-%dT%H:%M:%SZ]
    return $about
}

# A text with words such as %name in it. `quote` is a command that what they stand for goes
# through; without one it only may not begin a new line.
proc ::notify::Fill {text about {quote {}}} {
    set map {%% %}
    # The longer ones first: %host is no %ho.
    foreach key [lsort -decreasing [dict keys $about]] {
        if {$key eq "lines"} {
            continue
        }
        set value [dict get $about $key]
        if {$quote ne {}} {
            set value [{*}$quote $value]
        }
        lappend map %$key [regsub -all {[\x00-\x1f\x7f]+} $value { }]
    }
    string map $map $text
}

# All that is known, a line each; of a summary, what it sums up.
proc ::notify::Report {about} {
    if {[dict exists $about lines]} {
        return "[join [dict get $about lines] \n]\n"
    }
    set text {}
    dict for {key value} $about {
        if {$value ne {} && $key ni {ms count}} {
            append text [format "%-12s%s\n" $key: [regsub -all {\n} $value "\n            "]]
        }
    }
    return $text
}

proc ::notify::Line {about} {
    Fill [expr {[dict get $about reason] eq {} ? "%name: %event" : "%name: %event: %reason"}] $about
}

proc ::notify::FireMail {own text about} {
    set subject [dict get $own subject]
    if {$subject eq {}} {
        set subject "%name: %event on %host"
    }
    dict set own subject [string range [Fill $subject $about] 0 500]
    SendMail $own [expr {$text eq {} ? [Report $about] : [Fill $text $about]}]
}

proc ::notify::FireWebhook {own about} {
    if {[dict get $own body] ne {}} {
        # The text is JSON: what is filled in stands in strings.
        set document [Fill [dict get $own body] $about ::notify::Inner]
    } elseif {[dict get $own json] ne {}} {
        set document [json [dict map {key value} [dict get $own json] {Fill $value $about}]]
    } else {
        set plain {ms count}
        if {[dict exists $about suppressed] && [string is entier -strict [dict get $about suppressed]]} {
            lappend plain suppressed
        }
        set document [json [dict remove $about lines] $plain]
    }
    SendWebhook $own $document
}

# A text as what stands inside of a JSON string.
proc ::notify::Inner {text} {
    string range [quote $text] 1 end-1
}

proc ::notify::FireSyslog {own text about} {
    SendSyslog $own [expr {$text eq {} ? [Line $about] : [Fill $text $about]}]
}

# The words of the command stay words, whatever is filled in; the environment has it all.
proc ::notify::FireCommand {own about} {
    set env [dict get $own env]
    dict for {key value} $about {
        if {$key ne "lines"} {
            dict set env FAIL_[string toupper $key] [regsub -all {\x00} $value { }]
        }
    }
    dict set own env $env
    dict set own command [lmap word [dict get $own command] {Fill $word $about}]
    if {[dict get $own input] eq {}} {
        dict set own input [Report $about]
    } else {
        dict set own input [Fill [dict get $own input] $about]
    }
    SendCommand $own
}
