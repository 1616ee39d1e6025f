//! What is told of decisions: who serves in place of whom, who serves beside us, and whom
//! nobody supervises any more.

use fail_wire::{Marks, State};

use super::story::{LOCAL, Play, Story, ms, service};
use crate::event::EventKind;
use crate::job::Task;
use crate::policy::Service;
use crate::time::Span;

/// What was told of this kind: the value of one of its names each.
fn told(story: &Story, kind: EventKind, key: &str) -> Vec<String> {
    let events = story.events.iter().filter(|event| event.kind == kind);
    let value = |data: &[(&'static str, String)]| {
        let found = data.iter().find(|(name, _)| *name == key);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    events.map(|event| value(&event.data)).collect()
}

#[test]
fn who_takes_over_from_whom_and_hands_back_to_whom_is_told() {
    let mut story = Story::new(&[("web", service(&["hosta", "hostb"], &["hostc"]))]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    assert_eq!(told(&story, EventKind::Takeover, "hosts"), ["hosta hostb"]);
    story.set("hostb", "web", State::Recover);
    story.run_until("it gave way", |s| s.state(LOCAL, "web") == State::Recover);
    assert_eq!(told(&story, EventKind::Handback, "hosts"), ["hostb"]);
    // Sent away it is not handed back, and who has no master takes over from nobody.
    let mut story = Story::new(&[("web", service(&[], &["hostb"]))]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.change(LOCAL, "web", None, Marks::AWAY, Marks(0), "away");
    story.run_until("it is away", |s| s.state(LOCAL, "web") == State::Fail);
    assert_eq!(told(&story, EventKind::Takeover, "hosts").len(), 0);
    assert_eq!(told(&story, EventKind::Handback, "hosts").len(), 0);
}

#[test]
fn each_new_state_is_told_with_where_it_came_from() {
    let mut story = Story::new(&[("web", service(&[], &["hostb"]))]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.set(LOCAL, "web", State::Fail);
    story.run(Span::from_secs(2));
    assert_eq!(told(&story, EventKind::Recover, "from"), ["nothing"]);
    assert_eq!(told(&story, EventKind::Up, "from"), ["RECOVER"]);
    assert_eq!(told(&story, EventKind::Fail, "from"), ["UP"]);
    assert_eq!(
        told(&story, EventKind::Fail, "reason"),
        ["the story says so"]
    );
}

#[test]
fn an_error_of_a_script_is_the_reason_that_is_told_of_it() {
    let mut story = Story::new(&[("web", service(&[], &[]))]);
    let outcome = Story::error("start: no such device");
    story.plays.insert(Task::Start, Play::Ends(ms(50), outcome));
    story.run(Span::from_secs(3));
    for key in ["error", "reason"] {
        let told = told(&story, EventKind::Scripterror, key);
        assert_eq!(told, ["start: no such device"], "{key}");
    }
}

#[test]
fn a_host_that_serves_beside_us_is_told_of_once_while_it_does() {
    let mut story = Story::new(&[("web", service(&[], &["hostb"]))]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    for times in 1..=2 {
        story.set("hostb", "web", State::Up);
        story.run(Span::from_secs(5));
        let hosts = told(&story, EventKind::Splitbrain, "host");
        assert_eq!(hosts, vec!["hostb"; times]);
        story.set("hostb", "web", State::Recover);
        story.run(Span::from_secs(5));
    }
    assert_eq!(told(&story, EventKind::Splitbrain, "host").len(), 2);
}

#[test]
fn a_host_where_nobody_supervises_is_told_of_once_while_it_is_so() {
    let mut story = Story::new(&[("web", service(&["hosta"], &["hostb"]))]);
    for times in 1..=2 {
        let (none, state) = (Marks(0), Some(State::Recover));
        story.change_as("hosta", "web", state, none, none, "ready", 1000);
        story.run(Span::from_secs(2));
        assert_eq!(
            told(&story, EventKind::Unsupervised, "host").len(),
            times - 1
        );
        story.run(Span::from_secs(10));
        let hosts = told(&story, EventKind::Unsupervised, "host");
        assert_eq!(hosts, vec!["hosta"; times]);
    }
}

#[test]
fn a_bad_check_is_no_script_error_and_is_not_told_each_time() {
    let checked = Service {
        check: Some("check".to_string()),
        check_interval: Span::from_secs(1),
        fall: 100,
        ..service(&[], &["hostb"])
    };
    let mut story = Story::new(&[("web", checked)]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    let bad = Story::error("check: no answer");
    story.plays.insert(Task::Check, Play::Ends(ms(50), bad));
    story.run(Span::from_secs(20));
    assert_eq!(told(&story, EventKind::Scripterror, "task").len(), 0);
    let lines = story.log.iter().filter(|line| line.contains("bad check"));
    assert_eq!(lines.count(), 19, "but the log has each");
}
