//! **Pace**: in one second a failsh sends at most, for each class of services, so many
//! questions as there are hosts × (1 + confirm), in each round; and there are as many rounds
//! as intervals in a second and one more, each followed by at most four more for each
//! service (what was published, `starting`, the round after it, and once more when an old
//! question was still open). Twice a second a host is told or asked who hears whom. Each
//! service publishes at most four times in an interval, each
//! time repeated at most five times. A failsh turns at most three times for each datagram
//! it sends (its wake-up, the answer, a repeated answer), and six times for each check, a faild twice for each that all
//! failsh may send to it.
//!
//! **Its mirror**: while a failsh runs, every host is asked about every service again within
//! `polled` of [`crate::bounds`].

use std::collections::BTreeMap;

use fail_wire::Name;

use super::{Property, Watch};
use crate::bounds::{Bounds, at_least};
use crate::setup::{SECOND, Setup, Svc, host_name};
use crate::world::World;

/// Which daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// faild.
    Node,
    /// failsh.
    Plan,
}

/// What is counted: turns of a daemon, or what a failsh sends.
type Counted = (usize, Option<Who>);

/// Counts by the second.
#[derive(Debug, Default)]
pub(super) struct Pace {
    sent_max: u64,
    checks_max: u64,
    hosts: u64,
    counts: BTreeMap<Counted, (u64, u64)>,
    asked: BTreeMap<(usize, usize, Name), u64>,
}

impl Pace {
    pub fn new(setup: &Setup, svcs: &[(Svc, Bounds)]) -> Pace {
        let hosts = setup.hosts as u64;
        // One service is a class at worst.
        let sent = svcs.iter().map(|(svc, bounds)| {
            let least = svc.settings.interval.0.min(svc.other.interval.0);
            let rounds = SECOND / at_least(least) + 1;
            let questions = hosts * (1 + bounds.times);
            5 * rounds * questions + 4 * 6 * rounds
        });
        let checks = svcs.iter().map(|(svc, _)| {
            let every = svc
                .settings
                .check_interval
                .0
                .min(svc.other.check_interval.0);
            6 * (SECOND / at_least(every) + 1)
        });
        Pace {
            sent_max: sent.sum::<u64>() + 2 * hosts,
            checks_max: checks.sum(),
            hosts,
            ..Pace::default()
        }
    }

    /// Counts one; gives how many there were in this second.
    fn count(&mut self, at: u64, what: Counted) -> u64 {
        let (second, count) = self.counts.entry(what).or_default();
        if *second != at / SECOND {
            (*second, *count) = (at / SECOND, 0);
        }
        *count += 1;
        *count
    }

    /// A failsh asks a host.
    pub fn asked(&mut self, at: u64, host: usize, to: usize, names: &[Name]) {
        for name in names {
            self.asked.insert((host, to, name.clone()), at);
        }
    }

    /// The failsh of a host is a new one.
    pub fn restarted(&mut self, host: usize) {
        self.asked.retain(|(of, ..), _| *of != host);
    }
}

impl Watch {
    pub(super) fn pace_sent(&mut self, at: u64, host: usize) {
        let (count, max) = (self.pace.count(at, (host, None)), self.pace.sent_max);
        self.pace_check(at, host, "datagrams sent by failsh", count, max);
    }

    pub(super) fn pace_turn(&mut self, at: u64, host: usize, who: Who) {
        let count = self.pace.count(at, (host, Some(who)));
        let (what, max) = match who {
            Who::Plan => (
                "turns of failsh",
                3 * self.pace.sent_max + self.pace.checks_max,
            ),
            Who::Node => ("turns of faild", 2 * self.pace.hosts * self.pace.sent_max),
        };
        self.pace_check(at, host, what, count, max);
    }

    fn pace_check(&mut self, at: u64, host: usize, what: &str, count: u64, max: u64) {
        if count > max {
            let text = format!(
                "{}: {count} {what} in one second, at most {max}",
                host_name(host)
            );
            self.violated(Property::Pace, at, text);
        }
    }

    pub(super) fn look_polled(&mut self, world: &World) {
        for (n, host) in world
            .hosts
            .iter()
            .enumerate()
            .filter(|(_, host)| host.plan.runs())
        {
            for (svc, bounds) in self.svcs.clone().iter() {
                if svc.told(&host.told).is_none() {
                    continue;
                }
                for to in 0..world.hosts.len() {
                    let asked = self.pace.asked.get(&(n, to, svc.name.clone()));
                    let last = asked
                        .copied()
                        .unwrap_or(0)
                        .max(host.plan.since)
                        .max(self.reloads.at(n));
                    if world.at - last > bounds.polled {
                        let text = format!(
                            "{}: {} does not ask {}",
                            svc.name,
                            host_name(n),
                            host_name(to)
                        );
                        self.violated(Property::Polled, world.at, text);
                    }
                }
            }
        }
    }
}
