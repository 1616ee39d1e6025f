//! Shadows of a recording that is kept: its own policy decides the same, others do not, and
//! what nobody knows is said.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::path::Path;

use fail_core::job::Task;
use fail_core::policy::{Host, Policy, Service};
use fail_core::time::Span;
use fail_replay::Reader;
use fail_replay::replay::{Start, start};
use fail_replay::shadow::{ByHand, Facts, Report, What, compare, facts};
use fail_wire::{Change, Marks, Name, Reason, State};

const SEED: [u8; 32] = [3; 32];

fn kept() -> Reader<std::io::BufReader<std::fs::File>> {
    let file = "../../tests/golden/recordings/failsh-takes-over.rec";
    Reader::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

fn recorded() -> (Facts, Policy) {
    let mut reader = kept();
    let (Start::Plan(plan), _) = start(&reader).unwrap() else {
        unreachable!("it is failsh's");
    };
    let (facts, replayed) = facts(&mut reader).unwrap();
    assert_eq!(replayed.difference, None);
    (facts, plan.policy)
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn with(policy: &Policy, service: &str, change: impl FnOnce(&mut Service)) -> Policy {
    let mut policy = policy.clone();
    change(policy.services.get_mut(&name(service)).unwrap());
    policy
}

/// `web: start at 2152, now nothing`.
fn told(report: &Report) -> Vec<String> {
    let moments = report.moments.iter().map(|moment| {
        let side =
            |side: &fail_replay::shadow::Side| side.what.map_or("nothing", What::word).to_string();
        let service = &moment.service;
        format!(
            "{service}: {}, {}",
            side(&moment.recorded),
            side(&moment.shadow)
        )
    });
    moments.collect()
}

#[test]
fn its_own_policy_decides_the_same_to_the_moment() {
    let (facts, policy) = recorded();
    let report = compare(&facts, &policy, &SEED).unwrap();
    assert_eq!(told(&report), Vec::<String>::new());
    assert_eq!(report.notes, Vec::<String>::new());
    assert_eq!(report.services, 2);
    // What random numbers are drawn does not matter.
    let other = compare(&facts, &policy, &[4; 32]).unwrap();
    assert_eq!(other, report);
}

#[test]
fn who_confirms_less_takes_over_earlier_and_who_has_no_master_at_once() {
    let (facts, policy) = recorded();
    let alone = with(&policy, "web", |web| web.masters.clear());
    let report = compare(&facts, &alone, &SEED).unwrap();
    assert_eq!(told(&report), ["web: start, start", "web: UP, UP"]);
    let first = &report.moments[0];
    assert!(first.recorded.now.mono > first.shadow.now.mono + Span::from_secs(1));
    let patient = with(&policy, "web", |web| {
        web.confirm.times = 50;
        web.confirm.spacing = Some(Span::from_millis(100));
    });
    let report = compare(&facts, &patient, &SEED).unwrap();
    assert_eq!(told(&report), ["web: start, nothing", "web: UP, nothing"]);
    assert!(report.moments[0].shadow.why.contains("yield"), "{report:?}");
}

#[test]
fn a_script_ends_as_it_ended_and_one_that_never_ran_is_said() {
    let (mut facts, policy) = recorded();
    let failing = facts.scripts.get_mut(&(name("web"), Task::Start)).unwrap();
    let ended = failing.back_mut().unwrap().ended.as_mut().unwrap();
    ended.1 = Ok(State::Fail);
    let report = compare(&facts, &policy, &SEED).unwrap();
    assert_eq!(told(&report), ["web: UP, nothing", "web: nothing, FAIL"]);
    facts.scripts.clear();
    let report = compare(&facts, &policy, &SEED).unwrap();
    let note = "start of service web never ran to its end: it is taken to succeed";
    assert!(report.notes.iter().any(|said| said == note), "{report:?}");
}

#[test]
fn hosts_and_services_that_nobody_asked_about_are_said() {
    let (facts, mut policy) = recorded();
    policy.hosts.insert(name("hostx"), Host::default());
    let mut policy = with(&policy, "web", |web| web.slaves.push(name("hostx")));
    let new = Service {
        masters: vec![name("hosta")],
        ..policy.services[&name("web")].clone()
    };
    let new = Service {
        slaves: Vec::new(),
        ..new
    };
    policy.services.insert(name("new"), new);
    policy.services.remove(&name("svc"));
    let report = compare(&facts, &policy, &SEED).unwrap();
    for note in [
        "host hostx was never asked: it is taken for one that does not answer",
        "host hosta was never asked about service new: it is taken for one whose faild does not \
         know it",
    ] {
        assert!(
            report.notes.iter().any(|said| said == note),
            "{note}: {report:?}"
        );
    }
    let told = told(&report);
    assert!(
        told.contains(&"svc: start, nothing".to_string()),
        "{told:?}"
    );
    assert!(
        told.contains(&"new: nothing, start".to_string()),
        "{told:?}"
    );
    let gone = report.moments.iter().find(|m| m.service == name("svc"));
    assert_eq!(gone.unwrap().shadow.why, "the service is not in the policy");
}

#[test]
fn what_is_forgotten_is_not_judged_and_what_holds_still_is_known() {
    let (mut facts, policy) = recorded();
    let (from, to) = (facts.from, facts.to);
    // The last second: hosta is silent, and services are UP here already.
    facts.keep(Span::from_millis(800));
    assert!(facts.is_trimmed() && facts.from.mono > from.mono);
    assert_eq!(facts.to, to);
    let report = compare(&facts, &policy, &SEED).unwrap();
    assert_eq!(told(&report), Vec::<String>::new(), "{report:?}");
    // And what is known of hosta is that it does not answer.
    let patient = with(&policy, "web", |web| {
        web.slaves = std::mem::take(&mut web.masters)
    });
    let report = compare(&facts, &patient, &SEED).unwrap();
    assert_eq!(report.notes, Vec::<String>::new());
}

#[test]
fn what_people_wished_and_a_local_faild_that_is_silent_count_for_any_policy() {
    let (facts, policy) = recorded();
    let mut held = facts.clone();
    held.by_hand.push_back(ByHand {
        at: facts.from.mono + Span::from_millis(900),
        change: Change {
            nonce: 0,
            version: 0,
            name: name("web"),
            state: None,
            set: Marks::HELD,
            clear: Marks(0),
            reason: Reason::new("held: a look"),
            interval_ms: 0,
        },
    });
    let report = compare(&held, &policy, &SEED).unwrap();
    assert_eq!(told(&report), ["web: start, nothing", "web: UP, nothing"]);
    assert!(
        report.moments[0].shadow.why.contains("held: a look"),
        "{report:?}"
    );
    let mut silent = facts.clone();
    silent
        .local
        .questions
        .note(facts.from.mono + Span::from_millis(1_500), None);
    let report = compare(&silent, &policy, &SEED).unwrap();
    let told = told(&report);
    assert!(
        told.contains(&"web: start, nothing".to_string()),
        "{told:?}"
    );
    let why = &report.moments[0].shadow.why;
    assert!(why.contains("the local faild is silent"), "{why}");
}
