//! One hc: how it does its own work, and its targets below what they depend on.

use fail_client::health::words::ms;
use fail_client::health::{Branch, Forest, HealthView, TargetView};
use fail_client::{clean, named};
use maud::{Markup, PreEscaped, html};

use crate::look::{Hc, Shown};
use crate::page::Room;
use crate::target;
use crate::when::ago;

/// Lists within lists: what is deeper stands on this level and says how deep it is. No
/// browser draws ten thousand, and no window has room for thirty.
const LEVELS_MAX: usize = 12;

/// Its part of the page, as far as there is room; takes from that what it has drawn.
pub fn section(shown: &Shown, hc: Hc, room: &mut Room) -> Markup {
    let targets = shown.targets(hc);
    let count = targets.len();
    let forest = Forest::of(targets).0;
    let (tree, drawn) = tree(shown, hc, &forest, room);
    let id = format!("hc{}", hc.number);
    html! {
        section .hc aria-labelledby=(id) {
            h2 #(id) { (clean(hc.host)) }
            (about(shown, hc))
            (tree)
            @if drawn < forest.len() {
                p .warning { (forest.len() - drawn) " more lines of targets are not on this page." }
            }
            @if count == 0 {
                p { @if shown.query.targets.is_empty() { "It has no targets." }
                    @else { "It has no such target." } }
            }
        }
    }
}

/// How it does.
fn about(shown: &Shown, hc: Hc) -> Markup {
    let broken = hc
        .shown
        .health
        .as_ref()
        .and_then(|health| health.broken.as_ref());
    html! {
        @if let Some(hello) = &hc.shown.hello {
            p .note {
                "hc " (clean(&hello.version)) " on " (clean(&hello.host)) ", started "
                (ago(hc.here(hello.started), shown.now))
                @if let Some(health) = &hc.shown.health { "; " (self::health(health)) } "."
            }
        }
        @if let Some(why) = broken {
            p .warning {
                strong { "Its Hcfile can not be read, the one before holds:" } " " (clean(why))
            }
        }
    }
}

fn health(health: &HealthView) -> Markup {
    html! {
        (health.targets) " targets, " (health.checks) " checks so far, " (health.running)
        " under way; checks begin late by " (ms(health.late_median)) ", 99 in 100 by at most "
        (ms(health.late_p99))
        @if health.stalls > 0 { "; it stood still " (health.stalls) " times" }
    }
}

/// Lists within lists, and how many lines there was room for. Opened and closed by hand, since a
/// target may stand ten thousand deep.
fn tree(shown: &Shown, hc: Hc, places: &[Branch], room: &mut Room) -> (Markup, usize) {
    let mut text = String::new();
    let mut open = 0;
    let mut drawn = 0;
    for place in places.iter().take(room.lines) {
        if text.len() >= room.bytes {
            break;
        }
        drawn += 1;
        let level = place.depth.min(LEVELS_MAX) + 1;
        match level > open {
            // Each stands at most one level below the one before it.
            true => text.push_str(if open == 0 {
                "<ul class=\"tree\">"
            } else {
                "<ul>"
            }),
            false => text.push_str(&"</li></ul>".repeat(open - level)),
        }
        if level <= open {
            text.push_str("</li>");
        }
        open = level;
        text.push_str("<li>");
        let beyond = place.depth.saturating_sub(LEVELS_MAX);
        let deep = (beyond > 0).then_some(place.depth);
        text.push_str(&line(shown, hc, place.target, place.again, deep).into_string());
    }
    text.push_str(&"</li></ul>".repeat(open));
    room.lines -= drawn;
    room.bytes = room.bytes.saturating_sub(text.len());
    (PreEscaped(text), drawn)
}

fn line(shown: &Shown, hc: Hc, target: &TargetView, again: bool, deep: Option<usize>) -> Markup {
    let is_open = !shown.query.targets.is_empty();
    html! {
        @if again {
            p .again {
                @if let Some(deep) = deep { span .note { "(" (deep) ") " } }
                (target::state(target)) " "
                a href=(hc.anchor(&target.name)) { (clean(named(&target.name))) }
                span .note { " (see above)" }
            }
        } @else {
            details id=(hc.id(&target.name)) open[is_open] {
                summary {
                    @if let Some(deep) = deep { span .note { "(" (deep) ") " } }
                    (target::summary(shown, hc, target))
                }
                article { (target::detail(shown, hc, target)) }
            }
        }
    }
}
