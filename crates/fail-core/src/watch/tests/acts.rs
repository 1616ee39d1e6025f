//! Actions: one at a time for each line, within limits, and none holds up another.

use super::story::{Play, Story, line, name, s, target};
use crate::time::Span;
use crate::watch::{Event, In, Limit, Line, State, Target};

fn www(lines: Vec<Line>) -> Target {
    let mut www = target("www", &[]);
    www.pace.rise = 1;
    www.pace.fall = 1;
    www.lines = lines;
    www
}

fn newest() -> Line {
    Line {
        newest: true,
        ..line(&[Event::Change])
    }
}

fn ask(story: &mut Story) {
    story.give(In::Ask(name("www")));
    story.run(Span::from_millis(100));
}

/// It goes down and comes up again, so many times.
fn turns(story: &mut Story, times: usize) {
    for _ in 0..times {
        story.bad.insert("www".to_string(), "gone");
        ask(story);
        assert_eq!(story.state("www"), "down");
        story.bad.clear();
        ask(story);
        assert_eq!(story.state("www"), "up");
    }
}

fn of_line(story: &Story, line: usize) -> Vec<(bool, u32)> {
    let told = story.told.iter().filter(|(_, of, _)| *of == line);
    told.map(|(_, _, report)| (report.good, report.left_out))
        .collect()
}

#[test]
fn a_line_is_told_of_what_it_is_about_once_and_by_its_own_name() {
    let lines = vec![
        line(&[Event::Down, Event::Change]),
        line(&[Event::Up]),
        line(&[Event::Change]),
        line(&[Event::Renotify]),
    ];
    let mut story = Story::new(vec![www(lines)]).all_up();
    turns(&mut story, 1);
    let told: Vec<_> = story.told.iter().map(|(_, n, r)| (*n, r.event)).collect();
    let expected = [
        (0, Event::Down),
        (2, Event::Change),
        (0, Event::Change),
        (1, Event::Up),
        (2, Event::Change),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_line_does_one_thing_at_a_time_and_in_order() {
    let mut story = Story::new(vec![www(vec![line(&[Event::Change])])]).all_up();
    story.acts.insert(("www".to_string(), 0), Play::Ends(s(5)));
    turns(&mut story, 3);
    story.run(s(60));
    let goods: Vec<bool> = of_line(&story, 0).iter().map(|(good, _)| *good).collect();
    assert_eq!(goods, [false, true, false, true, false, true]);
    for two in story.told.windows(2) {
        assert!(two[1].0 - two[0].0 >= s(5));
    }
}

#[test]
fn an_action_that_hangs_is_given_up_and_holds_up_no_other_line() {
    let lines = vec![line(&[Event::Change]), line(&[Event::Change])];
    let mut story = Story::new(vec![www(lines)]).all_up();
    story.acts.insert(("www".to_string(), 0), Play::Hangs);
    turns(&mut story, 2);
    assert_eq!((of_line(&story, 0).len(), of_line(&story, 1).len()), (1, 4));
    assert!(story.view("www").actions[0].runs);
    story.run(s(16));
    assert_eq!(of_line(&story, 0).len(), 2, "timeout and grace");
    assert_eq!(story.forgotten, 1);
    let failed = story.view("www").actions[0].failed.clone().unwrap();
    assert_eq!(failed, "it gave no answer by its deadline");
    assert!(
        story.log.iter().any(|text| text
            == "target www: action 1 (change) failed: it gave no answer by its deadline")
    );
    assert_eq!(story.state("www"), "up");
}

#[test]
fn every_leaves_out_what_comes_too_soon_and_the_next_says_how_many() {
    let lines = vec![Line {
        every: Some(s(600)),
        ..line(&[Event::Down])
    }];
    let mut story = Story::new(vec![www(lines)]).all_up();
    turns(&mut story, 4);
    assert_eq!(of_line(&story, 0), [(false, 0)]);
    assert_eq!(story.view("www").actions[0].left_out, 3);
    story.run(s(600));
    turns(&mut story, 1);
    assert_eq!(of_line(&story, 0), [(false, 0), (false, 3)]);
    assert_eq!(
        story.view("www").actions[0].left_out,
        3,
        "all that were left out"
    );
}

#[test]
fn limit_lets_so_many_through_in_so_long() {
    let limit = Limit {
        count: 3,
        within: s(3_600),
    };
    let lines = vec![Line {
        limit: Some(limit),
        ..line(&[Event::Down])
    }];
    let mut story = Story::new(vec![www(lines)]).all_up();
    turns(&mut story, 5);
    assert_eq!(of_line(&story, 0).len(), 3);
    story.run(s(3_600));
    turns(&mut story, 5);
    let told = of_line(&story, 0);
    assert_eq!(told.len(), 6);
    assert_eq!(told[3], (false, 2));
}

#[test]
fn so_many_wait_and_the_oldest_of_more_are_left_out() {
    let mut story = Story::new(vec![www(vec![line(&[Event::Change])])]).all_up();
    story.acts.insert(("www".to_string(), 0), Play::Hangs);
    turns(&mut story, 6);
    story.acts.clear();
    story.run(s(60));
    let told = of_line(&story, 0);
    assert_eq!(told.len(), 1 + crate::limits::ACTS_WAITING_MAX);
    assert_eq!(told[1], (false, 3), "12 were said, 1 ran, 8 waited");
    assert!(told.last().unwrap().0, "the last is the truth");
}

#[test]
fn of_a_wish_only_the_newest_is_done_and_limits_do_not_hold() {
    let wish = Line {
        every: Some(s(3_600)),
        ..newest()
    };
    let mut story = Story::new(vec![www(vec![wish])]).all_up();
    story.acts.insert(("www".to_string(), 0), Play::Ends(s(5)));
    story.bad.insert("www".to_string(), "gone");
    ask(&mut story);
    story.bad.clear();
    ask(&mut story);
    turns(&mut story, 3);
    story.run(s(60));
    assert_eq!(of_line(&story, 0), [(false, 0), (true, 0)]);
}

#[test]
fn a_wish_that_is_true_again_when_its_turn_comes_is_not_done_twice() {
    let mut story = Story::new(vec![www(vec![newest()])]).all_up();
    story.acts.insert(("www".to_string(), 0), Play::Ends(s(5)));
    story.bad.insert("www".to_string(), "gone");
    ask(&mut story);
    story.bad.clear();
    ask(&mut story);
    story.bad.insert("www".to_string(), "gone");
    ask(&mut story);
    story.run(s(60));
    assert_eq!(of_line(&story, 0), [(false, 0)]);
}

#[test]
fn a_wish_that_fails_is_tried_again_later_and_later_until_it_is_done() {
    let mut story = Story::new(vec![www(vec![newest()])]).all_up();
    let key = ("www".to_string(), 0);
    story.fails.insert(key.clone());
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    story.run(s(160));
    let at: Vec<_> = story.told.iter().map(|(at, ..)| *at).collect();
    let waits: Vec<u64> = at
        .windows(2)
        .map(|two| (two[1] - two[0]).0 / 1_000_000_000)
        .collect();
    assert_eq!(waits, [10, 20, 40, 80]);
    let failed = story
        .log
        .iter()
        .filter(|text| text.contains("failed"))
        .count();
    assert_eq!(failed, 1, "{:?}", story.log);
    story.fails.clear();
    story.run(s(400));
    let done = story.told.len();
    story.run(s(3_600));
    assert_eq!(story.told.len(), done);
    assert_eq!(story.view("www").actions[0].failed, None);
}

#[test]
fn a_wish_that_is_no_longer_true_is_not_tried_again() {
    let wish = Line {
        newest: true,
        ..line(&[Event::Down])
    };
    let mut story = Story::new(vec![www(vec![wish])]).all_up();
    story.fails.insert(("www".to_string(), 0));
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    story.run(Span::from_millis(100));
    story.bad.clear();
    story.until_state("www", State::Up);
    let tried = story.told.len();
    story.run(s(3_600));
    assert_eq!(story.told.len(), tried);
}

#[test]
fn a_wish_that_fails_when_it_is_no_longer_true_is_not_tried_again() {
    let wish = Line {
        newest: true,
        ..line(&[Event::Down])
    };
    let mut story = Story::new(vec![www(vec![wish])]).all_up();
    let key = ("www".to_string(), 0);
    story.fails.insert(key.clone());
    story.acts.insert(key, Play::Ends(s(5)));
    turns(&mut story, 1);
    story.run(s(3_600));
    assert_eq!(of_line(&story, 0), [(false, 0)]);
}

#[test]
fn a_wish_for_one_event_is_done_each_time_it_happens() {
    let wish = |on| Line {
        newest: true,
        ..line(&[on])
    };
    let lines = vec![wish(Event::Down), wish(Event::Up)];
    let mut story = Story::new(vec![www(lines)]).all_up();
    turns(&mut story, 3);
    assert_eq!(of_line(&story, 0), [(false, 0); 3]);
    assert_eq!(of_line(&story, 1), [(true, 0); 3]);
}

#[test]
fn what_fails_otherwise_is_said_and_not_tried_again() {
    let mut story = Story::new(vec![www(vec![line(&[Event::Change])])]).all_up();
    story.fails.insert(("www".to_string(), 0));
    turns(&mut story, 1);
    story.run(s(60));
    assert_eq!(of_line(&story, 0).len(), 2);
    assert_eq!(
        story.view("www").actions[0].failed.as_deref(),
        Some("no such thing")
    );
}

/// When a line was told of something, in whole seconds since the first time.
fn seconds(story: &Story) -> Vec<(u64, bool)> {
    let first = story.told.first().map(|(at, ..)| *at);
    let since = |at| (at - first.unwrap_or(at)).as_millis() / 1_000;
    let told = story.told.iter();
    told.map(|(at, _, report)| (since(*at), report.good))
        .collect()
}

#[test]
fn the_log_says_which_line_failed_that_it_is_tried_again_and_that_it_is_done() {
    let line = Line {
        shown: format!("on change webhook http://h/... {}", "x".repeat(200)),
        ..line(&[Event::Change])
    };
    let mut story = Story::new(vec![www(vec![line])]).all_up();
    story.lost.insert(("www".to_string(), 0));
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    story.run(s(15));
    story.lost.clear();
    story.run(s(60));
    let of_it = story.log.iter().filter(|text| text.contains("action 1"));
    let of_it: Vec<&str> = of_it.map(String::as_str).collect();
    let begins = [
        "target www: action 1 (change) failed: nobody is there; it is tried again after 10s \
         (on change webhook http://h/... xx",
        "target www: action 1 (change) is done now (on change webhook",
    ];
    assert_eq!(of_it.len(), begins.len(), "{of_it:?}");
    for (text, begins) in of_it.iter().zip(begins) {
        assert!(text.starts_with(begins) && text.len() < 250, "{text}");
    }
}

#[test]
fn what_nobody_has_got_is_tried_again_a_few_times_and_then_given_up() {
    let mut story = Story::new(vec![www(vec![line(&[Event::Change])])]).all_up();
    story.lost.insert(("www".to_string(), 0));
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    let went_down = story.now.wall;
    story.run(s(3_600));
    let tries = [0, 10, 30, 70, 150, 310].map(|at| (at, false));
    assert_eq!(seconds(&story), tries);
    for (_, _, report) in &story.told {
        assert!(report.at.is_some_and(|at| at <= went_down), "{report:?}");
    }
    let failed = story.log.iter().filter(|text| text.contains("failed"));
    let failed: Vec<_> = failed.collect();
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(failed[1].ends_with("nobody is there; it is given up"));
    // The next one is tried as often.
    story.told.clear();
    story.bad.clear();
    story.until_state("www", State::Up);
    story.run(s(3_600));
    assert_eq!(seconds(&story).len(), tries.len());
}

#[test]
fn what_comes_after_what_nobody_has_got_is_told_after_it() {
    let mut story = Story::new(vec![www(vec![line(&[Event::Change])])]).all_up();
    let key = ("www".to_string(), 0);
    story.lost.insert(key.clone());
    turns(&mut story, 1);
    story.run(s(15));
    assert_eq!(of_line(&story, 0), [(false, 0); 2]);
    story.lost.clear();
    story.run(s(30));
    let told = [false, false, false, true].map(|good| (good, 0));
    assert_eq!(of_line(&story, 0), told);
    assert_eq!(story.view("www").actions[0].failed, None);
    // One that is refused for good when it is tried again holds up nothing.
    story.told.clear();
    story.lost.insert(key.clone());
    turns(&mut story, 1);
    story.fails.insert(key);
    story.run(s(60));
    assert_eq!(
        of_line(&story, 0),
        [false, false, true].map(|good| (good, 0))
    );
}

#[test]
fn what_is_to_be_tried_again_outlives_maintenance() {
    let mut target = www(vec![line(&[Event::Change])]);
    target.windows = vec!["night".to_string()];
    let mut story = Story::new(vec![target]).all_up();
    story.lost.insert(("www".to_string(), 0));
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    story.run(s(1));
    let (window, open) = ("night".to_string(), true);
    story.give(In::Window { window, open });
    story.lost.clear();
    story.run(s(60));
    assert_eq!(of_line(&story, 0), [(false, 0); 2]);
}
