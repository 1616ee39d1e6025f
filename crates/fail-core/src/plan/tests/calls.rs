//! Hosts that are asked over a connection.

use std::collections::BTreeSet;

use fail_wire::State;

use super::story::{LOCAL, Story, at, ms, name, service};
use crate::policy::{Protocol, Service};
use crate::time::Span;

/// hosta outranks this host and is asked over TCP; hostb is as usual.
fn by_tcp() -> Story {
    let mut story = Story::new(&[("web", service(&["hosta"], &["hostb"]))]);
    story.renew(|policy| {
        let host = policy.hosts.get_mut(&name("hosta")).unwrap();
        host.protocol = Protocol::Tcp;
    });
    story
}

#[test]
fn who_is_to_be_asked_over_tcp_is_never_sent_a_datagram() {
    let mut story = by_tcp();
    story.pushes = true;
    story.protocols.clear();
    story.set("hosta", "web", State::Up);
    story.run(Span::from_secs(30));
    let wanted = [
        (at(LOCAL), Protocol::Udp),
        (at("hosta"), Protocol::Tcp),
        (at("hostb"), Protocol::Udp),
    ];
    assert_eq!(story.protocols, BTreeSet::from(wanted));
    assert!(story.hung_up.is_empty());
}

#[test]
fn a_connection_to_a_host_that_is_given_up_is_closed_each_time() {
    let mut story = by_tcp();
    story.set("hosta", "web", State::Up);
    story.run(ms(1500));
    story.silent.extend([at("hosta"), at("hostb")]);
    story.run_until("web is UP here", |s| s.state(LOCAL, "web") == State::Up);
    // Once by the round, and once by the question before the start; of datagrams there is
    // nothing to close.
    assert_eq!(story.hung_up, [at("hosta"); 2]);
    // The next rounds open others, which may fare no better.
    story.run(Span::from_secs(3));
    assert!(
        (4..=6).contains(&story.hung_up.len()),
        "{:?}",
        story.hung_up
    );
    story.silent.clear();
    story.run_until("web is given back", |s| {
        s.state(LOCAL, "web") == State::Recover
    });
}

#[test]
fn a_connection_on_which_other_questions_are_answered_stays() {
    let mut story = by_tcp();
    story.set("hosta", "web", State::Up);
    story.renew(|policy| {
        let unknown = Service {
            community: Some("unknown-there".to_string()),
            ..service(&["hosta"], &[])
        };
        policy.services.insert(name("dns"), unknown);
    });
    story.run(Span::from_secs(10));
    let line = "host hosta: unreachable, asked 5 times; somebody there says: ";
    let said = story.log.iter().any(|l| l.starts_with(line));
    assert!(said, "{:?}", story.log);
    assert!(story.hung_up.is_empty(), "{:?}", story.hung_up);
}
