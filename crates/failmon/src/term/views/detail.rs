//! Everything about one service on one host: how it is, why, what it waits for, what was done
//! lately, and its settings.

use fail_wire::monitor::ServiceView;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{target, theirs, told};
use crate::cluster::Cluster;
use crate::matrix;
use crate::term::app::App;
use crate::term::text::{ago, clean};

pub(super) fn page(app: &App, cluster: &Cluster, now: i64) -> Vec<Line<'static>> {
    let Some(view) = target(app, cluster) else {
        return Vec::new();
    };
    let first = || view.shown.services.keys().next();
    let Some(name) = app.service.as_ref().or_else(first) else {
        return vec![Line::styled("no service is known of", app.theme.dim())];
    };
    let Some(service) = view.shown.services.get(name) else {
        let text = format!("{} has no service {name} (any more)", view.host());
        return vec![Line::styled(clean(&text), app.theme.dim())];
    };
    let there = view.shown.there(now);
    let mut lines = Vec::new();
    now_of(app, service, there, &mut lines);
    let whole = matrix::matrix(cluster, now);
    if let Some(row) = whole.rows.iter().find(|row| row.service == *name) {
        let (hosts, since) = super::services::served(&whole, row);
        let since = since.map_or(String::new(), |since| format!(" for {}", ago(now, since)));
        told(
            app,
            &mut lines,
            "served by",
            vec![theirs(&format!("{hosts}{since}"))],
        );
    }
    for (at, peer) in service.peers.iter().enumerate() {
        let state = peer.state.as_deref();
        let word = match (state, peer.reachable) {
            (Some(state), _) => state.to_string(),
            (None, Some(false)) => "silent".to_string(),
            (None, _) => "not asked".to_string(),
        };
        let since = peer.since.filter(|_| state.is_some());
        let mut rest = since.map_or(String::new(), |since| format!(" for {}", ago(there, since)));
        for word in peer
            .marks
            .iter()
            .chain([&peer.reason])
            .filter(|word| !word.is_empty())
        {
            rest += &format!(", {word}");
        }
        let spans = vec![
            theirs(&format!("{} ({}) ", peer.host, peer.role)),
            Span::styled(clean(&word), app.theme.state(state)),
            theirs(&rest),
        ];
        told(app, &mut lines, if at == 0 { "peers" } else { "" }, spans);
    }
    lines.push(Line::raw(""));
    for (at, note) in service.journal.iter().rev().enumerate() {
        let when = format!("{:>6} ago  {:<8} ", ago(there, note.at), clean(&note.kind));
        let spans = vec![Span::styled(when, app.theme.dim()), theirs(&note.text)];
        told(app, &mut lines, if at == 0 { "journal" } else { "" }, spans);
    }
    lines.push(Line::raw(""));
    for (at, (key, value)) in service.settings.iter().enumerate() {
        let text = theirs(&format!("{key} {value}"));
        told(
            app,
            &mut lines,
            if at == 0 { "settings" } else { "" },
            vec![text],
        );
    }
    for (at, (key, until)) in service.console.iter().enumerate() {
        let until = match until {
            Some(until) => format!("for {} more", left(there, *until)),
            None => "until the policy is read again".to_string(),
        };
        let text = Span::styled(clean(&format!("{key}, {until}")), app.theme.warning());
        told(
            app,
            &mut lines,
            if at == 0 { "console" } else { "" },
            vec![text],
        );
    }
    lines
}

/// How it is now.
fn now_of(app: &App, service: &ServiceView, there: i64, lines: &mut Vec<Line<'static>>) {
    let theme = app.theme;
    let state = service.state.as_deref();
    let mut spans = vec![Span::styled(
        clean(state.unwrap_or("not known yet")),
        theme.state(state),
    )];
    if state.is_some() {
        let (age, at) = (ago(there, service.since), fail_client::utc(service.since));
        spans.push(Span::raw(format!(" for {age}, since {at}")));
    }
    told(app, lines, "state", spans);
    if !service.marks.is_empty() {
        let marks = Span::styled(clean(&service.marks.join(", ")), theme.warning());
        told(app, lines, "marks", vec![marks]);
    }
    told(app, lines, "why", vec![theirs(&service.why)]);
    if service.reason != service.why && !service.reason.is_empty() {
        told(app, lines, "reason", vec![theirs(&service.reason)]);
    }
    if let Some(waiting) = &service.waiting {
        let until = service.until.map_or(String::new(), |until| {
            format!(", {} more at most", left(there, until))
        });
        told(
            app,
            lines,
            "waits",
            vec![theirs(&format!("{waiting}{until}"))],
        );
    }
    if let Some(script) = &service.script {
        let (since, until) = (ago(there, script.since), left(there, script.until));
        let text = format!("{} runs for {since}, and is ended in {until}", script.task);
        told(app, lines, "script", vec![theirs(&text)]);
    }
    if let Some(check) = &service.check {
        let last = check
            .last
            .map_or("no check has ended yet".to_string(), |last| {
                format!("the last, {} ago, said {}", ago(there, last), check.said)
            });
        let bad = match check.bad {
            0 => Style::new(),
            _ => theme.warning(),
        };
        let text = format!("{} good, {} bad; {last}", check.good, check.bad);
        told(app, lines, "check", vec![Span::styled(clean(&text), bad)]);
    }
    if let Some(retry) = &service.retry {
        let text = format!(
            "leaves FAIL in {}, after {} failures",
            left(there, retry.at),
            retry.failures
        );
        told(app, lines, "retry", vec![theirs(&text)]);
    }
}

/// How long until then.
fn left(there: i64, until: i64) -> String {
    ago(until, there)
}
