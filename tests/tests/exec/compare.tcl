# Runs each line of `lines` and tells what came of it: in tclsh, which writes that to a file,
# and in a script of ours, which compares.

encoding system utf-8

proc prepare {dir} {
    file delete -force $dir
    file mkdir $dir
    set files {
        plain "some text\n" 0644
        long "" 0644
        script "echo \"script: $*\"; exit 5\n" 0755
        shebang "#!/bin/sh\necho \"shebang: $*\"\n" 0755
        "with space" "#!/bin/sh\necho spaced\n" 0755
        not-executable "#!/bin/sh\n" 0644
        no-interpreter "#!/no/such/interpreter\n" 0755
    }
    foreach {name text mode} $files {
        set channel [open $dir/$name w $mode]
        puts -nonewline $channel $text
        close $channel
        file attributes $dir/$name -permissions $mode
    }
    file mkdir $dir/sub
}

proc outcome {dir line} {
    prepare $dir
    set ::dir $dir
    set code [catch {uplevel #0 $line} result options]
    set errorcode {}
    set info {}
    if {$code} {
        set errorcode [dict get $options -errorcode]
        set info [lindex [split [dict get $options -errorinfo] \n] 0]
    }
    if {[lindex $errorcode 0] in {CHILDSTATUS CHILDKILLED}} {
        lset errorcode 1 pid
    }
    set written {}
    foreach file [lsort [glob -nocomplain -directory $dir out* err*]] {
        set channel [open $file]
        fconfigure $channel -encoding binary
        lappend written [file tail $file] [read $channel]
        close $channel
    }
    list $code $result $errorcode $info $written
}

proc outcomes {dir lines} {
    set outcomes {}
    foreach line $lines {
        lappend outcomes [outcome $dir $line]
    }
    return $outcomes
}

proc differences {dir lines file} {
    set channel [open $file]
    fconfigure $channel -encoding utf-8
    set theirs [split [read $channel] \x1e]
    close $channel
    set differences {}
    foreach line $lines their $theirs our [outcomes $dir $lines] {
        if {[lrange $their 0 end] ne [lrange $our 0 end]} {
            append differences "\n$line\n  Tcl's [string range $their 0 300]\n  ours  [string range $our 0 300]\n"
        }
    }
    return $differences
}

proc write_outcomes {dir lines file} {
    set channel [open $file w]
    fconfigure $channel -encoding utf-8
    puts -nonewline $channel [join [outcomes $dir $lines] \x1e]
    close $channel
}
