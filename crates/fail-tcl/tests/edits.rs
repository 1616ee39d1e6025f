//! Settings from a console: together or not at all, for good or for a time, and shown.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod fake;

use std::time::{SystemTime, UNIX_EPOCH};

use fail_core::job::Task;
use fail_core::log::Level;
use fail_core::policy::{Policy, Service};
use fail_core::time::Span;
use fail_tcl::FromTcl;
use fail_wire::Name;
use fake::Engine;

const POLICY: &str = "
    failsvc web masters a start {return UP} stop {return RECOVER} interval 3 fall 4
    failhost b port 1900
    failtrap * up {mail up}";

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn web(policy: &Policy) -> &Service {
    &policy.services[&name("web")]
}

/// The next policy that the engine is told of.
fn policy(engine: &mut Engine) -> Policy {
    engine.wait("policy", |m| match m {
        FromTcl::Policy(policy) => Some((**policy).clone()),
        _ => None,
    })
}

/// A command from a console that ends well, and the policy that it makes.
fn changed(engine: &mut Engine, script: &str) -> Policy {
    let (code, result) = engine.says(script);
    assert_eq!(code, 0, "{script}: {result}");
    policy(engine)
}

/// A command from a console that fails, with what it says; nothing is changed.
fn refused(engine: &mut Engine, script: &str) -> String {
    let before = engine.says("list [failsvc web] [failhost b] [failtrap] [failsvc names]");
    let (code, result) = engine.says(script);
    assert_eq!(code, 1, "{script}: {result}");
    let after = engine.says("list [failsvc web] [failhost b] [failtrap] [failsvc names]");
    assert_eq!(after, before, "{script}");
    result
}

fn no_policy(mut engine: Engine) {
    let rest = engine.rest();
    let news = rest.iter().any(|m| matches!(m, FromTcl::Policy(_)));
    assert!(!news, "{rest:?}");
}

fn seconds(n: u64) -> Span {
    Span::from_secs(n)
}

#[test]
fn what_a_console_sets_is_in_force_when_its_command_has_ended_and_is_shown() {
    let mut engine = Engine::new(POLICY);
    let policy = changed(
        &mut engine,
        "failsvc web interval 5; failhost b port 2000; failtrap web fail {mail}; failsvc web rise 4",
    );
    assert_eq!((web(&policy).interval, web(&policy).rise), (seconds(5), 4));
    assert_eq!(policy.hosts[&name("b")].port, 2000);
    assert_eq!(policy.traps.len(), 2);
    let console = &web(&policy).console;
    let options: Vec<&str> = console.keys().map(String::as_str).collect();
    assert_eq!(options, ["interval", "rise"]);
    assert!(console.values().all(Option::is_none));
    assert!(policy.hosts.contains_key(&name("a")));
    for (script, said) in [
        ("failsvc web console", "interval {} rise {}"),
        ("failhost b console", "port {}"),
        ("failhost a console", ""),
        ("failsvc web interval", "5s"),
        ("dict exists [failsvc web] console", "0"),
    ] {
        assert_eq!(engine.says(script), (0, said.to_string()), "{script}");
    }
    no_policy(engine);
}

#[test]
fn a_console_command_sees_what_it_has_set_and_nobody_else_does_before_its_end() {
    let mut engine = Engine::new(&format!(
        "{POLICY}\nfailsvc web start {{fail log info [failsvc web interval]; return UP}}"
    ));
    let job =
        engine.types("failsvc web interval 5; set ::seen 1; vwait ::go; failsvc web interval");
    let start = engine.order("web", Task::Start);
    engine.done(start).unwrap();
    assert_eq!(engine.log().1, "3s");
    assert_eq!(
        engine.says("list $seen [failsvc web interval]"),
        (0, "1 3s".to_string())
    );
    engine.says("set ::go 1");
    assert_eq!(engine.evaluated(job).1, "5s");
    assert_eq!(web(&policy(&mut engine)).interval, seconds(5));
    assert_eq!(engine.says("failsvc web interval"), (0, "5s".to_string()));
}

#[test]
fn a_command_that_fails_has_changed_nothing() {
    let mut engine = Engine::new(POLICY);
    for (script, said) in [
        ("failsvc web interval 5; error oops", "oops"),
        (
            "failsvc web interval 5 rise many",
            "failsvc web: rise: bad number \"many\": must be from 1 to 1000",
        ),
        (
            "failhost b port 7; failsvc web slaves {b a}",
            "failsvc web: host \"a\" is both master and slave; it can only be one",
        ),
        (
            "failtrap * * x; failsvc new start {return UP}",
            "failsvc new: no stop script; add one that returns RECOVER",
        ),
    ] {
        assert_eq!(refused(&mut engine, script), said, "{script}");
    }
    // What was caught is none.
    let policy = changed(
        &mut engine,
        "catch {failsvc web rise x}; failsvc web interval 6",
    );
    assert_eq!(web(&policy).interval, seconds(6));
    engine.says("catch {failsvc web rise x}");
    no_policy(engine);
}

#[test]
fn a_console_may_make_new_services_and_hosts() {
    let mut engine = Engine::new(POLICY);
    let policy = changed(
        &mut engine,
        "failsvc new slaves c start {return UP} stop {return RECOVER}; failhost c port 7",
    );
    assert_eq!(policy.services[&name("new")].slaves, [name("c")]);
    assert_eq!(policy.hosts[&name("c")].port, 7);
    assert_eq!(engine.says("failsvc names").1, "new web");
    let job = engine.order("new", Task::Start);
    engine.done(job).unwrap();
}

#[test]
fn the_slower_of_two_commands_says_it_again() {
    let mut engine = Engine::new(POLICY);
    let slow = engine.types("failsvc web interval 5; vwait ::go");
    let policy = changed(&mut engine, "failsvc web interval 7");
    assert_eq!(web(&policy).interval, seconds(7));
    engine.says("set ::go 1");
    let (code, said, _) = engine.evaluated(slow);
    assert_eq!(code, 1);
    assert_eq!(
        said,
        "the policy has been changed meanwhile, and nothing of this is done; say it again"
    );
    assert_eq!(engine.says("failsvc web interval").1, "7s");
    no_policy(engine);
}

#[test]
fn only_a_console_command_itself_may_set_anything() {
    let mut engine = Engine::new(POLICY);
    let no = "settings can only be made while the policy is read, or at a console, not by a script";
    engine.says("after 0 {set ::code [catch {failsvc web interval 9} said opts]; set ::done 1}");
    engine.says("if {![info exists ::done]} {vwait ::done}");
    assert_eq!(
        engine.says("list $::said [dict get $::opts -errorcode]").1,
        format!("{{failsvc web: {no}}} {{FAIL CLOSED}}")
    );
    let job = engine.trap("web", &[], "failtrap * up {mail}");
    let said = engine.trapped(job).unwrap().sentence;
    assert_eq!(said, format!("trap: failtrap \"*\" up: {no}"));
    let job = engine.trap("web", &[], "fail for 1m {failsvc web interval 9}");
    let said = engine.trapped(job).unwrap().sentence;
    assert_eq!(said, "trap: fail for: only at a console");
    no_policy(engine);
}

#[test]
fn what_is_lent_goes_back_by_itself_and_nothing_else_does() {
    let mut engine = Engine::new(POLICY);
    let before = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis() as i64;
    let policy_then = changed(
        &mut engine,
        "failsvc web fall 9
         fail for 50ms {failsvc web interval 5 rise 7; failhost b port 7; failtrap * up {}}",
    );
    assert_eq!(web(&policy_then).interval, seconds(5));
    assert!(policy_then.traps.is_empty());
    let console = web(&policy_then).console.clone();
    assert_eq!(console["fall"], None);
    let until = console["interval"].unwrap().0;
    assert!(
        (before + 50..before + 60_000).contains(&until),
        "{before} {until}"
    );
    assert_eq!(console["rise"].unwrap().0, until);

    let policy_now = policy(&mut engine);
    let now = web(&policy_now);
    assert_eq!((now.interval, now.rise, now.fall), (seconds(3), 2, 9));
    assert_eq!(now.console.keys().collect::<Vec<_>>(), ["fall"]);
    assert_eq!(policy_now.hosts[&name("b")].port, 1900);
    assert_eq!(policy_now.traps.len(), 1);
    assert_eq!(
        engine.log(),
        (
            Level::Info,
            "fail for: over; as before: failhost b port, failsvc web interval, \
             failsvc web rise, failtrap"
                .to_string()
        )
    );
    assert_eq!(engine.says("failsvc web console").1, "fall {}");
    assert_eq!(engine.says("failhost b console").1, "");
}

#[test]
fn what_was_set_again_meanwhile_stays() {
    let mut engine = Engine::new(POLICY);
    engine.types("fail for 500ms {failsvc web interval 5 rise 7}");
    engine.types("failsvc web interval 6");
    assert!(web(&policy(&mut engine)).console["interval"].is_some());
    assert_eq!(web(&policy(&mut engine)).console["interval"], None);
    let policy_now = policy(&mut engine);
    let now = web(&policy_now);
    assert_eq!((now.interval, now.rise), (seconds(6), 2));
    assert_eq!(now.console.keys().collect::<Vec<_>>(), ["interval"]);
}

#[test]
fn what_is_lent_twice_goes_back_to_what_it_was_before_the_first_time() {
    let mut engine = Engine::new(POLICY);
    changed(&mut engine, "fail for 1h {failsvc web interval 5}");
    changed(&mut engine, "fail for 20ms {failsvc web interval 6}");
    let policy_now = policy(&mut engine);
    assert_eq!(web(&policy_now).interval, seconds(3));
    assert!(web(&policy_now).console.is_empty());
}

#[test]
fn two_loans_of_one_command_have_their_own_ends() {
    let mut engine = Engine::new(POLICY);
    changed(
        &mut engine,
        "fail for 1h {failsvc web rise 7}; fail for 20ms {failsvc web interval 6}",
    );
    let policy_now = policy(&mut engine);
    let now = web(&policy_now);
    assert_eq!((now.interval, now.rise), (seconds(3), 7));
    assert_eq!(now.console.keys().collect::<Vec<_>>(), ["rise"]);
}

#[test]
fn an_old_value_that_makes_no_sense_any_more_does_not_come_back() {
    let mut engine = Engine::new(POLICY);
    engine.types("fail for 500ms {failsvc web masters {} interval 5}");
    engine.types("failsvc web slaves a");
    policy(&mut engine);
    assert_eq!(web(&policy(&mut engine)).slaves, [name("a")]);
    let policy_now = policy(&mut engine);
    let now = web(&policy_now);
    assert_eq!(now.slaves, [name("a")]);
    assert!(now.masters.is_empty());
    assert_eq!(now.interval, seconds(5));
    assert_eq!(now.console["interval"], None);
    let (level, said) = engine.log();
    assert_eq!(level, Level::Error);
    assert_eq!(
        said,
        "fail for: over, but stays as it is: failsvc web interval, failsvc web masters: \
         failsvc web: host \"a\" is both master and slave; it can only be one"
    );
}

#[test]
fn what_can_not_be_lent_is_refused() {
    let mut engine = Engine::new(POLICY);
    for (script, said) in [
        (
            "fail for 1m {failsvc new start x stop y}",
            "failsvc new: a new service can not be made for a time",
        ),
        (
            "fail for 1m {failhost c port 7}",
            "failhost c: a new host can not be made for a time",
        ),
        (
            "fail for 1m {fail for 2m {}}",
            "fail for: not inside another",
        ),
        (
            "fail for 0 {failsvc web interval 7}",
            "fail for: bad time \"0\": must be more than nothing",
        ),
        (
            "fail for ever {failsvc web interval 7}",
            "fail for: bad time \"ever\": must be seconds, or such as 50ms, 2m, 1h",
        ),
        ("fail for 1m {failsvc web interval 7; error oops}", "oops"),
        (
            "fail for 1m",
            "wrong # args: should be \"fail for time script\"",
        ),
    ] {
        assert_eq!(refused(&mut engine, script), said, "{script}");
    }
    // After an error that was caught, what follows is for good.
    let policy = changed(
        &mut engine,
        "catch {fail for 1m {failsvc web rise 7; error oops}}; failsvc web interval 8",
    );
    assert!(web(&policy).console["rise"].is_some());
    assert_eq!(web(&policy).console["interval"], None);
}

#[test]
fn fail_for_returns_what_its_script_returns_and_may_wait() {
    let mut engine = Engine::new(POLICY);
    assert_eq!(
        engine.says("fail for 1h {failsvc web interval 5; after 1; exec echo hello}"),
        (0, "hello".to_string())
    );
    assert_eq!(web(&policy(&mut engine)).interval, seconds(5));
}
