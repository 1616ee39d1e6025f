# notify::webhook: a JSON document, posted to a URL. http is spoken here, https by curl.

package require failover::part
package require failover::talk

namespace eval ::notify {
    variable webhook_options {
        -json {dict {}} -body {any {}} -header {webheaders {}} -timeout {time 10} -retries {count 2}
    }
}

proc ::failover::part::kind-webheaders {value} {
    foreach {name text} [kind-dict $value] {
        if {![regexp {^[!#$%&'*+.^`|~\w-]+$} $name] || [regexp {[\r\n\0]} $text]} {
            error "bad header \"[notify-visible "$name: $text"]\""
        }
    }
    return $value
}

proc ::notify::webhook {url args} {
    ::failover::part::public [list ::notify::Webhook $url $args]
}

proc ::notify::Webhook {url words} {
    set own [ReadWebhook notify::webhook $url $words]
    SendWebhook $own [Document $own]
}

proc ::notify::ReadWebhook {command url words} {
    variable webhook_options
    lassign [::failover::part::read $command $webhook_options $words] own rest
    None $command $rest
    if {![regexp {^(https?)://(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(\d+))?(/[!-~]*|)$} $url \
            -> scheme host port path]} {
        ::failover::part::wrong "$command: bad url \"[::failover::part::notify-visible $url]\":\
            must be http://host:port/path or https://..."
    }
    if {$scheme eq "https" && [auto_execok curl] eq {}} {
        ::failover::part::wrong "$command: https needs the program curl, which is not installed"
    }
    if {[dict get $own json] ne {} && [dict get $own body] ne {}} {
        ::failover::part::wrong "$command: -json and -body exclude each other"
    }
    if {$port eq {}} {
        set port 80
    }
    dict set own url $url
    dict set own scheme $scheme
    dict set own server [list [string trim $host {[]}] $port]
    dict set own path [expr {$path eq {} ? "/" : $path}]
}

proc ::notify::Document {own} {
    if {[dict get $own body] ne {}} {
        return [dict get $own body]
    }
    json [dict get $own json]
}

# A dict as a JSON object whose values are strings, but for those whose names are in `plain`:
# they are JSON already, such as numbers.
proc ::notify::json {dict {plain {}}} {
    set members {}
    dict for {name value} $dict {
        if {$name ni $plain} {
            set value [quote $value]
        }
        lappend members "[quote $name]:$value"
    }
    return "{[join $members ,]}"
}

# A text as a JSON string.
proc ::notify::quote {text} {
    set quoted {}
    foreach char [split [string map {\\ \\\\ \" \\\" \n \\n \r \\r \t \\t \b \\b \f \\f} $text] {}] {
        scan $char %c code
        # What is no character alone, and what some readers take for a line's end, by its number.
        if {$code < 32 || $code == 127 || $code in {8232 8233}} {
            append quoted [format \\u%04x $code]
        } else {
            append quoted $char
        }
    }
    return \"$quoted\"
}

proc ::notify::SendWebhook {own document} {
    variable pause
    ::failover::talk::again [dict get $own retries] $pause {
        if {[dict get $own scheme] eq "https"} {
            set code [Curl $own $document]
        } else {
            set code [Post $own $document]
        }
        set host [lindex [dict get $own server] 0]
        if {$code in {408 425 429} || $code >= 500} {
            ::failover::talk::later "webhook: $host answers $code"
        }
        if {$code < 200 || $code >= 300} {
            ::failover::talk::never "webhook: $host answers $code"
        }
    }
    return
}

proc ::notify::WebHeaders {own} {
    dict merge [dict create Content-Type application/json User-Agent failover] [dict get $own header]
}

# One attempt; returns the status code. What stands behind the status line does not matter.
proc ::notify::Post {own document} {
    lassign [dict get $own server] host port
    set who $host:$port
    set bytes [encoding convertto utf-8 $document]
    regexp {^http://([^/]+)} [dict get $own url] -> authority
    set head "POST [dict get $own path] HTTP/1.1\r\nHost: $authority\r\nConnection: close\r\n"
    dict for {name value} [WebHeaders $own] {
        append head "$name: $value\r\n"
    }
    append head "Content-Length: [string length $bytes]\r\n\r\n"
    set deadline [::failover::talk::deadline [dict get $own timeout]]
    set channel [::failover::talk::connect $host $port $deadline]
    try {
        ::failover::talk::say $channel $who [encoding convertto utf-8 $head]$bytes
        # Interim answers (1xx) come before the one that counts.
        for {set n 0} {$n < $::failover::talk::lines_max} {incr n} {
            set line [::failover::talk::line $channel $who $deadline]
            if {$n == 0 && ![string match HTTP/1.* $line]} {
                ::failover::talk::never "$who does not speak HTTP: [string range $line 0 60]"
            }
            if {[regexp {^HTTP/1\.\d ([2-5]\d\d)} $line -> code]} {
                return $code
            }
        }
        ::failover::talk::never "$who sends an answer without an end"
    } finally {
        ::failover::talk::end $channel
    }
}

# The same through curl. The URL and the headers may be secret: they stand on its standard
# input and not in its command line, which every user can read.
proc ::notify::Curl {own document} {
    set lines [list "url = [CurlQuote [dict get $own url]]" "data-raw = [CurlQuote $document]"]
    dict for {name value} [WebHeaders $own] {
        lappend lines "header = [CurlQuote "$name: $value"]"
    }
    set command [list curl --disable --globoff --silent --show-error --max-time [dict get $own timeout] \
        --output /dev/null --write-out %{http_code} --config -]
    set seconds [expr {[dict get $own timeout] + 2}]
    set ran [::failover::part::run [list -timeout $seconds -input [join $lines \n]\n] $command]
    if {[dict get $ran exit] ne 0} {
        # 60 and 77: the certificate is not good, which waiting does not mend.
        set kind [expr {[dict get $ran exit] in {60 77} ? "never" : "later"}]
        ::failover::talk::$kind [::failover::part::complaint $command $ran]
    }
    string trim [dict get $ran stdout]
}

proc ::notify::CurlQuote {text} {
    return "\"[string map {\\ \\\\ \" \\\" \n \\n \r \\r \t \\t} $text]\""
}
