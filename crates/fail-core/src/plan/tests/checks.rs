//! Checks: what they find is counted, they give way to every other script, and what runs
//! already when failsh comes is adopted.

use fail_wire::{Marks, State};

use super::story::{LOCAL, Play, Story, at, ms, name, service};
use crate::job::Task;
use crate::plan::jobs::CANCEL_GRACE;
use crate::policy::{Lonely, Service};
use crate::time::Span;

const NONE: Marks = Marks(0);

/// Checked every two seconds.
fn checked() -> Service {
    Service {
        check: Some("check".to_string()),
        check_interval: Span::from_secs(2),
        timeout: Span::from_secs(5),
        ..service(&["hosta"], &["hostb"])
    }
}

fn says(outcome: Result<State, &str>) -> Play {
    let outcome = outcome.or_else(Story::error);
    Play::Ends(ms(100), outcome)
}

fn serving(service: Service) -> Story {
    let mut story = Story::new(&[("web", service)]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story
}

#[test]
fn a_service_that_serves_is_checked_at_its_interval_and_never_twice_at_once() {
    let mut story = serving(checked());
    let looks = story.count(Task::Check);
    assert_eq!(looks, 1, "the look at start-up");
    story.run(ms(1800));
    assert_eq!(
        story.count(Task::Check),
        looks,
        "not before one interval is over"
    );
    story.run(Span::from_secs(10));
    assert_eq!(story.count(Task::Check), looks + 5);
    // One that takes longer than the interval is not joined by another.
    story
        .plays
        .insert(Task::Check, Play::Ends(Span::from_secs(3), Ok(State::Up)));
    story.run(Span::from_secs(30));
    let more = story.count(Task::Check) - looks - 5;
    assert!((9..=11).contains(&more), "{more}");
    assert_eq!(story.state(LOCAL, "web"), State::Up);
}

#[test]
fn checks_that_go_badly_stop_the_service_and_their_words_are_the_reason() {
    let mut story = serving(checked());
    story
        .plays
        .insert(Task::Check, says(Err("check: no answer on port 80")));
    story.run(Span::from_secs(5));
    assert_eq!(story.state(LOCAL, "web"), State::Up, "two are not three");
    story.run_until("the third one is enough", |s| s.count(Task::Stop) == 1);
    assert_eq!(
        story.state(LOCAL, "web"),
        State::Up,
        "not before it is stopped"
    );
    story.run_until("it is in FAIL", |s| s.state(LOCAL, "web") == State::Fail);
    let record = story.record(LOCAL, "web");
    assert_eq!(record.reason.as_str(), "check: no answer on port 80");
    let checks = story.count(Task::Check);
    story.run(Span::from_secs(60));
    assert_eq!(
        story.count(Task::Check),
        checks,
        "who is FAIL is not checked"
    );
    assert_eq!(story.state(LOCAL, "web"), State::Fail, "FAIL stays");
}

#[test]
fn anything_but_up_is_bad_while_it_serves() {
    for state in [State::Recover, State::Fail] {
        let mut story = serving(checked());
        story.plays.insert(Task::Check, says(Ok(state)));
        story.run_until("it is in FAIL", |s| s.state(LOCAL, "web") == State::Fail);
        let record = story.record(LOCAL, "web");
        assert_eq!(record.reason.as_str(), format!("check: it says {state}"));
    }
}

#[test]
fn good_checks_in_a_row_make_bad_ones_forgotten_and_a_single_one_does_not() {
    for (good, stops) in [(1, 1), (2, 0)] {
        let mut story = serving(checked());
        let mut checks = story.count(Task::Check);
        let mut next = |story: &mut Story, play: Play| {
            story.plays.insert(Task::Check, play);
            checks += 1;
            story.run_until("the next check", |s| s.count(Task::Check) == checks);
        };
        for _ in 0..2 {
            next(&mut story, says(Err("check: no answer")));
        }
        for _ in 0..good {
            next(&mut story, says(Ok(State::Up)));
        }
        next(&mut story, says(Err("check: no answer")));
        story.run(ms(500));
        assert_eq!(story.count(Task::Stop), stops, "after {good} good ones");
    }
}

#[test]
fn a_check_that_hangs_is_ended_at_its_time_out_and_is_bad() {
    let mut story = serving(checked());
    story.plays.insert(Task::Check, Play::Hangs);
    story.run_until("it is in FAIL", |s| s.state(LOCAL, "web") == State::Fail);
    assert_eq!(story.cancels.len(), 3);
    let record = story.record(LOCAL, "web");
    assert_eq!(record.reason.as_str(), "check: timed out after 5s");
}

#[test]
fn a_check_gives_way_to_the_rule() {
    let mut story = serving(checked());
    story.plays.insert(Task::Check, Play::Hangs);
    let checks = story.count(Task::Check);
    story.run_until("a check runs", |s| s.count(Task::Check) > checks);
    story.set("hosta", "web", State::Recover);
    let gone = story.run_until("the stop runs", |s| s.count(Task::Stop) == 1);
    assert!(gone <= ms(1000 + 20 + 10), "{gone}");
    assert_eq!(story.cancels.len(), 1);
    story.run_until("it gave way", |s| s.state(LOCAL, "web") == State::Recover);
    story.run(Span::from_secs(30));
    assert_eq!(
        story.state(LOCAL, "web"),
        State::Recover,
        "its error did not count"
    );
}

#[test]
fn a_check_gives_way_to_wishes_and_hands() {
    type Word = fn(&mut Story);
    let away: Word = |s| s.change(LOCAL, "web", None, Marks::AWAY, NONE, "away: new disk");
    let hand: Word = |s| s.set(LOCAL, "web", State::Fail);
    let held: Word = |s| s.change(LOCAL, "web", None, Marks::HELD, NONE, "held: looking");
    for (word, stops) in [(away, 1), (hand, 1), (held, 0)] {
        let mut story = serving(checked());
        story.plays.insert(Task::Check, Play::Hangs);
        let checks = story.count(Task::Check);
        story.run_until("a check runs", |s| s.count(Task::Check) > checks);
        word(&mut story);
        let cancelled = story.run_until("it is told to end", |s| s.cancels.len() == 1);
        assert!(cancelled <= ms(1000 + 10), "{cancelled}");
        story.run(Span::from_secs(20));
        assert_eq!(story.count(Task::Stop), stops);
        assert_eq!(story.cancels.len(), 1, "and there is no other");
    }
}

#[test]
fn no_publication_waits_for_a_check() {
    let mut story = serving(checked());
    story.plays.insert(Task::Check, Play::Hangs);
    let checks = story.count(Task::Check);
    story.run_until("a check runs", |s| s.count(Task::Check) > checks);
    story.forget_all(LOCAL);
    let told = story.run_until("it is told again", |s| s.state(LOCAL, "web") == State::Up);
    assert!(told <= ms(1000 + 20), "{told}");
    assert_eq!(story.cancels.len(), 0);
}

#[test]
fn a_check_that_never_ends_keeps_the_service_up_and_lets_nothing_else_run() {
    let mut story = serving(checked());
    story.plays.insert(Task::Check, Play::Sits);
    story.run_until("it is given up", |s| s.cancels.len() == 2);
    let orders = story.orders.len();
    story.set("hosta", "web", State::Recover);
    story.run(Span::from_secs(30));
    assert_eq!(story.orders.len(), orders, "never two scripts at once");
    assert_eq!(
        story.state(LOCAL, "web"),
        State::Up,
        "it is served, after all"
    );
    let (job, outcome) = (story.orders[orders - 1].1.job, Ok(State::Up));
    story.tell(crate::plan::In::Done { job, outcome });
    story.run_until("it gives way at last", |s| {
        s.state(LOCAL, "web") == State::Recover
    });
}

#[test]
fn a_check_delays_a_stop_by_no_more_than_its_grace() {
    let mut story = serving(checked());
    story.plays.insert(Task::Check, Play::Sits);
    let checks = story.count(Task::Check);
    story.run_until("a check runs", |s| s.count(Task::Check) > checks);
    story.change(LOCAL, "web", None, Marks::AWAY, NONE, "away: new disk");
    story.run_until("it is told to end", |s| s.cancels.len() == 1);
    let grace = story.run_until("it is given up", |s| s.cancels.len() == 2);
    assert!(grace <= CANCEL_GRACE, "{grace}");
}

#[test]
fn a_service_that_is_ready_is_checked_only_if_that_is_wanted() {
    for check_recover in [false, true] {
        let service = Service {
            check_recover,
            ..checked()
        };
        let mut story = Story::new(&[("web", service)]);
        story.set("hosta", "web", State::Up);
        story.run(Span::from_secs(1));
        assert_eq!(story.count(Task::Check), 1, "the look");
        story.run(Span::from_secs(10));
        assert_eq!(story.count(Task::Check) > 1, check_recover);
        story
            .plays
            .insert(Task::Check, says(Err("check: the disk is gone")));
        story.run(Span::from_secs(20));
        let state = if check_recover {
            State::Fail
        } else {
            State::Recover
        };
        assert_eq!(story.state(LOCAL, "web"), state);
        assert_eq!(story.count(Task::Stop), 0, "nothing was to be stopped");
    }
}

#[test]
fn what_runs_although_it_should_not_is_told_once() {
    let service = Service {
        check_recover: true,
        ..checked()
    };
    let mut story = Story::new(&[("web", service)]);
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(1));
    story.plays.insert(Task::Check, says(Ok(State::Up)));
    story.run(Span::from_secs(30));
    assert_eq!(story.state(LOCAL, "web"), State::Recover);
    let line = "service web: the check says UP, but it should be RECOVER";
    assert_eq!(story.log.iter().filter(|l| *l == line).count(), 1);
}

#[test]
fn a_check_is_out_of_the_way_before_a_start_and_everybody_is_asked_again() {
    let service = Service {
        check_recover: true,
        ..checked()
    };
    let mut story = Story::new(&[("web", service)]);
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(1));
    story.plays.insert(Task::Check, Play::Hangs);
    story.run_until("a check runs", |s| s.count(Task::Check) == 2);
    story.set("hosta", "web", State::Fail);
    story.run_until("it is told to end", |s| s.cancels.len() == 1);
    let asked = story.asked[&at("hostb")];
    story.run_until("the start runs", |s| s.count(Task::Start) == 1);
    assert!(story.asked[&at("hostb")] > asked);
}

#[test]
fn what_a_check_finds_running_is_adopted_and_not_started() {
    for ready in [false, true] {
        let slow = Service {
            delay: Span::from_secs(30),
            ..checked()
        };
        let mut story = Story::new(&[("web", slow)]);
        if ready {
            story.set(LOCAL, "web", State::Recover);
        }
        story.running.insert(name("web"));
        story.run(ms(50));
        assert_eq!(story.tasks(), [Task::Check]);
        let said = story.record(LOCAL, "web").marks.has(Marks::UNPUBLISHED);
        assert_eq!(said, !ready, "nothing is said before it is known");
        story.run_until("it is known", |s| s.state(LOCAL, "web") == State::Up);
        assert_eq!(story.record(LOCAL, "web").reason.as_str(), "found running");
        story.run(Span::from_secs(60));
        assert_eq!(story.count(Task::Start) + story.count(Task::Stop), 0);
    }
}

#[test]
fn what_is_found_running_is_stopped_if_a_master_serves() {
    let mut story = Story::new(&[("web", checked())]);
    story.set("hosta", "web", State::Up);
    story.running.insert(name("web"));
    story.run_until("it is adopted", |s| s.state(LOCAL, "web") == State::Up);
    story.run_until("and stopped", |s| s.state(LOCAL, "web") == State::Recover);
    assert_eq!(story.tasks(), [Task::Check, Task::Stop]);
}

#[test]
fn what_does_not_run_is_begun_as_ever_whatever_the_check_says() {
    for play in [says(Ok(State::Fail)), says(Err("check: oh")), Play::Hangs] {
        let mut story = Story::new(&[("web", checked())]);
        story.plays.insert(Task::Check, play);
        story.run_until("it is ready", |s| s.state(LOCAL, "web") == State::Recover);
        story.run_until("it is started", |s| s.count(Task::Start) == 1);
    }
}

#[test]
fn a_record_that_says_up_is_checked_at_once_and_one_that_says_fail_stays() {
    let mut story = Story::new(&[("web", checked())]);
    story.set(LOCAL, "web", State::Up);
    story.running.insert(name("web"));
    story.run(ms(50));
    assert_eq!(story.tasks(), [Task::Check]);
    let mut story = Story::new(&[("web", checked())]);
    story.set(LOCAL, "web", State::Fail);
    story.running.insert(name("web"));
    story.run(Span::from_secs(30));
    assert_eq!(story.tasks(), []);
    assert_eq!(story.state(LOCAL, "web"), State::Fail);
}

#[test]
fn a_held_service_is_not_looked_at_before_it_is_released() {
    for ready in [false, true] {
        let mut story = Story::new(&[("web", checked())]);
        if ready {
            story.set(LOCAL, "web", State::Recover);
        }
        story.change(LOCAL, "web", None, Marks::HELD, NONE, "held: looking");
        story.running.insert(name("web"));
        story.run(Span::from_secs(5));
        assert_eq!(story.tasks(), []);
        story.change(LOCAL, "web", None, NONE, Marks::HELD, "released");
        story.run_until("it is adopted", |s| s.state(LOCAL, "web") == State::Up);
        assert_eq!(story.tasks(), [Task::Check]);
    }
}

#[test]
fn checks_go_on_while_the_local_faild_is_silent() {
    let keep = Service {
        lonely: Lonely::Keep,
        ..checked()
    };
    let mut story = serving(keep);
    story.silent.insert(at(LOCAL));
    story
        .plays
        .insert(Task::Check, says(Err("check: no answer")));
    story.run_until("it is stopped", |s| s.count(Task::Stop) == 1);
    story.silent.clear();
    story.run_until("it is told", |s| s.state(LOCAL, "web") == State::Fail);
}
