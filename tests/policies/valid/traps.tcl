# Every event, patterns, two traps for one thing, one taken back.
failsvc web start {return UP} stop {return RECOVER}
proc tell {args} { exec logger -t failover "$::fail::event: [join $args]" }
foreach event {
    up recover fail change unreachable reachable takeover handback splitbrain unsupervised
    scripterror *
} {
    failtrap {w[a-z]b?} $event [list tell $event {a b}]
}
failtrap * change {
    dict with ::fail::data {}
    tell $from -> $to: $reason
}
failtrap * change {tell again}
failtrap * fail {tell never}
failtrap * fail {}
failtrap é* up {tell "é \{"}
