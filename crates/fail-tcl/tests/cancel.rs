//! Cancelling: politely, then not, and never the wrong one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod fake;

use std::time::{Duration, Instant};

use fail_core::job::Task;
use fail_tcl::FromTcl;
use fail_wire::State;
use fake::Engine;

const OTHER: &str = "failsvc other start {exec ok; return UP} stop {return RECOVER}\n";

/// Starts web's script and cancels it when it says, once, that it is `ready`.
fn cancelled(script: &str) -> (Engine, Duration) {
    let mut engine = Engine::new(&format!(
        "{OTHER}proc ready {{}} {{fail log info ready; proc ready {{}} {{}}}}
         failsvc web start {{{script}}} stop {{return RECOVER}}"
    ));
    let job = engine.order("web", Task::Start);
    assert_eq!(engine.log().1, "ready");
    let from = Instant::now();
    engine.cancel(job, "timeout after 30 s");
    let outcome = engine.done(job);
    assert_eq!(
        outcome.unwrap_err().sentence,
        "timeout after 30 s",
        "{script}"
    );
    let took = from.elapsed();
    well(&mut engine);
    (engine, took)
}

/// Others run as if nothing had happened.
fn well(engine: &mut Engine) {
    let job = engine.order("other", Task::Start);
    let (exec, _) = engine.exec(job);
    engine.succeed(exec, "");
    assert_eq!(engine.done(job), Ok(State::Up));
}

#[test]
fn a_busy_loop_ends_at_once() {
    for script in [
        "while 1 {}",
        "while 1 {set x 1}",
        "proc loop {} {while 1 {incr x}}; loop",
        "proc again {} {tailcall again}; again",
    ] {
        let script = &format!("ready; {script}");
        let (_, took) = cancelled(script);
        assert!(took < Duration::from_millis(900), "{script}: {took:?}");
    }
}

#[test]
fn a_loop_that_catches_its_cancel_ends_after_its_grace() {
    for script in [
        "catch {while 1 {}}; while 1 {catch {while 1 {}}}",
        "while 1 {catch {expr {1 / 0}}}",
        "proc loop {} {while 1 {catch {set x [string repeat a 100]}}}; loop",
        "catch {try {while 1 {}} finally {while 1 {}}}",
        "catch {while 1 {}}; while 1 {catch {after 1}}",
        "catch {after 3600000}; while 1 {catch {after 1}}",
        "catch {after 3600000}; while 1 {}",
        "while 1 {catch {lsort -command {apply {{a b} {exec x}}} {a b}}}",
    ] {
        let script = &script.replacen("catch {", "catch {ready; ", 1);
        let (_, took) = cancelled(script);
        assert!(took < Duration::from_secs(5), "{script}: {took:?}");
    }
}

#[test]
fn finally_clauses_run_from_the_inside_out() {
    let scripts = [
        "try {try {ready; exec forever} finally {fail log info inner}} finally {fail log info outer}",
        "try {try {ready; after 3600000} finally {fail log info inner}} finally {fail log info outer}",
        "try {try {ready; vwait nothing} finally {fail log info inner}} finally {fail log info outer}",
        "try {try {ready; while 1 {}} finally {fail log info inner}} finally {fail log info outer}",
    ];
    for script in scripts {
        let (mut engine, _) = cancelled(script);
        assert_eq!(engine.log().1, "inner", "{script}");
        assert_eq!(engine.log().1, "outer", "{script}");
    }
}

/// The cancel comes while the script ends by itself: were it to break in at once, it would
/// break into the clause, and what is to be undone would stay.
#[test]
fn a_finally_clause_that_waits_for_nothing_is_not_torn() {
    for _ in 0..50 {
        let mut engine = Engine::new(
            "failsvc web stop {return RECOVER} start {
                 try {
                     fail log info ready
                 } finally {
                     for {set i 0} {$i < 2000} {incr i} {}
                     fail log info undone
                 }
                 return UP
             }",
        );
        let job = engine.order("web", Task::Start);
        assert_eq!(engine.log().1, "ready");
        engine.cancel(job, "enough");
        assert_eq!(engine.log().1, "undone");
        // It had ended before it was asked to, or had not.
        let outcome = engine.done(job);
        assert!(
            outcome == Ok(State::Up) || outcome.unwrap_err().sentence == "enough",
            "some other end"
        );
    }
}

#[test]
fn the_script_sees_why_it_was_cancelled() {
    let (mut engine, _) = cancelled(
        "catch {ready; exec forever} why options
         fail log info \"$why: [dict get $options -errorcode]\"; return UP",
    );
    assert_eq!(engine.log().1, "timeout after 30 s: FAIL CANCELLED");
}

#[test]
fn what_a_cancelled_job_was_running_is_killed_and_its_answer_ignored() {
    let mut engine = Engine::new(&format!(
        "{OTHER}failsvc web start {{exec forever; return UP}} stop {{return RECOVER}}"
    ));
    let job = engine.order("web", Task::Start);
    let (exec, _) = engine.exec(job);
    engine.cancel(job, "enough");
    assert_eq!(engine.killed(), exec);
    assert_eq!(engine.done(job).unwrap_err().sentence, "enough");
    engine.succeed(exec, "");
    well(&mut engine);
    let rest = engine.rest();
    assert!(rest.is_empty(), "{rest:?}");
}

#[test]
fn a_cancelled_job_may_exec_to_clean_up() {
    let mut engine = Engine::new(&format!(
        "{OTHER}failsvc web start {{
            try {{ fail log info ready; while 1 {{}} }} finally {{ fail log info [exec cleanup] }}
        }} stop {{return RECOVER}}"
    ));
    let job = engine.order("web", Task::Start);
    engine.log();
    engine.cancel(job, "enough");
    let (exec, words) = engine.exec(job);
    assert_eq!(words, "cleanup");
    engine.succeed(exec, "clean\n");
    assert_eq!(engine.log().1, "clean");
    assert_eq!(engine.done(job).unwrap_err().sentence, "enough");
    well(&mut engine);
}

#[test]
fn a_second_cancel_ends_what_still_waits() {
    let mut engine = Engine::new(&format!(
        "{OTHER}failsvc web start {{
            try {{exec one}} finally {{ try {{exec two}} finally {{fail log info never}} }}
        }} stop {{return RECOVER}}"
    ));
    let job = engine.order("web", Task::Start);
    engine.exec(job);
    engine.cancel(job, "enough");
    engine.killed();
    let (two, _) = engine.exec(job);
    engine.cancel(job, "really");
    assert_eq!(engine.killed(), two);
    assert_eq!(engine.done(job).unwrap_err().sentence, "really");
    engine.cancel(job, "once more");
    well(&mut engine);
    let rest = engine.rest();
    assert!(rest.is_empty(), "{rest:?}");
}

#[test]
fn a_job_that_is_cancelled_before_its_turn_does_not_do_anything() {
    let mut engine = Engine::new(&format!(
        "{OTHER}failsvc busy start {{fail log info ready; while {{![info exists ::go]}} {{incr x}}
            return UP}} stop {{return RECOVER}}
         failsvc web start {{fail log info began; while 1 {{}}}} stop {{return RECOVER}}"
    ));
    let busy = engine.order("busy", Task::Start);
    engine.log();
    let web = engine.order("web", Task::Start);
    engine.cancel(web, "too late");
    engine.cancel(busy, "enough");
    assert_eq!(engine.done(busy).unwrap_err().sentence, "enough");
    assert_eq!(engine.done(web).unwrap_err().sentence, "too late");
    well(&mut engine);
    let rest = engine.rest();
    assert!(rest.is_empty(), "{rest:?}");
}

#[test]
fn cancelling_a_waiting_job_leaves_the_busy_one_alone() {
    let mut engine = Engine::new(
        "proc spin {} {for {set i 0} {$i < 2000000} {incr i} {}}
         failsvc busy start {fail log info ready; spin; return UP} stop {return RECOVER}
         failsvc waits start {exec forever} stop {return RECOVER}",
    );
    let waits = engine.order("waits", Task::Start);
    engine.exec(waits);
    let busy = engine.order("busy", Task::Start);
    engine.log();
    engine.cancel(waits, "enough");
    assert_eq!(engine.done(busy), Ok(State::Up));
    assert_eq!(engine.done(waits).unwrap_err().sentence, "enough");
}

#[test]
fn a_cancel_that_comes_too_late_hits_nobody() {
    let mut engine = Engine::new(&format!(
        "{OTHER}failsvc web start {{return UP}} stop {{return RECOVER}}"
    ));
    for _ in 0..200 {
        let job = engine.order("web", Task::Start);
        engine.cancel(job, "race");
        match engine.done(job) {
            Ok(state) => assert_eq!(state, State::Up),
            Err(e) => assert_eq!(e.sentence, "race"),
        }
        engine.cancel(job, "late");
        well(&mut engine);
    }
    let rest = engine.rest();
    assert!(
        !rest.iter().any(|m| matches!(m, FromTcl::Done { .. })),
        "{rest:?}"
    );
}

#[test]
fn a_callback_that_hogs_the_thread_is_stopped_when_a_job_is_cancelled_behind_it() {
    let mut engine = Engine::new(&format!(
        "{OTHER}after 0 {{fail log info hogging; while 1 {{catch {{expr 1}}}}}}
         failsvc web start {{while 1 {{}}}} stop {{return RECOVER}}"
    ));
    assert_eq!(engine.log().1, "hogging");
    let job = engine.order("web", Task::Start);
    engine.cancel(job, "enough");
    assert_eq!(engine.done(job).unwrap_err().sentence, "enough");
    well(&mut engine);
}

#[test]
fn a_callback_that_waits_in_a_loop_of_its_own_stalls_nobody() {
    let mut engine = Engine::new(&format!(
        "{OTHER}after 0 {{fail log info waiting; vwait never}}
         failsvc web start {{try {{exec forever}} finally {{fail log info end}}}} stop {{list UP}}"
    ));
    assert_eq!(engine.log().1, "waiting");
    well(&mut engine);
    let job = engine.order("web", Task::Start);
    engine.exec(job);
    engine.cancel(job, "enough");
    assert_eq!(engine.done(job).unwrap_err().sentence, "enough");
    assert_eq!(engine.log().1, "end");
    well(&mut engine);
}

#[test]
fn a_job_that_waits_for_a_busy_one_has_not_begun() {
    let mut engine = Engine::new(
        "failsvc web start {fail log info ready; while 1 {}} stop {return RECOVER}
         failsvc late start {fail log info late; return UP} stop {return RECOVER}
         failsvc never start {fail log info never; return UP} stop {return RECOVER}",
    );
    let busy = engine.order("web", Task::Start);
    engine.began(busy);
    assert_eq!(engine.log().1, "ready");
    let late = engine.order("late", Task::Start);
    let never = engine.order("never", Task::Start);
    engine.cancel(never, "not needed");
    engine.cancel(busy, "timeout after 30 s");
    assert_eq!(
        engine.done(busy).unwrap_err().sentence,
        "timeout after 30 s"
    );
    engine.began(late);
    assert_eq!(engine.done(late), Ok(State::Up));
    assert_eq!(engine.log().1, "late");
    assert_eq!(engine.done(never).unwrap_err().sentence, "not needed");
    let begun = engine.everything().into_iter();
    let begun = begun.filter(|m| matches!(m, FromTcl::Began { .. } | FromTcl::Log { .. }));
    assert_eq!(begun.count(), 0, "a job began that was cancelled before");
}
