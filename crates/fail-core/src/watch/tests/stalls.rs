//! hc that stood still itself accuses nobody.

use super::story::{Play, Story, ms, s, target};
use crate::watch::{In, State};

#[test]
fn what_was_under_way_while_hc_stood_still_does_not_count_if_it_is_bad() {
    let mut www = target("www", &[]);
    www.pace.fall = 1;
    let mut story = Story::new(vec![www]).all_up();
    story.bad.insert("www".to_string(), "timeout");
    story.checks.insert("www".to_string(), Play::Ends(s(1)));
    story.run_until("it is asked", |story| story.running == 1);
    // hc is stopped, and with it the check: its time is over when it goes on.
    story.jump(s(30));
    story.bad.clear();
    story.run(s(60));
    assert_eq!(story.news(), Vec::<String>::new());
    assert_eq!(story.watch.health().stalls, 1);
    assert!(
        story.log[0].starts_with("hc stood still for "),
        "{:?}",
        story.log
    );
    story.bad.insert("www".to_string(), "timeout");
    story.until_state("www", State::Down);
}

#[test]
fn a_check_that_could_not_answer_while_hc_stood_still_is_asked_again() {
    let mut www = target("www", &[]);
    www.pace.fall = 1;
    let mut story = Story::new(vec![www]).all_up();
    story.checks.insert("www".to_string(), Play::Hangs);
    story.run_until("it is asked", |story| story.running == 1);
    story.checks.clear();
    story.jump(s(30));
    let asked = story.asked.len();
    story.run(s(5));
    assert_eq!(story.asked.len(), asked + 1);
    assert_eq!(story.state("www"), "up");
}

#[test]
fn what_runs_the_checks_may_stand_still_as_well() {
    let mut www = target("www", &[]);
    www.pace.fall = 1;
    let mut story = Story::new(vec![www]).all_up();
    for (late, stalls) in [(None, 0), (Some(s(3)), 1)] {
        story.bad.insert("www".to_string(), "timeout");
        story.checks.insert("www".to_string(), Play::Ends(s(1)));
        story.run_until("it is asked", |story| story.running == 1);
        story.run(ms(500));
        story.give(In::Stalled(late));
        story.bad.clear();
        story.checks.clear();
        let asked = story.asked.len();
        story.run(s(2));
        assert_eq!(story.asked.len(), asked + 1, "it is asked anew at once");
        assert_eq!(story.news(), Vec::<String>::new());
        assert_eq!(story.watch.health().stalls, stalls);
        story.run_until("it is over", |story| story.running == 0);
    }
    let told =
        "what runs the checks stood still for 3s; bad findings of checks under way do not count";
    assert_eq!(story.log, [told]);
}

#[test]
fn what_was_good_counts() {
    let mut story = Story::new(vec![target("www", &[])]);
    story.checks.insert("www".to_string(), Play::Ends(s(1)));
    story.run_until("it is asked", |story| story.running == 1);
    story.jump(s(30));
    story.run(s(4));
    assert_eq!(story.state("www"), "up");
    assert_eq!(story.watch.health().stalls, 1);
}

#[test]
fn an_hc_that_always_stands_still_finds_what_is_down_all_the_same() {
    let mut story = Story::new(vec![target("www", &[])]).all_up();
    story.bad.insert("www".to_string(), "gone");
    for _ in 0..200 {
        story.jump(s(12));
        story.run(crate::time::Span::from_millis(50));
    }
    assert_eq!(story.state("www"), "down");
}

#[test]
fn what_never_answers_an_hc_that_always_stands_still_is_shown_to_be_so() {
    let mut story = Story::new(vec![target("www", &[])]).all_up();
    story.checks.insert("www".to_string(), Play::Hangs);
    for _ in 0..200 {
        story.jump(s(12));
        story.run(crate::time::Span::from_millis(50));
    }
    assert_eq!(story.state("www"), "down");
    assert_eq!(
        story.view("www").checks[0].verdict.as_deref(),
        Some("unknown")
    );
}

#[test]
fn it_is_seen_that_hc_stood_still_though_nothing_was_due_meanwhile() {
    let mut www = target("www", &[]);
    (www.pace.fall, www.pace.timeout) = (1, s(60));
    www.pace.interval = s(3_600);
    let mut story = Story::new(vec![www]).all_up();
    story.checks.insert("www".to_string(), Play::Ends(s(10)));
    story.bad.insert("www".to_string(), "timeout");
    story.give(In::Ask(super::story::name("www")));
    story.run(s(1));
    story.jump(s(9));
    story.bad.clear();
    story.run(s(60));
    assert_eq!(story.watch.health().stalls, 1);
    assert_eq!(story.news(), Vec::<String>::new());
}

#[test]
fn being_a_little_late_is_nothing() {
    let mut story = Story::new(vec![target("www", &[])]).all_up();
    let next = story.watch.health().stalls;
    let due = crate::machine::Machine::deadline(&story.watch).unwrap();
    story.jump(due - story.now.mono);
    story.jump(crate::time::Span::from_millis(900));
    story.run(s(5));
    assert_eq!(story.watch.health().stalls, next);
    assert!(story.watch.health().late_p99 > 100.0);
}

#[test]
fn an_action_whose_time_passed_while_hc_stood_still_gets_a_little_more() {
    let mut story = Story::new(vec![target("www", &[])]).all_up();
    story.acts.insert(("www".to_string(), 0), Play::Ends(s(9)));
    story.bad.insert("www".to_string(), "gone");
    story.until_state("www", State::Down);
    let pending = In::Ask(super::story::name("nobody"));
    story.jump(s(100));
    story.give(pending);
    story.run(s(10));
    assert_eq!(story.forgotten, 0);
    assert_eq!(story.view("www").actions[0].failed, None);
}
