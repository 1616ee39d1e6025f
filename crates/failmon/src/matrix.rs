//! Who serves what: a row for each service, a column for each host, and what must not be.
//!
//! What a host is said to be comes from its own failsh where that is looked at, and from those
//! of the others where it is not. First of all stands a service that is `UP` on two hosts at
//! once, whoever says so: each of itself, or one of the other.

use std::collections::BTreeMap;

use fail_client::named;
use serde::Serialize;

use fail_wire::monitor::PeerView;

use crate::cluster::{Cluster, Link, SILENCE_MS, View};
use crate::names::Names;

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
    /// The hosts where it is `UP` at once, if that is its trouble.
    pub twice: Vec<String>,
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
    /// Of each target its column.
    #[serde(skip)]
    pub own: Vec<usize>,
}

impl Matrix {
    /// The host of the target with this number, as its column is called.
    pub fn host(&self, number: usize) -> &str {
        let at = self.own.get(number).copied();
        at.and_then(|at| self.columns.get(at))
            .map_or("", |column| &column.host)
    }
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
    let names = Names::of(cluster);
    let mut rows: BTreeMap<&str, Vec<Option<Box<Cell>>>> = BTreeMap::new();
    for view in &cluster.views {
        for name in view.shown.services.keys() {
            rows.entry(name)
                .or_insert_with(|| vec![None; names.columns.len()]);
        }
    }
    // What others say first: what a host says of itself takes its place.
    for (number, view) in cluster.views.iter().enumerate() {
        for (name, service) in &view.shown.services {
            let Some(cells) = rows.get_mut(name.as_str()) else {
                continue;
            };
            for peer in &service.peers {
                let Some(at) = names.place(number, &peer.host) else {
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
        let at = names.own[number];
        if names.columns[at].target != Some(number) {
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
    let rows = rows.into_iter().map(|(service, cells)| {
        let twice = twice(cluster, &names, service, now_ms);
        Row {
            service: service.to_string(),
            trouble: trouble(&cells, twice.is_some()),
            twice: twice.unwrap_or_default(),
            cells,
        }
    });
    Matrix {
        rows: rows.collect(),
        own: names.own,
        columns: names.columns,
    }
}

/// The hosts on which a service is `UP` at once, if there is proof of it: two failshs that say
/// so of themselves, one that says so of itself and of another, or of two others. That two of
/// them have different names for one host can not make two of it here.
fn twice(cluster: &Cluster, names: &Names, service: &str, now_ms: i64) -> Option<Vec<String>> {
    let fresh = cluster.views.iter().enumerate();
    let fresh = fresh.filter(|(_, view)| view.stale(now_ms).is_none());
    let shown =
        fresh.filter_map(|(number, view)| Some((number, view.shown.services.get(service)?)));
    let mut selves: Vec<usize> = Vec::new();
    let mut best: Vec<String> = Vec::new();
    for (number, view) in shown {
        let own = names.own[number];
        let is_up = view.state.as_deref() == Some("UP");
        if is_up && !selves.contains(&own) {
            selves.push(own);
        }
        let mut seen: Vec<String> = Vec::new();
        seen.extend(is_up.then(|| names.columns[own].host.clone()));
        let up =
            |peer: &&PeerView| peer.state.as_deref() == Some("UP") && peer.reachable != Some(false);
        for peer in view.peers.iter().filter(up) {
            let at = names.place(number, &peer.host);
            seen.push(at.map_or_else(|| peer.host.clone(), |at| names.columns[at].host.clone()));
        }
        if seen.len() > best.len() {
            best = seen;
        }
    }
    let selves: Vec<String> = selves
        .into_iter()
        .map(|at| names.columns[at].host.clone())
        .collect();
    let mut most = if selves.len() >= best.len() {
        selves
    } else {
        best
    };
    most.sort();
    (most.len() > 1).then_some(most)
}

fn rank(cell: &Cell) -> u8 {
    let fresh = u8::from(cell.stale.is_none()) * 4;
    fresh + u8::from(cell.state.is_some()) + u8::from(cell.is("UP"))
}

fn trouble(cells: &[Option<Box<Cell>>], is_twice: bool) -> Trouble {
    let known = || cells.iter().flatten();
    if is_twice {
        Trouble::Twice
    } else if !known().any(|cell| cell.is("UP")) {
        Trouble::Nobody
    } else if known().any(|cell| cell.is("FAIL") || cell.state.is_none()) {
        Trouble::Degraded
    } else {
        Trouble::None
    }
}

/// What is not as it should be, the worst first.
pub fn alerts(cluster: &Cluster, matrix: &Matrix, now_ms: i64) -> Vec<Alert> {
    let mut found = Vec::new();
    let mut rows: Vec<&Row> = matrix.rows.iter().collect();
    rows.sort_by_key(|row| row.trouble);
    for row in rows {
        let (subject, name) = (row.service.as_str(), named(&row.service));
        match row.trouble {
            Trouble::Twice => found.push(alert(
                Weight::Alarm,
                subject,
                format!(
                    "{name} is UP on {} hosts at once: {}",
                    row.twice.len(),
                    row.twice.join(", ")
                ),
            )),
            Trouble::Nobody => found.push(alert(
                Weight::Alarm,
                subject,
                format!("{name} is served by nobody"),
            )),
            Trouble::Degraded | Trouble::None => {}
        }
    }
    for (number, view) in cluster.views.iter().enumerate() {
        if let Some(trouble) = view.trouble(now_ms) {
            // That a program has just been started, or connected, is no alarm.
            let young = now_ms.saturating_sub(view.since) <= SILENCE_MS;
            let weight = match (&view.link, view.heard) {
                (Link::Trying, _) => Weight::Warning,
                (Link::Up, None) if young => Weight::Warning,
                _ => Weight::Alarm,
            };
            let text = format!("{}: {trouble}", view.target);
            found.push(Alert {
                silent: Some(number),
                ..alert(weight, view.host(), text)
            });
        }
    }
    for view in &cluster.views {
        let health = view.shown.health.as_ref();
        if health.is_some_and(|health| health.faild == Some(false)) && view.stale(now_ms).is_none()
        {
            let text = format!("{}: its faild does not answer", view.host());
            found.push(alert(Weight::Alarm, view.host(), text));
        }
    }
    for row in &matrix.rows {
        for (at, cell) in row.cells.iter().enumerate() {
            let Some(cell) = cell.as_ref() else {
                continue;
            };
            let (name, host) = (named(&row.service), &matrix.columns[at].host);
            let text = if cell.is("FAIL") {
                let why = match cell.reason.is_empty() {
                    true => String::new(),
                    false => format!(": {}", cell.reason),
                };
                format!("{name} is FAIL on {host}{why}")
            } else if cell.is("UP") && cell.marks.iter().any(|mark| mark == "unsupervised") {
                // Nobody would take it down there, or see it fail.
                format!("{name} is UP on {host}, and no failsh there looks after it")
            } else {
                continue;
            };
            found.push(alert(Weight::Warning, &row.service, text));
        }
    }
    for view in &cluster.views {
        for host in deaf(view, now_ms) {
            let text = format!("{host} does not answer {}", view.host());
            found.push(alert(Weight::Warning, host, text));
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

fn alert(weight: Weight, subject: &str, text: String) -> Alert {
    Alert {
        weight,
        subject: subject.to_string(),
        text,
        silent: None,
    }
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

    /// A failsh that says these lines, at this target.
    fn answers(
        cluster: &mut Cluster,
        number: usize,
        host: &str,
        pid: u32,
        state: &str,
        peer: &str,
    ) {
        let at = ([192, 0, 2, 1 + u8::try_from(number).unwrap()], 1848).into();
        cluster
            .take(number, fail_client::follow::Seen::Connected(at), NOW)
            .unwrap();
        let (other, their) = peer.split_once('=').unwrap();
        let text = format!(
            r#"{{"type":"hello","stream":1,"program":"failsh","version":"1.0.0","host":"{host}","pid":{pid},"started":@9,"now":@0,"policy":1}}
               {{"type":"service","name":"web","state":"{state}","since":@9,"marks":[],"reason":"","why":"","waiting":null,"until":null,"script":null,"peers":[{{"host":"{other}","role":"slave","state":"{their}","reachable":true,"marks":[],"reason":"","since":null}}],"check":null,"retry":null,"settings":{{}},"console":{{}},"journal":[]}}
               {{"type":"ready"}}"#
        );
        stage::say(cluster, number, NOW, &text);
    }

    fn said(cluster: &Cluster) -> Vec<String> {
        let alerts = alerts(cluster, &matrix(cluster, NOW), NOW);
        alerts.into_iter().map(|alert| alert.text).collect()
    }

    fn targets(names: &[&str]) -> Cluster {
        Cluster::new(names.iter().map(ToString::to_string), NOW)
    }

    #[test]
    fn two_that_call_themselves_the_same_are_two() {
        let mut cluster = targets(&["192.0.2.1", "192.0.2.2"]);
        answers(&mut cluster, 0, "debian", 1, "UP", "x=RECOVER");
        answers(&mut cluster, 1, "debian", 2, "UP", "y=RECOVER");
        let alarm = "web is UP on 2 hosts at once: debian (192.0.2.1), debian (192.0.2.2)";
        assert_eq!(said(&cluster)[0], alarm);
        // One failsh at two addresses is one.
        let mut cluster = targets(&["192.0.2.1", "192.0.2.2"]);
        answers(&mut cluster, 0, "debian", 1, "UP", "x=RECOVER");
        answers(&mut cluster, 1, "debian", 1, "UP", "x=RECOVER");
        assert_eq!(said(&cluster), [""; 0]);
    }

    #[test]
    fn a_target_that_does_not_answer_hides_none_of_its_name() {
        let mut cluster = targets(&["hosta", "127.0.0.1"]);
        let lost = fail_client::follow::Seen::Lost("host \"hosta\" is unknown".to_string());
        cluster.take(0, lost, NOW).unwrap();
        answers(
            &mut cluster,
            1,
            "hosta.example.org",
            1,
            "UP",
            "hostb=RECOVER",
        );
        assert_eq!(said(&cluster), ["hosta: host \"hosta\" is unknown"]);
        let matrix = matrix(&cluster, NOW);
        assert_eq!(matrix.columns.len(), 2);
        assert!(matrix.rows[0].cells[0].as_ref().unwrap().own);
    }

    #[test]
    fn other_names_for_the_same_hosts_are_no_second_server() {
        let mut cluster = targets(&["192.0.2.1", "192.0.2.2"]);
        answers(&mut cluster, 0, "vm", 1, "UP", "hostb=RECOVER");
        answers(&mut cluster, 1, "vm", 2, "RECOVER", "hosta=UP");
        assert_eq!(said(&cluster), [""; 0]);
        // And with what is known of addresses they are the same columns.
        let host = |name: &str, ip: &str| {
            format!(
                r#"{{"type":"host","name":"{name}","address":"{ip}:1847","reachable":true,"since":@9,"last_call":null,"last_answer":null,"trip_us":null,"lost_permille":0,"hint":null,"hears":[],"heard":null}}"#
            )
        };
        stage::say(&mut cluster, 0, NOW, &host("hostb", "192.0.2.2"));
        stage::say(&mut cluster, 1, NOW, &host("hosta", "192.0.2.1"));
        assert_eq!(matrix(&cluster, NOW).columns.len(), 2);
        // Who sees another one serve beside itself is believed.
        answers(&mut cluster, 0, "vm", 1, "UP", "hostb=UP");
        assert_eq!(
            said(&cluster)[0],
            "web is UP on 2 hosts at once: hostb, vm (192.0.2.1)"
        );
    }

    #[test]
    fn what_nobody_looks_after_is_told_of() {
        let mut cluster = targets(&["192.0.2.1"]);
        answers(&mut cluster, 0, "hosta", 1, "RECOVER", "hostb=UP");
        let web = cluster.views[0].shown.services.get_mut("web").unwrap();
        web.peers[0].marks.push("unsupervised".to_string());
        let text = "web is UP on hostb, and no failsh there looks after it";
        assert_eq!(said(&cluster), [text]);
    }

    #[test]
    fn who_has_never_said_anything_is_told_of() {
        let mut cluster = targets(&["hosta"]);
        let at = ([192, 0, 2, 1], 1848).into();
        cluster
            .take(0, fail_client::follow::Seen::Connected(at), NOW)
            .unwrap();
        let later = NOW + 9_000;
        let all = alerts(&cluster, &matrix(&cluster, later), later);
        assert_eq!(
            all[0].text,
            "hosta: it is connected and has said nothing for 9s"
        );
        assert_eq!(all[0].weight, Weight::Alarm);
        let first = alerts(&cluster, &matrix(&cluster, NOW), NOW);
        assert_eq!(first[0].weight, Weight::Warning);
    }

    #[test]
    fn who_shows_what_can_not_be_is_not_believed() {
        let mut cluster = targets(&["hosta"]);
        answers(&mut cluster, 0, "hosta", 1, "UP", "hostb=RECOVER");
        let all: String = (0..=fail_client::snapshot::HOSTS_MAX)
            .map(|n| format!("{{\"type\":\"host\",\"name\":\"h{n}\",\"address\":null,\"reachable\":null,\"since\":0,\"last_call\":null,\"last_answer\":null,\"trip_us\":null,\"lost_permille\":0,\"hint\":null,\"hears\":[],\"heard\":null}}\n"))
            .collect();
        let mut lines = fail_client::monitor::Lines::default();
        lines.push(all.as_bytes());
        let mut wrong = 0;
        while let Some(update) = lines.take().unwrap() {
            let seen = fail_client::follow::Seen::Update(update);
            wrong += usize::from(cluster.take(0, seen, NOW).is_err());
        }
        assert_eq!(wrong, 1);
        assert_eq!(
            said(&cluster),
            ["hosta: it shows more than 1000 hosts, so nothing of it is believed"]
        );
        assert!(cluster.views[0].shown.services.is_empty());
        // Connected anew, it may be another one.
        answers(&mut cluster, 0, "hosta", 2, "UP", "hostb=RECOVER");
        assert_eq!(said(&cluster), [""; 0]);
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
