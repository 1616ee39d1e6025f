//! Stories of connections: long answers, and what ends with one.

use fail_wire::{Notify, Subscribe, emit};

use super::*;

impl Lab {
    fn say(&mut self, stream: u64, bytes: Vec<u8>) {
        let from = Peer {
            stream: Some(stream),
            ..peer(HOST)
        };
        self.handle(In::Datagram { from, bytes });
    }

    fn say_signed(&mut self, stream: u64, body: &Body) -> Body {
        self.say(stream, emit(Some(&key("rw")), 5, body));
        self.heard("rw")
    }
}

#[test]
fn an_answer_over_a_connection_needs_no_padding_and_has_long_pages() {
    let mut lab = Lab::new();
    for n in 0..800 {
        lab.set(&format!("service-{n:03}"), State::Up);
    }
    let Body::Answer(page) = lab.say_signed(1, &query(&[])) else {
        panic!("no answer")
    };
    assert!(
        page.more && page.records.len() > 600,
        "{}",
        page.records.len()
    );
    let bytes: usize = page.records.iter().map(Record::wire_bytes).sum();
    assert!(bytes <= limits::STREAM_ANSWER_BYTES_MAX);
}

#[test]
fn a_stranger_gets_no_more_over_a_connection_than_he_has_sent() {
    let mut lab = Lab::new();
    lab.say(1, emit(Some(&key("unknown")), 5, &Body::AskReport));
    assert!(
        lab.sent.is_empty(),
        "the refusal is longer than the question"
    );
    let long = emit_padded(&key("unknown"), 5, &Body::AskReport, 100);
    lab.say(1, long);
    assert_eq!(lab.sent.remove(0).len(), 55);
}

#[test]
fn a_subscription_is_that_of_its_connection_and_ends_with_it() {
    let mut lab = Lab::new();
    let subscribe = |cookie| {
        Body::Subscribe(Subscribe {
            cookie,
            for_ms: 60_000,
            names: vec![],
        })
    };
    let notify = |body| match body {
        Body::Notify(Notify {
            cookie, left_ms, ..
        }) => (cookie, left_ms),
        other => panic!("{other:?}"),
    };
    let (cookie, _) = notify(lab.say_signed(1, &subscribe(0)));
    assert_eq!(
        notify(lab.say_signed(2, &subscribe(cookie))).1,
        0,
        "another one"
    );
    assert_eq!(notify(lab.say_signed(1, &subscribe(cookie))).1, 60_000);
    lab.handle(In::Gone { stream: 2 });
    assert_eq!(lab.node.pushes.len(), 1);
    lab.handle(In::Gone { stream: 1 });
    assert_eq!((lab.node.pushes.len(), lab.node.deadline()), (0, None));
}
