//! What is shown.

use super::story::{Play, Story, group, line, name, s, target};
use crate::watch::{Event, In, State};

#[test]
fn a_view_tells_all_of_a_target() {
    let mut www = target("www", &["router"]);
    www.checks = 2;
    www.lines.push(line(&[Event::Up]));
    let mut story = Story::new(vec![target("router", &[]), www]).all_up();
    story.bad.insert("www".to_string(), "status 500");
    story.until_state("www", State::Down);
    story.run(s(3));
    let view = story.view("www");
    assert_eq!((view.name.as_str(), view.state.as_str()), ("www", "down"));
    assert_eq!((view.why.as_str(), view.depends.len()), ("status 500", 1));
    assert_eq!((view.checks.len(), view.actions.len()), (2, 2));
    assert_eq!(view.checks[1].verdict.as_deref(), Some("bad"));
    assert!((view.checks[0].took - 10.0).abs() < 1e-9);
    assert!(
        view.checks.iter().all(|check| check.line.is_empty()),
        "hc fills that in"
    );
    let change = view.changes.last().unwrap();
    assert_eq!((change.from.as_str(), change.to.as_str()), ("up", "down"));
    assert_eq!(change.why, "status 500");
    assert_eq!(change.at, view.since);
    assert!(view.actions[0].at.is_some() && view.actions[1].at.is_none());
    assert!(view.next.unwrap() > view.checked.unwrap());
    assert!(view.available.hour.unwrap() < 100.0);
    assert_eq!(story.watch.view(&name("nobody")), None);
}

#[test]
fn only_what_has_changed_is_named_and_once_in_a_turn() {
    let targets = (0..100).map(|n| target(&format!("web-{n}"), &[])).collect();
    let mut story = Story::new(targets).all_up();
    story.give(In::Ask(name("web-7")));
    story.forget();
    story.run(crate::time::Span::from_millis(10));
    let named = story
        .shown
        .iter()
        .filter(|shown| **shown == name("web-7"))
        .count();
    assert_eq!(named, 1);
    assert!(story.shown.len() < 10);
}

#[test]
fn history_has_so_many_changes_and_moments_of_not_knowing_are_none() {
    let mut story = Story::new(vec![target("router", &[]), target("www", &["router"])]).all_up();
    for n in 0..80 {
        for bad in ["router", "www"] {
            match n % 2 {
                0 => story.bad.insert(bad.to_string(), "gone"),
                _ => story.bad.remove(bad),
            };
        }
        story.run(s(60));
    }
    let changes = story.view("www").changes;
    assert!(changes.len() <= crate::limits::CHANGES_MAX && changes.len() > 70);
    for change in &changes[1..] {
        let way = (change.from.as_str(), change.to.as_str());
        assert!(
            matches!(way, ("up", "dependency") | ("dependency", "up")),
            "{way:?}"
        );
    }
}

#[test]
fn health_tells_of_checks_and_how_late_they_begin() {
    let mut story = Story::new(vec![target("a", &[]), group("g", &["a"], 1)]);
    story.checks.insert("a".to_string(), Play::Ends(s(1)));
    story.run_until("it is asked", |story| story.running == 1);
    let health = story.watch.health();
    assert_eq!((health.targets, health.running, health.checks), (2, 1, 0));
    story.run(s(100));
    let health = story.watch.health();
    assert!(health.checks >= 10);
    assert_eq!(
        (health.late_median, health.late_p99, health.stalls),
        (0.0, 0.0, 0)
    );
}
