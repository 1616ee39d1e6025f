//! Memory: what is done again and again leaves nothing behind. One test, in a process of its
//! own, so that no other test disturbs the numbers.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod fake;

use fail_core::job::Task;
use fail_wire::State;
use fake::{Engine, load_text};

/// Generous: what is looked for is a leak per job of a kilobyte, or per policy of 50.
const GROWTH_KB: u64 = 8_000;

#[test]
fn neither_ten_thousand_jobs_nor_two_hundred_policies_leave_anything_behind() {
    let mut engine = Engine::script("set x [exec give]; after 0; return $x");
    bounded("jobs", 1_000, 10_000, || {
        let job = engine.order("web", Task::Start);
        let (exec, _) = engine.exec(job);
        engine.succeed(exec, "UP\n");
        assert_eq!(engine.done(job), Ok(State::Up));
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
