//! A warning is said when it lasts, and that it is over.

use super::story::{Play, Story, line, name, s, target};
use crate::watch::{Event, Flap, In, Line, State, Target, Verdict};

/// `www` behind a router, with a line for each kind of word.
fn few() -> Vec<Target> {
    let mut www = target("www", &["router"]);
    www.windows = vec!["night".to_string()];
    www.lines.extend([
        Line {
            newest: true,
            ..line(&[Event::Change])
        },
        line(&[Event::Down, Event::Up, Event::Change]),
        line(&[Event::Warning]),
    ]);
    vec![target("router", &[]), www]
}

fn story() -> Story {
    let mut story = Story::new(few()).all_up();
    story.forget();
    story
}

fn warns(story: &mut Story, is: bool) {
    let key = ("www".to_string(), 0);
    match is {
        true => story.verdicts.insert(key, Verdict::Warning),
        false => story.verdicts.remove(&key),
    };
}

/// It is asked so often.
fn rounds(story: &mut Story, count: usize) {
    let wanted = story.asked("www") + count;
    story.run_until("it is asked", |story| story.asked("www") >= wanted);
    story.run(crate::time::Span::from_millis(20));
}

fn bad(story: &mut Story, is: bool) {
    match is {
        true => story.bad.insert("www".to_string(), "gone"),
        false => story.bad.remove("www"),
    };
}

fn window(story: &mut Story, open: bool) {
    story.give(In::Window {
        window: "night".to_string(),
        open,
    });
}

#[test]
fn a_warning_that_lasts_is_said_once_and_that_it_is_over() {
    let mut story = story();
    warns(&mut story, true);
    rounds(&mut story, 2);
    assert!(story.view("www").warning, "it is shown at once");
    assert_eq!(story.news(), Vec::<String>::new());
    rounds(&mut story, 1);
    assert_eq!(story.news(), ["www warning"]);
    let report = story.told[0].2.clone();
    assert!(report.good && !report.first);
    assert_eq!((report.from, report.to), (State::Up, State::Up));
    assert_eq!(report.why, "warning");
    story.run(s(600));
    warns(&mut story, false);
    rounds(&mut story, 1);
    assert_eq!(story.news().len(), 1, "rise is 2");
    rounds(&mut story, 1);
    assert_eq!(story.news(), ["www warning", "www clear"]);
    let lasted = story.told.last().unwrap().2.lasted;
    assert!(lasted > s(595) && lasted < s(630), "{lasted}");
    let log: Vec<&str> = story.log.iter().map(String::as_str).collect();
    assert_eq!(log[0], "target www: warning (warning)");
    assert!(log[1].starts_with("target www: warning is over after "));
    assert_eq!(log.len(), 2);
    // Only lines that name it are told: the first and the last.
    let lines: Vec<usize> = story.told.iter().map(|(_, line, _)| *line).collect();
    assert_eq!(lines, [0, 3, 0]);
}

#[test]
fn what_chatters_is_not_said() {
    let mut story = story();
    for n in 0..40 {
        warns(&mut story, n % 3 > 0);
        rounds(&mut story, 1);
    }
    assert_eq!(story.news(), Vec::<String>::new());
    // One bad round on the way is no warning.
    warns(&mut story, true);
    rounds(&mut story, 2);
    bad(&mut story, true);
    warns(&mut story, false);
    rounds(&mut story, 1);
    bad(&mut story, false);
    warns(&mut story, true);
    rounds(&mut story, 2);
    assert_eq!(story.news(), Vec::<String>::new());
    rounds(&mut story, 1);
    assert_eq!(story.news(), ["www warning"]);
}

#[test]
fn down_takes_the_place_of_a_warning_and_up_with_it_is_said_anew() {
    let mut story = story();
    warns(&mut story, true);
    rounds(&mut story, 3);
    warns(&mut story, false);
    bad(&mut story, true);
    story.until_state("www", State::Down);
    bad(&mut story, false);
    warns(&mut story, true);
    story.run(s(120));
    let news = ["www warning", "www down", "www up", "www warning"];
    assert_eq!(story.news(), news);
    warns(&mut story, false);
    bad(&mut story, true);
    story.until_state("www", State::Down);
    bad(&mut story, false);
    story.run(s(120));
    assert_eq!(
        story.news()[4..],
        ["www down", "www up"],
        "it is over by that"
    );
}

#[test]
fn what_is_found_with_a_warning_first_is_told_of_it() {
    let mut story = Story::new(few());
    warns(&mut story, true);
    story.run(s(120));
    assert_eq!(story.news(), ["www warning"]);
}

#[test]
fn in_a_window_nothing_is_said_and_after_it_what_it_came_to() {
    let mut story = story();
    window(&mut story, true);
    warns(&mut story, true);
    story.run(s(300));
    assert_eq!(story.news(), Vec::<String>::new());
    story.checks.insert("www".to_string(), Play::Ends(s(2)));
    window(&mut story, false);
    story.run(s(1));
    assert_eq!(story.news(), Vec::<String>::new(), "it is asked first");
    story.run(s(2));
    assert_eq!(story.news(), ["www warning"]);
    // People have mended it, and it was down for that.
    window(&mut story, true);
    warns(&mut story, false);
    bad(&mut story, true);
    story.run(s(60));
    bad(&mut story, false);
    story.run(s(60));
    window(&mut story, false);
    story.run(s(60));
    assert_eq!(story.news(), ["www warning", "www clear"]);
}

#[test]
fn behind_a_dead_router_nothing_is_said_of_warnings() {
    let mut story = story();
    warns(&mut story, true);
    rounds(&mut story, 3);
    assert_eq!(story.news(), ["www warning"]);
    warns(&mut story, false);
    bad(&mut story, true);
    story.bad.insert("router".to_string(), "timeout");
    story.run(s(120));
    assert_eq!(story.state("www"), "dependency");
    bad(&mut story, false);
    story.bad.clear();
    story.run(s(120));
    let news = ["www warning", "router down", "router up", "www clear"];
    assert_eq!(story.news(), news, "it was said, and it is over");
}

#[test]
fn while_it_flaps_nothing_is_said_and_afterwards_it_is_said_anew() {
    let mut www = few();
    (www[1].pace.rise, www[1].pace.fall) = (1, 1);
    www[1].pace.flap = Some(Flap {
        changes: 2,
        within: s(120),
    });
    let mut story = Story::new(www).all_up();
    warns(&mut story, true);
    rounds(&mut story, 1);
    for down in [true, false] {
        warns(&mut story, !down);
        bad(&mut story, down);
        story.give(In::Ask(name("www")));
        story.run(s(20));
    }
    assert_eq!(story.news(), ["www warning", "www down", "www flapping"]);
    story.run(s(200));
    assert_eq!(story.news()[3..], ["www up", "www warning"]);
}

#[test]
fn a_warning_that_was_said_is_not_said_again_after_a_restart_or_with_a_new_file() {
    let mut story = story();
    warns(&mut story, true);
    rounds(&mut story, 3);
    let mut other = few();
    other[1].pace.interval = s(7);
    story.reload(other);
    story.run(s(100));
    assert_eq!(story.news(), ["www warning"]);
    let restart = |story: &Story| {
        let mut again = Story::empty();
        (again.now, again.verdicts) = (story.now, story.verdicts.clone());
        again.jump(s(5));
        again.give(In::Restore(story.watch.kept()));
        again.reload(few());
        again
    };
    let mut again = restart(&story);
    again.run(s(120));
    assert_eq!(again.news(), Vec::<String>::new());
    warns(&mut story, false);
    let mut again = restart(&story);
    again.run(s(120));
    assert_eq!(again.news(), ["www clear"]);
    let lasted = again.told[0].2.lasted;
    assert!(lasted > s(105) && lasted < s(160), "{lasted}");
}
