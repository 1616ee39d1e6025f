//! Rules that are broken, one way each: to show that each property can fail, and which of
//! them sees what.

use fail_core::decide::{Rule, Verdict, decide};
use fail_wire::State::{Fail, Recover, Up};

/// The rules, each with what is wrong with it.
pub const MUTANTS: [(&str, Rule); 14] = [
    ("masters are not looked at", |local, _, slaves| {
        decide(local, &[], slaves)
    }),
    ("slaves are not looked at", |local, masters, _| {
        decide(local, masters, &[])
    }),
    (
        "only the first master is looked at",
        |local, masters, slaves| decide(local, &masters[..masters.len().min(1)], slaves),
    ),
    (
        "only the first slave is looked at",
        |local, masters, slaves| decide(local, masters, &slaves[..slaves.len().min(1)]),
    ),
    (
        "all masters must be able to serve",
        |local, masters, slaves| {
            let all = masters.iter().all(|master| *master != Fail);
            decide(local, if all { masters } else { &[] }, slaves)
        },
    ),
    (
        "a master that is only RECOVER does not count",
        |local, masters, slaves| {
            let up: Vec<_> = masters.iter().copied().filter(|m| *m == Up).collect();
            decide(local, &up, slaves)
        },
    ),
    (
        "a slave that is only RECOVER counts as UP",
        |local, masters, slaves| {
            let up = |slave: &fail_wire::State| if *slave == Recover { Up } else { *slave };
            decide(local, masters, &slaves.iter().map(up).collect::<Vec<_>>())
        },
    ),
    (
        "start becomes wait",
        |local, masters, slaves| match decide(local, masters, slaves) {
            Verdict::Start => Verdict::Wait,
            verdict => verdict,
        },
    ),
    (
        "wait becomes start",
        |local, masters, slaves| match decide(local, masters, slaves) {
            Verdict::Wait => Verdict::Start,
            verdict => verdict,
        },
    ),
    ("stop becomes keep", |local, masters, slaves| {
        match decide(local, masters, slaves) {
            Verdict::Stop => Verdict::Keep,
            verdict => verdict,
        }
    }),
    (
        "contest becomes stop",
        |local, masters, slaves| match decide(local, masters, slaves) {
            Verdict::Contest => Verdict::Stop,
            verdict => verdict,
        },
    ),
    (
        "idle becomes start",
        |local, masters, slaves| match decide(local, masters, slaves) {
            Verdict::Idle => Verdict::Start,
            verdict => verdict,
        },
    ),
    (
        "whoever has masters stops, dead or not",
        |local, masters, slaves| match (local, masters.is_empty()) {
            (Up, false) => Verdict::Stop,
            _ => decide(local, masters, slaves),
        },
    ),
    ("keep becomes stop", |local, masters, slaves| {
        match decide(local, masters, slaves) {
            Verdict::Keep => Verdict::Stop,
            verdict => verdict,
        }
    }),
];
