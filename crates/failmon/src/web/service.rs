//! What is known of each service, from each failsh that knows it: why it is as it is, what is
//! waited for, how it does elsewhere, its check, its settings, and what was decided lately.

use maud::{Markup, html};

use fail_wire::monitor::{CheckView, Note, PeerView, ServiceView};

use crate::cluster::View;

use super::parts::{Part, Section, Shown, id, state, table};
use super::when::moment;
use fail_client::{clean, named};

/// A part for each service.
pub fn services(shown: &Shown) -> Section {
    let parts = shown.rows().iter().map(|row| {
        let name = row.service.as_str();
        let id = id("service", name);
        let element = html! {
            details id=(id) {
                summary { (clean(named(name))) }
                @for (number, view) in shown.cluster.views.iter().enumerate() {
                    @if let Some(service) = view.shown.services.get(name) {
                        (told(shown, number, view, service))
                    }
                }
            }
        };
        Part::new(id, element)
    });
    Section::new("services", parts.collect(), |parts| {
        html! {
            section #services aria-labelledby="services-head" {
                h2 #services-head { "Each service" }
                (parts)
            }
        }
    })
}

/// What one failsh tells of a service.
fn told(shown: &Shown, number: usize, view: &View, service: &ServiceView) -> Markup {
    let name = clean(named(&service.name));
    let host = clean(view.host());
    let there = |at| shown.ages.there(view, at);
    let unique = |what: &str| id(&format!("{what}-{number}"), &service.name);
    html! {
        article {
            h3 { (name) " on " (host) ": " (state(service.state.as_deref())) }
            @if view.stale(shown.now).is_some() {
                @if let Some(heard) = view.heard {
                    p .stale { "This is as it was " (shown.ages.ago(heard)) "." }
                }
            }
            dl {
                dt { "Why" } dd { (clean(&service.why)) }
                @if service.reason != service.why && !service.reason.is_empty() {
                    dt { "Reason of its record" } dd { (clean(&service.reason)) }
                }
                dt { "Since" } dd { (there(service.since)) }
                @if !service.marks.is_empty() {
                    dt { "Marks" }
                    dd { @for mark in &service.marks { span .mark { (clean(mark)) } " " } }
                }
                @if let Some(waiting) = &service.waiting {
                    dt { "Waits for" }
                    dd {
                        (clean(waiting))
                        @if let Some(until) = service.until { ", at the latest " (there(until)) }
                    }
                }
                @if let Some(script) = &service.script {
                    dt { "Script" }
                    dd {
                        (clean(&script.task)) ", begun " (there(script.since))
                        ", ended by force " (there(script.until))
                    }
                }
                @if let Some(check) = &service.check { dt { "Check" } dd { (self::check(shown, view, check)) } }
                @if let Some(retry) = &service.retry {
                    dt { "Tries again" }
                    dd { (there(retry.at)) ", after failures in a row: " (retry.failures) }
                }
            }
            @if !service.peers.is_empty() { (peers(shown, service, &host)) }
            @if !service.journal.is_empty() {
                details id=(unique("journal")) open {
                    summary { "What was decided and done lately" }
                    (journal(&service.journal, view, &format!("Journal of {name} on {host}")))
                }
            }
            details id=(unique("settings")) {
                summary { "Settings" }
                (settings(shown, view, service, &format!("Settings of {name} on {host}")))
            }
        }
    }
}

fn check(shown: &Shown, view: &View, check: &CheckView) -> Markup {
    html! {
        @match check.last {
            None => "none yet",
            Some(last) => {
                (clean(&check.said)) ", " (shown.ages.there(view, last))
                "; good in a row: " (check.good) ", bad: " (check.bad)
            }
        }
    }
}

fn peers(shown: &Shown, service: &ServiceView, host: &str) -> Markup {
    let label = format!(
        "{} elsewhere, as {host} sees it",
        clean(named(&service.name))
    );
    let content = html! {
        caption { (label) }
        thead { tr {
            th scope="col" { "Host" }
            th scope="col" { "Role" }
            th scope="col" { "State" }
            th scope="col" { "Since" }
            th scope="col" { "Reason" }
        } }
        tbody { @for peer in &service.peers { (self::peer(shown, peer)) } }
    };
    table(&label, &content)
}

fn peer(shown: &Shown, peer: &PeerView) -> Markup {
    html! {
        tr {
            th scope="row" { (clean(&peer.host)) }
            td { (clean(&peer.role)) }
            td {
                @match peer.reachable {
                    Some(false) => strong .state.unknown { "no answer" },
                    None => span .note { "not asked yet" },
                    Some(true) => (state(peer.state.as_deref())),
                }
                @for mark in &peer.marks { " " span .mark { (clean(mark)) } }
            }
            td { @if let Some(since) = peer.since { (shown.ages.ago(since)) } }
            td { (clean(&peer.reason)) }
        }
    }
}

fn journal(notes: &[Note], view: &View, label: &str) -> Markup {
    let ahead = view.shown.ahead_ms;
    let content = html! {
        caption { (label) ", the newest first" }
        thead { tr {
            th scope="col" { "When" }
            th scope="col" { "Kind" }
            th scope="col" { "What" }
        } }
        tbody {
            @for note in notes.iter().rev() {
                tr {
                    td { (moment(note.at.saturating_sub(ahead))) }
                    td { (clean(&note.kind)) }
                    td { (clean(&note.text)) }
                }
            }
        }
    };
    table(label, &content)
}

fn settings(shown: &Shown, view: &View, service: &ServiceView, label: &str) -> Markup {
    let content = html! {
        caption { (label) }
        thead { tr { th scope="col" { "Setting" } th scope="col" { "Value" } } }
        tbody {
            @for (name, value) in &service.settings {
                tr {
                    th scope="row" { (clean(name)) }
                    td {
                        (clean(value))
                        @match service.console.get(name) {
                            None => "",
                            Some(None) => " (from a console, until the policy is read again)",
                            Some(Some(until)) => {
                                " (from a console, until " (shown.ages.there(view, *until)) ")"
                            }
                        }
                    }
                }
            }
        }
    };
    table(label, &content)
}
