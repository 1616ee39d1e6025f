//! The page in parts: sections, and in them rows that can be replaced one by one.
//!
//! A part is an element with an `id`. Drawn without ages, it is the same text as long as nothing
//! has happened to what it shows, so that a live page is sent only what is new.

use maud::{Markup, PreEscaped, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::cluster::{Cluster, Link};
use crate::matrix::{self, Alert, Cell, Column, Matrix, Row, Trouble, Weight};

use super::service;
use super::tables;
use super::when::Ages;
use fail_client::{clean, named};

/// Services on one page. A page of more would be some ten megabytes, and no one reads it: what
/// is missing is said, and `/api` has it.
pub const SERVICES_MAX: usize = 2_000;

/// Columns of the matrix; a policy has two to five hosts.
pub const COLUMNS_MAX: usize = 64;

/// Everything that is drawn from.
#[derive(Debug)]
pub struct Shown<'a> {
    /// What is known.
    pub cluster: &'a Cluster,
    /// Who serves what.
    pub matrix: Matrix,
    /// What is not as it should be.
    pub alerts: Vec<Alert>,
    /// Now, in milliseconds since 1970.
    pub now: i64,
    /// How moments are written.
    pub ages: Ages,
}

impl<'a> Shown<'a> {
    /// What is so now; `live`: with moments instead of ages.
    pub fn new(cluster: &'a Cluster, now: i64, live: bool) -> Shown<'a> {
        let matrix = matrix::matrix(cluster, now);
        let alerts = matrix::alerts(cluster, &matrix, now);
        let ages = match live {
            true => Ages::None,
            false => Ages::At(now),
        };
        Shown {
            cluster,
            matrix,
            alerts,
            now,
            ages,
        }
    }

    /// The rows that are drawn.
    pub fn rows(&self) -> &[Row] {
        &self.matrix.rows[..self.matrix.rows.len().min(SERVICES_MAX)]
    }
}

/// A part of a section: the text of an element with this `id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// It.
    pub id: String,
    /// The element.
    pub html: String,
}

impl Part {
    pub(super) fn new(id: String, element: Markup) -> Part {
        Part {
            id,
            html: element.into_string(),
        }
    }
}

/// A section: an element with this `id`, with its parts between a head and a tail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// It.
    pub id: &'static str,
    /// Before the parts.
    pub head: String,
    /// In their order.
    pub parts: Vec<Part>,
    /// After them.
    pub tail: String,
}

impl Section {
    /// Draws the frame around what it is given.
    pub(super) fn new(
        id: &'static str,
        parts: Vec<Part>,
        frame: impl Fn(Markup) -> Markup,
    ) -> Section {
        // Nothing that is shown can have this letter in it: it would have been cleaned.
        const HERE: char = '\u{1}';
        let text = frame(PreEscaped(HERE.to_string())).into_string();
        let (head, tail) = text.split_once(HERE).unwrap_or((text.as_str(), ""));
        Section {
            id,
            head: head.to_string(),
            parts,
            tail: tail.to_string(),
        }
    }

    /// All of it.
    pub fn whole(&self) -> String {
        let parts = self.parts.iter().map(|part| part.html.as_str());
        let texts = std::iter::once(self.head.as_str()).chain(parts);
        texts.chain([self.tail.as_str()]).collect()
    }
}

/// The page from its top to its end.
pub fn sections(shown: &Shown) -> Vec<Section> {
    vec![
        alerts(shown),
        matrix(shown),
        tables::failshs(shown),
        tables::hosts(shown),
        service::services(shown),
        tables::events(shown),
    ]
}

/// The `id` of something with this name: unreserved letters only, so that links find it.
pub fn id(kind: &str, name: &str) -> String {
    format!("{kind}-{}", utf8_percent_encode(name, NON_ALPHANUMERIC))
}

/// The address of something on this page: the percent signs of its `id` are letters there.
pub fn link(kind: &str, name: &str) -> String {
    format!("#{}", id(kind, name).replace('%', "%25"))
}

/// A table that is scrolled by itself when it is too wide, also with keys alone.
pub fn table(label: &str, content: &Markup) -> Markup {
    html! {
        div .scroll role="region" aria-label=(label) tabindex="0" { table { (content) } }
    }
}

/// A state as a word on its colour.
pub fn state(state: Option<&str>) -> Markup {
    let (class, word) = match state {
        Some("UP") => ("up", "UP"),
        Some("RECOVER") => ("recover", "RECOVER"),
        Some("FAIL") => ("fail", "FAIL"),
        Some(other) => ("unknown", other),
        None => ("unknown", "unknown"),
    };
    html! { strong .state .(class) { (clean(word)) } }
}

fn alerts(shown: &Shown) -> Section {
    Section::new("alerts", Vec::new(), |_| {
        html! {
            section #alerts role="alert" aria-label="What is not as it should be" {
                @if shown.alerts.is_empty() {
                    p .good { "Everything is as it should be." }
                } @else {
                    ul {
                        @for alert in &shown.alerts {
                            @let (class, word) = match alert.weight {
                                Weight::Alarm => ("alarm", "Alarm"),
                                Weight::Warning => ("warning", "Warning"),
                            };
                            li .(class) { strong { (word) ":" } " " (sentence(shown, alert)) }
                        }
                    }
                }
            }
        }
    })
}

/// An alert in words. How long a failsh is silent grows each second; who listens to the page
/// shall not be told each second, so that is an age like all others.
fn sentence(shown: &Shown, alert: &Alert) -> Markup {
    let view = alert.silent.and_then(|at| shown.cluster.views.get(at));
    let Some((view, heard)) = view.and_then(|view| Some((view, view.heard?))) else {
        return html! { (clean(&alert.text)) };
    };
    html! {
        (clean(&view.target)) ": "
        @match &view.link {
            Link::Lost(why) => (clean(why)),
            _ => "it says nothing",
        }
        "; what is shown of it is as it was " (shown.ages.ago(heard))
    }
}

fn matrix(shown: &Shown) -> Section {
    let columns = &shown.matrix.columns;
    let columns = &columns[..columns.len().min(COLUMNS_MAX)];
    let missing = shown.matrix.columns.len() - columns.len();
    let left_out = shown.matrix.rows.len() - shown.rows().len();
    let rows = shown.rows().iter().map(|row| {
        let id = id("row", &row.service);
        let element = html! {
            tr id=(id) {
                th scope="row" { a href=(link("service", &row.service)) { (clean(named(&row.service))) } }
                td { (summary(shown, row)) }
                @for (at, cell) in row.cells.iter().take(columns.len()).enumerate() {
                    td data-host=(clean(&columns[at].host)) { (self::cell(shown, &columns[at], cell.as_deref())) }
                }
            }
        };
        Part::new(id, element)
    });
    Section::new("matrix", rows.collect(), |rows| {
        let content = html! {
            caption { "What each service is on each host" }
            thead { tr {
                th scope="col" { "Service" }
                th scope="col" { "Served by" }
                @for column in columns {
                    th scope="col" {
                        (clean(&column.host))
                        @if column.target.is_none() { span .note { " (as others see it)" } }
                    }
                }
            } }
            tbody { (rows) }
        };
        html! {
            section #matrix aria-labelledby="matrix-head" {
                h2 #matrix-head { "Services" }
                (table("Services and hosts", &content))
                @if missing > 0 { p { "Hosts that have no column here: " (missing) "." } }
                @if left_out > 0 { p { "Services that are not on this page: " (left_out) "." } }
                @if shown.matrix.rows.is_empty() { p { "No service is known." } }
            }
        }
    })
}

/// How a service does, in words.
fn summary(shown: &Shown, row: &Row) -> Markup {
    let servers: Vec<_> = row
        .servers()
        .map(|at| clean(&shown.matrix.columns[at].host))
        .collect();
    let servers = servers.join(", ");
    match row.trouble {
        Trouble::Twice => {
            html! { strong .alarm { "on two hosts or more at once: " (servers) } }
        }
        Trouble::Nobody => html! { strong .alarm { "nobody" } },
        Trouble::Degraded => html! { (servers) " " span .warning { "(degraded)" } },
        Trouble::None => html! { (servers) },
    }
}

fn cell(shown: &Shown, column: &Column, cell: Option<&Cell>) -> Markup {
    let Some(cell) = cell else {
        // A target that has never said anything may have it or not.
        let view = column.target.and_then(|at| shown.cluster.views.get(at));
        let mute = view.is_some_and(|view| view.shown.hello.is_none());
        let word = if mute { "not known" } else { "not here" };
        return html! { span .note { (word) } };
    };
    html! {
        @if cell.unreachable { strong .state.unknown { "no answer" } }
        @if !cell.unreachable || cell.state.is_some() { " " (state(cell.state.as_deref())) }
        @for mark in &cell.marks { " " span .mark { (clean(mark)) } }
        @if let Some(task) = &cell.task { " " span .task { (clean(task)) " runs" } }
        @if let Some(since) = cell.since.filter(|_| cell.state.is_some()) {
            " " span .since { (shown.ages.ago(since)) }
        }
        @if let Some(stale) = cell.stale {
            " " span .stale { "as it was " (shown.ages.ago(shown.now.saturating_sub(stale))) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{self, NOW};

    #[test]
    fn a_part_changes_only_when_something_has_happened() {
        let cluster = stage::calm();
        let at = |now| sections(&Shown::new(&cluster, now, true));
        assert_eq!(at(NOW), at(NOW + 3_000));
        let drawn = |now| sections(&Shown::new(&cluster, now, false));
        assert_ne!(drawn(NOW), drawn(NOW + 3_000));
        let split = stage::split();
        let (before, after) = (at(NOW), sections(&Shown::new(&split, NOW, true)));
        let part = |sections: &[Section], id: &str| {
            let parts = sections.iter().flat_map(|section| section.parts.clone());
            parts.into_iter().find(|part| part.id == id).unwrap()
        };
        assert_ne!(part(&before, "row-web"), part(&after, "row-web"));
        assert_eq!(part(&before, "row-dns"), part(&after, "row-dns"));
    }

    #[test]
    fn of_a_target_that_has_said_nothing_nothing_is_said() {
        let word = |cluster: &Cluster| sections(&Shown::new(cluster, NOW, false))[1].whole();
        let mut cluster = stage::calm();
        // hostc has no web, as far as those know who speak.
        let known = word(&cluster);
        assert!(known.contains("not here") && !known.contains("not known"));
        let mute = crate::cluster::View::new("hostd".to_string(), NOW);
        cluster.views.push(mute);
        assert_eq!(word(&cluster).matches("not known").count(), 2);
    }

    #[test]
    fn each_id_is_of_one_element() {
        let cluster = stage::split();
        let sections = sections(&Shown::new(&cluster, NOW, false));
        let text: String = sections.iter().map(Section::whole).collect();
        let mut ids: Vec<&str> = text
            .split(" id=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
        for section in &sections {
            assert!(section.whole().contains(&format!("id=\"{}\"", section.id)));
            for part in &section.parts {
                assert!(part.html.contains(&format!("id=\"{}\"", part.id)));
            }
        }
    }
}
