//! Scripts that fail, hang, or sit there for ever.

use fail_wire::State;

use super::story::{LOCAL, Play, Story, at, ms, service};
use crate::job::Task;
use crate::machine::Machine;
use crate::plan::In;
use crate::plan::jobs::CANCEL_GRACE;
use crate::policy::Service;
use crate::time::Span;

fn quick() -> Service {
    Service {
        timeout: Span::from_secs(5),
        ..service(&[], &["hostb"])
    }
}

#[test]
fn a_start_that_breaks_is_cleaned_up_and_the_service_stays_in_fail() {
    let mut story = Story::new(&[("web", quick())]);
    story.plays.insert(
        Task::Start,
        Play::Ends(ms(50), Story::error("start: no such device")),
    );
    story.run_until("it is in FAIL", |s| {
        s.record(LOCAL, "web").reason.as_str() == "start: no such device"
    });
    assert_eq!(story.state(LOCAL, "web"), State::Fail);
    let tasks: Vec<Task> = story.orders.iter().map(|(_, order)| order.task).collect();
    assert_eq!(tasks, [Task::Start, Task::Stop]);
    story.run(Span::from_secs(60));
    assert_eq!(story.orders.len(), 2, "FAIL stays");
}

#[test]
fn a_start_that_says_fail_is_believed_and_nothing_is_cleaned_up() {
    let mut story = Story::new(&[("web", quick())]);
    story
        .plays
        .insert(Task::Start, Play::Ends(ms(50), Ok(State::Fail)));
    story.run(Span::from_secs(10));
    assert_eq!(story.state(LOCAL, "web"), State::Fail);
    assert_eq!(story.orders.len(), 1);
    let record = story.record(LOCAL, "web");
    assert_eq!(record.reason.as_str(), "start returned FAIL");
}

#[test]
fn a_start_that_says_recover_is_the_reason_why_it_is_not_up() {
    let mut story = Story::new(&[("web", quick())]);
    let says = Play::Ends(ms(50), Ok(State::Recover));
    story.plays.insert(Task::Start, says);
    story.run_until("it has said so", |s| {
        s.record(LOCAL, "web").reason.as_str() == "start returned RECOVER"
    });
    assert_eq!(story.state(LOCAL, "web"), State::Recover);
}

#[test]
fn a_script_that_hangs_is_ended_at_its_time_out() {
    let mut story = Story::new(&[("web", quick())]);
    story.plays.insert(Task::Start, Play::Hangs);
    story.run_until("it runs", |s| s.orders.len() == 1);
    let ended = story.run_until("it is cancelled", |s| s.cancels.len() == 1);
    assert!(ended >= ms(4990) && ended <= ms(5010), "{ended}");
    story.run_until("it is in FAIL", |s| {
        s.record(LOCAL, "web").reason.as_str() == "start: timed out after 5s"
    });
    assert_eq!(story.state(LOCAL, "web"), State::Fail);
}

#[test]
fn a_script_that_never_ends_is_given_up_and_nothing_else_runs_before_it_does() {
    let mut story = Story::new(&[("web", quick())]);
    story.plays.insert(Task::Start, Play::Sits);
    story.run_until("it is cancelled", |s| s.cancels.len() == 1);
    let given_up = story.run_until("it is in FAIL", |s| {
        s.record(LOCAL, "web").reason.as_str() == "start: timed out after 5s and did not end"
    });
    assert!(
        given_up >= CANCEL_GRACE && given_up <= Span(CANCEL_GRACE.0 + ms(10).0),
        "{given_up}"
    );
    story.set(LOCAL, "web", State::Recover);
    story.run(Span::from_secs(30));
    assert_eq!(story.orders.len(), 1, "never two scripts of one service");
    let record = story.record(LOCAL, "web");
    assert_eq!(record.state, State::Fail, "and nobody waits for this host");
    assert!(record.reason.as_str().contains("still runs"), "{record:?}");
    let job = story.orders[0].1.job;
    let late = Story::error("at last");
    story
        .plays
        .insert(Task::Start, Play::Ends(ms(50), Ok(State::Up)));
    story
        .plan
        .handle(story.now, In::Done { job, outcome: late });
    story.run(Span::from_secs(5));
    assert_eq!(
        story.state(LOCAL, "web"),
        State::Fail,
        "what it was, it stays"
    );
    story.set(LOCAL, "web", State::Recover);
    story.run_until("it may start again", |s| s.state(LOCAL, "web") == State::Up);
}

#[test]
fn a_stop_that_breaks_makes_the_service_fail() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.plays.insert(
        Task::Stop,
        Play::Ends(ms(50), Story::error("stop: device busy")),
    );
    story.set("hosta", "web", State::Recover);
    story.run_until("it is in FAIL", |s| s.state(LOCAL, "web") == State::Fail);
    assert_eq!(
        story.record(LOCAL, "web").reason.as_str(),
        "stop: device busy"
    );
}

#[test]
fn one_service_that_hangs_delays_no_other() {
    let mut story = Story::new(&[("dns", quick()), ("web", quick())]);
    story.plays.insert(Task::Start, Play::Hangs);
    story.run_until("both start", |s| s.orders.len() == 2);
    let asked = story.asked[&at("hostb")];
    story.run(Span::from_secs(4));
    let more = story.asked[&at("hostb")] - asked;
    assert!(
        (3..=6).contains(&more),
        "asked {more} times in 4 s, while two scripts hang"
    );
}

#[test]
fn an_outcome_that_comes_twice_or_from_nowhere_is_nothing() {
    let mut story = Story::new(&[("web", quick())]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    let job = story.orders[0].1.job;
    for job in [job, crate::job::JobNo(77)] {
        story.plan.handle(
            story.now,
            In::Done {
                job,
                outcome: Ok(State::Fail),
            },
        );
    }
    story.run(Span::from_secs(5));
    assert_eq!(story.state(LOCAL, "web"), State::Up);
}

#[test]
fn a_script_that_waits_for_its_turn_is_not_to_blame() {
    let mut story = Story::new(&[("web", quick())]);
    story.queue_up = true;
    story.plays.insert(Task::Start, Play::Sits);
    story.run_until("it is ordered", |s| s.orders.len() == 1);
    story.run(Span::from_secs(30));
    assert_eq!(story.cancels.len(), 0);
    assert_eq!(story.state(LOCAL, "web"), State::Recover);
    let job = story.orders[0].1.job;
    story.plan.handle(story.now, In::Began { job });
    story.run_until("now it has its time", |s| s.cancels.len() == 1);
}

#[test]
fn the_time_that_this_host_stood_still_is_not_the_scripts() {
    let mut story = Story::new(&[("web", quick())]);
    story.plays.insert(Task::Start, Play::Sits);
    story.run_until("it runs", |s| s.orders.len() == 1);
    story.run(Span::from_secs(3));
    story.freeze(Span::from_secs(60));
    story.run(ms(500));
    assert_eq!(story.cancels.len(), 0);
    story.run_until("its time is over", |s| s.cancels.len() == 1);
}

#[test]
fn a_slow_disk_delays_a_start_and_does_not_prevent_it() {
    let mut story = Story::new(&[("web", quick())]);
    story.disk = ms(1500);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    assert_eq!(story.count(Task::Start), 1);
}

#[test]
fn a_stop_that_breaks_after_a_word_by_hand_is_told_and_nothing_is_started() {
    let mut story = Story::new(&[("web", quick())]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.plays.insert(
        Task::Stop,
        Play::Ends(ms(50), Story::error("stop: disk is busy")),
    );
    story.set(LOCAL, "web", State::Recover);
    story.run(Span::from_secs(10));
    let record = story.record(LOCAL, "web");
    assert_eq!(record.state, State::Fail);
    assert!(
        record.reason.as_str().ends_with("stop: disk is busy"),
        "{record:?}"
    );
    assert_eq!(story.count(Task::Start), 1);
}

#[test]
fn time_that_another_script_took_is_given_back() {
    let mut story = Story::new(&[("dns", quick()), ("web", quick())]);
    story.plays.insert(Task::Start, Play::Sits);
    story.run_until("both run", |s| s.orders.len() == 2);
    let hog = story.orders[0].1.job;
    for _ in 0..4 {
        story.run(Span::from_secs(1));
        let span = Span::from_secs(1);
        story.plan.handle(story.now, In::Held { by: hog, span });
    }
    story.run(Span::from_secs(2));
    let cancelled: Vec<_> = story.cancels.iter().map(|(_, job)| *job).collect();
    assert_eq!(cancelled, [hog], "only the one that held up the other");
    story.run_until("the other has its whole time", |s| s.cancels.len() >= 2);
}
