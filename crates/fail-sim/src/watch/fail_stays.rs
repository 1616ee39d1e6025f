//! **FAIL stays**: no start runs where the local record says FAIL, unless that is news of
//! the last `round` (said by hand, or the faild came back with it), and a failsh never
//! publishes RECOVER or UP over a FAIL that somebody has published, but as `retries` allows.
//!
//! **Its mirror**: in a settled world nobody is FAIL without a reason: a fact said by hand, a
//! wish to be away, or a script that did not do what it should.

use std::collections::{BTreeMap, BTreeSet};

use fail_core::job::Order;
use fail_core::node::Node;
use fail_core::time::Now;
use fail_wire::{Change, Marks, Name, Record, State};

use super::{Place, Property, Watch};
use crate::bounds::Bounds;
use crate::setup::{SECOND, Svc, host_name};
use crate::world::World;

/// What is known of FAILs.
#[derive(Debug, Default)]
pub(super) struct FailStays {
    /// A record before a change is handled, and whether that is one by hand.
    before: Option<(usize, Change, Record, bool)>,
    /// FAIL has a reason there.
    excused: BTreeSet<Place>,
    restarted: BTreeMap<usize, u64>,
    /// What was said there last is not on the disk.
    unsaved: BTreeSet<usize>,
}

impl FailStays {
    /// A change arrives.
    pub fn before(&mut self, host: usize, change: Change, record: Record, by_hand: bool) {
        self.before = Some((host, change, record, by_hand));
    }

    /// A FAIL of this service has a reason.
    pub fn excuse(&mut self, host: usize, name: &Name) {
        self.excused.insert((host, name.clone()));
    }

    /// A save went well, or did not.
    pub fn saved(&mut self, host: usize, ok: bool) {
        match ok {
            true => drop(self.unsaved.remove(&host)),
            false => drop(self.unsaved.insert(host)),
        }
    }

    /// A faild starts. If its last save went wrong, it may come back with a FAIL that was over.
    pub fn restarted(&mut self, at: u64, host: usize, svcs: &[(Svc, Bounds)]) {
        self.restarted.insert(host, at);
        if self.unsaved.remove(&host) {
            svcs.iter()
                .for_each(|(svc, _)| self.excuse(host, &svc.name));
        }
    }
}

impl Watch {
    pub(super) fn after_change(&mut self, at: u64, host: usize, now: Now, node: &Node) {
        let Some((of, change, was, by_hand)) = self.fail_stays.before.take() else {
            return;
        };
        let name = change.name.clone();
        let is = node.record(now, &name);
        self.seen(at, of, &name, &is);
        if is.version == was.version {
            return;
        }
        let place = (of, name.clone());
        self.pasts.note(place.clone(), &is);
        if by_hand {
            self.ends.changed(place.clone());
        }
        let failed = was.state == State::Fail && !was.marks.has(Marks::UNPUBLISHED);
        let leaves = !by_hand && failed && is.state != State::Fail;
        let may = leaves && self.may_leave_fail(at, &place, &change);
        self.changed_retry(&place, &change, by_hand);
        if leaves && !may {
            let text = format!(
                "{name}: failsh of {} publishes {} over FAIL",
                host_name(host),
                is.state
            );
            self.violated(Property::FailStays, at, text);
        }
    }

    pub(super) fn ran_start(&mut self, world: &World, host: usize, order: &Order) {
        let name = &order.service;
        let record = world.hosts[host].record(world.at, name);
        let news = [
            self.calm.by_hand_at(host, name),
            self.fail_stays.restarted.get(&host).copied(),
        ];
        let round = self.bounds(name).round;
        let news = news
            .into_iter()
            .flatten()
            .any(|news| world.at - news <= round);
        if record.is_some_and(|record| record.state == State::Fail) && !news {
            let text = format!("{name}: {} starts it in FAIL", host_name(host));
            self.violated(Property::FailStays, world.at, text);
        }
    }

    pub(super) fn look_fail(&mut self, world: &World) {
        for (svc, bounds) in self.svcs.clone().iter() {
            let calm = world.at - self.calm.since(&svc.name);
            for host in 0..world.hosts.len() {
                let place = (host, svc.name.clone());
                let Some(record) = world.hosts[host].record(world.at, &svc.name) else {
                    continue;
                };
                let away = record.marks.has(Marks::AWAY);
                let failed = record.state == State::Fail && !away;
                if !failed && calm > SECOND {
                    self.fail_stays.excused.remove(&place);
                }
                // Without failsh nobody would take it out of the FAIL that the last one left, or
                // is about to leave while it waits for a script of another service.
                let released = world.hosts[host].released || self.ends.releases(host);
                if failed
                    && !released
                    && calm > bounds.settled
                    && !self.fail_stays.excused.contains(&place)
                {
                    let text = format!(
                        "{}: {} is FAIL without reason ({})",
                        svc.name,
                        host_name(host),
                        record.reason
                    );
                    self.violated(Property::FailReason, world.at, text);
                }
            }
        }
    }
}
