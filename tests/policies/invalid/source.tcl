source [file join [file dirname [info script]] no-such-file.tcl]
