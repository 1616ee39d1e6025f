//! Maintenance: checked and shown, and nothing is said.

use super::story::{Play, Story, group, line, s, target};
use crate::watch::{Backoff, Event, In, Line, State, Target};

fn worked_on() -> Target {
    Target {
        windows: vec!["night".to_string()],
        ..target("www", &[])
    }
}

fn window(story: &mut Story, open: bool) {
    story.give(In::Window {
        window: "night".to_string(),
        open,
    });
}

fn bad(story: &mut Story, is: bool) {
    match is {
        true => story.bad.insert("www".to_string(), "gone"),
        false => story.bad.remove("www"),
    };
}

#[test]
fn while_it_is_worked_on_it_is_asked_and_nothing_is_said() {
    let mut story = Story::new(vec![worked_on()]).all_up();
    window(&mut story, true);
    assert_eq!(story.state("www"), "maintenance");
    bad(&mut story, true);
    story.run(s(300));
    assert_eq!(story.news(), Vec::<String>::new());
    assert_eq!(story.view("www").why, "gone", "and what was found is shown");
    assert!(story.asked("www") > 20);
    bad(&mut story, false);
    story.run(s(60));
    window(&mut story, false);
    story.run(s(60));
    assert_eq!(story.state("www"), "up");
    assert_eq!(
        story.news(),
        Vec::<String>::new(),
        "it is what was said last"
    );
}

#[test]
fn what_it_came_to_is_said_after_the_window() {
    let mut story = Story::new(vec![worked_on()]).all_up();
    window(&mut story, true);
    bad(&mut story, true);
    story.run(s(300));
    window(&mut story, false);
    story.run(s(1));
    assert_eq!(story.news(), ["www down"]);
    assert_eq!(
        story
            .log
            .iter()
            .filter(|text| text.starts_with("window night"))
            .count(),
        2
    );
    assert!(
        story
            .log
            .contains(&"window night: open for 1 target".to_string())
    );
}

#[test]
fn after_the_window_nothing_is_said_before_it_was_asked_once_more() {
    let mut www = worked_on();
    www.pace.backoff = Some(Backoff {
        initial: s(3_000),
        factor: 100,
        maximum: s(3_000),
    });
    let mut story = Story::new(vec![www]).all_up();
    window(&mut story, true);
    bad(&mut story, true);
    story.run(s(300));
    // Somebody has repaired it, and the last look at it was long ago.
    bad(&mut story, false);
    story.checks.insert("www".to_string(), Play::Ends(s(2)));
    window(&mut story, false);
    story.run(s(60));
    assert_eq!(story.state("www"), "up");
    assert_eq!(story.news(), Vec::<String>::new());
}

#[test]
fn what_died_as_the_window_closed_is_not_said_of_those_behind_it() {
    let mut www = worked_on();
    www.depends = vec![super::story::name("router")];
    (www.pace.fall, www.pace.rise) = (1, 5);
    let mut router = target("router", &[]);
    router.pace.interval = s(3_600);
    let mut story = Story::new(vec![router, www]).all_up();
    window(&mut story, true);
    bad(&mut story, true);
    story.run(s(60));
    // It comes back, slowly; before it is up again the router dies.
    bad(&mut story, false);
    story.run_until("it is good again", |story| story.view("www").streak == 2);
    window(&mut story, false);
    bad(&mut story, true);
    story.bad.insert("router".to_string(), "timeout");
    story.run(s(120));
    assert_eq!(story.news(), ["router down"]);
}

#[test]
fn what_is_below_one_that_is_worked_on_is_hidden_by_it_all_the_same() {
    let mut story = Story::new(vec![worked_on(), target("app", &["www"])]).all_up();
    window(&mut story, true);
    story.run(s(30));
    assert_eq!(story.state("app"), "up", "worked on and up");
    bad(&mut story, true);
    story.bad.insert("app".to_string(), "gone");
    story.until_state("app", State::Dependency);
    story.run(s(60));
    assert_eq!(story.news(), Vec::<String>::new());
}

#[test]
fn a_window_that_is_open_before_the_targets_are_there_counts() {
    let mut story = Story::empty();
    window(&mut story, true);
    story.reload(vec![worked_on()]);
    bad(&mut story, true);
    story.run(s(100));
    assert_eq!(story.state("www"), "maintenance");
    assert_eq!(story.news(), Vec::<String>::new());
    story.reload(vec![target("www", &[])]);
    story.run(s(60));
    assert_eq!(story.news(), ["www down"], "it is in no window any more");
}

#[test]
fn the_time_of_the_window_does_not_count_as_up_or_down() {
    let mut story = Story::new(vec![worked_on()]).all_up();
    let before = story.view("www").available.hour;
    window(&mut story, true);
    bad(&mut story, true);
    story.run(s(600));
    bad(&mut story, false);
    story.run(s(100));
    window(&mut story, false);
    assert_eq!(
        (before, story.view("www").available.hour),
        (Some(100.0), Some(100.0))
    );
}

#[test]
fn what_becomes_a_group_before_it_was_asked_after_the_window_is_told_of() {
    let targets = |www: Target| vec![target("a", &[]), www];
    let mut story = Story::new(targets(worked_on())).all_up();
    window(&mut story, true);
    bad(&mut story, true);
    story.run(s(300));
    story.checks.insert("www".to_string(), Play::Hangs);
    window(&mut story, false);
    story.bad.insert("a".to_string(), "gone");
    story.reload(targets(Target {
        windows: vec!["night".to_string()],
        ..group("www", &["a"], 1)
    }));
    story.run(s(60));
    assert_eq!(story.news(), ["a down", "www down"]);
}

#[test]
fn a_wish_that_failed_is_not_tried_again_before_the_window_has_closed() {
    for fails_in_it in [false, true] {
        let mut www = worked_on();
        www.lines = vec![Line {
            newest: true,
            ..line(&[Event::Change])
        }];
        let mut story = Story::new(vec![www]).all_up();
        let key = ("www".to_string(), 0);
        story.fails.insert(key.clone());
        if fails_in_it {
            story.acts.insert(key.clone(), Play::Ends(s(5)));
        }
        bad(&mut story, true);
        story.until_state("www", State::Down);
        story.run(s(1));
        window(&mut story, true);
        story.run(s(300));
        assert_eq!(story.told.len(), 1);
        story.fails.clear();
        window(&mut story, false);
        story.run(s(60));
        let told: Vec<bool> = story.told.iter().map(|(.., r)| r.good).collect();
        assert_eq!(told, [false, false], "and then once");
    }
}

#[test]
fn a_wish_that_ends_after_the_window_is_compared_with_what_is_true() {
    let mut www = worked_on();
    (www.pace.rise, www.pace.fall) = (1, 1);
    www.lines = vec![Line {
        newest: true,
        ..line(&[Event::Change])
    }];
    let mut story = Story::new(vec![www]).all_up();
    story.acts.insert(("www".to_string(), 0), Play::Ends(s(12)));
    bad(&mut story, true);
    story.until_state("www", State::Down);
    bad(&mut story, false);
    story.until_state("www", State::Up);
    window(&mut story, true);
    window(&mut story, false);
    story.run(s(60));
    let told: Vec<bool> = story.told.iter().map(|(.., r)| r.good).collect();
    assert_eq!(told, [false, true]);
}

/// A group whose members are worked on, and somebody who depends on it.
fn group_worked_on() -> Story {
    let member = |text| Target {
        windows: vec!["night".to_string()],
        ..target(text, &[])
    };
    let targets = vec![
        member("www"),
        member("imap"),
        group("mail", &["www", "imap"], 2),
        target("app", &["mail"]),
    ];
    Story::new(targets).all_up()
}

#[test]
fn a_group_of_what_is_worked_on_is_not_called_down() {
    let mut story = group_worked_on();
    window(&mut story, true);
    bad(&mut story, true);
    story.bad.insert("app".to_string(), "gone");
    story.until_state("mail", State::Dependency);
    assert_eq!(story.view("mail").blocked, ["www"]);
    story.run(s(300));
    assert_eq!(story.state("app"), "dependency");
    bad(&mut story, false);
    story.bad.clear();
    story.until_state("mail", State::Up);
    window(&mut story, false);
    story.run(s(60));
    assert_eq!(story.state("app"), "up");
    assert_eq!(story.news(), Vec::<String>::new());
}

#[test]
fn a_group_is_told_of_after_the_window_when_its_member_was_asked_once_more() {
    let mut story = group_worked_on();
    window(&mut story, true);
    bad(&mut story, true);
    story.run(s(300));
    story.checks.insert("www".to_string(), Play::Ends(s(2)));
    window(&mut story, false);
    story.run(s(1));
    assert_eq!(story.state("mail"), "dependency", "nobody knows yet");
    story.run(s(2));
    assert_eq!(story.news(), ["www down", "mail down"]);
    // What was said before a window is not said again after it, and that it is over is.
    window(&mut story, true);
    assert_eq!(story.state("mail"), "dependency");
    window(&mut story, false);
    story.run(s(60));
    assert_eq!(story.state("mail"), "down");
    bad(&mut story, false);
    story.run(s(60));
    assert_eq!(story.news(), ["www down", "mail down", "www up", "mail up"]);
}

#[test]
fn a_member_that_is_down_and_not_worked_on_counts_beside_one_that_is() {
    let mut targets = vec![target("a", &[]), worked_on(), target("b", &[])];
    targets.push(group("any", &["a", "www", "b"], 2));
    let mut story = Story::new(targets).all_up();
    window(&mut story, true);
    bad(&mut story, true);
    story.run(s(60));
    assert_eq!(story.state("any"), "up", "two are");
    story.bad.insert("a".to_string(), "gone");
    story.until_state("any", State::Dependency);
    story.bad.insert("b".to_string(), "gone");
    story.until_state("any", State::Down);
    assert_eq!(story.news(), ["a down", "b down", "any down"]);
}

#[test]
fn what_died_as_the_window_closed_is_not_said_of_a_group_either() {
    let mut www = worked_on();
    www.depends = vec![super::story::name("router")];
    (www.pace.fall, www.pace.rise) = (1, 5);
    let mut router = target("router", &[]);
    router.pace.interval = s(3_600);
    let group = group("all", &["www"], 1);
    let mut story = Story::new(vec![router, www, group]).all_up();
    window(&mut story, true);
    bad(&mut story, true);
    story.run(s(60));
    bad(&mut story, false);
    story.run_until("it is good again", |story| story.view("www").streak == 2);
    window(&mut story, false);
    bad(&mut story, true);
    story.bad.insert("router".to_string(), "timeout");
    story.run(s(120));
    assert_eq!(story.news(), ["router down"]);
}
