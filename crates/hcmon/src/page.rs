//! One page of HTML that needs nothing else: no file, no font, no script.
//!
//! What is wrong stands first: hcs that do not answer, then targets, the worst first. A browser
//! is told to load and to run nothing but the one style whose hash it is given, so that even
//! what would slip through the escaping does nothing.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fail_client::health::TargetView;
use fail_client::health::words::{by_name, counted, list, why};
use fail_client::{clean, named};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::look::{Hc, Shown};
use crate::section::section;
use crate::target::{class, state};
use crate::when::{ago, moment};

const STYLE: &str = include_str!("page.css");

/// Lines of targets on one page. A page of more would be some ten megabytes, and no one reads
/// it.
pub const LINES_MAX: usize = 2_000;

/// Bytes of all those lines, about. Of what a hc has it is less; a hostile one could make each
/// line a megabyte.
pub const BYTES_MAX: usize = 32 << 20;

/// What there is still room for.
pub struct Room {
    /// Lines of targets.
    pub lines: usize,
    /// Their bytes.
    pub bytes: usize,
}

/// Of what is not as it should be, so many stand at the top.
const WORST_MAX: usize = 100;

/// States and marks, the worst first.
const ORDER: [&str; 8] = [
    "down",
    "flapping",
    "warning",
    "dependency",
    "pending",
    "maintenance",
    "quiet",
    "up",
];

/// What a browser may do with the page, for its header `Content-Security-Policy`.
pub fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

/// The page, to be read again after so many seconds.
pub fn page(shown: &Shown, refresh: u64) -> String {
    let worst = shown.worst();
    let troubles = worst.len() + shown.silent().count();
    let title = match troubles {
        0 => "health".to_string(),
        _ => format!("health: {troubles} not as it should be"),
    };
    let mut room = Room {
        lines: LINES_MAX,
        bytes: BYTES_MAX,
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta http-equiv="refresh" content=(refresh);
                // No request for a picture that is not there.
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Health" }
                    p .note {
                        "As of " (moment(shown.now)) ", read again every " (refresh) " s."
                    }
                    @if shown.query.narrows() { p { a href="?" { "Show everything" } } }
                    (counts(shown))
                }
                main {
                    (silent(shown))
                    (self::worst(shown, &worst))
                    @for hc in shown.hcs() { (section(shown, hc, &mut room)) }
                    @if shown.hcs().next().is_some() { (legend()) }
                }
            }
        }
    };
    page.into_string()
}

/// How many targets are in which state.
fn counts(shown: &Shown) -> Markup {
    let place = |state: &str| ORDER.iter().position(|known| *known == state);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let targets = shown.hcs().flat_map(|hc| shown.targets(hc));
    for target in targets {
        // States that there are not are counted as one: a hc could make up as many as it likes.
        let state = counted(target);
        let state = if place(state).is_some() {
            state
        } else {
            "unknown"
        };
        *counts.entry(state).or_default() += 1;
        for (is, word) in [(target.warning, "warning"), (target.flapping, "flapping")] {
            *counts.entry(word).or_default() += usize::from(is);
        }
    }
    let mut counts: Vec<_> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
    counts.sort_by_key(|(state, _)| place(state).unwrap_or(ORDER.len()));
    html! {
        @if !counts.is_empty() {
            ul .counts aria-label="Targets by state" {
                @for (state, count) in &counts {
                    li .state .(class(state)) { (count) " " (clean(named(state))) }
                }
            }
        }
    }
}

/// Those who do not answer.
fn silent(shown: &Shown) -> Markup {
    html! {
        @if shown.silent().next().is_some() {
            section #silent role="alert" aria-label="Health checkers that do not answer" {
                ul {
                    @for (host, sentence) in shown.silent() {
                        li {
                            strong { (clean(host)) " does not answer:" } " " (clean(sentence))
                        }
                    }
                }
            }
        }
    }
}

/// What is not as it should be, the worst first.
fn worst(shown: &Shown, worst: &[(Hc, &TargetView)]) -> Markup {
    let several = shown.asked.len() > 1;
    html! {
        @if worst.is_empty() {
            @if shown.hcs().any(|hc| !shown.targets(hc).is_empty()) {
                p .good { "Every target that is shown is as it should be." }
            }
        } @else {
            section #worst aria-labelledby="worst-head" {
                h2 #worst-head { "Not as it should be" }
                ul {
                    @for (hc, target) in worst.iter().take(WORST_MAX) {
                        li { (bad(shown, *hc, target, several)) }
                    }
                }
                @if worst.len() > WORST_MAX { p { "And " (worst.len() - WORST_MAX) " more." } }
            }
        }
    }
}

fn bad(shown: &Shown, hc: Hc, target: &TargetView, several: bool) -> Markup {
    html! {
        (state(target)) " "
        a href=(hc.anchor(&target.name)) { b { (clean(named(&target.name))) } }
        @if several { span .note { " of " (clean(hc.host)) } }
        " " span .note { (ago(hc.here(target.since), shown.now)) }
        @let why = why(target);
        @if !why.is_empty() { " " span .why { (clean(&why)) } }
        @let hidden = hidden(hc, target);
        @if !hidden.is_empty() {
            " " span .note { "Not checked because of it: " (clean(&list(&hidden))) "." }
        }
    }
}

/// Whom nobody asks because this one is down.
fn hidden(hc: Hc, target: &TargetView) -> Vec<String> {
    if target.state != "down" {
        return Vec::new();
    }
    let all = hc.shown.targets.values();
    let below = all.filter(|one| one.state == "dependency" && one.blocked.contains(&target.name));
    let mut below: Vec<String> = below.map(|one| one.name.clone()).collect();
    below.sort_by(|a, b| by_name(a, b));
    below
}

/// What the bars say.
fn legend() -> Markup {
    html! {
        p .note {
            "A bar is the last day, now at its right end. The higher it stands, the worse it was: "
            "full height is down, then dependency, maintenance, up, and lowest where nothing is "
            "known."
        }
    }
}

#[cfg(test)]
mod tests;
