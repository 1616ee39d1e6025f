//! Stories of those who may not, of strangers, of limits, and of what the log says.

use super::*;

#[test]
fn who_may_only_read_changes_nothing_and_who_may_not_read_sees_nothing() {
    let mut lab = Lab::new();
    lab.set("dns", State::Up);
    let change = lab.change("dns", Some(State::Fail));
    let no = lab.refused("ro", &change);
    assert_eq!(no.code, Ok(Code::ReadOnly));
    assert_eq!(no.record.unwrap().state, State::Up);
    let no = lab.refused("web", &change);
    assert_eq!((no.code, no.record), (Ok(Code::ReadOnly), None));
    assert_eq!(lab.record("dns").version, 1);
}

#[test]
fn without_rules_this_host_changes_and_others_only_read() {
    let mut lab = Lab::with(Access::open(), Image::default());
    let change = lab.change("web", Some(State::Up));
    assert_eq!(lab.refused("public", &change).code, Ok(Code::ReadOnly));
    let bytes = emit_padded(&key("public"), 5, &Body::Change(change), 400);
    lab.bytes("[::ffff:127.0.0.1]:9", &bytes);
    lab.saved(true);
    assert_eq!(acknowledged(lab.heard("public")).state, State::Up);
}

#[test]
fn new_rules_hold_from_the_next_datagram_on() {
    let mut lab = Lab::new();
    let change = lab.change("web", Some(State::Up));
    lab.handle(In::Access(Access::open()));
    lab.order("rw", &change);
    let bytes = lab.sent.remove(0);
    let no = refusal(Packet::read(&bytes).unwrap().body().unwrap());
    assert_eq!(no.code, Ok(Code::Community));
}

#[test]
fn a_stranger_never_gets_more_than_he_sent() {
    let bytes = emit_padded(&key("rw"), 5, &query(&["web"]), 80);
    let with = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] ^= byte;
        bytes
    };
    let cases = [
        ("version", with(2, 6), Code::Version),
        ("key id", with(4, 1), Code::Community),
        ("HMAC", with(20, 1), Code::Mac),
        ("body", with(70, 1), Code::Mac),
    ];
    for (what, bytes, code) in cases {
        for len in 0..=bytes.len() {
            let mut lab = Lab::new();
            lab.bytes(HOST, &bytes[..len]);
            assert!(lab.sent.len() <= 1);
            for sent in &lab.sent {
                assert!(sent.len() <= len, "{what}: {} for {len}", sent.len());
                let packet = Packet::read(sent).unwrap();
                assert_eq!((packet.key_id(), packet.request()), (0, 5));
            }
            if len == bytes.len() {
                let sent = lab.sent.pop().expect("a refusal fits");
                let no = refusal(Packet::read(&sent).unwrap().body().unwrap());
                assert_eq!(no.code, Ok(code), "{what}");
            }
        }
    }
}

#[test]
fn what_answers_is_never_answered() {
    let mut lab = Lab::new();
    let answer = Body::Answer(Answer {
        nonce: 1,
        more: false,
        records: Vec::new(),
    });
    let no = Body::Refusal(Refusal::plain(Code::Type));
    for body in [&answer, &no] {
        lab.send("rw", body, 400);
        lab.send("nobody", body, 400);
        lab.bytes(HOST, &emit(None, 5, body));
    }
    let mut unknown = emit_padded(&key("rw"), 5, &answer, 400);
    unknown[2..4].copy_from_slice(&[9, 0xee]);
    lab.bytes(HOST, &unknown);
    assert!(lab.sent.is_empty());
    assert_eq!(lab.node.counters().dropped, 7);
}

#[test]
fn the_last_free_place_is_given_and_the_next_is_refused_by_name() {
    let records = (1..limits::SERVICES_MAX).map(|n| kept(&format!("s{n}"), Marks(0)));
    let image = Image {
        boot: BOOT.to_string(),
        records: records.collect(),
    };
    let mut lab = Lab::with(rules(), image);
    lab.set("last", State::Up);
    let change = lab.change("one-too-many", Some(State::Up));
    let no = lab.refused("rw", &change);
    assert_eq!(no.code, Ok(Code::Limit));
    assert_eq!(no.text.as_str(), "services");
    assert_eq!(no.detail as usize, limits::SERVICES_MAX);
    lab.set("s1", State::Fail);
}

#[test]
fn more_changes_than_can_wait_for_the_disk_are_refused_by_name() {
    let mut lab = Lab::new();
    for _ in 0..=limits::UNSAVED_MAX {
        let change = lab.change("web", Some(State::Up));
        lab.order("rw", &change);
    }
    let change = lab.change("web", Some(State::Up));
    let no = lab.refused("rw", &change);
    assert_eq!(no.code, Ok(Code::Limit));
    assert_eq!(no.text.as_str(), "unsaved changes");
    lab.saved(true);
    lab.saved(true);
    assert_eq!(lab.sent.len(), limits::UNSAVED_MAX + 1);
    lab.sent.clear();
    assert_eq!(lab.record("web").version as usize, limits::UNSAVED_MAX + 1);
}

#[test]
fn refusals_that_wait_take_no_place_from_changes_and_have_a_limit_of_their_own() {
    let mut lab = Lab::new();
    let change = lab.change("web", Some(State::Up));
    lab.order("rw", &change);
    for _ in 0..limits::REFUSALS_WAITING_MAX {
        lab.order("rw", &change);
    }
    assert!(lab.sent.is_empty(), "each may be proof, so it waits");
    let no = lab.refused("rw", &change);
    assert_eq!((no.code, no.record), (Ok(Code::Stale), None));
    let other = lab.change("dns", Some(State::Up));
    lab.order("rw", &other);
    assert!(lab.sent.is_empty(), "a change has its place");
    lab.saved(true);
    lab.saved(true);
    assert_eq!(lab.sent.len(), limits::REFUSALS_WAITING_MAX + 2);
}

#[test]
fn who_may_not_is_told_so_without_waiting_for_the_disk() {
    let mut lab = Lab::new();
    let change = lab.change("web", Some(State::Up));
    lab.order("rw", &change);
    assert_eq!(lab.refused("ro", &change).code, Ok(Code::ReadOnly));
    let mut late = lab.change("web", Some(State::Up));
    late.nonce += 1;
    assert_eq!(lab.refused("rw", &late).code, Ok(Code::Nonce));
    assert_eq!(lab.saves.len(), 1, "the disk is still busy");
}

#[test]
fn what_is_longer_than_any_request_is_dropped_unchecked() {
    let mut lab = Lab::new();
    lab.send("rw", &query(&["web"]), limits::REQUEST_BYTES_MAX);
    assert_eq!(acknowledged(lab.heard("rw")).name, name("web"));
    lab.send("rw", &query(&["web"]), limits::REQUEST_BYTES_MAX + 1);
    assert!(lab.sent.is_empty());
    assert_eq!(lab.node.counters().dropped, 1);
}

#[test]
fn who_looks_for_a_fault_is_told_of_each_datagram_and_others_are_not() {
    let mut lab = Lab::new();
    lab.set("web", State::Up);
    lab.record("web");
    assert_eq!(lab.log.len(), 1, "{:?}", lab.log);
    lab.node.debug(vec![("access", 1), ("state", 1)]);
    lab.log.clear();
    lab.set("web", State::Fail);
    lab.records("rw", &[]);
    let lines = [
        "192.0.2.9:1000: changes service web: it takes effect",
        "service web: UP -> FAIL (a test) after 0 ms, by 192.0.2.9",
        "service web: version 2; it has no publisher",
        "192.0.2.9:1000: asks for all services: 1 records",
    ];
    assert_eq!(lab.log, lines);
}

#[test]
fn each_change_is_one_line_and_says_from_where_to_where_and_why() {
    let mut lab = Lab::new();
    lab.set("web", State::Recover);
    lab.pass(812);
    lab.set("web", State::Up);
    let lines = [
        "service web: FAIL -> RECOVER (a test) after 0 ms, by 192.0.2.9",
        "service web: RECOVER -> UP (a test) after 812 ms, by 192.0.2.9",
    ];
    assert_eq!(lab.log, lines);
}

#[test]
fn a_kind_of_misdeed_is_one_line_whatever_services_it_names() {
    let mut lab = Lab::new();
    for n in 0..500 {
        let change = lab.change(&format!("service{n}"), Some(State::Up));
        lab.refused("ro", &change);
    }
    assert_eq!(lab.log.len(), 1, "{:?}", lab.log);
    assert!(lab.log[0].contains("service0: change refused: "));
}
