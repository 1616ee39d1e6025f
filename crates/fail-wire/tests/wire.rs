//! The protocol's bytes: round trip, every prefix rejected, golden hex, later versions.
//!
//! The golden files are what `man/failover-protocol.7` quotes and what the Python decoder
//! of the tests reads. To write them anew after a deliberate change of the protocol:
//! `FAILOVER_GOLDEN=write cargo test -p fail-wire`.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::PathBuf;

use fail_wire::*;

const COMMUNITY: &str = "public";

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn record(text: &str, state: State) -> Record {
    Record {
        name: name(text),
        state,
        marks: Marks::HELD.with(Marks::UNSUPERVISED),
        version: 7,
        age_ms: 1500,
        last_change: 1_244_191_697_000,
        reason: Reason::new("start: no master can serve"),
    }
}

fn hears() -> Vec<Hear> {
    let hear = |text, nonce, reachable| Hear {
        name: name(text),
        nonce,
        reachable,
    };
    vec![
        hear("hosta", 0x0102_0304_0506_0708, true),
        hear("hostb", 0, false),
    ]
}

/// One of each kind, with every field somewhere not at its default.
fn examples() -> Vec<(&'static str, Option<Key>, u64, Body)> {
    let key = || Some(Key::new(COMMUNITY).unwrap());
    let beat = Beat {
        nonce: 0x0102_0304_0506_0708,
        count: 42,
        interval_ms: 1000,
    };
    vec![
        (
            "query",
            key(),
            0x1111_1111_1111_1111,
            Body::Query(Query {
                beat: None,
                after: None,
                names: vec![name("web"), name("dns")],
            }),
        ),
        (
            "query-beat",
            key(),
            0x2222_2222_2222_2222,
            Body::Query(Query {
                beat: Some(beat),
                after: Some(name("dns")),
                names: vec![name("web")],
            }),
        ),
        (
            "query-all",
            key(),
            0x3333_3333_3333_3333,
            Body::Query(Query {
                beat: None,
                after: None,
                names: vec![],
            }),
        ),
        (
            "answer",
            key(),
            0x3333_3333_3333_3333,
            Body::Answer(Answer {
                nonce: 0x0102_0304_0506_0708,
                more: true,
                records: vec![record("dns", State::Recover), record("web", State::Up)],
            }),
        ),
        (
            "change",
            key(),
            0x4444_4444_4444_4444,
            Body::Change(Change {
                nonce: 0x0102_0304_0506_0708,
                version: 7,
                name: name("web"),
                state: Some(State::Recover),
                set: Marks(0),
                clear: Marks::AWAY,
                reason: Reason::new("back"),
                interval_ms: 1000,
            }),
        ),
        (
            "change-wish",
            key(),
            0x5555_5555_5555_5555,
            Body::Change(Change {
                nonce: 0x0102_0304_0506_0708,
                version: 7,
                name: name("web"),
                state: None,
                set: Marks::AWAY,
                clear: Marks(0),
                reason: Reason::new("new disk"),
                interval_ms: 0,
            }),
        ),
        (
            "set-level",
            key(),
            0x7777_7777_7777_7777,
            Body::SetLevel(SetLevel {
                stamp: 41,
                set: Some((Reason::new("plan"), 2)),
            }),
        ),
        (
            "levels",
            key(),
            0x7777_7777_7777_7777,
            Body::Levels(Levels {
                stamp: 42,
                program: Reason::new("failsh"),
                levels: vec![(Reason::new("plan"), 2), (Reason::new("host"), 0)],
            }),
        ),
        (
            "refusal",
            key(),
            0x4444_4444_4444_4444,
            Body::Refusal(Refusal {
                code: Ok(Code::Stale),
                detail: 0,
                text: Reason::default(),
                record: Some(Record {
                    version: 8,
                    ..record("web", State::Fail)
                }),
            }),
        ),
        (
            "refusal-stranger",
            None,
            0x6666_6666_6666_6666,
            Body::Refusal(Refusal::plain(Code::Community)),
        ),
        (
            "report",
            key(),
            0x7777_7777_7777_7777,
            Body::Report(Report { hears: hears() }),
        ),
        (
            "report-asked",
            key(),
            0x8888_8888_8888_8888,
            Body::AskReport,
        ),
        (
            "reported",
            key(),
            0x8888_8888_8888_8888,
            Body::Reported(Reported {
                age_ms: Some(1500),
                hears: hears(),
            }),
        ),
        (
            "reported-nothing",
            key(),
            0x8888_8888_8888_8888,
            Body::Reported(Reported::default()),
        ),
        (
            "subscribe",
            key(),
            0x9999_9999_9999_9999,
            Body::Subscribe(Subscribe {
                cookie: COOKIE,
                for_ms: 60_000,
                names: vec![name("web"), name("dns")],
            }),
        ),
        (
            "notify-subscribed",
            key(),
            0x9999_9999_9999_9999,
            Body::Notify(Notify {
                nonce: 0x0102_0304_0506_0708,
                cookie: COOKIE,
                left_ms: 60_000,
                ..Notify::default()
            }),
        ),
        (
            "notify",
            key(),
            0x9999_9999_9999_9999,
            Body::Notify(Notify {
                nonce: 0x0102_0304_0506_0708,
                cookie: COOKIE,
                left_ms: 41_000,
                number: 3,
                more: true,
                records: vec![record("web", State::Up)],
            }),
        ),
        (
            "acknowledge",
            key(),
            0x9999_9999_9999_9999,
            Body::Acknowledge(Acknowledge {
                nonce: 0x0102_0304_0506_0708,
                number: 3,
            }),
        ),
        (
            "forget",
            key(),
            0xaaaa_aaaa_aaaa_aaaa,
            Body::Forget(Forget {
                nonce: 0x0102_0304_0506_0708,
                version: 7,
                name: name("web"),
            }),
        ),
        (
            "history-asked",
            key(),
            0xbbbb_bbbb_bbbb_bbbb,
            Body::AskHistory(AskHistory {
                name: name("web"),
                before: 8,
            }),
        ),
        (
            "history",
            key(),
            0xbbbb_bbbb_bbbb_bbbb,
            Body::History(History {
                nonce: 0x0102_0304_0506_0708,
                more: true,
                entries: vec![past(7, State::Up), past(6, State::Recover)],
            }),
        ),
        (
            "figures-asked",
            key(),
            0xcccc_cccc_cccc_cccc,
            Body::AskFigures(AskFigures {
                what: What::Limits,
                after: Reason::new("services"),
            }),
        ),
        (
            "figures",
            key(),
            0xcccc_cccc_cccc_cccc,
            Body::Figures(Figures {
                what: What::Limits,
                more: true,
                figures: vec![Figure {
                    name: Reason::new("communities"),
                    value: 1000,
                }],
            }),
        ),
    ]
}

const COOKIE: u64 = 0x1020_3040_5060_7080;

fn past(version: u64, state: State) -> Past {
    Past {
        version,
        state,
        marks: Marks::HELD,
        age_ms: 1500,
        at: 1_244_191_697_000,
        reason: Reason::new("start: no master can serve"),
        who: Reason::new("127.0.0.1"),
    }
}

#[test]
fn what_is_written_reads_back_to_the_same() {
    for (what, key, request, body) in examples() {
        let bytes = emit(key.as_ref(), request, &body);
        let packet = Packet::read(&bytes).unwrap();
        assert_eq!(packet.request(), request, "{what}");
        assert_eq!(packet.key_id(), key.as_ref().map_or(0, Key::id), "{what}");
        assert!(key.is_none_or(|key| packet.verify(&key)), "{what}");
        assert_eq!(packet.body().unwrap(), body, "{what}");
    }
}

#[test]
fn every_prefix_is_rejected() {
    for (what, _, request, body) in examples() {
        let bytes = emit(None, request, &body);
        for end in 0..bytes.len() {
            let read = Packet::read(&bytes[..end]).and_then(|packet| packet.body());
            assert_eq!(read, Err(Bad::Short), "{what}, the first {end} bytes");
        }
    }
}

#[test]
fn one_changed_bit_anywhere_breaks_the_hmac() {
    let key = Key::new(COMMUNITY).unwrap();
    for (what, _, request, body) in examples() {
        let bytes = emit(Some(&key), request, &body);
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let passes = Packet::read(&bytes).is_ok_and(|packet| packet.verify(&key));
            assert!(!passes, "{what}, bit {bit}");
        }
    }
}

#[test]
fn what_a_later_version_adds_at_the_end_is_skipped() {
    for (what, _, request, body) in examples() {
        let mut bytes = emit(None, request, &body);
        bytes.extend(b"later");
        assert_eq!(
            Packet::read(&bytes).unwrap().body().unwrap(),
            body,
            "{what}"
        );
    }
}

#[test]
fn padding_makes_room_for_the_answer_and_is_skipped() {
    let key = Key::new(COMMUNITY).unwrap();
    let (_, _, request, body) = examples().remove(0);
    for len in [0, 100, 352, 1400] {
        let bytes = emit_padded(&key, request, &body, len);
        let packet = Packet::read(&bytes).unwrap();
        assert_eq!(bytes.len(), len.max(emit(None, request, &body).len()));
        assert!(packet.verify(&key));
        assert_eq!(packet.body().unwrap(), body);
    }
}

#[test]
fn what_a_later_version_adds_to_a_record_is_skipped() {
    let answer = Answer {
        nonce: 1,
        more: false,
        records: vec![record("web", State::Up)],
    };
    let mut bytes = emit(None, 1, &Body::Answer(answer.clone()));
    let at = ANSWER_BYTES_MIN;
    let len = u16::from_be_bytes([bytes[at], bytes[at + 1]]) + 3;
    bytes[at..at + 2].copy_from_slice(&len.to_be_bytes());
    bytes.extend([1, 2, 3]);
    assert_eq!(
        Packet::read(&bytes).unwrap().body().unwrap(),
        Body::Answer(answer)
    );
}

#[test]
fn unknown_versions_and_types_are_told_apart_from_garbage() {
    let mut bytes = emit(None, 9, &examples()[0].3);
    bytes[2] = 2;
    let packet = Packet::read(&bytes).unwrap();
    assert!(!packet.speaks_version());
    assert_eq!(packet.request(), 9);
    assert_eq!(packet.body(), Err(Bad::Version));
    // Whatever it says, its sender speaks version 2 and refuses what we speak.
    bytes[3] = 0xff;
    let Body::Refusal(refusal) = Packet::read(&bytes).unwrap().body().unwrap() else {
        panic!("it is a refusal")
    };
    assert_eq!((refusal.code, refusal.detail), (Ok(Code::Version), 2));
    let sentence = "it does not speak this version of the protocol: \
                    it speaks version 2, this program version 1";
    assert_eq!(refusal.to_string(), sentence);
    bytes[2] = VERSION;
    bytes[3] = 0x7f;
    assert_eq!(Packet::read(&bytes).unwrap().body(), Err(Bad::Type));
    bytes[0] = b'X';
    assert_eq!(Packet::read(&bytes).unwrap_err(), Bad::Magic);
}

#[test]
fn a_record_says_how_long_it_is() {
    for text in ["x", "web", &"n".repeat(NAME_BYTES_MAX)] {
        let empty = emit(
            None,
            1,
            &Body::Answer(Answer {
                nonce: 1,
                more: false,
                records: vec![],
            }),
        );
        assert_eq!(empty.len(), ANSWER_BYTES_MIN);
        let record = record(text, State::Up);
        let bytes = record.wire_bytes();
        let one = emit(
            None,
            1,
            &Body::Answer(Answer {
                nonce: 1,
                more: false,
                records: vec![record],
            }),
        );
        assert_eq!(one.len(), ANSWER_BYTES_MIN + bytes);
    }
}

#[test]
fn an_entry_of_a_report_says_how_long_it_is() {
    for text in ["x", "hosta", &"n".repeat(NAME_BYTES_MAX)] {
        let hear = Hear {
            name: name(text),
            nonce: 1,
            reachable: true,
        };
        let bytes = hear.wire_bytes();
        let reported = Reported {
            age_ms: Some(1),
            hears: vec![hear],
        };
        let one = emit(None, 1, &Body::Reported(reported));
        assert_eq!(one.len(), REPORTED_BYTES_MIN + bytes);
    }
}

#[test]
fn an_empty_answer_is_as_long_as_is_said() {
    let history = |entries| {
        Body::History(History {
            entries,
            ..History::default()
        })
    };
    let figures = |figures| {
        Body::Figures(Figures {
            what: What::Counters,
            more: false,
            figures,
        })
    };
    let one = Figure {
        name: Reason::new("services"),
        value: 1,
    };
    for (body, bytes) in [
        (Body::Notify(Notify::default()), NOTIFY_BYTES_MIN),
        (history(vec![]), HISTORY_BYTES_MIN),
        (
            history(vec![past(1, State::Up)]),
            HISTORY_BYTES_MIN + past(1, State::Up).wire_bytes(),
        ),
        (figures(vec![]), FIGURES_BYTES_MIN),
        (
            figures(vec![one.clone()]),
            FIGURES_BYTES_MIN + one.wire_bytes(),
        ),
    ] {
        assert_eq!(emit(None, 1, &body).len(), bytes, "{body:?}");
    }
}

#[test]
fn counts_that_can_not_be_true_are_rejected() {
    let mut bytes = emit(None, 1, &Body::Query(Query::default()));
    let end = bytes.len();
    bytes[end - 2..].copy_from_slice(&[0xff, 0xff]);
    assert_eq!(Packet::read(&bytes).unwrap().body(), Err(Bad::Short));
    for body in [
        Body::Report(Report::default()),
        Body::Reported(Reported::default()),
        Body::Subscribe(Subscribe::default()),
        Body::Notify(Notify::default()),
        Body::History(History::default()),
    ] {
        let mut bytes = emit(None, 1, &body);
        let end = bytes.len();
        bytes[end - 2..].copy_from_slice(&[0xff, 0xff]);
        assert_eq!(Packet::read(&bytes).unwrap().body(), Err(Bad::Short));
    }
}

/// Any bytes may arrive. Whatever is read as a message writes back to what was read.
#[test]
fn mutated_messages_are_read_or_rejected_and_never_worse() {
    let mut dice = Dice::new(&[7; 32]);
    let examples = examples();
    let mut read = 0;
    for _ in 0..20_000 {
        let (_, _, request, body) = &examples[dice.roll() as usize % examples.len()];
        let mut bytes = emit(None, *request, body);
        for _ in 0..dice.roll() % 4 + 1 {
            let at = dice.roll() as usize % bytes.len();
            bytes[at] = dice.roll() as u8;
        }
        bytes.truncate(dice.roll() as usize % (bytes.len() * 4) + 1);
        let Ok(body) = Packet::read(&bytes).and_then(|packet| packet.body()) else {
            continue;
        };
        let again = emit(None, *request, &body);
        assert_eq!(Packet::read(&again).unwrap().body().unwrap(), body);
        read += 1;
    }
    assert!(
        read > 1000,
        "only {read} mutations could be read: the test tests nothing"
    );
}

fn hex(bytes: &[u8]) -> String {
    let rows = bytes.chunks(16).map(|row| {
        let words: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        words.join(" ") + "\n"
    });
    rows.collect()
}

#[test]
fn golden_bytes() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/wire");
    for (what, key, request, body) in examples() {
        let path = folder.join(format!("{what}.hex"));
        let is = hex(&emit(key.as_ref(), request, &body));
        if std::env::var_os("FAILOVER_GOLDEN").is_some() {
            std::fs::write(&path, &is).unwrap();
        }
        let was =
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(
            is, was,
            "{what} is no longer as man/failover-protocol.7 says"
        );
    }
}
