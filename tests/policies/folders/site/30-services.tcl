service web nginx
service db postgresql
failsvc db check {return UP}
source [file join [file dirname [info script]] traps.inc]
