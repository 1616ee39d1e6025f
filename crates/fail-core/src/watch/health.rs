//! How well hc does its own work: how late its checks begin, and how often it stood still.

use fail_wire::health::HealthView;

use super::{State, Watch};
use crate::late::{BUCKETS, bucket, percentile};
use crate::limits;
use crate::time::Span;

/// What is measured. Lateness of the last one to two times [`limits::LATENESS_MAX`] checks.
#[derive(Debug, Clone, Default)]
pub(super) struct Health {
    pub checks: u64,
    pub stalls: u64,
    /// By bucket: those before, and since then.
    before: Vec<u32>,
    late: Vec<u32>,
    count: usize,
}

impl Health {
    /// A round began so late.
    pub fn began(&mut self, late: Span) {
        if self.count >= limits::LATENESS_MAX {
            self.before = std::mem::take(&mut self.late);
            self.count = 0;
        }
        self.late.resize(BUCKETS, 0);
        self.late[bucket(late)] += 1;
        self.count += 1;
    }

    fn late(&self, percent: u64) -> f64 {
        let both = |n: usize| {
            let of = |counts: &Vec<u32>| counts.get(n).copied().unwrap_or(0);
            of(&self.before) + of(&self.late)
        };
        let counts: Vec<u32> = (0..BUCKETS).map(both).collect();
        percentile(&counts, percent).0 as f64 / 1e6
    }
}

impl Watch {
    /// How well hc does its own work. Whether its file could be read is not known here.
    pub fn health(&self) -> HealthView {
        HealthView {
            targets: self.entries.len(),
            checks: self.health.checks,
            running: self.asked.len(),
            late_median: self.health.late(50),
            late_p99: self.health.late(99),
            stalls: self.health.stalls,
            broken: None,
        }
    }

    /// How many targets are in this state.
    pub fn count(&self, state: State) -> usize {
        let entries = self.entries.iter();
        entries.filter(|entry| entry.state() == state).count()
    }
}
