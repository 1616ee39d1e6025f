# notify::mail: a message, and how it is sent: spoken in SMTP, or by a sendmail program.

package require failover::part
package require failover::talk

namespace eval ::notify {
    variable mail_options {
        -to {addresses} -from {address {}} -subject {header {}} -server {server {}}
        -sendmail {word {}} -timeout {time 10} -retries {count 2} -header {headers {}}
    }
    # Between two attempts, in milliseconds; doubles.
    variable pause 1000
    variable mails 0
}

proc ::failover::part::kind-address {value} {
    if {![regexp {^[!-~]+$} $value] || [regexp {[<>(),;:\\"]} $value] || [string index $value 0] eq "-"} {
        error "bad address \"[notify-visible $value]\""
    }
    return $value
}

proc ::failover::part::kind-addresses {value} {
    if {![string is list $value] || ![llength $value]} {
        error "must be one address or a list of some"
    }
    foreach address $value {
        kind-address $address
    }
    return $value
}

# One line of text: what could begin another header is refused.
proc ::failover::part::kind-header {value} {
    if {[regexp {[\x00-\x08\x0a-\x1f\x7f]} $value]} {
        error "bad value \"[notify-visible $value]\": must be one line"
    }
    return $value
}

proc ::failover::part::kind-headers {value} {
    foreach {name text} [kind-dict $value] {
        if {![regexp {^[A-Za-z0-9-]+$} $name]} {
            error "bad header \"[notify-visible $name]\""
        }
        kind-header $text
    }
    return $value
}

proc ::failover::part::kind-server {value} {
    ::failover::talk::server $value 25
}

proc ::failover::part::notify-visible {text} {
    string map {\r \\r \n \\n \0 \\0} $text
}

proc ::notify::mail {args} {
    ::failover::part::public [list ::notify::Mail $args]
}

proc ::notify::Mail {words} {
    if {[llength $words] % 2 == 0} {
        ::failover::part::wrong \
            "wrong # args: should be \"notify::mail -to addresses ?-option value ...? body\""
    }
    SendMail [ReadMail notify::mail [lrange $words 0 end-1]] [lindex $words end]
}

# The options, complete.
proc ::notify::ReadMail {command words} {
    variable mail_options
    lassign [::failover::part::read $command $mail_options $words] own rest
    None $command $rest
    if {[dict get $own server] ne {} && [dict get $own sendmail] ne {}} {
        ::failover::part::wrong "$command: -server and -sendmail exclude each other"
    }
    if {[dict get $own server] eq {} && [dict get $own sendmail] eq {}} {
        dict set own sendmail /usr/sbin/sendmail
    }
    if {[dict get $own from] eq {}} {
        dict set own from failover@[info hostname]
    }
    return $own
}

proc ::notify::SendMail {own body} {
    variable pause
    set message [Message $own $body]
    ::failover::talk::again [dict get $own retries] $pause {
        if {[dict get $own server] ne {}} {
            Smtp $own $message
        } else {
            Sendmail $own $message
        }
    }
    return
}

# A message as RFC 5322 wants it: ASCII, lines that end in LF.
proc ::notify::Message {own body} {
    variable mails
    set now [clock seconds]
    set id $now.[pid].[incr mails]@[info hostname]
    set date [clock format $now -gmt 1 -locale C -format "%a, %d %b %Y %H:%M:%S +0000"]
    set head [dict create Date $date From [dict get $own from] To [join [dict get $own to] ",\n "] \
        Subject [EncodeHeader [dict get $own subject]] Message-ID <$id> \
        Auto-Submitted auto-generated MIME-Version 1.0 \
        Content-Type "text/plain; charset=utf-8"]
    dict for {name value} [dict get $own header] {
        dict set head $name [EncodeHeader $value]
    }
    set body [string map {\r\n \n \r \n} $body]
    if {[regexp {[^\x01-\x7f]} $body] || [Longest $body] > 900} {
        dict set head Content-Transfer-Encoding base64
        set body [binary encode base64 -maxlen 76 [encoding convertto utf-8 $body]]
    } else {
        dict set head Content-Transfer-Encoding 7bit
    }
    set text {}
    dict for {name value} $head {
        append text $name ": " $value \n
    }
    return "$text\n[string trimright $body \n]\n"
}

proc ::notify::Longest {text} {
    ::tcl::mathfunc::max {*}[lmap line [split $text \n] {string length $line}]
}

# A header's text in encoded words (RFC 2047) where it is not plain. Each word has at most
# 75 characters and ends between two characters of the text.
proc ::notify::EncodeHeader {text} {
    if {![regexp {[^\x20-\x7e]|=\?} $text] && [string length $text] < 900} {
        return $text
    }
    set words {}
    set chunk {}
    # A character beyond 16 bits may be two for Tcl.
    foreach part [regexp -all -inline {[\ud800-\udbff][\udc00-\udfff]|.} $text] {
        if {[string length [encoding convertto utf-8 $chunk$part]] > 45} {
            lappend words $chunk
            set chunk {}
        }
        append chunk $part
    }
    lappend words $chunk
    join [lmap word $words {
        string cat "=?UTF-8?B?" [binary encode base64 [encoding convertto utf-8 $word]] "?="
    }] "\n "
}

proc ::notify::Sendmail {own message} {
    # In its own words: the envelope's sender, and that a lonely dot is no end.
    set command [list [dict get $own sendmail] -i -f [dict get $own from] -- {*}[dict get $own to]]
    set ran [::failover::part::run \
        [list -timeout [dict get $own timeout] -input $message] $command]
    if {[dict get $ran exit] ne 0} {
        # 75 is EX_TEMPFAIL.
        set kind [expr {[dict get $ran exit] eq 75 ? "later" : "never"}]
        ::failover::talk::$kind [::failover::part::complaint $command $ran]
    }
}

# One attempt. Those who are refused for good do not keep the others from getting it.
proc ::notify::Smtp {own message} {
    lassign [dict get $own server] host port
    set who $host:$port
    set deadline [::failover::talk::deadline [dict get $own timeout]]
    set channel [::failover::talk::connect $host $port $deadline]
    set it [list $channel $who $deadline]
    try {
        Reply $it 220 greeting
        if {[lindex [Order $it "EHLO [Helo $channel]" {250 5}] 0] ne "250"} {
            Order $it "HELO [Helo $channel]" 250
        }
        Order $it "MAIL FROM:<[dict get $own from]>" 250
        set refused {}
        foreach address [dict get $own to] {
            lassign [Order $it "RCPT TO:<$address>" {250 251 5}] code text
            if {$code ni {250 251}} {
                lappend refused "$address: $code $text"
            }
        }
        if {[llength $refused] == [llength [dict get $own to]]} {
            ::failover::talk::never "$who refuses [join $refused {; }]"
        }
        Order $it DATA 354
        # A line that begins with a dot gets one more: a dot alone is the end.
        set lines [string map {\n. \n.. } \n$message]
        set lines [string range [string map {\n \r\n} $lines] 2 end]
        ::failover::talk::say $channel $who $lines
        Order $it . 250 message
    } finally {
        # Whether it says good-bye is its affair.
        catch {::failover::talk::say $channel $who QUIT\r\n}
        ::failover::talk::end $channel
    }
    if {[llength $refused]} {
        ::fail log warn "notify::mail: $who refuses [join $refused {; }]"
    }
}

# What we call ourselves: a name if we have a full one, or else our address.
proc ::notify::Helo {channel} {
    set name [info hostname]
    if {[regexp {^[\w-]+(\.[\w-]+)+$} $name]} {
        return $name
    }
    set address [lindex [fconfigure $channel -sockname] 0]
    return [expr {[string match *:* $address] ? "\[IPv6:$address\]" : "\[$address\]"}]
}

# Says a line and reads the reply.
proc ::notify::Order {it line good {what {}}} {
    lassign $it channel who
    ::failover::talk::say $channel $who $line\r\n
    Reply $it $good [expr {$what eq {} ? [lindex $line 0] : $what}]
}

# Reads a reply of one or many lines: a list of its code and its last text. `good` are codes,
# or their first digit.
proc ::notify::Reply {it good what} {
    lassign $it channel who deadline
    for {set n 0} {$n < $::failover::talk::lines_max} {incr n} {
        set line [::failover::talk::line $channel $who $deadline]
        if {![regexp {^(\d)(\d\d)([ -]|$)(.*)$} $line -> first rest more text]} {
            ::failover::talk::never "$who does not speak SMTP: [string range $line 0 60]"
        }
        if {$more eq "-"} {
            continue
        }
        if {"$first$rest" in $good || $first in $good} {
            return [list $first$rest $text]
        }
        set kind [expr {$first eq "4" ? "later" : "never"}]
        ::failover::talk::$kind "$who, $what: $first$rest $text"
    }
    ::failover::talk::never "$who sends an answer without an end"
}
