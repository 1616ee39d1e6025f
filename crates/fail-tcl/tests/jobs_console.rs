//! Commands from a console: what they print, how they wait, how they end.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod fake;

use fail_core::job::Task;
use fail_core::time::Span;
use fail_tcl::FromTcl;
use fail_wire::{Name, State};
use fake::Engine;

fn engine() -> Engine {
    Engine::script("return UP")
}

#[test]
fn a_command_has_a_code_a_result_and_after_an_error_its_info() {
    let mut engine = engine();
    for (script, code, result) in [
        ("expr {6 * 7}", 0, "42"),
        ("set x {a b}; set x", 0, "a b"),
        ("set x", 0, "a b"),
        ("return well", 0, "well"),
        ("error oops", 1, "oops"),
        ("return -code error oops", 1, "oops"),
        ("break", 3, ""),
        ("nosuch", 1, "invalid command name \"nosuch\""),
        ("", 0, ""),
        ("set x \u{1F600}\0", 0, "\u{1F600}\0"),
        (
            "list $::fail::service $::fail::event $::fail::data",
            0,
            "{} {} {}",
        ),
        (
            "yield",
            1,
            "console: a script can not yield: nobody resumes it",
        ),
    ] {
        assert_eq!(engine.says(script), (code, result.to_string()), "{script}");
    }
    let job = engine.types("proc deep {} {error oops}; deep");
    let (_, _, info) = engine.evaluated(job);
    let info = info.unwrap();
    let expected = "oops\n    while executing\n\"error oops\"\n    (procedure \"deep\" line 1)\n    \
                    invoked from within\n\"deep\"\n    (script line 1)";
    assert_eq!(info, expected);
}

#[test]
fn what_a_command_writes_goes_to_its_console_and_what_a_script_writes_does_not() {
    let mut engine = Engine::script("puts stdout nobody; chan puts stderr nobody; return UP");
    for (script, printed) in [
        ("puts hello", "hello\n"),
        ("puts -nonewline hello", "hello"),
        ("puts stderr hello", "hello\n"),
        ("chan puts -nonewline stdout hello", "hello"),
        ("puts {}", "\n"),
    ] {
        let job = engine.types(script);
        assert_eq!(engine.printed(job), printed, "{script}");
        assert_eq!(engine.evaluated(job).0, 0);
    }
    assert_eq!(engine.outcome(), Ok(State::Up));
    let usage = "wrong # args: should be \"puts ?-nonewline? ?channelId? string\"";
    for script in ["puts", "puts a b c d"] {
        assert_eq!(engine.says(script), (1, usage.to_string()));
    }
    let other = engine.says("puts nosuch hello").1;
    assert_eq!(other, "can not find channel named \"nosuch\"");
    let rest = engine.rest();
    assert!(rest.is_empty(), "{rest:?}");
}

#[test]
fn nobody_reads_the_standard_input() {
    let mut engine = engine();
    for command in [
        "gets stdin",
        "gets stdin line",
        "read stdin",
        "read stdin 5",
        "read -nonewline stdin",
        "chan gets stdin",
    ] {
        let (code, said) = engine.says(command);
        assert_eq!(code, 1, "{command}");
        assert!(
            said.ends_with("a script has no standard input"),
            "{command}: {said}"
        );
    }
    let file = "set f [open /etc/passwd]; set x [gets $f]; read $f; close $f; string length $x";
    assert_ne!(engine.says(file).1, "0");
}

#[test]
fn a_command_that_waits_holds_nobody_up() {
    let mut engine = Engine::new("failsvc web start {set ::go 1; return UP} stop {return RECOVER}");
    let first = engine.types("exec echo forever");
    let (exec, _) = engine.exec(first);
    let second = engine.types("vwait ::go; after 1; set ::go");
    assert_eq!(engine.says("update; set x 5"), (0, "5".to_string()));
    let job = engine.order("web", Task::Start);
    assert_eq!(engine.done(job), Ok(State::Up));
    assert_eq!(engine.evaluated(second).1, "1");
    engine.succeed(exec, "said\n");
    assert_eq!(engine.evaluated(first).1, "said");
}

#[test]
fn ctrl_c_ends_a_command_that_waits_or_runs_in_a_circle() {
    let mut engine = engine();
    for script in ["exec forever", "vwait forever", "puts ready; while 1 {}"] {
        let job = engine.types(&format!("puts ready; {script}"));
        engine.printed(job);
        engine.cancel(job, "interrupted");
        let (code, result, _) = engine.evaluated(job);
        assert_eq!((code, result.as_str()), (1, "interrupted"), "{script}");
    }
    assert_eq!(engine.says("set x 5").1, "5");
}

#[test]
fn exit_ends_the_console_and_nothing_else() {
    let mut engine = engine();
    for (script, code) in [
        ("exit", "0"),
        ("exit 3", "3"),
        ("puts bye; catch {exit 4}; puts never", "4"),
        (
            "proc p {} {try {exit 5} finally {puts never}}; p; puts never",
            "5",
        ),
    ] {
        assert_eq!(engine.says(script), (-1, code.to_string()), "{script}");
    }
    for (script, why) in [
        ("exit x", "bad exit code \"x\": must be 0 to 255"),
        ("exit 256", "bad exit code \"256\": must be 0 to 255"),
        ("exit 1 2", "wrong # args: should be \"exit ?returnCode?\""),
        (
            "lsort -command {apply {{a b} exit}} {a b}",
            "exit can not wait here, inside a command such as lsort -command: \
             call it before, and keep its result in a variable",
        ),
    ] {
        assert_eq!(engine.says(script), (1, why.to_string()), "{script}");
    }
    let rest = engine.rest();
    assert_eq!(rest.len(), 1, "{rest:?}");
}

#[test]
fn what_a_command_sets_holds_from_its_end_on_all_of_it_or_nothing() {
    let mut engine = engine();
    let policy = |engine: &mut Engine| {
        engine.wait("policy", |m| match m {
            FromTcl::Policy(policy) => Some(policy.clone()),
            _ => None,
        })
    };
    let web = Name::new("web").unwrap();
    let set = "failsvc web interval 2s; failsvc web timeout 5s; failsvc web interval";
    assert_eq!(engine.says(set), (0, "2s".to_string()));
    let now = policy(&mut engine);
    assert_eq!(now.services[&web].interval, Span::from_secs(2));
    // It may wait in between, and nobody sees it before its end.
    let job = engine.types("failsvc web interval 3s; exec echo; failsvc web interval");
    let (exec, _) = engine.exec(job);
    assert_eq!(engine.says("failsvc web interval").1, "2s");
    engine.succeed(exec, "");
    assert_eq!(engine.evaluated(job).1, "3s");
    assert_eq!(
        policy(&mut engine).services[&web].interval,
        Span::from_secs(3)
    );
    for (script, code) in [
        ("failsvc web interval 4s; error oops", 1),
        ("failsvc web interval 4s; break", 3),
        ("failsvc web interval 4s; yield", 1),
        (
            "failsvc web interval 4s; failsvc web masters a; failsvc web slaves a",
            1,
        ),
    ] {
        assert_eq!(engine.says(script).0, code, "{script}");
        assert_eq!(engine.says("failsvc web interval").1, "3s", "{script}");
    }
    let job = engine.types("failsvc web interval 4s; puts ready; vwait forever");
    engine.printed(job);
    engine.cancel(job, "interrupted");
    assert_eq!(engine.evaluated(job).0, 1);
    assert_eq!(engine.says("failsvc web interval").1, "3s");
    assert_eq!(
        engine.says("failsvc web interval 6s; exit 3"),
        (-1, "3".to_string())
    );
    assert_eq!(
        policy(&mut engine).services[&web].interval,
        Span::from_secs(6)
    );
    let rest = engine.rest();
    assert!(rest.is_empty(), "{rest:?}");
}
