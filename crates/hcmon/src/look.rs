//! What is drawn from: who was asked, and what he told.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fail_cli::HostPort;
use fail_client::health::metrics::metrics;
use fail_client::health::words::{Mood, by_name, mood, worse};
use fail_client::health::{Place, Snapshot, TargetView, ask_all};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::query::Query;

/// What came of asking one host.
#[derive(Debug)]
pub struct Asked {
    /// As it was named.
    pub host: String,
    /// What it told, or why nothing is known of it.
    pub told: Result<Snapshot, String>,
}

/// Everything that is drawn from.
#[derive(Debug)]
pub struct Shown {
    /// In the order in which they were named.
    pub asked: Vec<Asked>,
    /// What of it is wanted.
    pub query: Query,
    /// Under a web server: links may have a query.
    pub served: bool,
    /// Now, in milliseconds since 1970.
    pub now: i64,
}

/// One that answered.
#[derive(Debug, Clone, Copy)]
pub struct Hc<'a> {
    /// Its place among all.
    pub number: usize,
    /// As it was named.
    pub host: &'a str,
    /// What it told.
    pub shown: &'a Snapshot,
}

/// Asks these, side by side, for these targets or all.
pub fn look(hosts: &[HostPort], port: u16, names: &[String], timeout: Duration) -> Vec<Asked> {
    let place = |host: &HostPort| Place {
        host: host.host.clone(),
        port: host.port_or(port),
    };
    let told = ask_all(hosts.iter().map(place).collect(), names, timeout);
    let asked = told.into_iter().zip(hosts).map(|(told, host)| Asked {
        host: host.to_string(),
        told: told.map_err(|error| error.to_string()),
    });
    asked.collect()
}

impl Shown {
    /// As of now.
    pub fn new(asked: Vec<Asked>, query: Query, served: bool) -> Shown {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
        Shown {
            asked,
            query,
            served,
            now,
        }
    }

    /// Figures for Prometheus.
    pub fn metrics(&self) -> String {
        let asked = self.asked.iter();
        let asked = asked.map(|asked| (asked.host.as_str(), asked.told.as_ref().ok()));
        metrics(asked, |name| self.query.wants(name))
    }

    /// Those who have not answered, with their sentences.
    pub fn silent(&self) -> impl Iterator<Item = (&str, &str)> {
        let asked = self.asked.iter();
        asked.filter_map(|asked| Some((asked.host.as_str(), asked.told.as_ref().err()?.as_str())))
    }

    /// Those who have.
    pub fn hcs(&self) -> impl Iterator<Item = Hc<'_>> {
        let asked = self.asked.iter().enumerate();
        asked.filter_map(|(number, asked)| {
            let shown = asked.told.as_ref().ok()?;
            let host = asked.host.as_str();
            Some(Hc {
                number,
                host,
                shown,
            })
        })
    }

    /// The targets of one that are wanted, by their names.
    pub fn targets<'a>(&'a self, hc: Hc<'a>) -> Vec<&'a TargetView> {
        let all = hc.shown.targets.values();
        let wanted = all.filter(|target| self.query.wants(&target.name));
        let mut wanted: Vec<&TargetView> = wanted.collect();
        wanted.sort_by(|a, b| by_name(&a.name, &b.name));
        wanted
    }

    /// What is not as it should be, whoever told it, the worst first.
    pub fn worst(&self) -> Vec<(Hc<'_>, &TargetView)> {
        let all = self
            .hcs()
            .flat_map(|hc| self.targets(hc).into_iter().map(move |t| (hc, t)));
        let mut all: Vec<_> = all
            .filter(|(_, target)| mood(target) > Mood::Calm)
            .collect();
        all.sort_by(|(_, a), (_, b)| worse(a, b));
        all
    }
}

impl Hc<'_> {
    /// The `id` of a target: unreserved letters only, so that links find it.
    pub fn id(&self, target: &str) -> String {
        let name = utf8_percent_encode(target, NON_ALPHANUMERIC);
        format!("t{}-{name}", self.number)
    }

    /// The address of it on this page: the percent signs of its `id` are letters there.
    pub fn anchor(&self, target: &str) -> String {
        format!("#{}", self.id(target).replace('%', "%25"))
    }

    /// A moment of its clock by ours.
    pub fn here(&self, at: i64) -> i64 {
        at.saturating_sub(self.shown.ahead_ms)
    }
}
