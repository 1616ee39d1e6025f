//! Refusals that nobody signed: from another host they change nothing that is done or asked.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use fail_wire::{Body, Code, Packet, Refusal, State, emit};

use super::story::{LOCAL, Story, at, ms, name, service};
use crate::policy::{Protocol, Service};
use crate::time::Span;

/// Somebody on the way sees each question to hosta, and refuses it in the name of `from`.
fn forge(story: &mut Story, from: SocketAddr, span: Span) {
    let until = story.now.mono + span;
    let mut done = BTreeSet::new();
    while story.now.mono < until {
        for bytes in story.on_the_way_to("hosta") {
            let id = Packet::read(&bytes).unwrap().request();
            if done.insert(id) {
                let refusal = Body::Refusal(Refusal::plain(Code::Community));
                story.inject(from, emit(None, id, &refusal));
            }
        }
        story.run(ms(1));
    }
}

fn says(story: &Story, line: &str) -> bool {
    story.log.iter().any(|l| l.starts_with(line))
}

#[test]
fn they_do_not_keep_a_host_dead_whose_way_has_become_slow() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(10));
    story.silent.insert(at("hosta"));
    story.run_until("it serves here", |s| s.state(LOCAL, "web") == State::Up);
    story.silent.clear();
    story.slow.insert(at("hosta"), ms(90));
    forge(&mut story, at("hosta"), Span::from_secs(4));
    assert_ne!(story.state(LOCAL, "web"), State::Up, "it gives way");
}

#[test]
fn they_keep_no_news_and_no_report_away() {
    let slow = Service {
        interval: Span::from_secs(30),
        ..service(&["hosta"], &[])
    };
    let mut story = Story::new(&[("web", slow)]);
    story.pushes = true;
    story.set("hosta", "web", State::Up);
    forge(&mut story, at("hosta"), Span::from_secs(35));
    // He is gone. Both are asked for again.
    let asked = |story: &Story, body: fn(&Body) -> bool| {
        let there = story.on_the_way_to("hosta");
        let mut there = there.iter().map(|bytes| Packet::read(bytes).unwrap());
        there.any(|packet| packet.body().is_ok_and(|b| body(&b)))
    };
    story.run_until("news is asked for", |s| {
        asked(s, |body| matches!(body, Body::Subscribe(_)))
    });
    story.run_until("the report is asked for", |s| {
        asked(s, |body| *body == Body::AskReport)
    });
    story.run(Span::from_secs(1));
    story.set("hosta", "web", State::Fail);
    let took = story.run_until("web is UP here", |s| s.state(LOCAL, "web") == State::Up);
    assert!(took < ms(200), "{took}");
}

#[test]
fn a_connection_to_whoever_proves_nothing_is_closed_as_if_he_were_silent() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.renew(|policy| {
        let host = policy.hosts.get_mut(&name("hosta")).unwrap();
        host.protocol = Protocol::Tcp;
    });
    story.set("hosta", "web", State::Up);
    story.run(ms(1500));
    story.withdraw("hosta");
    story.run(Span::from_secs(10));
    let line = "host hosta: unreachable, asked 5 times; somebody there says: ";
    assert!(says(&story, line), "{:?}", story.log);
    let closed = story.hung_up.len();
    assert!((8..=12).contains(&closed), "once a round: {closed}");
}

#[test]
fn from_elsewhere_they_are_not_even_a_hint() {
    let mut story = Story::new(&[("web", service(&["hosta"], &[]))]);
    story.set("hosta", "web", State::Up);
    story.run(ms(1500));
    // What it says itself stays said, also if somebody else speaks after it.
    story.withdraw("hosta");
    for _ in 0..3_000 {
        let said = story.on_the_way_here();
        for (_, bytes) in said.into_iter().filter(|(from, _)| *from == at("hosta")) {
            story.run(ms(10));
            story.inject(at("hostb"), bytes);
        }
        story.run(ms(1));
    }
    let line = "host hosta: unreachable, asked 5 times; somebody there says: ";
    assert!(says(&story, line), "{:?}", story.log);
}
