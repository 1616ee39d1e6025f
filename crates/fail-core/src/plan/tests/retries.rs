//! Coming back after a failure of one's own, and not giving way to less than a serving master.

use fail_wire::{Marks, State};

use super::journal::view;
use super::story::{LOCAL, Play, Story, ms, service};
use crate::job::Task;
use crate::policy::{Retry, Service};
use crate::time::Span;

const NONE: Marks = Marks(0);

fn retry() -> Service {
    Service {
        retry: Some(Retry {
            initial: Span::from_secs(5),
            factor_milli: Retry::FACTOR_MILLI,
            maximum: Span::from_secs(15),
        }),
        ..service(&["hosta"], &["hostb"])
    }
}

fn failing() -> Story {
    let mut story = Story::new(&[("web", retry())]);
    let outcome = Story::error("start: no such device");
    story.plays.insert(Task::Start, Play::Ends(ms(50), outcome));
    story.run_until("it is in FAIL", failed);
    story
}

fn failed(story: &Story) -> bool {
    let record = story.record(LOCAL, "web");
    record.state == State::Fail && !record.marks.has(Marks::UNPUBLISHED)
}

#[test]
fn why_it_failed_is_told_while_it_is_not_tried_again() {
    let mut story = failing();
    story.run(Span::from_secs(1));
    let why = "wait: retry 5s after failure 1 (start: no such device)";
    assert_eq!(view(&story, "web").why, why);
    story.plays.remove(&Task::Start);
    story.set("hosta", "web", State::Up);
    story.set(LOCAL, "web", State::Fail);
    story.run(Span::from_secs(2));
    assert_eq!(
        view(&story, "web").why,
        "yield: a master can serve, and it can not be brought up here (the story says so); \
         masters hosta=UP; slaves hostb=FAIL"
    );
}

/// For a minute nothing is tried.
fn stays(story: &mut Story) {
    let orders = story.orders.len();
    story.run(Span::from_secs(60));
    assert!(failed(story));
    assert_eq!(story.orders.len(), orders);
}

fn ready(story: &Story) -> bool {
    story.state(LOCAL, "web") == State::Recover
}

#[test]
fn a_service_that_failed_comes_back_and_waits_longer_each_time() {
    let mut story = failing();
    for wait in [5, 10, 15, 15] {
        let waited = story.run_until("it comes back", ready);
        let off = waited.0.abs_diff(Span::from_secs(wait).0);
        assert!(off <= ms(20).0, "{waited}, not {wait} s");
        let reason = story.record(LOCAL, "web").reason;
        assert!(
            reason
                .as_str()
                .starts_with(&format!("retry: {wait}s after")),
            "{reason}"
        );
        story.run_until("it fails again", failed);
    }
}

#[test]
fn a_start_that_says_fail_and_a_stop_that_breaks_are_failures_of_its_own() {
    let mut story = Story::new(&[("web", retry())]);
    story
        .plays
        .insert(Task::Start, Play::Ends(ms(50), Ok(State::Fail)));
    story.run_until("it is in FAIL", failed);
    story
        .plays
        .insert(Task::Start, Play::Ends(ms(50), Ok(State::Up)));
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    let outcome = Story::error("stop: device busy");
    story.plays.insert(Task::Stop, Play::Ends(ms(50), outcome));
    story.set(LOCAL, "web", State::Recover);
    story.run_until("it is in FAIL", failed);
    story.run_until("it serves again", |s| s.state(LOCAL, "web") == State::Up);
}

#[test]
fn what_people_say_is_no_failure_and_neither_is_what_was_found() {
    // Found at start-up.
    let mut story = Story::new(&[("web", retry())]);
    story.set(LOCAL, "web", State::Fail);
    stays(&mut story);
    // Said while it served.
    let mut story = Story::new(&[("web", retry())]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.set(LOCAL, "web", State::Fail);
    story.run_until("it is cleaned up", |s| s.count(Task::Stop) == 1);
    story.run(ms(500));
    stays(&mut story);
    // Said of one that had failed by itself.
    let mut story = failing();
    story.set(LOCAL, "web", State::Fail);
    stays(&mut story);
}

#[test]
fn a_stop_that_breaks_after_a_hand_said_fail_is_no_failure_of_its_own() {
    let mut story = Story::new(&[("web", retry())]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    let outcome = Story::error("stop: device busy");
    story.plays.insert(Task::Stop, Play::Ends(ms(50), outcome));
    story.set(LOCAL, "web", State::Fail);
    story.run_until("its stop broke", |s| {
        s.record(LOCAL, "web")
            .reason
            .as_str()
            .contains("device busy")
    });
    stays(&mut story);
}

#[test]
fn fail_that_is_said_while_a_start_breaks_stands() {
    let mut story = Story::new(&[("web", retry())]);
    let outcome = Story::error("start: no such device");
    story
        .plays
        .insert(Task::Start, Play::Ends(ms(500), outcome));
    story.run_until("it starts", |s| s.count(Task::Start) == 1);
    story.run(ms(50));
    story.set(LOCAL, "web", State::Fail);
    story.run_until("the start broke", |s| s.count(Task::Stop) == 1);
    story.run(ms(500));
    stays(&mut story);
}

#[test]
fn a_failure_whose_acknowledgement_was_lost_is_still_its_own() {
    let mut story = Story::new(&[("web", retry())]);
    let outcome = Story::error("start: no such device");
    story.plays.insert(Task::Start, Play::Ends(ms(50), outcome));
    story.run_until("the start broke", |s| s.count(Task::Stop) == 1);
    let local = super::story::at(LOCAL);
    story.disk = Span::from_secs(3);
    story.lose_queries.insert(local);
    story.run(Span::from_secs(2));
    assert_eq!(story.state(LOCAL, "web"), State::Fail, "the faild has it");
    story.lose_queries.clear();
    let back = story.run_until("it comes back", ready);
    assert!(back <= ms(5_100), "{back}");
}

#[test]
fn held_it_does_not_come_back_before_it_is_released_and_the_time_goes_on() {
    let mut story = failing();
    story.change(LOCAL, "web", None, Marks::HELD, NONE, "held: looking");
    stays(&mut story);
    story.change(LOCAL, "web", None, NONE, Marks::HELD, "released");
    let back = story.run_until("it comes back", ready);
    assert!(back <= ms(1010), "{back}");
}

#[test]
fn away_it_stays_away_until_it_is_wished_back() {
    let mut story = failing();
    story.change(LOCAL, "web", None, Marks::AWAY, NONE, "away: new disk");
    stays(&mut story);
    story.change(
        LOCAL,
        "web",
        Some(State::Recover),
        NONE,
        Marks::AWAY,
        "back",
    );
    story.run_until("it is tried again", |s| s.count(Task::Start) == 2);
}

#[test]
fn it_waits_for_the_local_faild_to_hear_of_it() {
    let mut story = failing();
    story.silent.insert(super::story::at(LOCAL));
    stays(&mut story);
    story.silent.clear();
    let back = story.run_until("it comes back", ready);
    assert!(back <= ms(1010), "{back}");
}

#[test]
fn a_faild_that_lost_its_memory_does_not_make_it_forget_to_come_back() {
    let mut story = failing();
    story.run(Span::from_secs(1));
    story.forget_all(LOCAL);
    story.run_until("it is told again", failed);
    story.run_until("it comes back", ready);
}

#[test]
fn who_has_served_for_a_minute_begins_anew_and_who_has_not_does_not() {
    for (served, wait) in [(30, 10), (70, 5)] {
        let mut story = failing();
        story
            .plays
            .insert(Task::Start, Play::Ends(ms(50), Ok(State::Up)));
        story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
        story.run(Span::from_secs(served));
        let outcome = Story::error("stop: device busy");
        story.plays.insert(Task::Stop, Play::Ends(ms(50), outcome));
        story.set("hosta", "web", State::Recover);
        story.run_until("it fails again", failed);
        let waited = story.run_until("it comes back", ready);
        let off = waited.0.abs_diff(Span::from_secs(wait).0);
        assert!(off <= ms(20).0, "{waited}, not {wait} s");
    }
}

#[test]
fn a_hand_that_says_ready_begins_anew() {
    let mut story = failing();
    story.run_until("it comes back", ready);
    story.run_until("it fails again", failed);
    story.set(LOCAL, "web", State::Recover);
    story.run_until("it fails again", failed);
    let waited = story.run_until("it comes back", ready);
    assert!(waited <= Span::from_secs(6), "{waited}");
}

fn retry_checked() -> Service {
    Service {
        check: Some("check".to_string()),
        check_interval: Span::from_secs(1),
        check_recover: true,
        ..retry()
    }
}

#[test]
fn with_checkrecover_it_comes_back_when_checks_are_good_and_the_time_is_over() {
    let mut story = Story::new(&[("web", retry_checked())]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    let bad = Story::error("check: no link");
    story.plays.insert(Task::Check, Play::Ends(ms(50), bad));
    story.run_until("it is in FAIL", failed);
    story.run(Span::from_secs(20));
    assert!(failed(&story), "the time is over, but no check is good");
    story.plays.insert(Task::Check, Play::Looks(ms(50)));
    let back = story.run_until("it comes back", ready);
    assert!(
        back >= ms(1000) && back <= ms(2200),
        "after two good ones: {back}"
    );
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    // Now the checks are good all the time, and the time counts.
    let bad = Story::error("check: no link");
    story.plays.insert(Task::Check, Play::Ends(ms(50), bad));
    story.run_until("it is in FAIL", failed);
    story.plays.insert(Task::Check, Play::Looks(ms(50)));
    let back = story.run_until("it comes back", ready);
    assert!(
        back >= ms(9_900) && back <= ms(10_100),
        "it is the second time: {back}"
    );
}

#[test]
fn good_checks_while_it_serves_make_failures_forgotten() {
    let mut story = Story::new(&[("web", retry_checked())]);
    for _ in 0..3 {
        story.plays.insert(Task::Check, Play::Looks(ms(50)));
        story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
        story.run(Span::from_secs(3));
        let bad = Story::error("check: no link");
        story.plays.insert(Task::Check, Play::Ends(ms(50), bad));
        story.run_until("it is in FAIL", failed);
        story.plays.insert(Task::Check, Play::Looks(ms(50)));
        let back = story.run_until("it comes back", ready);
        assert!(back <= ms(5_100), "always as the first time: {back}");
    }
}

fn sticky() -> Service {
    Service {
        failback: false,
        ..service(&["hosta"], &[])
    }
}

#[test]
fn without_failback_a_master_that_is_only_ready_does_not_stop_us() {
    let mut story = Story::new(&[("web", sticky())]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.set("hosta", "web", State::Recover);
    story.run(Span::from_secs(10));
    assert_eq!(story.count(Task::Stop), 0);
    let why = "keep: failback no, and no master serves; masters hosta=RECOVER";
    let name = super::story::name("web");
    assert_eq!(story.plan.status(&name).unwrap().why, why);
    story.set("hosta", "web", State::Up);
    story.run_until("one that serves does", |s| s.count(Task::Stop) == 1);
}

#[test]
fn without_failback_a_master_that_is_starting_stops_us() {
    let mut story = Story::new(&[("web", sticky())]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.set("hosta", "web", State::Recover);
    story.change("hosta", "web", None, Marks::STARTING, NONE, "start");
    story.run_until("it gives way", |s| s.count(Task::Stop) == 1);
}

#[test]
fn without_failback_who_does_not_serve_still_leaves_it_to_a_master() {
    let mut story = Story::new(&[("web", sticky())]);
    story.set("hosta", "web", State::Recover);
    story.run(Span::from_secs(10));
    assert_eq!(story.orders.len(), 0);
}
