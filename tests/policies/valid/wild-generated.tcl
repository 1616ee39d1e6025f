# A policy that computes itself: loops, arrays, procs that make services, quoting by list.
array set rank {hosta 1 hostb 2 hostc 3}
set me hostb
proc ranked {} {
    global rank
    lsort -command {apply {{a b} {global rank; expr {$rank($a) - $rank($b)}}}} [array names rank]
}
proc service {name interval args} {
    global me rank
    set masters [lmap h [ranked] {if {$rank($h) >= $rank($me)} continue; set h}]
    set slaves [lmap h [ranked] {if {$rank($h) <= $rank($me)} continue; set h}]
    failsvc $name interval $interval masters $masters slaves $slaves
    foreach verb {start stop} state {UP RECOVER} {
        failsvc $name $verb [concat [list run $verb $state] $args]
    }
}
proc run {verb state args} {
    foreach unit $args { exec systemctl $verb $unit }
    return $state
}
foreach {h a} {hosta 127.0.0.1 hostc 127.0.0.3} { failhost $h address $a }
service web 1 nginx php-fpm
service db  500ms {postgresql@15 main}
if {[fail names] ne {db web}} { error "names: [fail names]" }
