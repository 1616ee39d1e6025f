for {set i 0} {$i < 1001} {incr i} {
    failhost host$i address 127.0.0.1
}
