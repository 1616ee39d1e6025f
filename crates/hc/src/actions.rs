//! What is done about a change: what each kind of action makes of a report.
//!
//! Programs get it in their environment ([`variables`]), web servers as JSON ([`json`]), people
//! as a sentence ([`sentence`]) and a mail. What goes over the network but webhooks, which are
//! probes that post something, runs in [`Errands`], all side by side, each with its deadline.
//!
//! A report quotes what came over the network: where it could do harm it goes through
//! [`fail_client::clean`].

pub mod errands;
pub mod failc;
pub mod mail;
mod syslog;

pub use errands::{Errand, Errands};

use fail_conf::hcfile::action::Webhook;
use fail_conf::hcfile::check::{Check, Family, Http, Line, Terms};
use fail_conf::hcfile::{CONTENT_TYPE, Template};
use fail_core::time::Wall;
use fail_core::watch::{Event, Report, State, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;

/// `www is down: status 500`
pub fn sentence(report: &Report) -> String {
    let Report { target, why, .. } = report;
    let state = match (report.event, report.good) {
        (Event::Warning, _) => "has a warning",
        (Event::Clear, _) => "has no warning any more",
        (Event::Flapping, _) => "is flapping",
        (Event::Renotify, _) => "is still down",
        (_, true) => "is up",
        (_, false) => "is down",
    };
    let colon = if why.is_empty() { "" } else { ": " };
    fail_client::clean(&format!("{target} {state}{colon}{why}")).into_owned()
}

/// For programs, and for texts with holes: [`fail_conf::hcfile::REPORTED`].
pub fn variables(report: &Report, host: &str) -> Vec<(String, String)> {
    let seconds = report.lasted.as_millis() / 1_000;
    [
        ("HC_TEXT", sentence(report)),
        ("HC_TARGET", report.target.to_string()),
        ("HC_EVENT", report.event.word().to_string()),
        ("HC_STATE", report.to.word().to_string()),
        ("HC_FROM", report.from.word().to_string()),
        // The environment of a process can not have a zero byte, and nobody wants the others.
        ("HC_WHY", fail_client::clean(&report.why).into_owned()),
        ("HC_LASTED", seconds.to_string()),
        ("HC_HIDES", report.hides.to_string()),
        ("HC_LEFT_OUT", report.left_out.to_string()),
        ("HC_HOST", host.to_string()),
    ]
    .map(|(name, value)| (name.to_string(), value))
    .into()
}

/// A text with what is reported.
fn filled(template: &Template, report: &Report, host: &str) -> String {
    let variables: BTreeMap<_, _> = variables(report, host).into_iter().collect();
    template.fill(|name| variables.get(name).cloned().unwrap_or_default())
}

/// A report as web servers get it.
#[derive(Serialize)]
struct Posted<'a> {
    host: &'a str,
    at: i64,
    target: &'a str,
    event: Event,
    good: bool,
    from: State,
    to: State,
    first: bool,
    why: &'a str,
    lasted: u64,
    hides: usize,
    left_out: u32,
}

/// For web servers, unless a line has its own text: an object in one line.
fn json(report: &Report, host: &str, now: Wall) -> String {
    let posted = Posted {
        host,
        at: report.at.unwrap_or(now).0,
        target: report.target.as_str(),
        event: report.event,
        good: report.good,
        from: report.from,
        to: report.to,
        first: report.first,
        why: &report.why,
        lasted: report.lasted.as_millis(),
        hides: report.hides,
        left_out: report.left_out,
    };
    // Nothing in it can not be written as JSON.
    serde_json::to_string(&posted).unwrap_or_default()
}

/// A webhook is a probe that posts the report, and is good when it is taken.
pub fn webhook(webhook: &Webhook, report: &Report, host: &str, now: Wall) -> Line {
    let Webhook {
        url,
        auth,
        headers,
        body,
        tls,
        hidden,
    } = webhook;
    let body = match body {
        Some(body) => filled(body, report, host),
        None => json(report, host, now),
    };
    let mut headers = headers.clone();
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE))
    {
        headers.push((CONTENT_TYPE.to_string(), "application/json".to_string()));
    }
    Line {
        shown: format!("webhook {url}"),
        public: "webhook".to_string(),
        hidden: hidden.clone(),
        check: Check::Http(Box::new(Http {
            url: url.clone(),
            via: None,
            method: "POST".to_string(),
            headers,
            body: Some(body),
            auth: auth.clone(),
            status: vec![(200, 299)],
            matches: Vec::new(),
            no_matches: Vec::new(),
            follow: 0,
            tls: tls.clone(),
        })),
        terms: Terms {
            timeout: None,
            within: None,
            slow: None,
            family: Family::Any,
            unknown: Verdict::Bad,
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
pub mod tests {
    use super::*;
    use fail_core::time::Span;

    pub fn report(event: Event, good: bool, why: &str) -> Report {
        Report {
            target: "www".parse().unwrap(),
            event,
            at: None,
            good,
            from: State::Up,
            to: if good { State::Up } else { State::Down },
            first: false,
            why: why.to_string(),
            lasted: Span::from_millis(11_520_900),
            hides: 3,
            left_out: 2,
        }
    }

    #[test]
    fn a_sentence_is_one_line_that_harms_no_terminal() {
        for (event, good, why, expected) in [
            (
                Event::Down,
                false,
                "http: status 500",
                "www is down: http: status 500",
            ),
            (Event::Change, true, "http: ok", "www is up: http: ok"),
            (Event::Renotify, false, "", "www is still down"),
            (Event::Warning, true, "3 days", "www has a warning: 3 days"),
            (Event::Clear, true, "", "www has no warning any more"),
            (
                Event::Flapping,
                true,
                "6 changes",
                "www is flapping: 6 changes",
            ),
        ] {
            assert_eq!(sentence(&report(event, good, why)), expected);
        }
        let hostile = sentence(&report(Event::Down, false, "a\r\nBcc: x\u{1b}[2J\0"));
        assert!(!hostile.contains(|c: char| c.is_control()), "{hostile:?}");
    }

    #[test]
    fn what_is_reported_is_what_texts_may_have() {
        let report = report(Event::Down, false, "");
        let mut is: Vec<String> = { variables(&report, "hosta").into_iter() }
            .map(|(name, _)| name)
            .collect();
        let mut may = fail_conf::hcfile::REPORTED.to_vec();
        is.sort();
        may.sort();
        assert_eq!(is, may);
    }

    #[test]
    fn programs_and_web_servers_get_the_same() {
        let report = report(Event::Down, false, "status 500\0");
        let variables = variables(&report, "hosta");
        let value = |name: &str| {
            let found = variables.iter().find(|(known, _)| known == name);
            found.unwrap().1.clone()
        };
        assert_eq!(
            (value("HC_LASTED"), value("HC_STATE")),
            ("11520".into(), "down".into())
        );
        assert!(!value("HC_WHY").contains('\0'));
        let text = json(&report, "hosta", Wall(7));
        let posted: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(posted["event"], "down");
        assert_eq!(posted["lasted"], 11_520_900);
        assert_eq!(posted["why"], "status 500\0");
        assert!(!text.contains('\0') && !text.contains('\n'));
    }
}
