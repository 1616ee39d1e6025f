//! `exec` of a script: real programs, by way of the Tcl thread and the children of the engine.
//!
//! The same command lines run in tclsh and in a script of ours, and both must say the same:
//! result, error, `errorCode`, the first line of `errorInfo`, and what stands in files then.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

#[path = "exec/engine.rs"]
mod engine;

use std::process::{Command, Stdio};

use engine::Engine;
use failover_tests::folder::Folder;

const COMPARE: &str = include_str!("exec/compare.tcl");

fn lines() -> Vec<&'static str> {
    let lines = include_str!("exec/lines.tcl").lines();
    lines.filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn a_script_and_tclsh_say_the_same() {
    let folder = Folder::new();
    let list = lines()
        .iter()
        .map(|line| format!("{{{line}}}\n"))
        .collect::<String>();
    assert!(lines().len() >= 120, "{} lines", lines().len());
    let (at, file) = (folder.path().display(), folder.path().join("theirs"));
    let common = format!("{COMPARE}\nset lines {{\n{list}}}\n");
    let theirs = format!(
        "{common}\nwrite_outcomes {at}/work $lines {}\n",
        file.display()
    );
    std::fs::write(folder.path().join("theirs.tcl"), theirs).unwrap();
    let tclsh = Command::new("tclsh8.6")
        .arg(folder.path().join("theirs.tcl"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .unwrap();
    assert!(
        tclsh.status.success(),
        "{}",
        String::from_utf8_lossy(&tclsh.stderr)
    );
    let mut engine = Engine::new(&common);
    let ours = format!("differences {at}/work $lines {}", file.display());
    let (code, differences) = engine.says(&ours);
    assert_eq!((code, differences.as_str()), (0, ""), "{differences}");
}

#[test]
fn where_a_script_differs_from_tclsh_it_says_so() {
    let mut engine = Engine::new("");
    for (line, said) in [
        (
            "exec echo \"a\\u0000b\"",
            "no program can be given the word \"a\\0b\", which contains a NUL",
        ),
        (
            "set f [open /dev/null w]; exec echo x >@ $f",
            "exec: \">@\" can only name a standard channel in a failover script, not \"file",
        ),
        (
            "exec echo x 2>@nosuch",
            "exec: \"2>@\" can only name a standard channel in a failover script, not \"nosuch\": \
             use a file, or the result of exec",
        ),
        (
            "exec cat < nosuch-fifo <@stderr",
            "exec: \"<@\" can only name a standard channel in a failover script, not \"stderr\"",
        ),
    ] {
        let (code, result) = engine.says(line);
        assert_eq!(code, 1, "{line}");
        assert!(result.starts_with(said), "{line}: {result}");
    }
}

#[test]
fn fail_run_tells_how_a_program_ended_and_is_no_error() {
    let mut engine = Engine::new("");
    let folder = Folder::new();
    let dir = folder.path().display();
    for (line, told) in [
        (
            "true".to_string(),
            "ok 1 exit 0 signal {} stdout {} stderr {} timedout 0",
        ),
        (
            "false".to_string(),
            "ok 0 exit 1 signal {} stdout {} stderr {} timedout 0",
        ),
        (
            "sh -c {echo out; echo err >&2; exit 3}".to_string(),
            "ok 0 exit 3 signal {} stdout out stderr err timedout 0",
        ),
        (
            "-ok {0 3} sh -c {echo 'two words'; echo; exit 3}".to_string(),
            "ok 1 exit 3 signal {} stdout {two words\n} stderr {} timedout 0",
        ),
        (
            "sh -c {kill -TERM $$}".to_string(),
            "ok 0 exit {} signal SIGTERM stdout {} stderr {} timedout 0",
        ),
        (
            "-stderr merge sh -c {echo out; echo err >&2}".to_string(),
            "ok 1 exit 0 signal {} stdout {out\nerr} stderr {} timedout 0",
        ),
        (
            "-stderr drop sh -c {echo out; echo err >&2}".to_string(),
            "ok 1 exit 0 signal {} stdout out stderr {} timedout 0",
        ),
        (
            "-stderr keep -input {a b} cat".to_string(),
            "ok 1 exit 0 signal {} stdout {a b} stderr {} timedout 0",
        ),
        (
            format!("-dir {dir} -env {{A 1 B {{2 3}}}} sh -c {{pwd; echo $A $B}}"),
            "ok 1 exit 0 signal {} stdout {DIR\n1 2 3} stderr {} timedout 0",
        ),
        (
            "-timeout 100ms sh -c {echo began; sleep 3600}".to_string(),
            "ok 0 exit {} signal SIGTERM stdout began stderr {} timedout 1",
        ),
        // It has caught TERM and says that all is well: too late it was all the same.
        (
            "-timeout 100ms sh -c {trap 'exit 0' TERM; sleep 3600 & wait}".to_string(),
            "ok 0 exit 0 signal {} stdout {} stderr {} timedout 1",
        ),
        (
            "-timeout 1h -- echo | cat > x".to_string(),
            "ok 1 exit 0 signal {} stdout {| cat > x} stderr {} timedout 0",
        ),
        (
            "echo -x &".to_string(),
            "ok 1 exit 0 signal {} stdout {-x &} stderr {} timedout 0",
        ),
    ] {
        let line = format!(
            "set d [fail run {line}]; if {{[dict get $d ms] > 60000}} {{error $d}}; dict remove $d ms"
        );
        let (code, said) = engine.says(&line);
        let told = told.replace("DIR", &dir.to_string());
        assert_eq!((code, said), (0, told), "{line}");
    }
}

#[test]
fn fail_run_has_errors_for_what_can_not_be_run() {
    let mut engine = Engine::new("");
    let usage = "wrong # args: should be \"fail run ?option value ...? ?--? command ?arg ...?\"";
    for (line, why) in [
        ("", usage),
        ("--", usage),
        ("-timeout 1s", usage),
        ("-timeout", usage),
        (
            "-foo 1 true",
            "fail run: bad option \"-foo\": must be -dir, -env, -input, -ok, -stderr, -timeout, or --",
        ),
        (
            "-timeout soon true",
            "fail run: bad time \"soon\": must be seconds, or such as 50ms, 2m, 1h",
        ),
        (
            "-timeout 0 true",
            "fail run: bad time \"0\": must be seconds, or such as 50ms, 2m, 1h",
        ),
        (
            "-ok {} true",
            "fail run: bad codes \"\": must be a list of exit codes, 0 to 255",
        ),
        (
            "-ok 256 true",
            "fail run: bad codes \"256\": must be a list of exit codes, 0 to 255",
        ),
        (
            "-env {A 1 B} true",
            "fail run: bad env \"A 1 B\": must be a dict of names and values",
        ),
        (
            "-env {A=B 1} true",
            "fail run: bad env \"A=B 1\": must be a dict of names and values",
        ),
        (
            "-stderr no true",
            "fail run: bad stderr \"no\": must be keep, merge, or drop",
        ),
        (
            "nosuch-program",
            "couldn't execute \"nosuch-program\": no such file or directory",
        ),
        (
            "-dir /no/such/place true",
            "couldn't change working directory to \"/no/such/place\": no such file or directory",
        ),
        (
            "{a\\0b}",
            "no program can be given the word \"a\\0b\", which contains a NUL",
        ),
    ] {
        let line = line.replace("{a\\0b}", "\"a\\u0000b\"");
        assert_eq!(
            engine.says(&format!("fail run {line}")),
            (1, why.to_string()),
            "{line}"
        );
    }
    let code = "catch {fail run nosuch-program} - o; lrange [dict get $o -errorcode] 0 1";
    assert_eq!(engine.says(code).1, "POSIX ENOENT");
}

#[test]
fn what_runs_in_the_background_outlives_its_script() {
    let mut engine = Engine::new("");
    let folder = Folder::new();
    let dir = folder.path().display();
    let job = engine.types(&format!(
        "exec sh -c {{while [ ! -e {dir}/go ]; do sleep 0.01; done; echo went > {dir}/went}} &
         exec echo started > {dir}/started
         vwait forever"
    ));
    let wait = |engine: &mut Engine, file: &str| {
        let (code, said) = engine.says(&format!(
            "while {{![file exists {dir}/{file}] || ![file size {dir}/{file}]}} {{after 10}}"
        ));
        assert_eq!(code, 0, "{said}");
    };
    wait(&mut engine, "started");
    engine.cancel(job);
    assert_eq!(engine.ends(job), (1, "cancelled".to_string()));
    folder.write("go", "");
    wait(&mut engine, "went");
}

/// What stands between `exec` and its script, and whether the script can be suspended there.
/// failover-scripts(n) says the same.
const BETWEEN: &[(bool, &str)] = &[
    (true, "if {1} {set x [exec true]}"),
    (true, "while {1} {exec true; break}"),
    (true, "for {set i 0} {$i < 2} {incr i} {exec true}"),
    (true, "foreach x {a b} {exec true}"),
    (true, "lmap x {a b} {exec echo $x}"),
    (true, "switch a {a {exec true}}"),
    (true, "catch {exec true}"),
    (true, "try {exec true} finally {exec true}"),
    (true, "try {error x} on error {} {exec true}"),
    (true, "dict for {k v} {a 1} {exec true}"),
    (true, "dict map {k v} {a 1} {exec true}"),
    (true, "dict with ::d {exec true}"),
    (true, "dict update ::d a x {exec true}"),
    (true, "eval {exec true}"),
    (true, "uplevel #0 {exec true}"),
    (true, "namespace eval ::n {exec true}"),
    (true, "namespace inscope ::n {exec true}"),
    (true, "apply {{} {exec true}}"),
    (true, "proc p {} {exec true}; p"),
    (true, "proc p {} {tailcall exec true}; p"),
    (true, "subst {[exec true]}"),
    (true, "expr {[exec true] eq {}}"),
    (false, "time {exec true}"),
    (true, "source $::file"),
    (
        true,
        "oo::object create o; oo::objdefine o method m {} {exec true}; o m",
    ),
    (
        true,
        "oo::class create c {method m {} {exec true}; method n {} {my m}}; [c new] n",
    ),
    (
        true,
        "namespace eval ::ens {proc a {} {exec true}; namespace export a; namespace ensemble create}; ens a",
    ),
    (true, "interp alias {} alias {} exec true; alias"),
    (true, "fail for 1s {exec true}"),
    (true, "set x [list [exec true]]"),
    (
        false,
        "lsort -command {apply {{a b} {exec true; string compare $a $b}}} {b a}",
    ),
    (
        false,
        "trace add variable ::t write {exec true ;#}; set ::t 1",
    ),
    (
        false,
        "trace add execution ::traced enter {exec true ;#}; traced",
    ),
    (
        false,
        "regsub -all {x} [interp create kid] {}; kid eval {exec true}",
    ),
    (false, "coroutine gen apply {{} {exec true}}"),
    (false, "rename ::gone {}"),
    (false, "chan create read ::reflected"),
    (
        true,
        "set c [oo::class create c {constructor {} {exec true}}]; c new",
    ),
];

#[test]
fn a_script_can_be_suspended_where_the_page_says_so() {
    let folder = Folder::new();
    let file = folder.write("file.tcl", "exec true\n");
    let mut engine = Engine::new(&format!("set file {file}"));
    let mut wrong = String::new();
    for (can, script) in BETWEEN {
        let prepare = "catch {rename gen {}}; catch {interp delete kid}; set ::d {a 1}
            namespace eval ::n {}; proc ::traced {} {}; catch {c destroy}; catch {o destroy}
            catch {trace remove variable ::t write {exec true ;#}}
            proc ::gone {} {}; trace add command ::gone delete {exec true ;#}
            proc ::reflected {what args} {exec true; return {initialize finalize watch read}}";
        assert_eq!(engine.says(prepare).0, 0);
        let (code, said) = engine.says(script);
        // A trace on the end of a command swallows its errors.
        let swallowed = script.starts_with("rename");
        let clear = said.contains("exec can not wait");
        if (code == 0) != (*can || swallowed) || (!can && !swallowed && !clear) {
            wrong.push_str(&format!("{script}: {said}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
