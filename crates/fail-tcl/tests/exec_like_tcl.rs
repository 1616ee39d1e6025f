//! Each `exec` is run twice, by Tcl's own and by ours: both must say the same.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod fake;

use fail_wire::State;
use fake::{Dir, Engine};

/// Compares result, error and errorCode (but for the pid) of both.
const COMPARE: &str = r#"
proc try_one {command} {
    file delete $::file
    set code [catch $command result options]
    set errorcode [expr {$code ? [dict get $options -errorcode] : {}}]
    if {[lindex $errorcode 0] in {CHILDSTATUS CHILDKILLED}} {lset errorcode 1 pid}
    # For a command that makes no sense we have no code of our own.
    if {[lindex $errorcode 0] eq "TCL"} {set errorcode NONE}
    set result [string map {::fail::tcl::exec exec} $result]
    set written {}
    if {[file exists $::file]} {set c [open $::file]; set written [read $c]; close $c}
    list $code $result $errorcode $written
}
proc both {args} {
    set theirs [try_one [list ::fail::tcl::exec {*}$args]]
    set ours [try_one [list exec {*}$args]]
    if {$ours ne $theirs} {error "ours $ours, Tcl's $theirs"}
    return UP
}
"#;

fn same(words: &str) {
    let dir = Dir::new();
    let mut engine = Engine::new(&format!(
        "set file {}/file\n{COMPARE}\nfailsvc web start {{both {words}}} stop {{list UP}}",
        dir.0.display()
    ));
    let outcome = engine.outcome();
    assert_eq!(outcome, Ok(State::Up), "exec {words}");
}

#[test]
fn results() {
    for words in [
        "echo hello",
        "-keepnewline echo hello",
        "printf {a\\n\\n}",
        "printf {a\\r\\nb\\rc\\n}",
        "true",
        "-- echo -n x",
        "cat << {some text}",
        "cat <<text",
        "echo a b | tr a-z A-Z | rev",
        "sh -c {echo out; echo err >&2} |& cat",
        "sh -c {echo err >&2} 2>@1",
        "sh -c {echo out; echo err >&2} 2>@1",
        "-ignorestderr sh -c {echo out; echo ignored >&2}",
        "echo {quoted  \"$x\" [y]}",
        "echo \u{e9} \u{20ac}",
    ] {
        same(words);
    }
}

#[test]
fn errors() {
    for words in [
        "false",
        "sh -c {exit 3}",
        "sh -c {echo out; exit 3}",
        "sh -c {printf out; exit 3}",
        "sh -c {echo out; echo err >&2; exit 3}",
        "sh -c {echo out; echo err >&2}",
        "sh -c {printf err >&2}",
        "-keepnewline sh -c {echo err >&2}",
        "sh -c {kill -TERM $$}",
        "sh -c {echo out; kill -KILL $$}",
        "sh -c {echo err >&2; kill -TERM $$}",
        "-keepnewline sh -c {kill -TERM $$}",
        "-ignorestderr sh -c {echo ignored >&2; exit 2}",
        "sh -c {exit 3} | true",
        "sh -c {exit 3} | sh -c {cat; exit 4}",
        "sh -c {kill -TERM $$} | sh -c {exit 4}",
        "sh -c {exit 4} | sh -c {kill -TERM $$}",
        "sh -c {echo e >&2; exit 4} 2>@1",
        "/no/such/program",
        "/etc",
        "cat < /no/such/file",
    ] {
        same(words);
    }
}

#[test]
fn files() {
    for words in [
        "echo hello > $::file",
        "echo hello >$::file",
        "echo hello >> $::file",
        "sh -c {echo out; echo err >&2} >& $::file",
        "sh -c {echo out; echo err >&2} >>& $::file",
        "sh -c {echo out; echo err >&2} 2> $::file",
        "sh -c {echo out; echo err >&2; exit 1} 2>> $::file",
        "echo x > /no/such/directory/file",
        "cat < /etc/passwd",
        "cat </etc/passwd > $::file",
        "sh -c {echo err >&2} | cat 2> $::file",
    ] {
        same(words);
    }
}

#[test]
fn mistakes() {
    for words in [
        "",
        "--",
        "-nonsense x",
        "|",
        "| cat",
        "echo |",
        "echo | | cat",
        "echo >",
        "echo <",
        "echo <<",
        "echo 2>",
        "> $::file",
        "echo 2>@1 x",
        "{}",
    ] {
        same(words);
    }
}
