//! **Reload**: a policy in which nothing has changed changes nothing (`world::admins`
//! compares), and nothing is started that is not in the policy.
//!
//! **Released**: a failsh that is told to release everything starts nothing more, says within
//! `released` of [`crate::bounds`] that it has done so, and then no record there can serve, but
//! for what it named. That slaves take over is the property of `settled`: the world counts as
//! calm although that failsh has ended.
//!
//! **Answered**: each change that was ordered from within is answered once, within
//! `answered`, and with good news only if the record was changed by hand meanwhile.

use std::collections::BTreeMap;

use fail_core::job::{Order, Task};
use fail_wire::Name;

use super::{Place, Property, Watch};
use crate::setup::{Told, host_name};
use crate::world::World;

/// A host, the life of its failsh, and the number of what was ordered there.
pub type Ordered = (usize, u64, u64);

/// When policies were read, and what each host was told.
#[derive(Debug, Default)]
pub(super) struct Reloads {
    at: BTreeMap<usize, u64>,
    pub told: BTreeMap<usize, Told>,
}

impl Reloads {
    /// When the policy of a host last changed.
    pub fn at(&self, host: usize) -> u64 {
        self.at.get(&host).copied().unwrap_or(0)
    }
}

/// What has been ordered and is not done.
#[derive(Debug, Default)]
pub(super) struct Ends {
    releasing: BTreeMap<usize, u64>,
    orders: BTreeMap<Ordered, (u64, Name, u64)>,
    /// How often a record was changed by hand from within.
    changes: BTreeMap<Place, u64>,
}

impl Ends {
    /// Its failsh is about to end.
    pub fn releases(&self, host: usize) -> bool {
        self.releasing.contains_key(&host)
    }

    /// A record was changed by hand, from within.
    pub fn changed(&mut self, place: Place) {
        *self.changes.entry(place).or_default() += 1;
    }
}

impl Watch {
    /// A failsh has read another policy.
    pub fn reloaded(&mut self, at: u64, host: usize, told: &Told) {
        self.reloads.told.insert(host, told.clone());
        self.reloads.at.insert(host, at);
        self.calm.everywhere(at);
        self.checks.forget(host);
    }

    /// The same policy was not the same.
    pub fn disturbed(&mut self, at: u64, text: String) {
        self.violated(Property::Reload, at, text);
    }

    /// A failsh is to release everything.
    pub fn releasing(&mut self, at: u64, host: usize) {
        self.calm.everywhere(at);
        self.ends.releasing.entry(host).or_insert(at);
    }

    /// It has. Gives whether nothing there can serve any more.
    pub fn released(&mut self, world: &World, host: usize, left: &[(Name, String)]) -> bool {
        self.calm.everywhere(world.at);
        let since = self.ends.releasing.remove(&host);
        let node_since = world.hosts[host].node.since;
        if !world.hosts[host].speaks() || since.is_none_or(|since| node_since > since) {
            return false;
        }
        for (svc, bounds) in self.svcs.clone().iter() {
            let name = &svc.name;
            let known = svc.told(&world.hosts[host].told).is_some();
            let named = left.iter().any(|(left, _)| left == name);
            let news = 2 * (bounds.round + bounds.publish);
            let stirred = self.calm.stirred(name);
            let stirred = stirred.is_some_and(|stirred| world.at - stirred <= news);
            // A faild that was silent is not asked again before the next round.
            let silent = world.at - node_since <= bounds.round;
            if known && !named && !stirred && !silent && !world.is_let_go(host, name) {
                let text = format!("{name}: {} has not let it go", host_name(host));
                self.violated(Property::Released, world.at, text);
            }
        }
        let mut services = world.setup.services.iter();
        left.is_empty() && services.all(|svc| world.is_let_go(host, &svc.name))
    }

    /// A change is ordered from within.
    pub fn ordered(&mut self, at: u64, order: Ordered, name: &Name) {
        let changes = self.ends.changes.get(&(order.0, name.clone()));
        let before = changes.copied().unwrap_or(0);
        self.ends.orders.insert(order, (at, name.clone(), before));
    }

    /// It is answered.
    pub fn answered(&mut self, at: u64, order: Ordered, result: &Result<(), String>) {
        let host = host_name(order.0);
        let Some((_, name, before)) = self.ends.orders.remove(&order) else {
            let text = format!("{host}: an answer that nobody waits for: {}", order.2);
            return self.violated(Property::Answered, at, text);
        };
        let changes = self.ends.changes.get(&(order.0, name.clone()));
        if result.is_ok() && changes.copied().unwrap_or(0) == before {
            let text = format!("{name}: {host} says it is done, and nothing has changed");
            self.violated(Property::Answered, at, text);
        }
    }

    /// The failsh of a host has ended: nobody is left to answer.
    pub fn plan_ended(&mut self, host: usize) {
        self.ends.releasing.remove(&host);
        self.ends.orders.retain(|(of, ..), _| *of != host);
        self.traps.ended(host);
    }

    /// A script is run.
    pub(super) fn ran_in_order(&mut self, world: &World, host: usize, order: &Order) {
        if matches!(order.task, Task::Stop | Task::Check) {
            return;
        }
        let svc = world
            .setup
            .services
            .iter()
            .find(|s| s.name == order.service);
        let known = svc.is_some_and(|svc| svc.told(&world.hosts[host].told).is_some());
        let (name, at) = (host_name(host), world.at);
        if !known {
            let text = format!("{name}: {} of {}, unknown", order.task, order.service);
            self.violated(Property::Reload, at, text);
        }
        if self.ends.releases(host) {
            let text = format!("{name}: {} of {} at the end", order.task, order.service);
            self.violated(Property::Released, at, text);
        }
    }

    pub(super) fn look_ends(&mut self, world: &World) {
        let told = world.hosts.iter().map(|host| host.told.clone());
        self.reloads.told = told.enumerate().collect();
        let bounds = self.svcs.iter().map(|(_, bounds)| bounds);
        let released = bounds.map(|bounds| bounds.released).max().unwrap_or(0);
        let late = |host: usize, since: u64, bound: u64| {
            let (plan, node) = (&world.hosts[host].plan, &world.hosts[host].node);
            let since = since.max(plan.since).max(node.since);
            plan.runs() && !node.stopped && world.at - since > bound
        };
        let mut faults = Vec::new();
        for (host, since) in &self.ends.releasing {
            if late(*host, *since, released) {
                let text = format!("{} does not end", host_name(*host));
                faults.push((Property::Released, text));
            }
        }
        for ((host, _, no), (since, name, _)) in &self.ends.orders {
            if late(*host, *since, self.bounds(name).answered) {
                let text = format!("{name}: {} does not answer {no}", host_name(*host));
                faults.push((Property::Answered, text));
            }
        }
        for (property, text) in faults {
            self.violated(property, world.at, text);
        }
    }
}
