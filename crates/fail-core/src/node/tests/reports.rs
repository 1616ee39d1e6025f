//! Stories of whom this host hears: told by who may change something, shown to everybody.

use fail_wire::{Hear, REPORTED_BYTES_MIN, Report, Reported};

use super::*;

fn hear(text: &str, reachable: bool) -> Hear {
    Hear {
        name: name(text),
        nonce: 7,
        reachable,
    }
}

fn report(count: usize) -> Report {
    let hears = (0..count).map(|n| hear(&format!("host{n:03}"), n % 2 == 0));
    Report {
        hears: hears.collect(),
    }
}

fn reported(body: Body) -> Reported {
    match body {
        Body::Reported(reported) => reported,
        other => panic!("no report: {other:?}"),
    }
}

#[test]
fn who_may_change_something_reports_and_whoever_may_read_is_told_with_its_age() {
    let mut lab = Lab::new();
    let nothing = reported(lab.ask("ro", &Body::AskReport));
    assert_eq!(nothing, Reported::default());
    let said = report(2);
    let taken = reported(lab.ask("web", &Body::Report(said.clone())));
    assert_eq!((taken.age_ms, &taken.hears), (Some(0), &said.hears));
    lab.pass(1_500);
    for community in ["ro", "rw", "web"] {
        let is = reported(lab.ask(community, &Body::AskReport));
        assert_eq!((is.age_ms, &is.hears), (Some(1_500), &said.hears));
    }
    lab.ask("rw", &Body::Report(report(1)));
    let is = reported(lab.ask("ro", &Body::AskReport));
    assert_eq!(
        (is.age_ms, is.hears.len()),
        (Some(0), 1),
        "the last one counts"
    );
    assert!(lab.saves.is_empty(), "it is in memory only");
}

#[test]
fn who_may_only_read_reports_nothing() {
    let mut lab = Lab::new();
    let no = refusal(lab.ask("ro", &Body::Report(report(1))));
    assert_eq!(no.code, Ok(Code::ReadOnly));
    assert_eq!(
        reported(lab.ask("ro", &Body::AskReport)),
        Reported::default()
    );
}

#[test]
fn without_rules_this_host_reports_and_others_only_ask() {
    let mut lab = Lab::with(Access::open(), Image::default());
    let no = refusal(lab.ask("public", &Body::Report(report(1))));
    assert_eq!(no.code, Ok(Code::ReadOnly));
    let bytes = emit_padded(&key("public"), 5, &Body::Report(report(1)), 400);
    lab.bytes("127.0.0.1:9", &bytes);
    assert_eq!(reported(lab.heard("public")).hears.len(), 1);
    assert_eq!(reported(lab.ask("public", &Body::AskReport)).hears.len(), 1);
}

#[test]
fn an_answer_is_never_longer_than_its_request() {
    let mut lab = Lab::new();
    lab.send("rw", &Body::Report(report(limits::HEARS_MAX)), 1400);
    reported(lab.heard("rw"));
    let mut shown = 0;
    for len in 0..=1400 {
        lab.send("ro", &Body::AskReport, len);
        for sent in std::mem::take(&mut lab.sent) {
            assert!(sent.len() <= len.max(48), "{} for {len}", sent.len());
            let body = Packet::read(&sent).unwrap().body().unwrap();
            match body {
                Body::Reported(is) => {
                    assert!(len >= REPORTED_BYTES_MIN && is.hears.len() >= shown);
                    shown = is.hears.len();
                }
                Body::Refusal(no) => assert_eq!(no.code, Ok(Code::Cramped)),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(shown, limits::HEARS_MAX);
}

#[test]
fn a_report_has_its_limit_and_one_beyond_it_changes_nothing() {
    let mut lab = Lab::new();
    lab.ask("rw", &Body::Report(report(3)));
    lab.send("rw", &Body::Report(report(limits::HEARS_MAX + 1)), 1400);
    let no = refusal(lab.heard("rw"));
    assert_eq!(no.code, Ok(Code::Limit));
    assert_eq!(no.text.as_str(), "hosts in a report");
    assert_eq!(no.detail as usize, limits::HEARS_MAX);
    assert_eq!(reported(lab.ask("ro", &Body::AskReport)).hears.len(), 3);
}
