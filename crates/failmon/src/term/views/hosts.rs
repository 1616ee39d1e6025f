//! The other hosts of a target: whether they answer, how fast, and whom they hear.

use std::collections::VecDeque;

use fail_wire::monitor::HostView;
use ratatui::style::Style;

use super::{badness, order, passes, target};
use crate::cluster::Cluster;
use crate::term::app::App;
use crate::term::grid::{Grid, Row, cell, column};
use crate::term::text::{ago, micros, spark};

/// Bars of the round trip in a list.
const BARS: usize = 20;

pub(super) fn grid(app: &App, cluster: &Cluster, now: i64) -> Grid {
    let theme = app.theme;
    let last = match app.call {
        true => "LAST CALL",
        false => "LAST CONNECT",
    };
    let mut grid = Grid {
        columns: vec![
            column("HOST", 8, 32, 0),
            column("STATE", 7, 9, 1),
            column("SINCE", 6, 7, 3),
            column(last, 12, 12, 2),
            column("TRIP", 5, 6, 4),
            column("ANSWERS", 7, 7, 5),
            column("ROUND TRIP", 10, BARS, 8),
            column("HEARS", 8, 30, 6),
            column("HINT", 4, usize::MAX, 7),
        ],
        rows: Vec::new(),
        empty: match app.filter.is_empty() {
            true => "no other host is known of",
            false => "no host passes the filter",
        },
    };
    let Some(view) = target(app, cluster) else {
        return grid;
    };
    let there = view.shown.there(now);
    let stale = view.stale(now).is_some();
    let mut hosts: Vec<&HostView> = view.shown.hosts.values().collect();
    hosts.retain(|host| {
        let address = host.address.as_deref().unwrap_or_default();
        passes(app, &[&host.name, address, answers(host), &hears(host)])
    });
    let bad = |host: &HostView| match host.reachable {
        Some(true) => badness(Some("UP")),
        Some(false) => badness(Some("FAIL")),
        None => badness(None),
    };
    hosts.sort_by(|a, b| order(app, (&a.name, bad(a), a.since), (&b.name, bad(b), b.since)));
    if hosts.iter().all(|host| host.hint.is_none()) {
        grid.columns.pop();
    }
    let none = VecDeque::new();
    grid.rows = hosts
        .into_iter()
        .map(|host| {
            let calm = |style: Style| if stale { theme.dim() } else { style };
            let state = match host.reachable {
                Some(true) => theme.good(),
                Some(false) => theme.state(Some("FAIL")),
                None => theme.dim(),
            };
            let last = match app.call {
                true => host.last_call,
                false => host.last_answer,
            };
            let trip = host.trip_us.map_or(String::new(), micros);
            let rate = host
                .last_call
                .map_or(String::new(), |_| rate(host.lost_permille));
            let trail = view.shown.trips.get(&host.name).unwrap_or(&none);
            Row {
                key: host.name.clone(),
                cells: vec![
                    cell(&host.name, calm(theme.title())),
                    cell(answers(host), calm(state)),
                    cell(
                        host.reachable
                            .map_or(String::new(), |_| ago(there, host.since)),
                        calm(Style::new()),
                    ),
                    cell(
                        last.map_or("never".to_string(), |at| format!("{} ago", ago(there, at))),
                        calm(Style::new()),
                    ),
                    cell(trip, calm(Style::new())),
                    cell(rate, calm(Style::new())),
                    cell(spark(trail, BARS), calm(theme.bars())),
                    cell(hears(host), calm(Style::new())),
                    cell(
                        host.hint.as_deref().unwrap_or_default(),
                        calm(theme.warning()),
                    ),
                ],
            }
        })
        .collect();
    grid
}

fn answers(host: &HostView) -> &'static str {
    match host.reachable {
        Some(true) => "answers",
        Some(false) => "silent",
        None => "not asked",
    }
}

/// How many of a hundred questions were answered.
fn rate(lost_permille: u32) -> String {
    let got = 1_000_u32.saturating_sub(lost_permille);
    match got % 10 {
        0 => format!("{}%", got / 10),
        part => format!("{}.{part}%", got / 10),
    }
}

/// Whom it hears, and whom not.
fn hears(host: &HostView) -> String {
    let one = |hear: &fail_wire::monitor::HearView| match hear.reachable {
        true => hear.host.clone(),
        false => format!("not {}", hear.host),
    };
    let all: Vec<String> = host.hears.iter().map(one).collect();
    all.join(", ")
}
