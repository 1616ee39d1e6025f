//! What is pushed by a faild is asked about at once, and decides nothing by itself.

use fail_wire::{Body, Marks, Name, Packet, State, emit};

use super::story::{LOCAL, Story, at, ms, name, service};
use crate::job::{ByHand, Task};
use crate::plan::In;
use crate::policy::Service;
use crate::time::Span;

/// Asked about twice a minute: whatever is seen sooner was pushed.
fn slow(masters: &[&str], slaves: &[&str]) -> Service {
    Service {
        interval: Span::from_secs(30),
        ..service(masters, slaves)
    }
}

/// A standby of hosta, whose subscriptions stand.
fn standby() -> Story {
    let mut story = Story::new(&[("web", slow(&["hosta"], &[]))]);
    story.pushes = true;
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(1));
    story
}

fn asked(story: &Story, host: &str) -> u32 {
    story.asked.get(&at(host)).copied().unwrap_or(0)
}

fn away(story: &mut Story, host: &str) {
    story.change(host, "web", None, Marks::AWAY, Marks(0), "kernel update");
}

#[test]
fn a_change_elsewhere_is_acted_upon_at_once() {
    let mut story = standby();
    story.set("hosta", "web", State::Fail);
    let took = story.run_until("web is UP here", |s| s.state(LOCAL, "web") == State::Up);
    // The news, a question, the mark and its question, a script of 100 ms, the publication.
    assert!(took < ms(130), "{took}");
}

#[test]
fn a_wish_is_fulfilled_at_once() {
    let mut story = Story::new(&[("web", slow(&[], &["hostb"]))]);
    story.pushes = true;
    story.run_until("web is UP here", |s| s.state(LOCAL, "web") == State::Up);
    story.run(Span::from_secs(1));
    away(&mut story, LOCAL);
    let took = story.run_until("web is FAIL here", |s| s.state(LOCAL, "web") == State::Fail);
    assert!(took < ms(130), "{took}");
    assert_eq!(story.count(Task::Stop), 1);
}

#[test]
fn without_pushes_it_waits_for_the_round() {
    let mut story = Story::new(&[("web", slow(&["hosta"], &[]))]);
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(1));
    story.set("hosta", "web", State::Fail);
    let took = story.run_until("web is UP here", |s| s.state(LOCAL, "web") == State::Up);
    assert!(
        took > Span::from_secs(20),
        "the other stories show nothing: {took}"
    );
}

#[test]
fn what_this_host_publishes_itself_leads_to_no_question() {
    let asked_about = |pushes| {
        let mut story = Story::new(&[("web", slow(&[], &[]))]);
        story.pushes = pushes;
        story.run(Span::from_secs(5));
        assert_eq!(story.state(LOCAL, "web"), State::Up);
        let before = asked(&story, LOCAL);
        story.tell(In::Set {
            no: 1,
            service: name("web"),
            change: ByHand::Hold,
            reason: "a test".to_string(),
        });
        story.run(Span::from_secs(4));
        assert!(story.record(LOCAL, "web").marks.has(Marks::HELD));
        asked(&story, LOCAL) - before
    };
    assert_eq!(
        asked_about(true),
        asked_about(false) + 1,
        "one acknowledgement"
    );
}

#[test]
fn an_older_faild_is_polled_and_left_alone() {
    let mut story = standby();
    let mut old = Story::new(&[("web", slow(&["hosta"], &[]))]);
    old.pushes = true;
    old.old.insert(at("hosta"));
    old.set("hosta", "web", State::Up);
    for story in [&mut story, &mut old] {
        story.asked.clear();
        story.run(Span::from_secs(600));
    }
    // Both are polled twenty times and asked whom they hear as often, though the old one
    // refuses that too; the new one is asked to tell of changes each time.
    let (new, old_one) = (asked(&story, "hosta"), asked(&old, "hosta"));
    assert!((20..=24).contains(&old_one), "{old_one}");
    assert!((58..=64).contains(&new), "{new}");
    old.set("hosta", "web", State::Fail);
    old.run_until("web is UP here", |s| s.state(LOCAL, "web") == State::Up);
}

#[test]
fn news_that_is_lost_comes_again() {
    let mut story = standby();
    // The acknowledgement is lost with the question: so both come again.
    story.lose.insert(at("hosta"), 2);
    story.set("hosta", "web", State::Fail);
    let took = story.run_until("web is UP here", |s| s.state(LOCAL, "web") == State::Up);
    assert!(took < Span::from_secs(2), "{took}");
    story.run(Span::from_secs(5));
    let dropped = story.plan.stats().dropped;
    assert_eq!(dropped, 0, "a repeated notify is awaited");
}

#[test]
fn who_makes_news_up_or_plays_it_again_is_not_believed() {
    let mut story = standby();
    story.set("hosta", "web", State::Recover);
    let before = story.orders.len();
    // What hosta has just said, on its way here.
    let news = story.on_the_way_here();
    let [(from, bytes)] = &news[..] else {
        panic!("{} datagrams", news.len())
    };
    assert_eq!(*from, at("hosta"));
    let packet = Packet::read(bytes).unwrap();
    let Body::Notify(mut notify) = packet.body().unwrap() else {
        panic!("no news")
    };
    story.run(Span::from_secs(1));
    let calm = asked(&story, "hosta");
    // Played again: it is acknowledged again, and that is all.
    for _ in 0..5 {
        story.inject(at("hosta"), bytes.clone());
    }
    story.run(Span::from_secs(1));
    assert_eq!(asked(&story, "hosta") - calm, 5);
    // Made up by somebody without the community, or from elsewhere.
    notify.number += 1;
    let forged = emit(None, packet.request(), &Body::Notify(notify));
    story.inject(at("hosta"), forged);
    story.inject(at("hostb"), bytes.clone());
    story.run(Span::from_secs(1));
    assert_eq!(asked(&story, "hosta") - calm, 5);
    assert_eq!(story.orders.len(), before, "nothing is decided by it");
}

#[test]
fn a_storm_elsewhere_is_few_questions_here() {
    let mut story = standby();
    let calm = asked(&story, "hosta");
    for n in 0..1000 {
        let state = if n % 2 == 0 {
            State::Recover
        } else {
            State::Up
        };
        story.set("hosta", "web", state);
        story.run(ms(1));
    }
    story.run(ms(50));
    // In a second a hundred notifies at most, each acknowledged and asked about.
    let asked = asked(&story, "hosta") - calm;
    assert!((100..=220).contains(&asked), "{asked}");
}

#[test]
fn a_faild_that_is_started_anew_is_subscribed_to_again() {
    let mut story = standby();
    story.forget_all("hosta");
    // The next round finds that out, and asks again beside the one after it.
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(61));
    story.set("hosta", "web", State::Fail);
    let took = story.run_until("web is UP here", |s| s.state(LOCAL, "web") == State::Up);
    assert!(took < ms(130), "{took}");
}

#[test]
fn who_was_not_heard_for_a_while_is_told_again_later() {
    let mut story = standby();
    for state in [State::Recover, State::Up, State::Recover, State::Up] {
        story.set("hosta", "web", state);
        story.run(ms(50));
    }
    // Nobody acknowledges, and hosta's faild gives this host up.
    story.set("hosta", "web", State::Recover);
    story.freeze(Span::from_secs(5));
    // The next round subscribes again.
    story.run(Span::from_secs(30));
    assert_eq!(story.state(LOCAL, "web"), State::Recover);
    story.set("hosta", "web", State::Fail);
    let took = story.run_until("web is UP here", |s| s.state(LOCAL, "web") == State::Up);
    assert!(took < ms(130), "{took}");
}

#[test]
fn between_rounds_far_apart_a_subscription_does_not_end() {
    let rare = Service {
        interval: Span::from_secs(3_600),
        ..service(&["hosta"], &[])
    };
    let mut story = Story::new(&[("web", rare)]);
    story.pushes = true;
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(1_000));
    let sent = story.subscribed.len();
    assert!(sent < 100, "{sent} subscribes");
    story.set("hosta", "web", State::Fail);
    let took = story.run_until("web is UP here", |s| s.state(LOCAL, "web") == State::Up);
    assert!(took < ms(130), "{took}");
}

#[test]
fn what_nobody_asks_about_any_more_is_not_subscribed_to() {
    let mut story = Story::new(&[
        ("web", slow(&["hosta"], &[])),
        ("dns", slow(&[], &["hosta"])),
    ]);
    story.pushes = true;
    story.run(Span::from_secs(1));
    // Another community, and nothing else to ask hosta about.
    story.renew(|policy| {
        policy.services.remove(&name("dns"));
        policy.services.get_mut(&name("web")).unwrap().community = Some("second".to_string());
    });
    story.run(Span::from_secs(120));
    story.subscribed.clear();
    story.run(Span::from_secs(120));
    let told = story.subscribed.concat();
    assert!(told.iter().all(|told| *told == name("web")), "{told:?}");
    assert!(story.subscribed.len() <= 10, "{}", story.subscribed.len());
}

#[test]
fn what_changes_while_a_new_subscription_is_made_is_not_missed() {
    let mut story = standby();
    story.forget_all("hosta");
    story.set("hosta", "web", State::Up);
    let before = story.subscribed.len();
    // Of the local faild and of hosta, and of hosta again.
    story.run_until("the new cookie is shown", |s| {
        s.subscribed.len() == before + 3
    });
    // The question beside it is answered, and nobody is told yet.
    assert!(story.on_the_way_here().is_empty());
    story.set("hosta", "web", State::Fail);
    let took = story.run_until("web is UP here", |s| s.state(LOCAL, "web") == State::Up);
    assert!(took < ms(130), "{took}");
}

#[test]
fn news_that_overtakes_an_older_answer_is_asked_about_after_it() {
    let mut story = standby();
    let answer = |s: &Story| {
        s.on_the_way_here()
            .iter()
            .any(|(from, _)| *from == at("hosta"))
    };
    story.run_until("hosta answers the next round", answer);
    story.set("hosta", "web", State::Fail);
    let (from, news) = story.on_the_way_here().pop().unwrap();
    story.inject(from, news);
    let took = story.run_until("web is UP here", |s| s.state(LOCAL, "web") == State::Up);
    assert!(took < ms(130), "{took}");
}

#[test]
fn a_wish_that_crosses_a_publication_is_fulfilled_at_once() {
    let mut story = Story::new(&[("web", slow(&[], &["hostb"]))]);
    story.pushes = true;
    story.run_until("it is about to serve", |s| s.count(Task::Start) == 1);
    story.run(ms(100));
    assert_eq!(
        story.state(LOCAL, "web"),
        State::Recover,
        "UP is on its way"
    );
    away(&mut story, LOCAL);
    let took = story.run_until("web is FAIL here", |s| s.state(LOCAL, "web") == State::Fail);
    assert!(took < ms(130), "{took}");
}

#[test]
fn whoever_is_asked_often_is_not_asked_to_tell() {
    let fast = Service {
        interval: ms(50),
        ..service(&["hosta"], &[])
    };
    let mut story = Story::new(&[("web", fast)]);
    story.pushes = true;
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(5));
    assert!(story.subscribed.is_empty(), "{:?}", story.subscribed);
}

#[test]
fn more_services_than_can_be_named_are_all_told_of() {
    let names: Vec<String> = (0..300).map(|n| format!("service-{n:03}")).collect();
    let services: Vec<(&str, Service)> = names
        .iter()
        .map(|name| (name.as_str(), slow(&["hosta"], &[])))
        .collect();
    let mut story = Story::new(&services);
    story.pushes = true;
    for name in &names {
        story.set("hosta", name, State::Up);
    }
    story.run(Span::from_secs(32));
    story.set("hosta", "service-123", State::Fail);
    let up = |s: &Story| s.state(LOCAL, "service-123") == State::Up;
    let took = story.run_until("it is UP here", up);
    assert!(took < ms(130), "{took}");
    assert!(story.subscribed.iter().all(Vec::<Name>::is_empty));
}
