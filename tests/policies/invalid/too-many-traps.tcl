for {set i 0} {$i < 257} {incr i} {
    failtrap web$i up {puts x}
}
