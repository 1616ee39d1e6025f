//! What a failsh measures of itself and of the way to others.

use fail_wire::State;

use super::story::{LOCAL, Story, at, ms, service};
use super::views::{health, host};
use crate::job::Task;
use crate::limits;
use crate::machine::Machine;
use crate::time::{Now, Span};

#[test]
fn a_failsh_in_time_says_so() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.run(Span::from_secs(100));
    let health = health(&story);
    assert_eq!((health.late_p50_us, health.late_p99_us), (0, 0));
    assert_eq!((health.doubts, health.pauses.len()), (0, 0));
    assert_eq!((health.scripts, health.scripts_run), (0, 1));
    assert!(health.sent > 200 && health.faild == Some(true));
}

#[test]
fn a_pause_is_told_once_with_its_end_and_its_length() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.run(Span::from_secs(10));
    for _ in 0..limits::PAUSES_MAX + 3 {
        story.freeze(Span::from_secs(20));
        story.run(Span::from_secs(10));
    }
    let health = health(&story);
    assert_eq!(health.pauses.len(), limits::PAUSES_MAX);
    for pair in health.pauses.windows(2) {
        assert_eq!(pair[1].at - pair[0].at, 30_000);
    }
    let ms = health.pauses[0].ms;
    assert!((19_000..=20_000).contains(&ms), "{ms}");
    assert!(health.late_max_us >= ms * 1_000);
}

#[test]
fn a_script_gets_the_time_of_a_pause_back_once() {
    let mut story = Story::new(&[("web", service(&[], &[]))]);
    story.plays.insert(Task::Start, super::story::Play::Sits);
    story.run_until("it runs", |s| s.orders.len() == 1);
    let until = |s: &Story| super::journal::view(s, "web").script.unwrap().until;
    story.run(Span::from_secs(1));
    let before = until(&story);
    story.freeze(Span::from_secs(5));
    // Whatever comes first, and then the deadline itself.
    let job = crate::job::JobNo(77);
    story.tell(crate::plan::In::Trapped { job, error: None });
    story.tell(crate::plan::In::Trapped { job, error: None });
    story.run(ms(1));
    let after = until(&story);
    assert!(
        (4_000..=5_000).contains(&(after - before)),
        "{}",
        after - before
    );
}

#[test]
fn lateness_that_costs_rounds_is_one_line_a_minute() {
    let quick = crate::policy::Service {
        interval: ms(100),
        ..service(&[], &[])
    };
    let mut story = Story::new(&[("web", quick)]);
    let complaints = |s: &Story| {
        s.log
            .iter()
            .filter(|l| l.contains("this failsh is late"))
            .count()
    };
    story.run(Span::from_secs(130));
    assert_eq!(complaints(&story), 0);
    let until = story.now.mono + Span::from_secs(300);
    while story.now.mono < until {
        let due = story.plan.deadline().unwrap() - story.now.mono;
        story.freeze(due);
        story.freeze(ms(80));
        story.run(Span::ZERO);
    }
    let count = complaints(&story);
    assert!((4..=5).contains(&count), "{count} lines in five minutes");
    let health = health(&story);
    assert!(
        (80_000..=100_000).contains(&health.late_p50_us),
        "{health:?}"
    );
}

#[test]
fn an_answer_that_needed_a_repeat_is_a_loss() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(20));
    let view = host(&story, "hosta");
    assert_eq!((view.lost_permille, view.reachable), (0, Some(true)));
    assert_eq!(view.trip_us, Some(2_000));
    assert!(story.now.wall.0 - view.last_answer.unwrap() < 1_000);
    assert_eq!(view.last_answer.unwrap() - view.last_call.unwrap(), 2);
    for _ in 0..20 {
        story.lose.insert(at("hosta"), 1);
        story.run(Span::from_secs(5));
    }
    let lost = host(&story, "hosta").lost_permille;
    assert!((190..=210).contains(&lost), "{lost}");
    assert_eq!(host(&story, "hosta").reachable, Some(true));
    story.silent.insert(at("hosta"));
    story.run(Span::from_secs(101));
    assert_eq!(host(&story, "hosta").lost_permille, 1_000);
    assert_eq!(story.state(LOCAL, "web"), State::Up);
}

#[test]
fn a_way_that_loses_questions_is_told_once_and_when_it_is_good_again() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.set("hosta", "web", State::Up);
    let told = |s: &Story, text: &str| s.log.iter().filter(|l| l.contains(text)).count();
    let (bad, good) = ("the way to it is bad: of", "the way to it is good again");
    story.run(Span::from_secs(130));
    assert_eq!((told(&story, bad), told(&story, good)), (0, 0));
    for _ in 0..50 {
        story.lose.insert(at("hosta"), 1);
        story.run(Span::from_secs(5));
    }
    assert_eq!((told(&story, bad), told(&story, good)), (1, 0));
    let line = story.log.iter().find(|l| l.contains(bad)).unwrap();
    assert!(
        line.contains("host hosta: ") && line.ends_with("round trip 2000 us"),
        "{line}"
    );
    story.run(Span::from_secs(130));
    assert_eq!((told(&story, bad), told(&story, good)), (1, 1));
    // Who does not answer at all has a line of its own.
    story.silent.insert(at("hosta"));
    story.run(Span::from_secs(300));
    story.silent.clear();
    story.run(Span::from_secs(300));
    assert_eq!((told(&story, bad), told(&story, good)), (1, 1));
    let figures = "host hosta: round trip 2000 us, 0.0 % lost; it hears";
    assert!(told(&story, figures) > 0, "for whoever wants it");
}

#[test]
fn who_is_late_himself_says_nothing_of_the_way_to_others() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(10));
    let until = story.now.mono + Span::from_secs(300);
    while story.now.mono < until {
        let due = story.plan.deadline().unwrap() - story.now.mono;
        story.freeze(due);
        story.freeze(ms(600));
        story.lose.insert(at("hosta"), 1);
        story.run(Span::ZERO);
    }
    let told = |text: &str| story.log.iter().filter(|l| l.contains(text)).count();
    assert!(told("this failsh is late") > 0);
    assert_eq!(told("the way to it is bad"), 0);
    assert_eq!(told("unreachable"), 0);
}

#[test]
fn a_pause_that_made_several_deadlines_late_is_one_pause() {
    let mut story = Story::new(&[("web", service(&[], &[]))]);
    let due = story.now.mono;
    story.freeze(ms(3000));
    let now = story.now;
    let mut missed = |after: Span, now: Now| {
        let due = due + after;
        story.plan.measure(now, due, now.mono - due)
    };
    assert_eq!(missed(ms(0), now), ms(3000));
    // The next one, in the same turn, was due half a second later.
    assert_eq!(missed(ms(500), now), ms(0));
    // A moment later only that moment is news.
    let later = Now {
        mono: now.mono + ms(20),
        ..now
    };
    assert_eq!(missed(ms(500), later), ms(20));
}
