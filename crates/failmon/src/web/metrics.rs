//! What failmon knows as figures for Prometheus.
//!
//! What is old is left out, so that nobody takes it for what is so now: `failover_failsh_up`
//! says why it is missing.

use std::collections::BTreeSet;

use fail_client::metrics::{Metric, put, seconds};

use crate::cluster::{Link, View};
use crate::matrix::Weight;

use super::parts::Shown;

/// All states that a service can have.
const STATES: [&str; 3] = ["UP", "RECOVER", "FAIL"];

/// Everything.
pub fn metrics(shown: &Shown) -> String {
    let mut alerts = Metric::gauge("failover_alerts", "What is not as it should be, by weight.");
    for (weight, word) in [(Weight::Alarm, "alarm"), (Weight::Warning, "warning")] {
        let of = |alert: &&crate::matrix::Alert| alert.weight == weight;
        let count = shown.alerts.iter().filter(of).count();
        alerts.add(&[("weight", word)], count);
    }
    let mut build = Metric::gauge(
        "failmon_build_info",
        "The version of failmon, with the value 1.",
    );
    build.add(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    put(vec![build, alerts]) + &services(shown) + &hosts(shown) + &failshs(shown)
}

fn micro(us: u64) -> String {
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

fn services(shown: &Shown) -> String {
    let mut states = Metric::gauge(
        "failover_service_state",
        "1 for the state that a service has on a host, 0 for the others.",
    );
    let mut since = Metric::gauge(
        "failover_service_since_timestamp_seconds",
        "Since when a service has its state on a host.",
    );
    let mut marks = Metric::gauge(
        "failover_service_mark",
        "1 for each wish or fact in the record of a service on a host.",
    );
    let mut scripts = Metric::gauge(
        "failover_service_script_running",
        "1 for each script of a service that runs on a host.",
    );
    let mut up = Metric::gauge(
        "failover_service_up_hosts",
        "On how many hosts a service is UP; it should be 1.",
    );
    for row in &shown.matrix.rows {
        let service = row.service.as_str();
        let cells = row.cells.iter().enumerate();
        let fresh = cells.filter_map(|(at, cell)| {
            let cell = cell.as_ref().filter(|cell| cell.stale.is_none())?;
            Some((shown.matrix.columns[at].host.as_str(), cell))
        });
        let (mut known, mut count) = (false, 0);
        for (host, cell) in fresh {
            known = true;
            let at = [("service", service), ("host", host)];
            for state in STATES {
                let is = cell.state.as_deref() == Some(state);
                states.add(&[at[0], at[1], ("state", state)], u8::from(is));
            }
            count += u32::from(cell.state.as_deref() == Some("UP"));
            if let (Some(at_ms), Some(_)) = (cell.since, &cell.state) {
                since.add(&at, seconds(at_ms));
            }
            let mut told = BTreeSet::new();
            for mark in cell.marks.iter().filter(|mark| told.insert(mark.as_str())) {
                marks.add(&[at[0], at[1], ("mark", mark)], 1);
            }
            if let Some(task) = &cell.task {
                scripts.add(&[at[0], at[1], ("task", task)], 1);
            }
        }
        if known {
            up.add(&[("service", service)], count);
        }
    }
    put(vec![states, since, up, marks, scripts])
}

/// The views of which nothing is old, one for each host.
fn fresh<'a>(shown: &'a Shown) -> impl Iterator<Item = &'a View> {
    let targets = shown
        .matrix
        .columns
        .iter()
        .filter_map(|column| column.target);
    let views = targets.filter_map(|at| shown.cluster.views.get(at));
    views.filter(|view| speaks(view, shown.now))
}

/// It is connected, and has said something lately.
pub fn speaks(view: &View, now: i64) -> bool {
    view.link == Link::Up && view.heard.is_some() && view.stale(now).is_none()
}

fn hosts(shown: &Shown) -> String {
    let mut reachable = Metric::gauge(
        "failover_host_reachable",
        "Whether the faild of a host answers the failsh on the host in by.",
    );
    let mut since = Metric::gauge(
        "failover_host_since_timestamp_seconds",
        "Since when it answers or does not.",
    );
    let mut answer = Metric::gauge(
        "failover_host_last_answer_timestamp_seconds",
        "When it answered last.",
    );
    let mut trip = Metric::gauge(
        "failover_host_round_trip_seconds",
        "How long an answer takes, smoothed.",
    );
    let mut lost = Metric::gauge(
        "failover_host_lost_ratio",
        "Of the last hundred questions, the share that had to be asked again or was lost.",
    );
    for view in fresh(shown) {
        let here = |at: i64| seconds(at.saturating_sub(view.shown.ahead_ms));
        for host in view.shown.hosts.values() {
            let at = [("host", host.name.as_str()), ("by", view.host())];
            if let Some(is) = host.reachable {
                reachable.add(&at, u8::from(is));
                since.add(&at, here(host.since));
            }
            if let Some(last) = host.last_answer {
                answer.add(&at, here(last));
            }
            if let Some(us) = host.trip_us {
                trip.add(&at, micro(us));
            }
            let permille = host.lost_permille.min(1_000);
            lost.add(&at, format!("{}.{:03}", permille / 1_000, permille % 1_000));
        }
    }
    put(vec![reachable, since, answer, trip, lost])
}

fn failshs(shown: &Shown) -> String {
    let mut up = Metric::gauge(
        "failover_failsh_up",
        "Whether the failsh of a target answers and has said something lately.",
    );
    let mut heard = Metric::gauge(
        "failover_failsh_last_update_timestamp_seconds",
        "When it said something last.",
    );
    let mut told = BTreeSet::new();
    for view in &shown.cluster.views {
        // One that was named twice is one.
        if !told.insert(view.target.as_str()) {
            continue;
        }
        let at = [("target", view.target.as_str())];
        up.add(&at, u8::from(speaks(view, shown.now)));
        if let Some(ms) = view.heard {
            heard.add(&at, seconds(ms));
        }
    }
    let mut info = Metric::gauge(
        "failover_failsh_info",
        "The version of the failsh on a host, with the value 1.",
    );
    let mut start = Metric::gauge("failover_failsh_start_time_seconds", "When it was started.");
    let mut policy = Metric::counter(
        "failover_failsh_policy_reads_total",
        "How often it has read its policy.",
    );
    let mut faild = Metric::gauge(
        "failover_failsh_faild_up",
        "Whether the faild of its host answers it.",
    );
    let mut late = Metric::summary(
        "failover_failsh_lateness_seconds",
        "How late it was for its last thousand deadlines.",
    );
    let mut most = Metric::gauge(
        "failover_failsh_lateness_max_seconds",
        "How late it was at the most since it was started.",
    );
    let mut doubts = Metric::counter(
        "failover_failsh_doubts_total",
        "How often it was so late that it held nobody for dead but asked everybody anew.",
    );
    let mut sent = Metric::counter(
        "failover_failsh_sent_datagrams_total",
        "Questions and changes that it has sent.",
    );
    let mut dropped = Metric::counter(
        "failover_failsh_dropped_datagrams_total",
        "Datagrams that were no answer to an open question.",
    );
    let mut running = Metric::gauge(
        "failover_failsh_scripts_running",
        "Scripts and traps that run.",
    );
    let mut scripts = Metric::counter(
        "failover_failsh_scripts_total",
        "Scripts and traps that it has run.",
    );
    for view in fresh(shown) {
        let at = [("host", view.host())];
        if let Some(hello) = &view.shown.hello {
            let version = hello.version.as_str();
            info.add(&[at[0], ("version", version)], 1);
            let started = hello.started.saturating_sub(view.shown.ahead_ms);
            start.add(&at, seconds(started));
            policy.add(&at, hello.policy);
        }
        let Some(health) = &view.shown.health else {
            continue;
        };
        if let Some(answers) = health.faild {
            faild.add(&at, u8::from(answers));
        }
        late.add(&[at[0], ("quantile", "0.5")], micro(health.late_p50_us));
        late.add(&[at[0], ("quantile", "0.99")], micro(health.late_p99_us));
        most.add(&at, micro(health.late_max_us));
        doubts.add(&at, health.doubts);
        sent.add(&at, health.sent);
        dropped.add(&at, health.dropped);
        running.add(&at, health.scripts);
        scripts.add(&at, health.scripts_run);
    }
    put(vec![
        up, heard, info, start, policy, faild, late, most, doubts, sent, dropped, running, scripts,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{self, NOW};

    fn draw(cluster: &crate::cluster::Cluster, now: i64) -> String {
        metrics(&Shown::new(cluster, now, false))
    }

    #[test]
    fn what_is_so_is_a_figure() {
        let text = draw(&stage::split(), NOW);
        for line in [
            "failover_service_state{service=\"web\",host=\"hosta\",state=\"UP\"} 1",
            "failover_service_state{service=\"web\",host=\"hosta\",state=\"FAIL\"} 0",
            "failover_service_up_hosts{service=\"web\"} 2",
            "failover_service_since_timestamp_seconds{service=\"web\",host=\"hosta\"} 1795766400.000",
            "failover_host_reachable{host=\"hostb\",by=\"hosta\"} 0",
            "failover_host_round_trip_seconds{host=\"hostb\",by=\"hosta\"} 0.000210",
            "failover_host_lost_ratio{host=\"hostb\",by=\"hosta\"} 0.020",
            "failover_failsh_up{target=\"hosta\"} 1",
            "failover_failsh_lateness_seconds{host=\"hosta\",quantile=\"0.99\"} 0.000319",
            "failover_failsh_scripts_total{host=\"hostb\"} 12",
            "failover_alerts{weight=\"warning\"} 2",
        ] {
            assert!(text.contains(&format!("{line}\n")), "no {line} in {text}");
        }
        // Each has its help and its type, and no sample is told twice.
        let mut told = BTreeSet::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            assert!(told.insert(series), "{series} twice");
            let name = series.split('{').next().unwrap();
            assert!(text.contains(&format!("# HELP {name} ")), "{name}");
            assert!(text.contains(&format!("# TYPE {name} ")), "{name}");
        }
    }

    #[test]
    fn what_is_old_is_left_out() {
        let text = draw(&stage::calm(), NOW + 60_000);
        assert!(text.contains("failover_failsh_up{target=\"hosta\"} 0\n"));
        assert!(text.contains("failover_failsh_last_update_timestamp_seconds"));
        assert!(!text.contains("failover_service_"), "{text}");
        assert!(!text.contains("failover_host_"), "{text}");
        assert!(!text.contains("failover_failsh_lateness"), "{text}");
    }

    #[test]
    fn a_name_can_not_end_its_label() {
        let mut cluster = stage::calm();
        let line = r#"{"type":"service","name":"a\"} 1\nx{\\","state":"UP","since":-5,"marks":[],"reason":"","why":"","waiting":null,"until":null,"script":null,"peers":[],"check":null,"retry":null,"settings":{},"console":{},"journal":[]}"#;
        stage::say(&mut cluster, 0, NOW, line);
        let text = draw(&cluster, NOW);
        // The line feed is told by its code, and its backslash is one of a label.
        let line = r#"failover_service_up_hosts{service="a\"} 1\\nx{\\"} 1"#;
        assert!(text.lines().any(|l| l == line), "{text}");
    }
}
