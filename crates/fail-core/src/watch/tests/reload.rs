//! A new Hcfile: who stays goes on as he was.

use super::story::{Play, Story, group, line, ms, name, s, target};
use crate::watch::{Event, In, Line, State, Target};

fn few() -> Vec<Target> {
    vec![target("a", &[]), target("b", &["a"]), target("c", &["b"])]
}

#[test]
fn the_same_file_again_changes_nothing() {
    let mut story = Story::new(few()).all_up();
    story.bad.insert("b".to_string(), "gone");
    story.run(s(31));
    let (news, asked) = (story.news(), story.asked.len());
    let (deadline, shown) = (
        crate::machine::Machine::deadline(&story.watch),
        story.shown.len(),
    );
    story.reload(few());
    assert_eq!((story.news(), story.asked.len()), (news, asked));
    assert_eq!(crate::machine::Machine::deadline(&story.watch), deadline);
    assert_eq!(
        (story.shown.len(), story.log.len()),
        (shown, story.log.len())
    );
    assert_eq!(story.state("b"), "down");
    assert_eq!(story.state("c"), "dependency");
}

#[test]
fn states_checks_and_actions_go_on_when_others_come_and_go() {
    let mut story = Story::new(few()).all_up();
    story.bad.insert("c".to_string(), "gone");
    story.acts.insert(("c".to_string(), 0), Play::Ends(s(14)));
    story.until_state("c", State::Down);
    story.checks.insert("b".to_string(), Play::Ends(s(4)));
    story.run_until("b is asked", |story| story.running > 0);
    let mut targets = few();
    targets.insert(0, target("new", &[]));
    targets[2].pace.rise = 3;
    story.reload(targets);
    assert_eq!((story.dropped, story.forgotten), (0, 0));
    assert!(story.view("c").actions[0].runs);
    assert_eq!(story.state("c"), "down");
    story.run(s(60));
    assert!(!story.view("c").actions[0].runs, "its answer was heard");
    assert_eq!(story.state("new"), "up");
    assert_eq!(story.news(), ["c down"]);
    assert!(story.log.contains(&"4 targets: 1 new, 0 gone".to_string()));
}

#[test]
fn what_is_gone_is_dropped_with_its_checks_and_actions() {
    let mut story = Story::new(few()).all_up();
    story.acts.insert(("c".to_string(), 0), Play::Hangs);
    story.bad.insert("c".to_string(), "gone");
    story.until_state("c", State::Down);
    story.checks.insert("c".to_string(), Play::Hangs);
    story.run_until("c is asked", |story| story.running > 0);
    story.reload(vec![target("a", &[])]);
    assert_eq!((story.dropped, story.forgotten), (1, 1));
    assert!(story.watch.view(&super::story::name("c")).is_none());
    story.run(s(100));
    assert_eq!(story.state("a"), "up");
}

#[test]
fn a_new_check_is_asked_at_once_and_an_old_state_stays() {
    let mut targets = few();
    targets[0].pace.interval = s(3_600);
    let mut story = Story::new(targets.clone()).all_up();
    targets[0].checks = 2;
    story.reload(targets);
    assert_eq!(story.running, 2);
    assert_eq!(story.state("a"), "up");
    assert_eq!(story.view("a").checks.len(), 2);
}

#[test]
fn a_new_dependency_that_is_down_hides_at_once() {
    let mut story = Story::new(vec![target("a", &[]), target("b", &[])]).all_up();
    story.bad.insert("a".to_string(), "gone");
    story.until_state("a", State::Down);
    story.reload(vec![target("a", &[]), target("b", &["a"])]);
    assert_eq!(story.state("b"), "dependency");
    story.reload(vec![target("a", &[]), target("b", &[])]);
    story.run(s(60));
    assert_eq!(story.state("b"), "up");
    assert_eq!(story.news(), ["a down"]);
}

#[test]
fn a_target_may_become_a_group_and_the_other_way_round() {
    let mut story = Story::new(vec![target("a", &[]), target("b", &["a"])]).all_up();
    story.reload(vec![target("a", &[]), group("b", &["a"], 1)]);
    story.run(s(60));
    assert_eq!(story.state("b"), "up");
    story.bad.insert("b".to_string(), "gone");
    story.reload(vec![target("a", &[]), target("b", &["a"])]);
    story.until_state("b", State::Down);
    assert_eq!(story.news(), ["b down"]);
}

#[test]
fn a_shorter_interval_holds_at_once() {
    let mut targets = vec![target("a", &[])];
    targets[0].pace.interval = s(3_600);
    let mut story = Story::new(targets).all_up();
    story.reload(vec![target("a", &[])]);
    story.run(s(100));
    assert!(story.asked("a") >= 9);
}

#[test]
fn a_new_wish_is_told_how_it_is_and_one_that_changed_too() {
    let wish = Line {
        newest: true,
        ..line(&[Event::Change])
    };
    let mut www = target("www", &[]);
    let mut story = Story::new(vec![www.clone()]).all_up();
    www.lines.push(wish.clone());
    story.reload(vec![www.clone()]);
    story.run(s(1));
    let told: Vec<_> = story
        .told
        .iter()
        .map(|(_, line, r)| (*line, r.good, r.first))
        .collect();
    assert_eq!(told, [(1, true, false)]);
    story.reload(vec![www.clone()]);
    story.run(s(60));
    assert_eq!(story.told.len(), 1, "once");
    www.lines[1] = Line {
        timeout: s(3),
        ..wish.clone()
    };
    story.reload(vec![www.clone()]);
    story.run(s(60));
    assert_eq!(story.told.len(), 2);
    www.lines[1].what = "on change failc web2".to_string();
    story.reload(vec![www]);
    story.run(s(60));
    assert_eq!(story.told.len(), 3, "it wishes something else");
}

#[test]
fn a_new_wish_is_told_how_it_is_though_the_target_was_found_otherwise_once() {
    let mut www = target("www", &[]);
    let mut story = Story::new(vec![www.clone()]).all_up();
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    story.bad.clear();
    let asked = story.asked("www");
    story.run_until("it is found good", |story| story.asked("www") > asked);
    story.run(ms(20));
    story.bad.insert("www".to_string(), "gone");
    www.lines.push(Line {
        newest: true,
        ..line(&[Event::Change])
    });
    story.reload(vec![www]);
    story.run(s(60));
    let told = story.told.iter().filter(|(_, line, _)| *line == 1);
    let told: Vec<bool> = told.map(|(.., report)| report.good).collect();
    assert_eq!(told, [false]);
}

#[test]
fn what_was_good_as_a_group_is_not_certain_as_a_target() {
    let fast = |mut target: Target| {
        (target.pace.rise, target.pace.fall) = (1, 1);
        target
    };
    let targets = |www: Target| {
        let app = fast(target("app", &["www", "router"]));
        vec![target("a", &[]), fast(target("router", &[])), www, app]
    };
    let mut story = Story::new(targets(group("www", &["a"], 1))).all_up();
    story.checks.insert("router".to_string(), Play::Ends(s(3)));
    story.checks.insert("www".to_string(), Play::Ends(s(4)));
    story.bad.insert("app".to_string(), "gone");
    story.bad.insert("www".to_string(), "gone");
    story.give(In::Ask(name("app")));
    // The group is found good; the router has not answered.
    story.run(s(1));
    story.reload(targets(fast(target("www", &["a"]))));
    story.run(s(60));
    assert_eq!(story.news(), ["www down"]);
}

/// With words of its own, as lines of an Hcfile have.
fn worded(what: &str, on: &[Event]) -> Line {
    Line {
        what: what.to_string(),
        ..line(on)
    }
}

fn failc() -> Line {
    Line {
        newest: true,
        ..worded("on change failc web", &[Event::Change])
    }
}

#[test]
fn a_wish_that_has_moved_in_the_file_is_not_made_again() {
    let mut www = target("www", &[]);
    www.lines.push(failc());
    let mut story = Story::new(vec![www.clone()]).all_up();
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    story.run(s(1));
    story.forget();
    // A line above it is new, and later it is gone again.
    www.lines.insert(0, worded("on up syslog", &[Event::Up]));
    story.reload(vec![www.clone()]);
    story.run(s(60));
    www.lines.remove(0);
    story.reload(vec![www]);
    story.run(s(60));
    assert_eq!(story.told, []);
}

#[test]
fn what_a_line_does_and_what_waits_behind_it_go_on_where_it_stands_now() {
    let mut www = target("www", &[]);
    (www.pace.rise, www.pace.fall) = (1, 1);
    www.lines = vec![worded("on change mail", &[Event::Change]), failc()];
    let mut story = Story::new(vec![www.clone()]).all_up();
    story.acts.insert(("www".to_string(), 0), Play::Hangs);
    story.fails.insert(("www".to_string(), 1));
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    story.run(ms(20));
    story.bad.clear();
    story.until_state("www", State::Up);
    story.run(ms(20));
    // The mail hangs and another waits behind it; the wish waits to be tried again.
    story.forget();
    www.lines = vec![
        failc(),
        worded("on down exec", &[Event::Down]),
        worded("on change mail", &[Event::Change]),
    ];
    story.acts.clear();
    story.fails.clear();
    story.reload(vec![www]);
    assert_eq!(story.forgotten, 0);
    story.run(s(60));
    let told: Vec<_> = story.told.iter().map(|(_, n, r)| (*n, r.good)).collect();
    assert_eq!(told, [(2, true), (0, true)]);
    assert_eq!(story.forgotten, 1, "the mail that hung was given up");
}

#[test]
fn limits_hold_over_a_move_in_the_file() {
    let mail = Line {
        every: Some(s(3_600)),
        ..worded("on down mail every=1h", &[Event::Down])
    };
    let mut www = target("www", &[]);
    (www.pace.rise, www.pace.fall) = (1, 1);
    www.lines = vec![mail];
    let mut story = Story::new(vec![www.clone()]).all_up();
    let once = |story: &mut Story| {
        story.bad.insert("www".to_string(), "gone");
        story.until_state("www", State::Down);
        story.bad.clear();
        story.until_state("www", State::Up);
    };
    once(&mut story);
    www.lines
        .insert(0, worded("on up syslog", &[Event::Flapping]));
    story.reload(vec![www]);
    once(&mut story);
    assert_eq!(story.told.len(), 1);
    assert_eq!(story.view("www").actions[1].left_out, 1);
}

#[test]
fn of_two_lines_that_are_the_same_each_goes_on() {
    let mut www = target("www", &[]);
    www.lines = vec![failc(), failc()];
    let mut story = Story::new(vec![www.clone()]).all_up();
    www.lines.insert(1, worded("on up syslog", &[Event::Up]));
    story.reload(vec![www.clone()]);
    story.run(s(60));
    assert_eq!(story.told, []);
    www.lines.push(failc());
    story.reload(vec![www]);
    story.run(s(60));
    let lines: Vec<usize> = story.told.iter().map(|(_, line, _)| *line).collect();
    assert_eq!(lines, [3], "the third is new");
}
