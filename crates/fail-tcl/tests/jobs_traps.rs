//! Traps, checks, callbacks, and what scripts ask of the engine.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod fake;

use fail_core::address::{AddressOn, AddressOrder};
use fail_core::job::{ByHand, Task};
use fail_core::log::Level;
use fail_tcl::{Ask, FromTcl};
use fail_wire::{Name, State};
use fake::Engine;

fn engine() -> Engine {
    Engine::script("return UP")
}

#[test]
fn a_trap_sees_what_has_happened_to_whom() {
    let mut engine = engine();
    let data = [
        ("kind", "service"),
        ("from", "UP"),
        ("to", "FAIL"),
        ("reason", "check failed"),
    ];
    let see = "fail log info [list $::fail::event $::fail::service $::fail::reason $::fail::from]
               fail log info [dict get $::fail::data to]:[dict size $::fail::data]";
    let job = engine.trap("web", &data, see);
    engine.began(job);
    assert_eq!(engine.log().1, "fail web {check failed} UP");
    assert_eq!(engine.log().1, "FAIL:4");
    assert_eq!(engine.trapped(job), None);
    // A host has no service.
    let job = engine.trap("hosta", &[("kind", "host")], see.lines().next().unwrap());
    assert_eq!(engine.log().1, "fail {} {} {}");
    assert_eq!(engine.trapped(job), None);
    // The next script sees nothing of it.
    let job = engine.types("list $::fail::event $::fail::data");
    assert_eq!(engine.evaluated(job).1, "{} {}");
}

#[test]
fn what_a_trap_returns_does_not_matter_and_what_goes_wrong_is_told() {
    let mut engine = engine();
    for (script, error) in [
        ("return nonsense", None),
        ("", None),
        ("return -code return UP", None),
        ("error oops", Some("trap: oops")),
        ("break", Some("trap: invoked \"break\" outside of a loop")),
        (
            "yield",
            Some("trap: a script can not yield: nobody resumes it"),
        ),
        (
            "failsvc web interval 2",
            Some(
                "trap: failsvc web: settings can only be made while the policy is read, or at a \
                 console, not by a script",
            ),
        ),
    ] {
        let job = engine.trap("web", &[], script);
        let said = engine.trapped(job).map(|e| e.sentence);
        assert_eq!(said.as_deref(), error, "{script}");
    }
}

#[test]
fn a_trap_waits_as_other_scripts_do_and_is_cancelled_as_they_are() {
    let mut engine = engine();
    let waits = engine.trap(
        "web",
        &[],
        "vwait ::go; after 1; fail log info [exec echo hello]",
    );
    let stays = engine.trap(
        "web",
        &[],
        "try {exec forever} finally {fail log info cleaned}",
    );
    engine.exec(stays);
    assert_eq!(engine.says("set ::go 1").0, 0);
    assert_eq!(engine.trapped(waits), None);
    assert_eq!(engine.log().1, "hello");
    engine.cancel(stays, "timed out after 30s");
    engine.killed();
    assert_eq!(
        engine.trapped(stays).unwrap().sentence,
        "timed out after 30s"
    );
    assert_eq!(engine.log().1, "cleaned");
}

#[test]
fn a_check_is_a_script_like_the_others() {
    let mut engine = Engine::new(
        "failsvc web start {return UP} stop {return RECOVER}
         failsvc web check {exec look $::fail::service $::fail::from; after 1; exec echo RECOVER}
         failsvc bare start {return UP} stop {return RECOVER}",
    );
    let job = engine.order("web", Task::Check);
    let (exec, words) = engine.exec(job);
    assert_eq!(words, "look web RECOVER");
    engine.succeed(exec, "");
    assert_eq!(engine.done(job), Ok(State::Recover));
    let job = engine.order("web", Task::Check);
    engine.exec(job);
    engine.cancel(job, "something else is to be done");
    let why = engine.done(job).unwrap_err().sentence;
    assert_eq!(why, "something else is to be done");
    let job = engine.order("bare", Task::Check);
    let none = engine.done(job).unwrap_err().sentence;
    assert_eq!(none, "check: the service has no such script");
}

#[test]
fn a_script_waits_for_what_it_has_asked() {
    let mut engine = Engine::script(
        "if {[::fail::ask set db away {I need it}] ne {}} {error result}
         if {[catch {::fail::ask set db UP {}} why options]} {
             fail log info [list $why [dict get $options -errorcode]]
         }
         fail log info [::fail::ask address list eth0]
         return UP",
    );
    let job = engine.order("web", Task::Start);
    let db = Name::new("db").unwrap();
    let (ask, what) = engine.asked();
    assert_eq!(
        what,
        Ask::Set {
            service: db.clone(),
            change: ByHand::Away,
            reason: "I need it".to_string()
        }
    );
    engine.tell(ask, Ok(""));
    let (ask, what) = engine.asked();
    let Ask::Set { change, .. } = what else {
        panic!("{what:?}");
    };
    assert_eq!(change, ByHand::State(State::Up));
    engine.tell(ask, Err("it is held"));
    assert_eq!(engine.log().1, "{it is held} {FAIL REFUSED}");
    let (ask, what) = engine.asked();
    let device = Some("eth0".to_string());
    assert_eq!(what, Ask::Address(AddressOrder::List { device }));
    engine.tell(ask + 100, Ok("not mine"));
    engine.tell(ask, Ok("192.0.2.1/24 \u{e9}"));
    engine.tell(ask, Ok("again"));
    assert_eq!(engine.log().1, "192.0.2.1/24 \u{e9}");
    assert_eq!(engine.done(job), Ok(State::Up));
    let rest = engine.rest();
    assert!(rest.is_empty(), "{rest:?}");
}

#[test]
fn a_script_that_is_cancelled_while_it_asks_gets_an_error() {
    let mut engine =
        Engine::script("try {::fail::ask set db UP {}} finally {fail log info cleaned}");
    let job = engine.order("web", Task::Start);
    let (ask, _) = engine.asked();
    engine.cancel(job, "enough");
    assert_eq!(engine.done(job).unwrap_err().sentence, "enough");
    assert_eq!(engine.log().1, "cleaned");
    engine.tell(ask, Ok("late"));
    assert_eq!(engine.says("set x 1").1, "1");
}

#[test]
fn who_can_not_wait_gives_orders_and_gets_no_answers() {
    let mut engine = Engine::new(
        "proc handler {f body} {fileevent $f readable {}; close $f; eval $body}
         proc event body {
             set f [open {|echo x}]
             fileevent $f readable [list handler $f [list catch $body ::said]]
             vwait ::said
             return $::said
         }
         failsvc web start {return UP} stop {return RECOVER}",
    );
    let said = engine.says("event {::fail::ask address del 192.0.2.1/24 eth0}");
    assert_eq!(said.1, "");
    let (ask, what) = engine.asked();
    let at = AddressOn {
        ips: vec!["192.0.2.1".parse().unwrap()],
        device: "eth0".to_string(),
    };
    assert_eq!(what, Ask::Address(AddressOrder::Del { at }));
    // Nobody waits for it, so that it could not be done is a line in the log.
    engine.tell(ask, Err("there is no eth0"));
    let (level, text) = engine.log();
    assert_eq!(
        (level, text.as_str()),
        (Level::Error, "error in the background: there is no eth0")
    );
    let said = engine.says("event {::fail::ask address list}").1;
    assert!(
        said.starts_with("failover::ip can not wait here, outside a script"),
        "{said}"
    );
    let said = engine
        .says("lsort -command {apply {{a b} {::fail::ask set db UP x}}} {a b}")
        .1;
    assert!(
        said.starts_with("fail set can not wait here, inside a command"),
        "{said}"
    );
}

#[test]
fn nothing_is_asked_while_the_policy_is_read() {
    let error = fake::problem("set x 1\n::fail::ask set web UP x");
    assert_eq!(
        error,
        "policy.tcl:2: fail set can not be called while the policy is read: put it into a \
         script, or into \"after 0 {...}\""
    );
}

#[test]
fn what_after_calls_is_a_script_of_its_own() {
    let mut engine = Engine::new(
        "after 0 {fail log info [exec echo early]; after 1; fail log info late}
         after idle {fail log info [::fail::ask set web hold x]}
         failsvc web start {after 1 [list apply {x {set ::go [exec echo $x]}} 5]
                            vwait ::go; return UP} stop {list UP}",
    );
    assert_eq!(engine.outcome(), Ok(State::Up));
    let (ask, _) = engine.asked();
    engine.tell(ask, Ok("held"));
    let mut logged = [engine.log().1, engine.log().1, engine.log().1];
    logged.sort();
    assert_eq!(logged, ["early", "held", "late"]);
}

#[test]
fn the_scripts_of_after_are_known_by_what_they_are() {
    let mut engine = engine();
    for (script, result) in [
        (
            "set id [after 3600000 set x 5]; after info $id",
            "{set x 5} timer",
        ),
        (
            "after cancel $id; catch {after info $id} e; set e",
            "event \"$id\" doesn't exist",
        ),
        (
            "set id [after 3600000 {set x 5}]; after cancel set x 5; catch {after info $id} e; set e",
            "event \"$id\" doesn't exist",
        ),
        (
            "set id [after idle {set x 6}]; after info $id",
            "{set x 6} idle",
        ),
        (
            "after cancel {set x 6}; catch {after info $id} e; set e",
            "event \"$id\" doesn't exist",
        ),
        ("after c nothing; llength [after inf]", "0"),
        (
            "catch {after nonsense x} e; set e",
            "bad argument \"nonsense\": must be cancel, idle, info, or an integer",
        ),
    ] {
        let result = result.replace("$id", &engine.says("set id after#0; set id").1);
        let said = engine.says(script);
        let known = engine.says("set id").1;
        assert_eq!(said, (0, result.replace("after#0", &known)), "{script}");
    }
}

#[test]
fn a_callback_that_does_not_end_is_ended() {
    let mut engine = engine();
    engine.says("after 0 {fail log info ready; try {vwait never} finally {fail log info end}}");
    assert_eq!(engine.log().1, "ready");
    // Its time is up: what the timer would say after 30 s.
    assert_eq!(
        engine
            .says("set job [lindex [info commands ::fail::job::*] 0]; set job")
            .0,
        0
    );
    let said = engine.says(
        "foreach job [info commands ::fail::job::*] {
             if {$job ne [info coroutine]} {::fail::late [namespace tail $job] 3600000}
         }",
    );
    assert_eq!(said, (0, String::new()));
    assert_eq!(engine.log().1, "end");
    let (level, text) = engine.log();
    assert_eq!(level, Level::Error);
    assert!(text.contains("timed out after 30000 ms"), "{text}");
}

#[test]
fn too_many_callbacks_that_wait_are_refused_in_the_log() {
    let mut engine = engine();
    engine.says("for {set i 0} {$i <= 100} {incr i} {after 0 {vwait ::go; incr ::done}}");
    let (level, text) = engine.log();
    assert_eq!(level, Level::Error);
    assert!(
        text.contains("100 callbacks wait; this one is not run: vwait"),
        "{text}"
    );
    assert_eq!(
        engine.says("set ::go 1; update; update; set ::done").1,
        "100"
    );
    let rest = engine.rest();
    assert!(
        !rest.iter().any(|m| matches!(m, FromTcl::Done { .. })),
        "{rest:?}"
    );
}
