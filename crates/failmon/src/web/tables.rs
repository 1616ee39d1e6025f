//! The tables below the matrix: the failshs that are looked at, the hosts that each of them
//! asks, and what has happened.

use maud::{Markup, html};

use fail_wire::monitor::HostView;

use crate::cluster::{Entry, Link, View};

use super::parts::{Part, Section, Shown, id, table};
use super::when::moment;
use fail_client::clean;

/// Events on the page, the newest ones.
pub const EVENTS_SHOWN: usize = 100;

/// Rows of hosts on the page: a policy has a handful, and each failsh tells of the same ones.
pub const HOSTS_MAX: usize = 2_000;

/// A row for each target.
pub fn failshs(shown: &Shown) -> Section {
    let views = shown.cluster.views.iter().enumerate();
    let rows = views.map(|(number, view)| {
        let id = format!("failsh-{number}");
        let element = html! { tr id=(id) { (failsh(shown, view)) } };
        Part::new(id, element)
    });
    Section::new("failshs", rows.collect(), |rows| {
        let content = html! {
            caption { "Each failsh: whether it answers, and how well it does its own work" }
            thead { tr {
                th scope="col" { "Target" }
                th scope="col" { "Host" }
                th scope="col" { "Answers" }
                th scope="col" { "Heard last" }
                th scope="col" { "Started" }
                th scope="col" { "Its faild" }
                th scope="col" { "Late (half, 99 %, most)" }
                th scope="col" { "Scripts (now, so far)" }
                th scope="col" { "Last pause" }
            } }
            tbody { (rows) }
        };
        html! {
            section #failshs aria-labelledby="failshs-head" {
                h2 #failshs-head { "Health" }
                (table("Health of each failsh", &content))
            }
        }
    })
}

fn failsh(shown: &Shown, view: &View) -> Markup {
    let health = view.shown.health.as_ref();
    let answers = match (&view.link, view.stale(shown.now)) {
        (Link::Trying, _) => html! { span .warning { "connecting" } },
        (Link::Lost(why), _) => html! { strong .alarm { "no" } ": " (clean(why)) },
        (Link::Up, Some(_)) => html! { strong .alarm { "it is silent" } },
        (Link::Up, None) => html! { "yes, since " (shown.ages.ago(view.since)) },
    };
    html! {
        th scope="row" { (clean(&view.target)) }
        td { (clean(view.host())) }
        td { (answers) }
        td { @match view.heard {
            None => "never",
            Some(_) if view.stale(shown.now).is_none() => "now",
            Some(heard) => strong .stale { (shown.ages.ago(heard)) },
        } }
        td { @if let Some(hello) = &view.shown.hello {
            (shown.ages.there(view, hello.started)) " (" (clean(&hello.version)) ")"
        } }
        td { @match health.and_then(|health| health.faild) {
            Some(true) => "answers",
            Some(false) => strong .alarm { "does not answer" },
            None => "not known",
        } }
        @match health {
            None => { td {} td {} td {} }
            Some(health) => {
                td { (span(health.late_p50_us)) ", " (span(health.late_p99_us)) ", " (span(health.late_max_us)) }
                td { (health.scripts) ", " (health.scripts_run) }
                td { @match health.pauses.last() {
                    None => "none",
                    Some(pause) => { (pause.ms) " ms, " (shown.ages.there(view, pause.at)) }
                } }
            }
        }
    }
}

/// A length of time of so many microseconds.
fn span(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        // Precise enough for people, whatever is said.
        _ => format!("{:.1} ms", us as f64 / 1_000.0),
    }
}

/// A row for each host that a failsh asks.
pub fn hosts(shown: &Shown) -> Section {
    let views = shown.cluster.views.iter().enumerate();
    let all = views.flat_map(|(number, view)| {
        let hosts = view.shown.hosts.values();
        hosts.map(move |host| (number, view, host))
    });
    let rows = all.take(HOSTS_MAX).map(|(number, view, host)| {
        let id = id(&format!("host-{number}"), &host.name);
        let element = html! { tr id=(id) { (self::host(shown, view, host)) } };
        Part::new(id, element)
    });
    Section::new("hosts", rows.collect(), |rows| {
        let content = html! {
            caption { "Who hears whom" }
            thead { tr {
                th scope="col" { "Host" }
                th scope="col" { "Asked by" }
                th scope="col" { "Answers" }
                th scope="col" { "Since" }
                th scope="col" { "Last call" }
                th scope="col" { "Last answer" }
                th scope="col" { "Round trip" }
                th scope="col" { "Answered" }
                th scope="col" { "Address" }
                th scope="col" { "Hears" }
            } }
            tbody { (rows) }
        };
        html! {
            section #hosts aria-labelledby="hosts-head" {
                h2 #hosts-head { "Hosts" }
                (table("Hosts", &content))
            }
        }
    })
}

fn host(shown: &Shown, view: &View, host: &HostView) -> Markup {
    let when = |at: Option<i64>| match at {
        None => html! { "never" },
        Some(at) => shown.ages.there(view, at),
    };
    let lost = host.lost_permille.min(1_000);
    html! {
        th scope="row" { (clean(&host.name)) }
        td { (clean(view.host())) }
        td {
            @match host.reachable {
                Some(true) => strong .state.up { "yes" },
                Some(false) => strong .state.fail { "no" },
                None => strong .state.unknown { "not asked yet" },
            }
            @if view.stale(shown.now).is_some() { " " span .stale { "(old)" } }
            @if let Some(hint) = &host.hint { " " span .warning { (clean(hint)) } }
        }
        td { (shown.ages.there(view, host.since)) }
        td { (when(host.last_call)) }
        td { (when(host.last_answer)) }
        td { @if let Some(us) = host.trip_us { (span(us)) } }
        td { (format!("{}.{} %", (1_000 - lost) / 10, (1_000 - lost) % 10)) }
        td { @if let Some(address) = &host.address { (clean(address)) } }
        td { @for hear in &host.hears {
            (clean(&hear.host)) ": " (if hear.reachable { "yes" } else { "no" }) " "
        } }
    }
}

/// What has happened, the newest first.
pub fn events(shown: &Shown) -> Section {
    let newest = shown.cluster.log.iter().rev().take(EVENTS_SHOWN);
    let rows: Vec<Markup> = newest.map(|entry| event(shown, entry)).collect();
    Section::new("events", Vec::new(), |_| {
        let content = html! {
            caption { "What has happened since failmon looks, the newest first" }
            thead { tr {
                th scope="col" { "When" }
                th scope="col" { "Told by" }
                th scope="col" { "Event" }
                th scope="col" { "Of" }
                th scope="col" { "What" }
            } }
            tbody { @for row in &rows { (row) } }
        };
        html! {
            section #events aria-labelledby="events-head" {
                h2 #events-head { "Events" }
                @if rows.is_empty() {
                    p { "Nothing has happened since failmon looks." }
                } @else {
                    (table("Events", &content))
                }
            }
        }
    })
}

fn event(shown: &Shown, entry: &Entry) -> Markup {
    let by = shown.cluster.views.get(entry.by);
    html! {
        tr {
            td { (moment(entry.at)) }
            td { @if let Some(view) = by { (clean(view.host())) } }
            td { (clean(&entry.event)) }
            th scope="row" { (clean(&entry.subject)) }
            td { (clean(&entry.text)) }
        }
    }
}
