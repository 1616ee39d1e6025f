# Checks and actions that are written in Tcl. Each call has an interpreter of its own, so one
# that hangs is ended with it and holds up nobody.

# Good when the page at an address has at least so many links.
proc pages {url least} {
    set page [exec curl --silent --fail --max-time 4 $url]
    set links [regexp -all -nocase {<a\s} $page]
    if {$links < $least} {
        return -code error "only $links links on $url, $least are expected"
    }
    return "$links links on $url"
}

# Leaves a note for other programs.
proc tell {path} {
    set note [open $path w]
    puts $note "$::env(HC_TARGET) is $::env(HC_STATE): $::env(HC_WHY)"
    close $note
}
