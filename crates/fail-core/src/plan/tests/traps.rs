//! What happens is told: to traps, which are scripts with a number and a time of their own,
//! and to monitors. Nothing that a trap does changes a decision.

use fail_wire::State;

use super::story::{LOCAL, Play, Story, at, ms, name, service};
use crate::event::{Event, EventKind};
use crate::job::{JobNo, ScriptError, Task};
use crate::limits;
use crate::plan::{CANCEL_GRACE, In, TRAP_TIMEOUT};
use crate::policy::{On, Policy, Service, Trap};
use crate::time::Span;

fn trap(pattern: &str, on: On) -> Trap {
    Trap {
        pattern: pattern.to_string(),
        on,
        script: format!("{pattern} script"),
    }
}

/// One service with a master, and these traps.
fn watched(traps: Vec<Trap>) -> Story {
    let stage = Story::new(&[("web", service(&["hosta"], &[]))]);
    let mut policy = Policy {
        services: [("web", service(&["hosta"], &[]))]
            .map(|(text, service)| (name(text), service))
            .into(),
        traps,
        ..Policy::default()
    };
    policy.complete();
    let address = at("hosta").ip().to_string();
    for host in policy.hosts.values_mut() {
        host.address = Some(address.clone());
    }
    Story::with(stage.now, policy, stage.into_nodes())
}

fn kinds(story: &Story) -> Vec<EventKind> {
    story.events.iter().map(|event| event.kind).collect()
}

fn value<'a>(event: &'a Event, key: &str) -> &'a str {
    let found = event.data.iter().find(|(known, _)| *known == key);
    found.map_or("", |(_, value)| value)
}

/// Something happens to web, now.
fn fire(story: &mut Story, kind: EventKind) {
    let now = story.now;
    story.plan.fire(now, kind, &name("web"), Vec::new());
    story.run(Span::ZERO);
    story.tell(In::Began { job: JobNo(0) });
}

fn error(sentence: &str) -> Option<ScriptError> {
    Some(ScriptError {
        sentence: sentence.to_string(),
        detail: format!("{sentence}\n    while executing\n\"oops\""),
    })
}

#[test]
fn a_take_over_is_told_with_what_there_is_to_know() {
    let mut story = watched(vec![trap("w*", On::Change), trap("hosta", On::Any)]);
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(3));
    story.silent.insert(at("hosta"));
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    let told: Vec<(&str, EventKind)> = story
        .fired
        .iter()
        .map(|(_, fired)| (fired.script.as_str(), fired.event.kind))
        .collect();
    let expected = [
        ("w* script", EventKind::Recover),
        ("hosta script", EventKind::Unreachable),
        ("w* script", EventKind::Up),
    ];
    assert_eq!(told, expected, "what was there at first is no news");
    let (at, up) = &story.fired[2];
    let wall = (*at - story.now.mono).as_millis() as i64 + story.now.wall.0;
    assert_eq!(value(&up.event, "kind"), "service");
    assert_eq!(value(&up.event, "name"), "web");
    assert!((value(&up.event, "time").parse::<i64>().unwrap() - wall).abs() < 5_000);
    assert_eq!(
        (value(&up.event, "from"), value(&up.event, "to")),
        ("RECOVER", "UP")
    );
    assert!(value(&up.event, "reason").starts_with("start: no master"));
    assert_eq!(value(&story.fired[1].1.event, "kind"), "host");
    let jobs: Vec<JobNo> = story.fired.iter().map(|(_, fired)| fired.job).collect();
    let scripts = story.orders.iter().map(|(_, order)| order.job);
    assert!(jobs.is_sorted() && scripts.into_iter().all(|job| !jobs.contains(&job)));
}

#[test]
fn a_state_that_is_merely_found_is_told_with_nothing_before_it() {
    let mut story = watched(vec![trap("web", On::Change)]);
    story.set(LOCAL, "web", State::Up);
    story.run(Span::from_secs(2));
    let event = &story.fired[0].1.event;
    assert_eq!(event.kind, EventKind::Up);
    assert_eq!(
        (value(event, "from"), value(event, "to")),
        ("nothing", "UP")
    );
    assert_eq!(value(event, "reason"), "found so");
    assert_eq!(story.fired.len(), 1);
}

#[test]
fn a_host_that_comes_back_is_told_once_though_two_classes_ask_it() {
    let slow = Service {
        interval: Span::from_secs(3),
        ..service(&["hosta"], &[])
    };
    let mut story = Story::new(&[("dns", slow), ("web", service(&["hosta"], &[]))]);
    story.set("hosta", "web", State::Up);
    story.set("hosta", "dns", State::Up);
    story.run(Span::from_secs(10));
    story.silent.insert(at("hosta"));
    story.run(Span::from_secs(20));
    story.silent.clear();
    story.run(Span::from_secs(20));
    let of_host = |kind: &EventKind| matches!(kind, EventKind::Reachable | EventKind::Unreachable);
    let told: Vec<EventKind> = kinds(&story).into_iter().filter(of_host).collect();
    assert_eq!(told, [EventKind::Unreachable, EventKind::Reachable]);
}

#[test]
fn a_host_that_was_never_there_is_told_and_one_that_is_there_is_not() {
    let mut story = Story::new(&[("web", service(&["hosta", "hostb"], &[]))]);
    story.silent.insert(at("hostb"));
    story.run(Span::from_secs(5));
    let subjects = |wanted: EventKind| {
        let events = story
            .events
            .iter()
            .filter(move |event| event.kind == wanted);
        events
            .map(|event| event.subject.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(subjects(EventKind::Unreachable), [name("hostb")]);
    assert_eq!(subjects(EventKind::Reachable), []);
}

#[test]
fn a_script_that_breaks_is_told_with_its_error() {
    let mut story = watched(vec![trap("*", On::Event(EventKind::Scripterror))]);
    let broken = Story::error("start: no such device");
    story.plays.insert(Task::Start, Play::Ends(ms(50), broken));
    story.run_until("the trap runs", |s| !s.fired.is_empty());
    let event = &story.fired[0].1.event;
    assert_eq!(value(event, "task"), "start");
    assert_eq!(value(event, "error"), "start: no such device");
}

#[test]
fn what_storms_is_told_ten_times_and_then_counted() {
    let mut story = watched(vec![
        trap("web", On::Event(EventKind::Up)),
        trap("dns", On::Any),
    ]);
    story.run(Span::from_secs(15));
    story.fired.clear();
    story.events.clear();
    for _ in 0..25 {
        fire(&mut story, EventKind::Up);
    }
    assert_eq!(story.fired.len(), limits::RATE_MAX as usize);
    assert_eq!(story.events.len(), limits::RATE_MAX as usize);
    fire(&mut story, EventKind::Fail);
    assert_eq!(
        story.events.len(),
        limits::RATE_MAX as usize + 1,
        "another kind"
    );
    story.run(Span::from_secs(limits::RATE_WINDOW_S));
    fire(&mut story, EventKind::Up);
    fire(&mut story, EventKind::Up);
    let told: Vec<&str> = story.fired[limits::RATE_MAX as usize..]
        .iter()
        .map(|(_, fired)| value(&fired.event, "suppressed"))
        .collect();
    assert_eq!(told, ["15", ""]);
}

#[test]
fn so_many_run_so_many_wait_and_the_rest_is_lost_with_a_word() {
    let traps = (0..200).map(|_| trap("web", On::Event(EventKind::Handback)));
    let mut story = watched(traps.collect());
    story.run(Span::from_secs(5));
    story.fired.clear();
    fire(&mut story, EventKind::Handback);
    assert_eq!(story.fired.len(), limits::TRAPS_RUNNING_MAX);
    let lost = |s: &Story| {
        s.log
            .iter()
            .filter(|l| l.starts_with("traps are lost"))
            .count()
    };
    assert_eq!(lost(&story), 1);
    fire(&mut story, EventKind::Handback);
    assert_eq!(lost(&story), 1, "once a minute");
    let mut ended = 0;
    while let Some((_, fired)) = story.fired.get(ended).cloned() {
        story.tell(In::Trapped {
            job: fired.job,
            error: None,
        });
        ended += 1;
    }
    assert_eq!(ended, limits::TRAPS_RUNNING_MAX + limits::TRAPS_WAITING_MAX);
}

#[test]
fn an_error_in_a_trap_is_some_lines_in_the_log_and_changes_nothing() {
    let mut story = watched(vec![trap("web", On::Event(EventKind::Up))]);
    story.run_until("it serves", |s| !s.fired.is_empty());
    let job = story.fired[0].1.job;
    let view = super::journal::view(&story, "web");
    story.log.clear();
    let error = error("trap: invalid command name \"mial\"");
    story.tell(In::Trapped {
        job,
        error: error.clone(),
    });
    let line = "trap web up: trap: invalid command name \"mial\"";
    assert_eq!(story.log[0], line);
    assert!(
        story.log[1].starts_with("trap web up:   "),
        "{:?}",
        story.log
    );
    assert_eq!(super::journal::view(&story, "web"), view);
    story.log.clear();
    story.tell(In::Trapped { job, error });
    assert!(story.log.is_empty(), "an end counts once");
}

#[test]
fn a_trap_has_thirty_seconds_from_its_first_line_and_then_it_is_ended() {
    let mut story = watched(vec![trap("web", On::Event(EventKind::Up))]);
    story.run_until("it runs", |s| !s.fired.is_empty());
    let job = story.fired[0].1.job;
    story.run(Span::from_secs(10));
    story.tell(In::Began { job });
    story.run(Span(TRAP_TIMEOUT.0 - ms(10).0));
    assert!(story.cancels.is_empty());
    story.run(ms(20));
    let cancelled: Vec<JobNo> = story.cancels.iter().map(|(_, job)| *job).collect();
    assert_eq!(cancelled, [job]);
    assert_eq!(super::views::health(&story).scripts, 1);
    story.run(CANCEL_GRACE);
    assert_eq!(story.cancels.len(), 2, "and once more, for good");
    assert_eq!(super::views::health(&story).scripts, 0, "it is given up");
    let error = error("trap: at last");
    story.log.clear();
    story.tell(In::Trapped { job, error });
    assert!(story.log.is_empty(), "{:?}", story.log);
    assert_eq!(story.state(LOCAL, "web"), State::Up);
}

#[test]
fn a_trap_that_never_has_its_turn_is_ended_too() {
    let mut story = watched(vec![trap("web", On::Event(EventKind::Up))]);
    story.run_until("it runs", |s| !s.fired.is_empty());
    let job = story.fired[0].1.job;
    let (by, span) = (JobNo(999), Span::from_secs(7));
    story.tell(In::Held { by, span });
    story.run(Span(TRAP_TIMEOUT.0 + ms(6_900).0));
    assert!(
        story.cancels.is_empty(),
        "time that another took is given back"
    );
    story.run(ms(200));
    assert_eq!(story.cancels.len(), 1);
    let line = "trap web up: did not get its turn within 30s";
    assert!(story.log.iter().any(|l| l == line), "{:?}", story.log);
    let error = error("trap: cancelled");
    story.tell(In::Trapped { job, error });
    story.run(Span::from_secs(60));
    assert_eq!(story.cancels.len(), 1, "it has ended");
}
