//! `failover-monitor(7)` against the types of the stream: the same fields on both sides, and
//! examples that are what they say.

use fail_core::limits;
use fail_wire::monitor::*;
use failover_tests::man::Page;
use serde_json::{Value, json};

fn page() -> Page {
    Page::open("failover-monitor.7")
}

/// A service with something in every field.
fn service() -> ServiceView {
    ServiceView {
        script: Some(ScriptView {
            task: "start".to_string(),
            since: 1,
            until: 2,
        }),
        peers: vec![PeerView {
            host: "hosta".to_string(),
            role: "master".to_string(),
            state: None,
            reachable: None,
            marks: Vec::new(),
            reason: String::new(),
            since: None,
        }],
        check: Some(CheckView {
            good: 1,
            bad: 0,
            last: None,
            said: String::new(),
        }),
        retry: Some(RetryView { failures: 1, at: 2 }),
        journal: vec![Note {
            at: 1,
            kind: "state".to_string(),
            text: String::new(),
        }],
        ..ServiceView::default()
    }
}

fn host() -> HostView {
    HostView {
        hears: vec![HearView {
            host: "hosta".to_string(),
            reachable: true,
        }],
        ..HostView::default()
    }
}

fn health() -> HealthView {
    HealthView {
        pauses: vec![Pause { at: 1, ms: 2 }],
        ..HealthView::default()
    }
}

fn hello() -> Hello {
    Hello {
        stream: MONITOR_VERSION,
        program: "failsh".to_string(),
        version: String::new(),
        host: String::new(),
        pid: 1,
        started: 1,
        now: 1,
        policy: 1,
    }
}

fn event() -> EventView {
    EventView {
        at: 1,
        event: "up".to_string(),
        subject: "web".to_string(),
        data: Default::default(),
    }
}

/// Everything that is told: its name in the page, and its value.
fn all() -> Vec<(&'static str, Value)> {
    let (what, name) = ("service".to_string(), "web".to_string());
    let lines = [
        Update::Hello(hello()),
        Update::Service(Box::new(service())),
        Update::Host(host()),
        Update::Health(health()),
        Update::Event(event()),
        Update::Gone { what, name },
        Update::Ready,
    ];
    let lines = lines.map(|line| json!(line));
    let [hello, service, host, health, event, gone, ready] = lines;
    vec![
        ("script", service["script"].clone()),
        ("peer", service["peers"][0].clone()),
        ("check", service["check"].clone()),
        ("retry", service["retry"].clone()),
        ("note", service["journal"][0].clone()),
        ("hear", host["hears"][0].clone()),
        ("pause", health["pauses"][0].clone()),
        ("hello", hello),
        ("service", service),
        ("host", host),
        ("health", health),
        ("event", event),
        ("gone", gone),
        ("ready", ready),
    ]
}

#[test]
fn every_field_stands_in_the_page_and_the_other_way_round() {
    page().describes(&all());
}

#[test]
fn the_examples_are_lines_of_the_stream() {
    let again = |line: &str| {
        let update: Update = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        json!(update)
    };
    page().shows_each(&all(), again);
}

#[test]
fn its_numbers_are_those_of_the_code() {
    let text = page().text.replace('\n', " ");
    for words in [
        format!("TCP port {} of this host", fail_cli::ports::MONITOR),
        format!("the version of what is described here, {MONITOR_VERSION};"),
        format!("each of the last {} things", limits::JOURNAL_MAX),
        format!("at most {} bytes", limits::NOTE_BYTES_MAX),
        format!("for each of the last {}, oldest", limits::PAUSES_MAX),
    ] {
        assert!(text.contains(&words), "failover-monitor.7: no \"{words}\"");
    }
    assert_eq!((limits::RATE_MAX, limits::RATE_WINDOW_S), (10, 10));
    assert_eq!(limits::LATENESS_MAX, 1_000);
}

#[test]
fn a_type_of_a_later_version_is_skipped_by_this_one() {
    let line = r#"{"type":"weather","name":"web","sunny":true}"#;
    let update: Update = serde_json::from_str(line).unwrap();
    assert_eq!(update, Update::Unknown);
    let line = r#"{"type":"gone","what":"host","name":"hosta","since":1}"#;
    let update: Update = serde_json::from_str(line).unwrap();
    assert!(matches!(update, Update::Gone { .. }));
}
