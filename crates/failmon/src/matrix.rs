//! Who serves what: a row for each service, a column for each host, and what must not be.
//!
//! What a host is said to be comes from its own failsh where that is looked at, and from those
//! of the others where it is not. First of all stands a service that is `UP` on two hosts at
//! once, whoever says so: each of itself, or one of the other.

use std::collections::BTreeMap;

use fail_client::named;
use serde::Serialize;

use crate::cluster::{Cluster, View};

/// How a service does, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Trouble {
    /// It is `UP` on two hosts at once.
    Twice,
    /// It is `UP` nowhere.
    Nobody,
    /// It is `UP`, and `FAIL` or not to be reached somewhere.
    Degraded,
    /// It is `UP`, and everybody else could take it.
    None,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// The host.
    pub host: String,
    /// The place of the target that runs there; nothing: only others tell of it.
    pub target: Option<usize>,
}

/// What is known of a service on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// `UP`, `RECOVER` or `FAIL`; nothing: not known.
    pub state: Option<String>,
    /// Its own failsh says so; else others do.
    pub own: bool,
    /// The wishes and facts of its record.
    pub marks: Vec<String>,
    /// Why, in the words of its record.
    pub reason: String,
    /// A script runs there: which.
    pub task: Option<String>,
    /// Since when, on our clock; nothing: not known.
    pub since: Option<i64>,
    /// Others hold that host for dead, and it does not speak for itself.
    pub unreachable: bool,
    /// It is as it was so many milliseconds ago; nothing: as of now.
    pub stale: Option<i64>,
}

impl Cell {
    fn is(&self, state: &str) -> bool {
        self.state.as_deref() == Some(state)
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The service.
    pub service: String,
    /// How it does.
    pub trouble: Trouble,
    /// For each column; nothing: that host has no such service. Boxed, since most of a large
    /// table is empty.
    pub cells: Vec<Option<Box<Cell>>>,
}

/// The whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// The targets in the order of the command line, then whoever else is told of.
    pub columns: Vec<Column>,
    /// By their names.
    pub rows: Vec<Row>,
}

impl Row {
    /// The places of the hosts where it is `UP`.
    pub fn servers(&self) -> impl Iterator<Item = usize> + '_ {
        let cells = self.cells.iter().enumerate();
        cells.filter_map(|(at, cell)| cell.as_ref()?.is("UP").then_some(at))
    }
}

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Somebody has to do something.
    Alarm,
    /// It is to be known.
    Warning,
}

/// Something that is not as it should be, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// How much it matters.
    pub weight: Weight,
    /// The service or the host, or nothing.
    pub subject: String,
    /// The sentence.
    pub text: String,
    /// The place of the target that does not answer, if that is what it is about.
    #[serde(skip)]
    pub silent: Option<usize>,
}

/// The matrix of a cluster at this moment of our clock.
pub fn matrix(cluster: &Cluster, now_ms: i64) -> Matrix {
    let columns = columns(cluster);
    let mut rows: BTreeMap<&str, Vec<Option<Box<Cell>>>> = BTreeMap::new();
    for view in &cluster.views {
        for name in view.shown.services.keys() {
            rows.entry(name)
                .or_insert_with(|| vec![None; columns.len()]);
        }
    }
    // What others say first: what a host says of itself takes its place.
    for view in &cluster.views {
        for (name, service) in &view.shown.services {
            let Some(cells) = rows.get_mut(name.as_str()) else {
                continue;
            };
            for peer in &service.peers {
                let Some(at) = place(&columns, &peer.host) else {
                    continue;
                };
                let cell = Cell {
                    state: peer.state.clone(),
                    own: false,
                    marks: peer.marks.clone(),
                    reason: peer.reason.clone(),
                    task: None,
                    // By the clock of that host, which we do not know: near enough.
                    since: peer.since,
                    unreachable: peer.reachable == Some(false),
                    stale: view.stale(now_ms),
                };
                // Who knows a state knows more, and who says UP is heard before all others.
                let better = match &cells[at] {
                    None => true,
                    Some(known) if known.own => false,
                    Some(known) => rank(&cell) > rank(known),
                };
                if better {
                    cells[at] = Some(Box::new(cell));
                }
            }
        }
    }
    for (number, view) in cluster.views.iter().enumerate() {
        let Some(at) = columns.iter().position(|column| column.host == view.host()) else {
            continue;
        };
        if columns[at].target != Some(number) {
            continue;
        }
        for (name, service) in &view.shown.services {
            let Some(cells) = rows.get_mut(name.as_str()) else {
                continue;
            };
            let stale = view.stale(now_ms);
            let fresher = cells[at].as_ref().filter(|seen| seen.stale.is_none());
            if stale.is_some() && fresher.is_some() {
                // It does not speak any more, and somebody who does has looked since.
                continue;
            }
            cells[at] = Some(Box::new(Cell {
                state: service.state.clone(),
                own: true,
                marks: service.marks.clone(),
                reason: service.reason.clone(),
                task: service.script.as_ref().map(|script| script.task.clone()),
                since: Some(service.since.saturating_sub(view.shown.ahead_ms)),
                unreachable: false,
                stale,
            }));
        }
    }
    let rows = rows.into_iter().map(|(service, cells)| Row {
        service: service.to_string(),
        trouble: trouble(&cells),
        cells,
    });
    Matrix {
        rows: rows.collect(),
        columns,
    }
}

fn place(columns: &[Column], host: &str) -> Option<usize> {
    columns.iter().position(|column| column.host == host)
}

fn rank(cell: &Cell) -> u8 {
    let fresh = u8::from(cell.stale.is_none()) * 4;
    fresh + u8::from(cell.state.is_some()) + u8::from(cell.is("UP"))
}

fn columns(cluster: &Cluster) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for (number, view) in cluster.views.iter().enumerate() {
        // One failsh under two names is one host.
        let host = view.host().to_string();
        if place(&columns, &host).is_none() {
            let target = Some(number);
            columns.push(Column { host, target });
        }
    }
    for view in &cluster.views {
        let peers = view.shown.services.values().flat_map(|view| &view.peers);
        let hosts = peers.map(|peer| &peer.host).chain(view.shown.hosts.keys());
        for host in hosts {
            if place(&columns, host).is_none() {
                columns.push(Column {
                    host: host.clone(),
                    target: None,
                });
            }
        }
    }
    columns
}

fn trouble(cells: &[Option<Box<Cell>>]) -> Trouble {
    let known = || cells.iter().flatten();
    match known().filter(|cell| cell.is("UP")).count() {
        0 => Trouble::Nobody,
        1 if known().any(|cell| cell.is("FAIL") || cell.state.is_none()) => Trouble::Degraded,
        1 => Trouble::None,
        _ => Trouble::Twice,
    }
}

/// What is not as it should be, the worst first.
pub fn alerts(cluster: &Cluster, matrix: &Matrix, now_ms: i64) -> Vec<Alert> {
    let mut found = Vec::new();
    let mut add = |weight, subject: &str, text: String| {
        found.push(Alert {
            weight,
            subject: subject.to_string(),
            text,
            silent: None,
        });
    };
    let mut rows: Vec<&Row> = matrix.rows.iter().collect();
    rows.sort_by_key(|row| row.trouble);
    for row in rows {
        let (subject, name) = (row.service.as_str(), named(&row.service));
        let servers: Vec<&str> = row
            .servers()
            .map(|at| matrix.columns[at].host.as_str())
            .collect();
        match row.trouble {
            Trouble::Twice => add(
                Weight::Alarm,
                subject,
                format!(
                    "{name} is UP on {} hosts at once: {}",
                    servers.len(),
                    servers.join(", ")
                ),
            ),
            Trouble::Nobody => add(
                Weight::Alarm,
                subject,
                format!("{name} is served by nobody"),
            ),
            Trouble::Degraded | Trouble::None => {}
        }
    }
    for (number, view) in cluster.views.iter().enumerate() {
        if let Some(trouble) = view.trouble(now_ms) {
            // That a program has just been started is no alarm.
            let weight = match view.link {
                crate::cluster::Link::Trying => Weight::Warning,
                _ => Weight::Alarm,
            };
            found.push(Alert {
                weight,
                subject: view.host().to_string(),
                text: format!("{}: {trouble}", view.target),
                silent: Some(number),
            });
        }
    }
    let mut add = |weight, subject: &str, text: String| {
        found.push(Alert {
            weight,
            subject: subject.to_string(),
            text,
            silent: None,
        });
    };
    for view in &cluster.views {
        let health = view.shown.health.as_ref();
        if health.is_some_and(|health| health.faild == Some(false)) && view.stale(now_ms).is_none()
        {
            let text = format!("{}: its faild does not answer", view.host());
            add(Weight::Alarm, view.host(), text);
        }
    }
    for row in &matrix.rows {
        for (at, cell) in row.cells.iter().enumerate() {
            let Some(cell) = cell.as_ref().filter(|cell| cell.is("FAIL")) else {
                continue;
            };
            let (name, host) = (named(&row.service), &matrix.columns[at].host);
            let why = match cell.reason.is_empty() {
                true => String::new(),
                false => format!(": {}", cell.reason),
            };
            add(
                Weight::Warning,
                &row.service,
                format!("{name} is FAIL on {host}{why}"),
            );
        }
    }
    for view in &cluster.views {
        for host in deaf(view, now_ms) {
            let text = format!("{host} does not answer {}", view.host());
            add(Weight::Warning, host, text);
        }
    }
    found.sort_by_key(|alert| alert.weight);
    found
}

/// The hosts that do not answer this failsh.
fn deaf(view: &View, now_ms: i64) -> impl Iterator<Item = &str> {
    let fresh = view.stale(now_ms).is_none();
    let hosts = view.shown.hosts.values().filter(move |_| fresh);
    let hosts = hosts.filter(|host| host.reachable == Some(false));
    hosts.map(|host| host.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{self, NOW};

    #[test]
    fn a_calm_cluster_has_a_column_for_each_host_and_no_alert() {
        let cluster = stage::calm();
        let matrix = matrix(&cluster, NOW);
        let hosts: Vec<&str> = matrix.columns.iter().map(|c| c.host.as_str()).collect();
        assert_eq!(hosts, ["hosta", "hostb", "hostc"]);
        assert_eq!(matrix.columns[2].target, None);
        let web = matrix.rows.iter().find(|row| row.service == "web").unwrap();
        assert_eq!(web.trouble, Trouble::None);
        assert_eq!(web.servers().collect::<Vec<_>>(), [0]);
        assert!(web.cells[0].as_ref().unwrap().own && web.cells[1].as_ref().unwrap().own);
        assert_eq!(alerts(&cluster, &matrix, NOW), []);
    }

    #[test]
    fn two_servers_are_the_first_thing_that_is_said() {
        let cluster = stage::split();
        let matrix = matrix(&cluster, NOW);
        let said = alerts(&cluster, &matrix, NOW);
        assert_eq!(said[0].text, "web is UP on 2 hosts at once: hosta, hostb");
        assert_eq!(said[0].weight, Weight::Alarm);
        let deaf = said
            .iter()
            .any(|alert| alert.text == "hostb does not answer hosta");
        assert!(deaf, "{said:?}");
    }

    #[test]
    fn a_service_without_a_name_can_be_seen() {
        let mut cluster = stage::calm();
        let line = r#"{"type":"service","name":"","state":"FAIL","since":@0,"marks":[],"reason":"","why":"","waiting":null,"until":null,"script":null,"peers":[],"check":null,"retry":null,"settings":{},"console":{},"journal":[]}"#;
        stage::say(&mut cluster, 0, NOW, line);
        let said = alerts(&cluster, &matrix(&cluster, NOW), NOW);
        let said: Vec<_> = said.iter().map(|a| (&*a.subject, &*a.text)).collect();
        let nobody = ("", "\"\" is served by nobody");
        assert_eq!(said, [nobody, ("", "\"\" is FAIL on hosta")]);
    }

    #[test]
    fn who_is_lost_is_shown_by_what_others_see_of_him() {
        let mut cluster = stage::calm();
        let lost = "127.0.0.1:1848 has hung up".to_string();
        cluster
            .take(0, fail_client::follow::Seen::Lost(lost), NOW)
            .unwrap();
        let later = NOW + 12_000;
        stage::alive(&mut cluster, 1, later);
        let matrix = matrix(&cluster, later);
        let web = matrix.rows.iter().find(|row| row.service == "web").unwrap();
        let cell = web.cells[0].as_ref().unwrap();
        assert!(!cell.own && cell.stale.is_none(), "{cell:?}");
        let said = alerts(&cluster, &matrix, later);
        assert!(
            said.iter()
                .any(|alert| alert.text
                    == "hosta: 127.0.0.1:1848 has hung up; what is shown is 12s old"),
            "{said:?}"
        );
    }

    #[test]
    fn who_says_nothing_is_told_of() {
        let cluster = stage::calm();
        let later = NOW + 7_000;
        let matrix = matrix(&cluster, later);
        let said = alerts(&cluster, &matrix, later);
        assert_eq!(said[0].text, "hosta: it has said nothing for 7s");
    }
}
