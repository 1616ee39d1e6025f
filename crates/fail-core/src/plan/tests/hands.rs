//! Changes by hand from scripts and consoles of this failsh, and the end that releases all.

use fail_wire::{Marks, State};

use super::journal::view;
use super::story::{LOCAL, Play, Story, at, ms, name, service};
use crate::job::{ByHand, Task};
use crate::plan::In;
use crate::policy::{Lonely, Retry, Service};
use crate::time::Span;

const NONE: Marks = Marks(0);

fn serving() -> Story {
    let mut story = Story::new(&[("web", service(&[], &["hostb"]))]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.run(ms(1500));
    story
}

fn say(story: &mut Story, no: u64, service: &str, change: ByHand, reason: &str) {
    story.tell(In::Set {
        no,
        service: name(service),
        change,
        reason: reason.to_string(),
    });
}

#[test]
fn what_is_said_here_is_what_failc_would_have_said() {
    let mut story = serving();
    say(
        &mut story,
        1,
        "web",
        ByHand::State(State::Fail),
        "the disk is full",
    );
    story.run_until("it is answered", |s| s.answers == [(1, Ok(()))]);
    let quick = story.run_until("it is cleaned up", |s| s.count(Task::Stop) == 1);
    assert!(quick <= ms(20), "{quick}");
    story.run(Span::from_secs(3));
    let record = story.record(LOCAL, "web");
    assert_eq!(
        (record.state, record.reason.as_str()),
        (State::Fail, "the disk is full")
    );
    say(&mut story, 2, "web", ByHand::State(State::Recover), "");
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    assert_eq!(story.answers, [(1, Ok(())), (2, Ok(()))]);
    let journal = view(&story, "web").journal;
    let hands = journal.iter().filter(|note| note.kind == "hand");
    let hands: Vec<&str> = hands.map(|note| note.text.as_str()).collect();
    assert_eq!(
        hands,
        [
            "set to FAIL by hand: the disk is full",
            "FAIL -> RECOVER (set by hand)"
        ]
    );
}

#[test]
fn wishes_can_be_said_here_too() {
    let mut story = serving();
    say(&mut story, 1, "web", ByHand::Hold, "looking");
    story.run(ms(10));
    let record = story.record(LOCAL, "web");
    assert_eq!((record.state, record.marks), (State::Up, Marks::HELD));
    assert_eq!(record.reason.as_str(), "held: looking");
    say(&mut story, 2, "web", ByHand::Release, "");
    story.run(ms(10));
    assert_eq!(story.record(LOCAL, "web").marks, NONE);
    say(&mut story, 3, "web", ByHand::Away, "new disk");
    story.run_until("it is away", |s| s.state(LOCAL, "web") == State::Fail);
    assert_eq!(story.record(LOCAL, "web").reason.as_str(), "away: new disk");
    story.run(Span::from_secs(2));
    say(&mut story, 4, "web", ByHand::Back, "");
    story.run_until("it is back", |s| s.state(LOCAL, "web") == State::Up);
    assert!(story.answers.iter().all(|(_, result)| result.is_ok()));
    assert_eq!(story.answers.len(), 4);
}

#[test]
fn several_at_once_take_effect_in_their_order_also_while_a_script_runs() {
    let mut story = Story::new(&[("web", service(&[], &["hostb"]))]);
    let slow = Play::Ends(Span::from_secs(3), Ok(State::Up));
    story.plays.insert(Task::Start, slow);
    story.run_until("it is started", |s| s.count(Task::Start) == 1);
    let changes = [ByHand::Hold, ByHand::Away, ByHand::Release];
    for (no, change) in (1..).zip(changes) {
        say(&mut story, no, "web", change, "");
    }
    story.run(ms(20));
    assert_eq!(story.answers, [(1, Ok(())), (2, Ok(())), (3, Ok(()))]);
    assert_eq!(
        story.record(LOCAL, "web").marks,
        Marks::AWAY.with(Marks::STARTING)
    );
    story.run_until("the start ends, and it is stopped", |s| {
        s.count(Task::Stop) == 1
    });
}

#[test]
fn whoever_was_faster_does_not_make_it_fail() {
    let mut story = serving();
    story.change(LOCAL, "web", None, Marks::HELD, NONE, "held: by another");
    say(&mut story, 1, "web", ByHand::Away, "new disk");
    story.run(ms(20));
    assert_eq!(story.answers, [(1, Ok(()))]);
    let record = story.record(LOCAL, "web");
    assert_eq!(record.marks, Marks::HELD.with(Marks::AWAY));
}

#[test]
fn each_is_answered_once_also_when_it_can_not_be_done() {
    let mut story = serving();
    say(&mut story, 1, "mail", ByHand::Hold, "");
    assert_eq!(story.answers.len(), 1);
    let sentence = story.answers[0].1.clone().unwrap_err();
    assert_eq!(sentence, "service mail is not in the policy");
    story.silent.insert(at(LOCAL));
    say(&mut story, 2, "web", ByHand::Hold, "");
    story.run_until("it is answered", |s| s.answers.len() == 2);
    assert_eq!(
        story.answers[1].1.clone().unwrap_err(),
        "the local faild is silent"
    );
    say(&mut story, 3, "web", ByHand::Hold, "");
    assert_eq!(story.answers.len(), 3, "it is known to be silent");
    story.silent.clear();
    story.run(Span::from_secs(5));
    story.withdraw(LOCAL);
    say(&mut story, 4, "web", ByHand::Hold, "");
    story.run_until("it is answered", |s| s.answers.len() == 4);
    assert!(story.answers[3].1.is_err(), "{:?}", story.answers);
    story.run(Span::from_secs(5));
    assert_eq!(story.answers.len(), 4);
}

#[test]
fn a_lost_acknowledgement_a_pause_and_a_new_faild_do_not_lose_it() {
    let mut story = serving();
    story.lose.insert(at(LOCAL), 3);
    say(&mut story, 1, "web", ByHand::Hold, "");
    story.run_until("it is answered", |s| s.answers == [(1, Ok(()))]);
    story.disk = ms(50);
    say(&mut story, 2, "web", ByHand::Release, "");
    story.run(ms(5));
    story.freeze(Span::from_secs(20));
    story.run_until("it is answered", |s| s.answers.len() == 2);
    story.disk = Span::ZERO;
    story.forget_all(LOCAL);
    say(&mut story, 3, "web", ByHand::Hold, "");
    story.run_until("it is answered", |s| s.answers.len() == 3);
    assert!(
        story.answers.iter().all(|(_, result)| result.is_ok()),
        "{:?}",
        story.answers
    );
    assert!(story.record(LOCAL, "web").marks.has(Marks::HELD));
}

#[test]
fn too_many_are_refused() {
    let mut story = serving();
    for no in 1..=20 {
        say(&mut story, no, "web", ByHand::Hold, "");
    }
    let refused = story.answers.iter().filter(|(_, result)| result.is_err());
    assert_eq!(refused.count(), 3, "one is under way, 16 wait");
    story.run(ms(100));
    assert_eq!(story.answers.len(), 20);
}

fn release(story: &mut Story) -> Span {
    story.tell(In::Release);
    let took = story.run_until("it is released", |s| s.released.is_some());
    let orders = story.orders.len();
    story.run(Span::from_secs(60));
    assert_eq!(story.orders.len(), orders, "who is released starts nothing");
    took
}

#[test]
fn whoever_is_released_is_stopped_and_withdrawn() {
    let services = [
        ("dns", service(&[], &["hostb"])),
        ("mail", service(&["hosta"], &[])),
        ("web", service(&[], &["hostb"])),
    ];
    let mut story = Story::new(&services);
    story.set("hosta", "mail", State::Up);
    for service in ["dns", "web"] {
        story.run_until("it serves", |s| s.state(LOCAL, service) == State::Up);
    }
    story.run(Span::from_secs(2));
    let took = release(&mut story);
    assert!(took <= ms(150), "{took}");
    assert_eq!(story.released, Some(Vec::new()));
    for service in ["dns", "mail", "web"] {
        let record = story.record(LOCAL, service);
        assert_eq!(
            (record.state, record.marks),
            (State::Fail, Marks::UNPUBLISHED)
        );
        assert_eq!(record.reason.as_str(), "released: failsh ended");
    }
    assert_eq!(story.count(Task::Stop), 2);
}

#[test]
fn held_services_are_left_alone_and_fail_stays() {
    let services = [
        ("dns", service(&[], &[])),
        ("web", service(&[], &["hostb"])),
    ];
    let mut story = Story::new(&services);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.run(Span::from_secs(2));
    story.set(LOCAL, "dns", State::Fail);
    story.change(LOCAL, "web", None, Marks::HELD, NONE, "held: looking");
    story.run(Span::from_secs(2));
    release(&mut story);
    assert_eq!(story.released, Some(Vec::new()));
    assert_eq!(story.state(LOCAL, "web"), State::Up);
    let record = story.record(LOCAL, "dns");
    assert_eq!((record.state, record.marks), (State::Fail, NONE));
}

#[test]
fn a_script_that_runs_ends_first_and_a_check_is_cancelled() {
    let checked = Service {
        check: Some("check".to_string()),
        check_interval: Span::from_secs(1),
        ..service(&[], &[])
    };
    let mut story = Story::new(&[("dns", checked), ("web", service(&[], &["hostb"]))]);
    let slow = Play::Ends(Span::from_secs(3), Ok(State::Up));
    story.plays.insert(Task::Start, slow);
    story.run_until("it serves", |s| s.state(LOCAL, "dns") == State::Up);
    story.plays.insert(Task::Check, Play::Hangs);
    story.run_until("a check runs", |s| s.count(Task::Check) == 2);
    story.set(LOCAL, "web", State::Recover);
    story.run_until("web starts again", |s| s.count(Task::Start) == 3);
    release(&mut story);
    assert_eq!(story.released, Some(Vec::new()));
    assert_eq!(story.record(LOCAL, "web").marks, Marks::UNPUBLISHED);
    assert_eq!(story.record(LOCAL, "dns").marks, Marks::UNPUBLISHED);
}

#[test]
fn a_stop_that_breaks_is_told_and_stays() {
    let retry = Service {
        retry: Some(Retry {
            initial: Span::from_secs(1),
            factor_milli: Retry::FACTOR_MILLI,
            maximum: Retry::MAXIMUM,
        }),
        ..service(&[], &["hostb"])
    };
    let mut story = Story::new(&[("web", retry)]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    let outcome = Story::error("stop: device busy");
    story.plays.insert(Task::Stop, Play::Ends(ms(50), outcome));
    release(&mut story);
    let left = story.released.clone().unwrap();
    assert_eq!(left.len(), 1);
    assert!(left[0].1.ends_with("stop: device busy"), "{left:?}");
    let record = story.record(LOCAL, "web");
    assert_eq!((record.state, record.marks), (State::Fail, NONE));
}

#[test]
fn what_broke_at_the_end_is_told_even_if_others_take_longer() {
    let (web, dns) = (service(&[], &["hostb"]), service(&[], &["hostb"]));
    let mut story = Story::new(&[("web", web), ("dns", dns)]);
    story.set(LOCAL, "dns", State::Fail);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story
        .plays
        .insert(Task::Start, Play::Ends(ms(5000), Ok(State::Up)));
    story.set(LOCAL, "dns", State::Recover);
    story.run_until("the other starts", |s| s.count(Task::Start) == 2);
    let outcome = Story::error("stop: device busy");
    story.plays.insert(Task::Stop, Play::Ends(ms(50), outcome));
    release(&mut story);
    let left = story.released.clone().unwrap();
    assert_eq!(left.len(), 2);
    let told = |(_, why): &(_, String)| why.ends_with("stop: device busy");
    assert!(left.iter().all(told), "{left:?}");
}

#[test]
fn a_silent_faild_does_not_keep_it_from_ending() {
    let keep = Service {
        lonely: Lonely::Keep,
        ..service(&[], &["hostb"])
    };
    let mut story = Story::new(&[("web", keep)]);
    story.run_until("it serves", |s| s.state(LOCAL, "web") == State::Up);
    story.run(Span::from_secs(2));
    story.silent.insert(at(LOCAL));
    story.run(Span::from_secs(5));
    assert_eq!(story.count(Task::Stop), 0);
    release(&mut story);
    assert_eq!(story.count(Task::Stop), 1, "it is stopped all the same");
    assert_eq!(story.released, Some(Vec::new()));
}

#[test]
fn before_anything_was_published_there_is_nothing_to_release() {
    let slow = Service {
        delay: Span::from_secs(60),
        ..service(&[], &["hostb"])
    };
    let mut story = Story::new(&[("web", slow)]);
    story.run(Span::from_secs(1));
    release(&mut story);
    assert_eq!(story.record(LOCAL, "web").version, 0);
    let mut story = Story::new(&[]);
    story.tell(In::Release);
    assert_eq!(story.released, Some(Vec::new()));
}

#[test]
fn the_next_failsh_publishes_what_was_released() {
    let mut story = serving();
    release(&mut story);
    let (now, policy) = (story.now, story.policy.clone());
    let mut story = Story::with(now, policy, story.into_nodes());
    story.run_until("it serves again", |s| s.state(LOCAL, "web") == State::Up);
}
