//! What several hcs know as figures for Prometheus; `getnode(1)` lists them.
//!
//! Of a hc that does not answer there is only `failover_hc_up`, with 0: what was known of its
//! targets is nobody's business then. Times are by our own clock.

use std::collections::BTreeSet;

use fail_wire::health::TargetView;

use super::Snapshot;
use super::words::check_names;
use crate::metrics::{Metric, put, seconds};

/// All states that a target can have.
const STATES: [&str; 5] = ["up", "down", "pending", "dependency", "maintenance"];

/// The figures of those that were asked, each as it was named and with what it told, if it
/// answered; and of their targets that are wanted. One that was named twice is one.
pub fn metrics<'a>(
    asked: impl IntoIterator<Item = (&'a str, Option<&'a Snapshot>)>,
    wants: impl Fn(&str) -> bool,
) -> String {
    let mut up = Metric::gauge("failover_hc_up", "Whether a hc answers.");
    let (mut named, mut programs, mut targets) = (BTreeSet::new(), Vec::new(), Vec::new());
    for (host, told) in asked {
        if !named.insert(host) {
            continue;
        }
        up.add(&[("hc", host)], u8::from(told.is_some()));
        let Some(shown) = told else {
            continue;
        };
        programs.push((host, shown));
        let all = shown.targets.values();
        let wanted = all.filter(|target| wants(&target.name));
        targets.extend(wanted.map(|target| Told {
            host,
            ahead_ms: shown.ahead_ms,
            target,
        }));
    }
    put(vec![up])
        + &self::programs(&programs)
        + &states(&targets)
        + &checks(&targets)
        + &actions(&targets)
}

/// A target, and who told of it.
#[derive(Debug, Clone, Copy)]
struct Told<'a> {
    host: &'a str,
    ahead_ms: i64,
    target: &'a TargetView,
}

impl<'a> Told<'a> {
    fn labels(&self) -> [(&'static str, &'a str); 2] {
        [("hc", self.host), ("target", &self.target.name)]
    }

    /// A moment of its clock by ours.
    fn here(&self, at: i64) -> String {
        seconds(at.saturating_sub(self.ahead_ms))
    }
}

/// What a hc says of itself.
fn programs(told: &[(&str, &Snapshot)]) -> String {
    let mut info = Metric::gauge("failover_hc_info", "The version of a hc, with the value 1.");
    let mut start = Metric::gauge("failover_hc_start_time_seconds", "When it was started.");
    let mut reads = Metric::counter(
        "failover_hc_file_reads_total",
        "How often it has read its Hcfile.",
    );
    let mut broken = Metric::gauge(
        "failover_hc_file_broken",
        "Whether its Hcfile could not be read again, so that the one before holds.",
    );
    let mut targets = Metric::gauge("failover_hc_targets", "Targets in its Hcfile.");
    let mut checks = Metric::counter("failover_hc_checks_total", "Checks that have ended.");
    let mut running = Metric::gauge("failover_hc_checks_running", "Checks that are under way.");
    let mut late = Metric::summary(
        "failover_hc_lateness_seconds",
        "How late its last thousand checks began.",
    );
    let mut stalls = Metric::counter(
        "failover_hc_stalls_total",
        "How often it stood still, so that what it found did not count.",
    );
    for (host, shown) in told {
        let at = [("hc", *host)];
        if let Some(hello) = &shown.hello {
            info.add(&[at[0], ("version", &hello.version)], 1);
            let started = hello.started.saturating_sub(shown.ahead_ms);
            start.add(&at, seconds(started));
            reads.add(&at, hello.file);
        }
        let Some(health) = &shown.health else {
            continue;
        };
        broken.add(&at, u8::from(health.broken.is_some()));
        targets.add(&at, health.targets);
        checks.add(&at, health.checks);
        running.add(&at, health.running);
        for (quantile, ms) in [("0.5", health.late_median), ("0.99", health.late_p99)] {
            if let Some(value) = number(ms / 1_000.0) {
                late.add(&[at[0], ("quantile", quantile)], value);
            }
        }
        stalls.add(&at, health.stalls);
    }
    put(vec![
        info, start, reads, broken, targets, checks, running, late, stalls,
    ])
}

fn states(targets: &[Told<'_>]) -> String {
    let mut states = Metric::gauge(
        "failover_hc_target_state",
        "1 for the state that a target has, 0 for the others.",
    );
    let mut warning = Metric::gauge(
        "failover_hc_target_warning",
        "Whether a check of a target warns.",
    );
    let mut flapping = Metric::gauge(
        "failover_hc_target_flapping",
        "Whether a target changes too often.",
    );
    let mut quiet = Metric::gauge(
        "failover_hc_target_quiet",
        "Whether a target is down, or waits for what is, where that is nothing to worry about.",
    );
    let mut since = Metric::gauge(
        "failover_hc_target_since_timestamp_seconds",
        "Since when a target has its state.",
    );
    let mut checked = Metric::gauge(
        "failover_hc_target_checked_timestamp_seconds",
        "When a target was checked last.",
    );
    let mut available = Metric::gauge(
        "failover_hc_target_available_ratio",
        "How much of the known time of the last hour, day or week a target was up.",
    );
    for told in targets {
        let (at, target) = (told.labels(), told.target);
        for state in STATES {
            let is = target.state == state;
            states.add(&[at[0], at[1], ("state", state)], u8::from(is));
        }
        warning.add(&at, u8::from(target.warning));
        flapping.add(&at, u8::from(target.flapping));
        quiet.add(&at, u8::from(target.quiet));
        since.add(&at, told.here(target.since));
        if let Some(moment) = target.checked {
            checked.add(&at, told.here(moment));
        }
        let of = &target.available;
        for (window, percent) in [("hour", of.hour), ("day", of.day), ("week", of.week)] {
            if let Some(share) = percent.and_then(|percent| number(percent / 100.0)) {
                available.add(&[at[0], at[1], ("window", window)], share);
            }
        }
    }
    put(vec![
        states, warning, flapping, quiet, since, checked, available,
    ])
}

fn checks(targets: &[Told<'_>]) -> String {
    let mut good = Metric::gauge(
        "failover_hc_check_good",
        "Whether a check found a target good, also with a warning; not there if it could not be found out.",
    );
    let mut took = Metric::gauge(
        "failover_hc_check_duration_seconds",
        "How long a check took.",
    );
    let mut figures = Metric::gauge(
        "failover_hc_check_figure",
        "What a check measured, in its own unit.",
    );
    for told in targets {
        let at = told.labels();
        for (check, name) in told.target.checks.iter().zip(check_names(told.target)) {
            let at = [at[0], at[1], ("check", name.as_str())];
            match check.verdict.as_deref() {
                Some("good" | "warning") => good.add(&at, 1),
                Some("bad") => good.add(&at, 0),
                _ => {}
            }
            let Some(_) = &check.verdict else {
                continue;
            };
            if let Some(value) = number(check.took / 1_000.0) {
                took.add(&at, value);
            }
            let mut named = BTreeSet::new();
            for figure in &check.figures {
                // A plugin may say two of one name; a sample has to be one.
                if !named.insert(&figure.name) {
                    continue;
                }
                if let Some(value) = number(figure.value) {
                    let what = [("figure", figure.name.as_str()), ("unit", &figure.unit)];
                    figures.add(&[at[0], at[1], at[2], what[0], what[1]], value);
                }
            }
        }
    }
    put(vec![good, took, figures])
}

fn actions(targets: &[Told<'_>]) -> String {
    let mut failed = Metric::gauge(
        "failover_hc_action_failed",
        "Whether the line of actions failed when it was done last; the first of a target is 1.",
    );
    let mut left_out = Metric::counter(
        "failover_hc_action_left_out_total",
        "Reports that the limits of a line of actions have left out.",
    );
    for told in targets {
        let at = told.labels();
        for (number, action) in told.target.actions.iter().enumerate() {
            let number = (number + 1).to_string();
            let at = [at[0], at[1], ("action", number.as_str())];
            if action.at.is_some() {
                failed.add(&at, u8::from(action.failed.is_some()));
            }
            left_out.add(&at, action.left_out);
        }
    }
    put(vec![failed, left_out])
}

/// A number as Prometheus reads it: one that is none is not told.
fn number(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

#[cfg(test)]
#[path = "../../../../tests/golden/hc/told.rs"]
mod told;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_so_is_a_figure() {
        let mut shown = told::shown();
        let mail = shown.targets.get_mut("mail").unwrap();
        let again = mail.checks[0].figures[0].clone();
        mail.checks[0].figures.push(again);
        mail.checks.push(mail.checks[0].clone());
        mail.checks[1].figures[0].value = f64::NAN;
        shown.ahead_ms = 1_000;
        let hcs = [("hosta", Some(&shown)), ("hostb", None), ("hosta", None)];
        let text = metrics(hcs, |name| name != "backup");
        for line in [
            "failover_hc_up{hc=\"hosta\"} 1",
            "failover_hc_up{hc=\"hostb\"} 0",
            "failover_hc_info{hc=\"hosta\",version=\"1.0.0\"} 1",
            "failover_hc_lateness_seconds{hc=\"hosta\",quantile=\"0.5\"} 0.0004",
            "failover_hc_target_state{hc=\"hosta\",target=\"router\",state=\"down\"} 1",
            "failover_hc_target_state{hc=\"hosta\",target=\"router\",state=\"up\"} 0",
            "failover_hc_target_warning{hc=\"hosta\",target=\"mail\"} 1",
            "failover_hc_target_since_timestamp_seconds{hc=\"hosta\",target=\"www-2\"} 1795743155.000",
            "failover_hc_target_available_ratio{hc=\"hosta\",target=\"router\",window=\"hour\"} 0.91",
            "failover_hc_check_good{hc=\"hosta\",target=\"router\",check=\"icmp\"} 0",
            "failover_hc_check_good{hc=\"hosta\",target=\"mail\",check=\"smtp.2\"} 1",
            "failover_hc_check_duration_seconds{hc=\"hosta\",target=\"router\",check=\"icmp\"} 2",
            "failover_hc_check_figure{hc=\"hosta\",target=\"mail\",check=\"smtp\",figure=\"days\",unit=\"d\"} 6",
            "failover_hc_action_failed{hc=\"hosta\",target=\"router\",action=\"1\"} 0",
        ] {
            assert!(text.contains(&format!("{line}\n")), "no {line} in {text}");
        }
        // What is not known is not told, nor what is not wanted, nor anything twice.
        for word in [
            "NaN",
            "backup",
            "check_good{hc=\"hosta\",target=\"www-2\"",
            "smtp.2\",figure",
        ] {
            assert!(!text.contains(word), "{word} in {text}");
        }
        let mut told = BTreeSet::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            assert!(told.insert(series), "{series} twice");
        }
    }
}
