//! **Found**: a service with a check that is dead where failsh holds it for UP is decided to
//! be FAIL within `found` of [`crate::bounds`]. While a failsh or faild there does not run,
//! while it is held, or a script does not do what it should, the time does not count.
//!
//! **Its mirror, spared**: nothing is taken down because of checks unless so many of them as
//! `fall` says found it bad since it was last well. The watch counts on its own, from what
//! scripts have really returned.
//!
//! **Adopted**: what runs when a failsh comes and finds no word of it is not started again.

use std::collections::{BTreeMap, BTreeSet};

use fail_core::job::{Order, Outcome, Task};
use fail_wire::{Marks, Name, State};

use super::{Place, Property, Watch};
use crate::host::Script;
use crate::setup::{MS, host_name};
use crate::world::World;

/// What is known of checks.
#[derive(Debug, Default)]
pub(super) struct Checks {
    /// When there was last a reason not to have found a service dead.
    alive: BTreeMap<Place, u64>,
    /// Bad checks since it was well, and good ones in a row.
    counts: BTreeMap<Place, (u32, u32)>,
    /// It ran when the failsh came.
    ran: BTreeSet<Place>,
}

impl Checks {
    /// Nobody has reason to adopt this any more.
    pub fn touched(&mut self, place: &Place) {
        self.ran.remove(place);
    }

    /// A failsh that has another policy does not adopt what it did not know before.
    pub fn forget(&mut self, host: usize) {
        self.ran.retain(|(of, _)| *of != host);
    }
}

impl Watch {
    /// A failsh starts: what of its services runs already, and has no word that forbids to
    /// adopt it?
    pub(super) fn began_checks(&mut self, world: &World, host: usize) {
        self.checks.forget(host);
        self.checks.counts.retain(|(of, _), _| *of != host);
        let h = &world.hosts[host];
        for svc in &world.setup.services {
            let checked = svc.told(&h.told).is_some_and(|svc| svc.check.is_some());
            let Some(record) = h.record(world.at, &svc.name).filter(|_| checked) else {
                continue;
            };
            let marks = Marks::HELD.with(Marks::AWAY).with(Marks::STARTING);
            let open = record.marks.has(Marks::UNPUBLISHED) || record.state == State::Recover;
            if open && !record.marks.has(marks) && h.truth[&svc.name].running && h.whole() {
                self.checks.ran.insert((host, svc.name.clone()));
            }
        }
    }

    /// A script is run.
    pub(super) fn ran_checked(&mut self, world: &World, host: usize, order: &Order, bad: bool) {
        let place = (host, order.service.clone());
        let running = world.hosts[host].truth[&order.service].running;
        match order.task {
            Task::Start if running && self.checks.ran.contains(&place) => {
                let text = format!("{}: {} starts what runs", order.service, host_name(host));
                self.violated(Property::Adopted, world.at, text);
            }
            Task::Stop => {
                self.ran_fall(world, host, order);
                self.checks.touched(&place);
            }
            _ => {}
        }
        if bad {
            self.checks.touched(&place);
        }
    }

    /// A service is taken down, perhaps because of its checks.
    fn ran_fall(&mut self, world: &World, host: usize, order: &Order) {
        if !order.reason.starts_with("stop: check: ") {
            return;
        }
        let svc = world
            .setup
            .services
            .iter()
            .find(|s| s.name == order.service);
        let Some(settings) = svc.and_then(|svc| svc.told(&world.hosts[host].told)) else {
            return;
        };
        let place = (host, order.service.clone());
        let (bad, _) = self.checks.counts.get(&place).copied().unwrap_or_default();
        if bad < settings.fall {
            let text = format!(
                "{}: {} takes it down after {bad} bad checks of {}",
                order.service,
                host_name(host),
                settings.fall
            );
            self.violated(Property::Spared, world.at, text);
        }
    }

    /// A script has ended, and said so.
    pub(super) fn ended_checked(&mut self, place: &Place, script: &Script, outcome: &Outcome) {
        let rise = self.rise(&place.1);
        let (bad, good) = self.checks.counts.entry(place.clone()).or_default();
        let well = match script.task {
            Task::Check if script.from == State::Up => *outcome == Ok(State::Up),
            // The same script tells of another state.
            Task::Check => *outcome == Ok(State::Recover),
            Task::Start | Task::Stop | Task::Reclaim => {
                (*bad, *good) = (0, 0);
                return;
            }
        };
        if script.cancelled.is_some() && script.fate.honest() {
            return;
        }
        (*bad, *good) = match well {
            // One that was to end may not have been listened to: it takes nothing back.
            true if script.cancelled.is_some() => return,
            true if *good + 1 >= rise => (0, *good + 1),
            true => (*bad, *good + 1),
            false => (*bad + 1, 0),
        };
    }

    /// The most good checks in a row that may be asked for.
    fn rise(&self, name: &Name) -> u32 {
        let svc = self.svcs.iter().find(|(svc, _)| svc.name == *name);
        svc.map_or(1, |(svc, _)| svc.settings.rise.max(svc.other.rise))
    }

    pub(super) fn look_checks(&mut self, world: &World) {
        for (svc, bounds) in self.svcs.clone().iter() {
            for (n, host) in world.hosts.iter().enumerate() {
                let place = (n, svc.name.clone());
                let truth = &host.truth[&svc.name];
                let record = host.record(world.at, &svc.name);
                let wishes = Marks::HELD.with(Marks::AWAY);
                let marked = record.is_none_or(|record| record.marks.has(wishes));
                if !truth.running || marked {
                    self.checks.ran.remove(&place);
                }
                let checked = svc.told(&host.told).is_some_and(|svc| svc.check.is_some());
                let up = (host.plan.machine.as_ref())
                    .and_then(|plan| plan.status(&svc.name))
                    .is_some_and(|status| status.state == Some(State::Up));
                let checks = |script: &Script| script.task == Task::Check && script.fate.honest();
                let free = truth.scripts.iter().all(checks);
                if truth.running || marked || !checked || !up || !free || !host.whole() {
                    self.checks.alive.insert(place, world.at);
                    continue;
                }
                let since = host.node.since.max(host.plan.since);
                let since = since.max(self.calm.bad_script_at(n, &svc.name));
                let since = since.max(self.reloads.at(n));
                let alive = self.checks.alive.get(&place).copied().unwrap_or(0);
                let dead = world.at - alive.max(since);
                if dead > bounds.found {
                    let text = format!(
                        "{}: {} holds it for UP, but it is dead for {} ms",
                        svc.name,
                        host_name(n),
                        dead / MS
                    );
                    self.violated(Property::Found, world.at, text);
                }
            }
        }
    }
}
