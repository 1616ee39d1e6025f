//! `hc-monitor(7)` against the types of the stream: the same fields on both sides, and examples
//! that are what they say.

use fail_core::limits;
use fail_wire::health::*;
use failover_tests::man::Page;
use serde_json::{Value, json};

fn page() -> Page {
    Page::open("hc-monitor.7")
}

/// A target with something in every field.
fn target() -> TargetView {
    let figures = vec![FigureView::default()];
    TargetView {
        checks: vec![CheckView {
            figures,
            ..CheckView::default()
        }],
        changes: vec![ChangeView::default()],
        actions: vec![ActionView::default()],
        ..TargetView::default()
    }
}

/// Everything that is told: its name in the page, and its value.
fn all() -> Vec<(&'static str, Value)> {
    let (name, reason) = ("www".to_string(), "full".to_string());
    let lines = [
        Update::Hello(Hello::default()),
        Update::Target(Box::new(target())),
        Update::Health(HealthView::default()),
        Update::Gone { name },
        Update::Ready,
        Update::Refused { reason },
    ];
    let lines = lines.map(|line| json!(line));
    let [hello, target, health, gone, ready, refused] = lines;
    vec![
        ("check", target["checks"][0].clone()),
        ("figure", target["checks"][0]["figures"][0].clone()),
        ("change", target["changes"][0].clone()),
        ("available", target["available"].clone()),
        ("action", target["actions"][0].clone()),
        ("hello", hello),
        ("target", target),
        ("health", health),
        ("gone", gone),
        ("ready", ready),
        ("refused", refused),
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
    let page = page();
    let question = page
        .text
        .lines()
        .find_map(|line| line.strip_prefix(".Dl {"));
    let question: Question = serde_json::from_str(&format!("{{{}", question.unwrap())).unwrap();
    assert_eq!(question.targets, ["www", "dns"]);
}

#[test]
fn its_numbers_are_those_of_the_code() {
    let text = page().text.replace('\n', " ");
    for words in [
        format!("TCP port {},", fail_cli::ports::HC),
        format!("the version of what is described here, {HEALTH_VERSION};"),
        format!("for each of the last {}, oldest", limits::CHANGES_MAX),
    ] {
        assert!(text.contains(&words), "hc-monitor.7: no \"{words}\"");
    }
    assert_eq!(limits::MONITOR_CLIENTS_MAX, 32, "thirty-two readers");
}

#[test]
fn what_no_version_of_now_knows_is_skipped() {
    let line = r#"{"type":"weather","name":"www","sunny":true}"#;
    let update: Update = serde_json::from_str(line).unwrap();
    assert_eq!(update, Update::Unknown);
    let line = r#"{"type":"target","name":"www","mood":"fine"}"#;
    let update: Update = serde_json::from_str(line).unwrap();
    assert!(matches!(update, Update::Target(view) if view.name == "www"));
}
