//! What is known as JSON, for programs: `/api/v1`.
//!
//! Names of fields are stable and told in `failmon(1)`; a reader skips those that he does not
//! know. Times are milliseconds since 1970; those within what a failsh has told (`told`) are by
//! its own clock, which is `ahead_ms` before ours, and all others by ours.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::cluster::{Cluster, Link, View};
use crate::matrix::{Matrix, Row};

use super::parts::Shown;
use fail_client::clean_json;

/// Everything in short: the targets, what is not as it should be, who serves what.
pub fn cluster(shown: &Shown) -> String {
    let views = &shown.cluster.views;
    let targets: Vec<Value> = views.iter().map(|view| target(view, shown.now)).collect();
    text(
        shown,
        json!({
            "targets": targets,
            "alerts": shown.alerts,
            "services": rows(&shown.matrix),
        }),
    )
}

/// All services.
pub fn services(shown: &Shown) -> String {
    text(shown, json!({ "services": rows(&shown.matrix) }))
}

/// One service, with all that each failsh tells of it; nothing: nobody knows it.
pub fn service(shown: &Shown, name: &str) -> Option<String> {
    let row = shown.matrix.rows.iter().find(|row| row.service == name)?;
    let told = shown.cluster.views.iter().filter_map(|view| {
        let service = view.shown.services.get(name)?;
        Some(told(view, shown.now, "service", service))
    });
    let told: Vec<Value> = told.collect();
    Some(text(
        shown,
        json!({ "service": self::row(&shown.matrix, row), "told": told }),
    ))
}

/// All hosts, and what each failsh tells of them.
pub fn hosts(shown: &Shown) -> String {
    let hosts = shown.matrix.columns.iter().map(|column| {
        let own = column.target.and_then(|at| shown.cluster.views.get(at));
        let told = shown.cluster.views.iter().filter_map(|view| {
            let host = view.shown.hosts.get(&column.host)?;
            Some(told(view, shown.now, "host", host))
        });
        json!({
            "host": column.host,
            "target": own.map(|view| target(view, shown.now)),
            "hello": own.and_then(|view| view.shown.hello.as_ref()),
            "health": own.and_then(|view| view.shown.health.as_ref()),
            "told": told.collect::<Vec<_>>(),
        })
    });
    let hosts: Vec<Value> = hosts.collect();
    text(shown, json!({ "hosts": hosts }))
}

/// What is not as it should be, the worst first.
pub fn alerts(shown: &Shown) -> String {
    text(shown, json!({ "alerts": shown.alerts }))
}

/// What has happened, the oldest first.
pub fn events(shown: &Shown) -> String {
    let events = shown.cluster.log.iter().map(|entry| {
        json!({
            "at": entry.at,
            "by": host(shown.cluster, entry.by),
            "event": entry.event,
            "subject": entry.subject,
            "text": entry.text,
        })
    });
    let events: Vec<Value> = events.collect();
    text(shown, json!({ "events": events }))
}

/// Why there is no answer.
pub fn error(sentence: &str) -> String {
    clean_json(format!("{}\n", json!({ "error": sentence })))
}

fn host(cluster: &Cluster, target: usize) -> Option<&str> {
    cluster.views.get(target).map(View::host)
}

fn target(view: &View, now: i64) -> Value {
    let (link, why) = match &view.link {
        Link::Trying => ("trying", None),
        Link::Up => ("up", None),
        Link::Lost(why) => ("lost", Some(why)),
    };
    json!({
        "target": view.target,
        "host": view.host(),
        "link": link,
        "why": why,
        "since": view.since,
        "heard": view.heard,
        "stale_ms": view.stale(now),
        "trouble": view.trouble(now),
        "ready": view.shown.ready,
        "ahead_ms": view.shown.ahead_ms,
    })
}

fn told(view: &View, now: i64, what: &str, value: &impl Serialize) -> Value {
    json!({
        "by": view.host(),
        "stale_ms": view.stale(now),
        "ahead_ms": view.shown.ahead_ms,
        what: value,
    })
}

fn rows(matrix: &Matrix) -> Vec<Value> {
    matrix
        .rows
        .iter()
        .map(|row| self::row(matrix, row))
        .collect()
}

fn row(matrix: &Matrix, row: &Row) -> Value {
    let name = |at: usize| matrix.columns[at].host.as_str();
    let servers: Vec<&str> = row.servers().map(name).collect();
    let cells = row.cells.iter().enumerate();
    let hosts: Map<String, Value> = cells
        .filter_map(|(at, cell)| Some((name(at).to_string(), json!(cell.as_ref()?))))
        .collect();
    json!({
        "name": row.service,
        "trouble": row.trouble,
        "up": servers,
        "hosts": hosts,
    })
}

/// An object with the time on our clock; nothing in it steers a terminal.
fn text(shown: &Shown, mut value: Value) -> String {
    if let Value::Object(fields) = &mut value {
        fields.insert("now".to_string(), json!(shown.now));
    }
    clean_json(format!("{value}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{self, NOW};

    fn read(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_answers_have_the_fields_that_are_promised() {
        let cluster = stage::split();
        let shown = Shown::new(&cluster, NOW, false);
        let all = read(&super::cluster(&shown));
        assert_eq!(all["now"], NOW);
        assert_eq!(all["targets"][0]["link"], "up");
        assert_eq!(all["targets"][0]["host"], "hosta");
        assert_eq!(
            all["alerts"][0],
            json!({"weight": "alarm", "subject": "web",
                "text": "web is UP on 2 hosts at once: hosta, hostb"})
        );
        let web = &all["services"][1];
        assert_eq!(web["name"], "web");
        assert_eq!(web["trouble"], "twice");
        assert_eq!(web["up"], json!(["hosta", "hostb"]));
        assert_eq!(web["hosts"]["hosta"]["state"], "UP");
        assert_eq!(web["hosts"]["hosta"]["own"], true);
        assert_eq!(read(&services(&shown))["services"][1], *web);
        let one = read(&service(&shown, "web").unwrap());
        assert_eq!(one["service"], *web);
        assert_eq!(one["told"][1]["by"], "hostb");
        assert_eq!(one["told"][1]["service"]["settings"]["stop"], "stop_web");
        assert_eq!(service(&shown, "wob"), None);
        let hosts = read(&hosts(&shown));
        assert_eq!(hosts["hosts"][0]["health"]["late_p99_us"], 319);
        assert_eq!(hosts["hosts"][1]["told"][0]["host"]["reachable"], false);
        assert_eq!(hosts["hosts"][2]["target"], Value::Null);
        assert_eq!(read(&alerts(&shown))["alerts"], all["alerts"]);
        let events = read(&events(&shown));
        let last = events["events"].as_array().unwrap().last().unwrap();
        assert_eq!(last["by"], "hostb");
        assert_eq!(last["event"], "up");
        assert_eq!(read(&error("no")), json!({"error": "no"}));
    }
}
