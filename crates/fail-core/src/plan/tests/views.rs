//! What a failsh shows: why, what is waited for, until when; and that a view is never empty,
//! never promises what has passed, and never changes without a word.

use std::collections::BTreeMap;

use fail_wire::monitor::{HealthView, HostView, ServiceView};
use fail_wire::{Dice, Marks, State};

use super::journal::view;
use super::story::{LOCAL, Play, Story, at, ms, name, service};
use crate::job::Task;
use crate::machine::Machine;
use crate::plan::Subject;
use crate::policy::{Host, Lonely, Policy, Retry, Service};
use crate::time::Span;

pub fn health(story: &Story) -> HealthView {
    story.plan.health_view(story.now)
}

pub fn host(story: &Story, text: &str) -> HostView {
    story.plan.host_view(story.now, &name(text)).unwrap()
}

/// What is waited for, and how many milliseconds from now on at most.
fn waits(story: &Story) -> (String, Option<i64>) {
    let view = view(story, "web");
    let left = view.until.map(|until| until - story.now.wall.0);
    (view.waiting.unwrap_or_default(), left)
}

fn says(story: &Story, what: &str, left: Option<(i64, i64)>) {
    let (waiting, until) = waits(story);
    assert_eq!(waiting, what);
    match (left, until) {
        (None, None) => {}
        (Some((low, high)), Some(until)) if (low..=high).contains(&until) => {}
        other => panic!("{what}: (expected, is) is {other:?}"),
    }
}

#[test]
fn from_the_first_question_to_serving_it_says_what_it_waits_for() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    let first = view(&story, "web");
    assert_eq!(first.state, None);
    assert!(first.why.starts_with("not known yet"), "{}", first.why);
    says(&story, "answers of all hosts", Some((0, 2_000)));
    story.silent.insert(at("hosta"));
    story.run(ms(3));
    says(&story, "answers of hosta", Some((100, 1_300)));
    story.run_until("it is ready", |s| view(s, "web").state.is_some());
    says(
        &story,
        "the local faild to acknowledge RECOVER",
        Some((0, 2_000)),
    );
    let once_more = "answers of hosta, once more before it starts";
    story.run_until("it says that it starts", |s| waits(s).0 == once_more);
    assert_eq!(view(&story, "web").marks, ["starting"]);
    story.run_until("it runs", |s| s.orders.len() == 1);
    says(&story, "the start script", Some((29_000, 30_000)));
    let script = view(&story, "web").script.unwrap();
    assert_eq!(
        (script.task.as_str(), script.since),
        ("start", story.now.wall.0)
    );
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.run(ms(10));
    let view = view(&story, "web");
    assert_eq!((view.waiting, view.until, view.script), (None, None, None));
    assert_eq!(view.state.as_deref(), Some("UP"));
    assert_eq!(
        view.reason,
        "start: no master can serve; masters hosta=unreachable"
    );
}

#[test]
fn a_delay_a_slave_and_people_are_waited_for() {
    let delayed = Service {
        delay: Span::from_secs(60),
        ..service(&[], &["hostb"])
    };
    let mut story = Story::new(&[("web", delayed)]);
    story.set("hostb", "web", State::Up);
    story.run(Span::from_secs(10));
    says(&story, "the delay after start-up", Some((49_000, 50_000)));
    assert_eq!(view(&story, "web").why, "wait: delay 1m after start-up");
    story.run(Span::from_secs(55));
    says(&story, "hostb to give way", None);
    story.set(LOCAL, "web", State::Fail);
    story.run(Span::from_secs(2));
    says(&story, "somebody to set it to RECOVER", None);
    assert_eq!(
        view(&story, "web").why,
        "idle: it can not be brought up here (the story says so); slaves hostb=UP"
    );
    let none = Marks(0);
    story.change(LOCAL, "web", None, Marks::AWAY, none, "new disk");
    story.run(Span::from_secs(2));
    says(&story, "somebody to wish it back", None);
    story.change(LOCAL, "web", None, Marks::HELD, none, "hands off");
    story.run(Span::from_secs(2));
    says(&story, "somebody to release it", None);
    assert_eq!(view(&story, "web").marks, ["held", "away"]);
}

#[test]
fn an_address_that_nobody_knows_is_waited_for_a_minute() {
    let stage = Story::new(&[("web", service(&["hosta"], &[]))]);
    let named = Host {
        address: Some("a.example".to_string()),
        ..Host::default()
    };
    let policy = Policy {
        hosts: [(name("hosta"), named)].into(),
        services: [(name("web"), service(&["hosta"], &[]))].into(),
        traps: Vec::new(),
    };
    let mut story = Story::with(stage.now, policy, stage.into_nodes());
    story.run(Span::from_secs(10));
    says(&story, "the address of host hosta", Some((49_000, 50_000)));
    assert_eq!(host(&story, "hosta").address, None);
    assert_eq!(host(&story, "hosta").reachable, Some(false));
}

#[test]
fn a_silent_faild_is_waited_for() {
    let keeps = Service {
        lonely: Lonely::Keep,
        ..service(&["hosta"], &[])
    };
    let mut story = Story::new(&[("web", keeps)]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    assert_eq!(health(&story).faild, Some(true));
    story.silent.insert(at(LOCAL));
    story.run(Span::from_secs(3));
    says(&story, "the local faild to answer", None);
    assert_eq!(health(&story).faild, Some(false));
    let view = view(&story, "web");
    assert_eq!((view.state.as_deref(), view.marks.len()), (Some("UP"), 0));
}

#[test]
fn a_script_that_does_not_end_is_waited_for() {
    let mut story = Story::new(&[("web", service(&[], &[]))]);
    story.plays.insert(Task::Start, Play::Sits);
    story.run_until("it is cancelled", |s| s.cancels.len() == 1);
    says(
        &story,
        "the start script to end, which timed out after 30s",
        Some((4_000, 5_000)),
    );
    story.run(Span::from_secs(10));
    let what = "a script that was given up; restart failsh to be rid of it";
    says(&story, what, None);
}

#[test]
fn the_others_are_shown_in_the_order_of_the_policy() {
    let mut story = Story::new(&[("web", service(&["hostc", "hosta"], &["hostb"]))]);
    story.change_as(
        "hosta",
        "web",
        Some(State::Recover),
        Marks(0),
        Marks(0),
        "ready",
        3_600_000,
    );
    let changed = story.now.wall.0;
    story.silent.insert(at("hostb"));
    story.run(Span::from_secs(3));
    let peers = view(&story, "web").peers;
    let shown: Vec<_> = peers
        .iter()
        .map(|p| {
            (
                p.host.as_str(),
                p.role.as_str(),
                p.state.as_deref(),
                p.reachable,
            )
        })
        .collect();
    let expected = [
        ("hostc", "master", Some("FAIL"), Some(true)),
        ("hosta", "master", Some("RECOVER"), Some(true)),
        ("hostb", "slave", None, Some(false)),
    ];
    assert_eq!(shown, expected);
    assert_eq!(peers[0].marks, ["unpublished"]);
    assert_eq!(
        (peers[1].reason.as_str(), peers[1].since),
        ("ready", Some(changed))
    );
    assert_eq!(peers[0].since, None, "nobody ever said so");
}

#[test]
fn a_service_that_was_found_running_is_so_since_it_was_started() {
    let mut stage = Story::new(&[("web", service(&[], &[]))]);
    stage.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    let began = view(&stage, "web").since;
    stage.run(Span::from_secs(100));
    let now = stage.now;
    let mut policy = Policy::default();
    policy.services.insert(name("web"), service(&[], &[]));
    let mut story = Story::with(now, policy, stage.into_nodes());
    story.run(Span::from_secs(5));
    let since = view(&story, "web").since;
    assert!((since - began).abs() < 50, "{since} {began}");
}

#[test]
fn checks_and_a_return_from_failure_are_shown() {
    let checked = Service {
        check: Some("check".to_string()),
        check_recover: true,
        check_interval: Span::from_secs(5),
        retry: Some(Retry {
            initial: Span::from_secs(20),
            factor_milli: Retry::FACTOR_MILLI,
            maximum: Retry::MAXIMUM,
        }),
        ..service(&[], &[])
    };
    let mut story = Story::new(&[("web", checked)]);
    let check = |state| Play::Ends(ms(100), Ok(state));
    story.plays.insert(Task::Check, Play::Sits);
    story.run(ms(500));
    let looks = "the check script, which looks whether it runs already";
    says(&story, looks, Some((29_000, 30_000)));
    story.plays.insert(Task::Check, check(State::Up));
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.run(Span::from_secs(12));
    let seen = view(&story, "web").check.unwrap();
    assert_eq!((seen.good, seen.bad, seen.said.as_str()), (2, 0, "UP"));
    assert!(story.now.wall.0 - seen.last.unwrap() < 5_000);
    assert_eq!(view(&story, "web").waiting, None);
    story.plays.insert(Task::Check, check(State::Fail));
    story.run(Span::from_secs(10));
    assert_eq!(view(&story, "web").check.unwrap().bad, 2);
    story.plays.insert(Task::Start, check(State::Up));
    story.run_until("it has fallen", |s| s.state(LOCAL, "web") == State::Fail);
    story.run(ms(10));
    says(&story, "its retry after failure 1", Some((19_000, 20_000)));
    let retry = view(&story, "web").retry.unwrap();
    assert_eq!(
        (retry.failures, Some(retry.at)),
        (1, view(&story, "web").until)
    );
    story.run(Span::from_secs(21));
    says(&story, "2 more good checks", None);
    story.plays.insert(Task::Check, check(State::Recover));
    story.run(Span::from_secs(5));
    says(&story, "one more good check", None);
    story.run_until("it is back", |s| s.state(LOCAL, "web") != State::Fail);
    assert!(view(&story, "web").retry.is_none());
}

/// What of a view may not change without a word: times of questions may.
fn lasting(view: &ServiceView) -> ServiceView {
    ServiceView {
        since: 0,
        waiting: None,
        until: None,
        ..view.clone()
    }
}

/// One step of a story that nobody has thought of.
fn something_happens(story: &mut Story, dice: &mut Dice) {
    let mut roll = |n: usize| usize::try_from(dice.roll() % n as u64).unwrap();
    let hosts = [LOCAL, "hosta", "hostb"];
    let services = ["dns", "web"];
    let (host, service) = (hosts[roll(3)], services[roll(2)]);
    let none = Marks(0);
    match roll(16) {
        0 => {
            story.silent.insert(at(host));
        }
        1 | 2 => story.silent.clear(),
        3 => story.set(host, service, State::ALL[roll(3)]),
        4 => story.change(host, service, None, Marks::HELD, none, "by chance"),
        5 => story.change(host, service, None, Marks::AWAY, none, ""),
        6 => story.change(host, service, None, none, Marks::WISHES, "back"),
        7 => story.forget_all(host),
        8 => story.freeze(ms(roll(3_000) as u64)),
        9 | 10 => {
            let task = [Task::Start, Task::Stop, Task::Reclaim][roll(3)];
            let play = match roll(6) {
                0 => Play::Hangs,
                1 => Play::Sits,
                2 => Play::Ends(ms(500), Story::error("broken by chance")),
                3 => Play::Ends(ms(500), Ok(State::ALL[roll(3)])),
                _ if task == Task::Stop => Play::Ends(ms(50), Ok(State::Recover)),
                _ => Play::Ends(ms(50), Ok(State::Up)),
            };
            story.plays.insert(task, play);
        }
        11 => {
            story.lose.insert(at(host), roll(5) as u32);
        }
        // Everything is well again.
        _ => {
            story.silent.clear();
            let good = |state| Play::Ends(ms(50), Ok(state));
            story.plays.insert(Task::Start, good(State::Up));
            story.plays.insert(Task::Stop, good(State::Recover));
            story.plays.insert(Task::Reclaim, good(State::Up));
            story.change(LOCAL, service, None, none, Marks::WISHES, "back");
            story.set(LOCAL, service, State::Recover);
            story.set("hosta", service, State::Fail);
        }
    }
}

/// After each turn: every view has its reason, promises nothing that has passed, and is as
/// it was last unless that was told.
fn views_hold(story: &mut Story, last: &mut BTreeMap<&'static str, ServiceView>, seed: u8) {
    let told = std::mem::take(&mut story.changed);
    for text in ["dns", "web"] {
        let is = view(story, text);
        let log = || format!("seed {seed}\n{}\n{is:#?}", story.log.join("\n"));
        assert!(!is.why.is_empty(), "{}", log());
        assert!(is.until.is_none() || is.waiting.is_some(), "{}", log());
        if let Some(until) = is.until {
            assert!(until >= story.now.wall.0 - 1_000, "{}", log());
        }
        let subject = Subject::Service(name(text));
        let silent = !told.iter().any(|(_, told)| *told == subject);
        if let Some(was) = last.insert(text, is.clone()).filter(|_| silent) {
            assert_eq!(lasting(&is), lasting(&was), "{}", log());
        }
    }
    for text in ["hosta", "hostb"] {
        let view = host(story, text);
        assert!(view.lost_permille <= 1_000 && view.since <= story.now.wall.0);
    }
}

#[test]
fn whatever_happens_views_hold() {
    let mut scripts = 0;
    for seed in 0..16 {
        let mut dice = Dice::new(&[seed; 32]);
        let quick = Service {
            timeout: Span::from_secs(2),
            interval: ms(500),
            delay: Span::from_secs(u64::from(seed) % 3),
            ..service(&["hosta"], &["hostb"])
        };
        let mut story = Story::new(&[("dns", service(&[], &["hosta"])), ("web", quick)]);
        let mut last = BTreeMap::new();
        for _ in 0..60 {
            something_happens(&mut story, &mut dice);
            for _ in 0..1 + dice.roll() % 60 {
                let next = story.plan.deadline().map(|at| at - story.now.mono);
                story.run(next.unwrap_or(ms(50)).clamp(ms(1), ms(50)));
                views_hold(&mut story, &mut last, seed);
            }
        }
        scripts += story.orders.len();
    }
    assert!(scripts > 200, "{scripts} scripts: the test tests nothing");
}
