//! Memory: what is done again and again leaves nothing behind. In a process of their own, and
//! one after the other, so that nobody disturbs the numbers.
//!
//! `cargo test -p fail-tcl --test memory -- --ignored --nocapture` prints them for a hundred
//! thousand script runs and a thousand reloads.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod fake;

use std::sync::{Mutex, MutexGuard, PoisonError};

use fail_core::job::Task;
use fail_wire::State;
use fake::{Engine, load_text};

/// Generous: what is looked for is a leak per job of a kilobyte, or per policy of 50.
const GROWTH_KB: u64 = 8_000;

/// One at a time: they all look at the same process.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
#[ignore = "takes a minute or two; scripts/memory runs it"]
fn a_hundred_thousand_script_runs_leave_nothing_behind() {
    let _alone = alone();
    let mut engine = Engine::new(
        "failsvc plain start {set x [string repeat a 100]; return UP} stop {return RECOVER}
         failsvc programs start {
             foreach i {1 2} {lappend ::seen [exec give]}; unset ::seen
             try {after 0; error oops} on error {} {return UP}
         } stop {return RECOVER}",
    );
    bounded("script runs without exec", 2_000, 100_000, || {
        let job = engine.order("plain", Task::Start);
        assert_eq!(engine.done(job), Ok(State::Up));
        engine.forget();
    });
    bounded("script runs with exec", 2_000, 100_000, || {
        let job = engine.order("programs", Task::Start);
        for _ in 0..2 {
            let (exec, _) = engine.exec(job);
            engine.succeed(exec, "some output\n");
        }
        assert_eq!(engine.done(job), Ok(State::Up));
        engine.forget();
    });
    bounded(
        "commands from a console and callbacks",
        2_000,
        100_000,
        || {
            assert_eq!(engine.says("after 0 {incr ::n}; after 0; set x 5").0, 0);
        },
    );
}

#[test]
#[ignore = "takes a minute; scripts/memory runs it"]
fn a_thousand_reloads_leave_neither_threads_nor_descriptors_behind() {
    let _alone = alone();
    let once = || {
        let mut engine = Engine::new(
            "after 3600000 {never}; set child [interp create]; set f [open /dev/null]
             failsvc web start {try {exec forever} finally {after 1}} stop {return RECOVER}",
        );
        // One script ends in the old interpreter, one never does.
        let job = engine.order("web", Task::Start);
        engine.exec(job);
        engine.says("set x 5");
        engine.handle.quit();
    };
    // As at a reload: the new one is there before the old one goes. When the last one goes,
    // libtcl's notifier thread does, and now and then forgets a pipe.
    let _stays = Engine::script("return UP");
    // That thread begins with the first loop that waits.
    once();
    let (threads, files) = (count("task"), count("fd"));
    bounded("starts and ends of a Tcl thread", 50, 1_000, once);
    assert_eq!((count("task"), count("fd")), (threads, files));
}

/// How many entries the process has there.
fn count(what: &str) -> usize {
    let path = format!("/proc/self/{what}");
    let mut last = 0;
    // A thread that was joined may still be on its way out of the list.
    for _ in 0..1_000 {
        let now = std::fs::read_dir(&path).unwrap().count();
        if now == last {
            break;
        }
        last = now;
        std::thread::yield_now();
    }
    last
}

#[test]
fn neither_ten_thousand_jobs_nor_two_hundred_policies_leave_anything_behind() {
    let _alone = alone();
    let mut engine = Engine::script("set x [exec give]; after 0; return $x");
    bounded("jobs", 1_000, 10_000, || {
        let job = engine.order("web", Task::Start);
        let (exec, _) = engine.exec(job);
        engine.succeed(exec, "UP\n");
        assert_eq!(engine.done(job), Ok(State::Up));
        engine.forget();
    });
    bounded("policies", 20, 200, || {
        load_text("failsvc web masters a start {return UP} stop {return FAIL}").unwrap();
    });
    bounded("cancelled jobs", 100, 1_000, || {
        let job = engine.order("web", Task::Start);
        engine.exec(job);
        engine.cancel(job, "enough");
        engine.killed();
        assert!(engine.done(job).is_err());
        engine.forget();
    });
}

/// Does something `warm` times, then `n` times, and holds the growth against the limit.
fn bounded(what: &str, warm: u32, n: u32, mut once: impl FnMut()) {
    (0..warm).for_each(|_| once());
    let before = resident_kb();
    (0..n).for_each(|_| once());
    let after = resident_kb();
    println!("{n} {what}: {before} kB, then {after} kB");
    assert!(
        after < before + GROWTH_KB,
        "{n} {what}: {before} kB before, {after} kB after"
    );
}

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
