//! The properties are checked themselves: each can fail, and it is the right one that does,
//! with a rule that is broken, with a step that is left out, and with the real machines.

mod check;

use check::check;
use fail_core::decide::Rule;
use fail_core::time::Span;
use fail_model::mutants::MUTANTS;
use fail_model::real::{self, Real};
use fail_model::runs::{CALM, CRASH, CUT, FAILURE};
use fail_model::sketch::{Broken, Sketch};
use fail_model::{Budget, Flaw, World};

/// More states than are met before a fault shows.
const STATES_MAX: usize = 3_000_000;

fn flaws(world: &impl World) -> Vec<Flaw> {
    let report = check(world, STATES_MAX);
    report.flaws.into_iter().map(|(flaw, _)| flaw).collect()
}

/// What sees a broken rule: in two hosts and, if nothing does, in three.
fn seen_by(rule: Rule) -> Vec<Flaw> {
    let world = |hosts, serving, budget| Sketch {
        rule,
        serving,
        budget,
        ..Sketch::of(hosts)
    };
    let budgets = [CRASH, CUT, FAILURE].into_iter();
    let mut seen: Vec<Flaw> = budgets.flat_map(|b| flaws(&world(2, false, b))).collect();
    if seen.is_empty() {
        seen = flaws(&world(3, true, CRASH));
    }
    if seen.is_empty() {
        seen = flaws(&world(3, false, CALM));
    }
    seen.sort();
    seen.dedup();
    seen
}

#[test]
fn each_broken_rule_is_seen_by_the_property_it_breaks() {
    use Flaw::{FailStays, HandBack, NeverTwo, OneServer, Settled};
    let expected: [&[Flaw]; MUTANTS.len()] = [
        &[NeverTwo],
        &[NeverTwo],
        &[NeverTwo],
        &[NeverTwo],
        &[NeverTwo],
        &[NeverTwo],
        &[Settled],
        &[Settled],
        &[NeverTwo],
        &[OneServer, Settled],
        &[HandBack],
        &[FailStays],
        &[HandBack],
        &[HandBack],
    ];
    for ((what, rule), expected) in MUTANTS.iter().zip(expected) {
        let seen = seen_by(*rule);
        println!("{what}: {seen:?}");
        assert_eq!(seen, expected, "{what}");
    }
}

#[test]
fn each_step_that_is_left_out_is_missed() {
    let table = [
        (Broken::NoClaim, CALM, Flaw::NeverTwo),
        (Broken::NoSecondLook, CALM, Flaw::NeverTwo),
        (Broken::NoMark, CALM, Flaw::NeverTwo),
        (Broken::SaysEarly, CALM, Flaw::NeverTwo),
        (Broken::Impatient, CALM, Flaw::NeverTwo),
        (Broken::FailFades, FAILURE, Flaw::FailStays),
        (Broken::YieldsToSilence, CUT, Flaw::HandBack),
        (Broken::TwoScripts, CALM, Flaw::OneScript),
        (Broken::ForgetsToSay, CALM, Flaw::Settled),
    ];
    for (broken, budget, flaw) in table {
        let world = Sketch {
            broken,
            budget,
            ..Sketch::of(2)
        };
        let seen = flaws(&world);
        assert!(seen.contains(&flaw), "{broken:?}: {seen:?}");
    }
}

fn real(budget: Budget, serving: bool) -> Real {
    Real {
        budget,
        serving,
        apart: Span::from_millis(45),
        ..Real::of(2)
    }
}

#[test]
fn a_broken_rule_is_seen_in_the_real_machines() {
    let rule = |words: &str| {
        let found = MUTANTS.iter().find(|(what, _)| *what == words);
        found.expect("a rule of this name").1
    };
    let table = [
        ("masters are not looked at", CALM, false, Flaw::NeverTwo),
        ("stop becomes keep", CUT, true, Flaw::OneServer),
        (
            "whoever has masters stops, dead or not",
            CUT,
            true,
            Flaw::HandBack,
        ),
        ("idle becomes start", FAILURE, false, Flaw::FailStays),
        ("start becomes wait", CALM, false, Flaw::Settled),
    ];
    for (what, budget, serving, flaw) in table {
        let world = Real {
            rule: rule(what),
            ..real(budget, serving)
        };
        let seen = flaws(&world);
        assert_eq!(seen, [flaw], "{what}");
    }
}

#[test]
fn a_broken_driver_is_seen() {
    let table = [
        (real::Broken::RunsTwice, Flaw::OneScript),
        (real::Broken::SlowNetwork, Flaw::NeverTwo),
        (real::Broken::OldClock, Flaw::Contract),
    ];
    for (broken, flaw) in table {
        let world = Real {
            broken,
            ..real(CALM, false)
        };
        let seen = flaws(&world);
        assert_eq!(seen, [flaw], "{broken:?}");
    }
}
