# Every setting away from its default, in several pairs per call, with units and with the
# characters that quoting gets wrong.
foreach {host address} {hosta 127.0.0.1 hostb 127.0.0.2 hôte-c ::1} {
    failhost $host address $address port 1900 community {s3cret#$[x]"} timeout 80ms
}
failsvc wéb interval 0.25 masters hosta slaves {hostb hôte-c} timeout 1.5m delay 2s \
    confirm {7 15ms} lonely keep reclaim {
        if {$::fail::from eq "UP"} { return UP }
        return {FAIL}
    }
failsvc wéb check {exec true; return UP} checkinterval 750ms checkrecover yes rise 4 fall 1 \
    failback no retry {5s 1.5 1h} community {own$[x]"}
failsvc wéb start {set x "a \{ b"; return UP} stop "return \[string toupper recover]"
