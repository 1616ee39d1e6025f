//! One target: its state as a word on a colour, and all that is known of it.

use fail_client::health::words::{figure, group, list, ms, share, why};
use fail_client::health::{ActionView, Available, CheckView, FigureView, TargetView};
use fail_client::{clean, named};
use maud::{Markup, html};

use crate::bar;
use crate::look::{Hc, Shown};
use crate::query;
use crate::when::{ago, moment};

/// Changes that are shown unless all are asked for.
const CHANGES_SHOWN: usize = 5;

/// Figures of one check that are shown.
const FIGURES_SHOWN: usize = 20;

/// Letters of a line of the Hcfile that are shown: one can have 64 kB, of words of a program say.
const LINE_LETTERS_SHOWN: usize = 1_000;

/// The class of a state, for its colour.
pub fn class(state: &str) -> &'static str {
    match state {
        "up" | "good" => "up",
        "warning" => "warning",
        "down" | "bad" => "down",
        "dependency" => "dependency",
        "maintenance" | "quiet" => "maintenance",
        "flapping" => "flapping",
        "pending" => "pending",
        _ => "unknown",
    }
}

/// A word on its colour.
pub fn badge(state: &str) -> Markup {
    let word = match state {
        "" => "not known",
        state => state,
    };
    html! { strong .state .(class(state)) { (clean(word)) } }
}

/// A state with its marks.
pub fn state(target: &TargetView) -> Markup {
    html! {
        @if target.quiet {
            strong .state .(class("quiet")) { (clean(&target.state)) " quiet" }
        } @else {
            (badge(&target.state))
        }
        @if target.warning { " " (badge("warning")) }
        @if target.flapping { " " (badge("flapping")) }
    }
}

/// The line by which it is found.
pub fn summary(shown: &Shown, hc: Hc, target: &TargetView) -> Markup {
    html! {
        span .who { (state(target)) " " b .name { (clean(named(&target.name))) } }
        @if let Some(group) = group(target) { " " span .note { "(" (group) ")" } }
        " " span .note { (ago(hc.here(target.since), shown.now)) }
        @let why = why(target);
        @if !why.is_empty() { " " span .why { (clean(&why)) } }
        (bar::bar(hc, target, shown.now))
    }
}

/// Everything else.
pub fn detail(shown: &Shown, hc: Hc, target: &TargetView) -> Markup {
    html! {
        dl {
            dt { "Last day" }
            dd { (bar::sentence(hc, target, shown.now)) }
            dt { "Up" }
            dd { (up(&target.available)) }
            @if let Some(checked) = target.checked {
                dt { "Checked" }
                dd {
                    (ago(hc.here(checked), shown.now))
                    @if let Some(next) = target.next { ", next " (ago(hc.here(next), shown.now)) }
                }
            }
            @if !target.depends.is_empty() {
                dt { "Depends on" }
                dd {
                    (clean(&list(&target.depends)))
                    @if let Some(need) = target.need { "; needs " (need) " of them" }
                }
            }
        }
        @if !target.checks.is_empty() {
            h4 { "Checks" }
            ul .lines { @for check in &target.checks { li { (self::check(check)) } } }
        }
        @if !target.actions.is_empty() {
            h4 { "Actions" }
            ul .lines {
                @for action in &target.actions { li { (self::action(shown, hc, action)) } }
            }
        }
        (changes(shown, hc, target))
    }
}

/// How much of the times of which something is known it was up.
fn up(available: &Available) -> String {
    let times = [
        (available.hour, "hour"),
        (available.day, "day"),
        (available.week, "week"),
    ];
    let known = times.iter().filter(|(percent, _)| percent.is_some());
    let parts = known.map(|(percent, time)| format!("{} of the last {time}", share(*percent)));
    match parts.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "not known".to_string(),
        parts => parts,
    }
}

/// The beginning of a line.
fn short(line: &str) -> &str {
    let end = line.char_indices().nth(LINE_LETTERS_SHOWN);
    &line[..end.map_or(line.len(), |(at, _)| at)]
}

fn check(check: &CheckView) -> Markup {
    let figures = check.figures.iter().take(FIGURES_SHOWN).map(measured);
    let figures: Vec<String> = figures.collect();
    html! {
        @match &check.verdict {
            None => (badge("pending")),
            Some(verdict) => (badge(verdict)),
        }
        " " code { (clean(short(&check.line))) }
        @if !check.why.is_empty() { " " span .why { (clean(&check.why)) } }
        @if check.verdict.is_some() { " " span .note { "in " (ms(check.took)) } }
        @if !figures.is_empty() { " " span .note { (clean(&figures.join(", "))) } }
        @if check.figures.len() > FIGURES_SHOWN {
            " " span .note { "and " (check.figures.len() - FIGURES_SHOWN) " more" }
        }
    }
}

/// A figure with the ranges beyond which it is not good.
fn measured(view: &FigureView) -> String {
    let mut ranges = Vec::new();
    if !view.warn.is_empty() {
        ranges.push(format!("warning {}", view.warn));
    }
    if !view.bad.is_empty() {
        ranges.push(format!("bad {}", view.bad));
    }
    match ranges.as_slice() {
        [] => figure(view),
        ranges => format!("{} ({})", figure(view), ranges.join(", ")),
    }
}

fn action(shown: &Shown, hc: Hc, action: &ActionView) -> Markup {
    html! {
        code { (clean(short(&action.line))) } " "
        @match (action.runs, action.at) {
            (true, Some(at)) => { "under way since " (ago(hc.here(at), shown.now)) },
            (true, None) => "under way",
            (false, None) => span .note { "not done yet" },
            (false, Some(at)) => span .note { "done " (ago(hc.here(at), shown.now)) },
        }
        @if let Some(why) = &action.failed { " " (badge("bad")) " " span .why { (clean(why)) } }
        @if action.left_out > 0 { " " span .note { (action.left_out) " reports left out" } }
    }
}

/// Its last changes, the newest first.
fn changes(shown: &Shown, hc: Hc, target: &TargetView) -> Markup {
    let all = target.changes.len();
    let count = if shown.query.history {
        all
    } else {
        all.min(CHANGES_SHOWN)
    };
    html! {
        @if all > 0 {
            h4 { "Changes" }
            ul .lines {
                @for change in target.changes.iter().rev().take(count) {
                    li {
                        (moment(hc.here(change.at))) " "
                        (clean(&change.from)) " → " (badge(&change.to))
                        @if !change.why.is_empty() { " " span .why { (clean(&change.why)) } }
                    }
                }
            }
            @if count < all { p .note { (all - count) " older ones are not shown." } }
        }
        @if shown.served && !(shown.query.history && shown.query.narrows()) {
            p { a href=(query::link(hc.host, &target.name)) { "This alone, with all changes" } }
        }
    }
}
