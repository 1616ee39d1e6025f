//! When the world was last disturbed, for a service as a whole and for one host of it. What
//! is promised, is promised for calm times.

use std::collections::BTreeMap;

use fail_core::job::Task;
use fail_wire::{Marks, Name};

use super::{Place, Watch};
use crate::host::Script;
use crate::world::World;

/// The last disturbances.
#[derive(Debug, Default)]
pub(super) struct Calm {
    everywhere: u64,
    services: BTreeMap<Name, u64>,
    /// A faild or failsh did not run.
    broken: BTreeMap<usize, u64>,
    /// A fact was said by hand.
    by_hand: BTreeMap<Place, u64>,
    /// Somebody held the service.
    held: BTreeMap<Place, u64>,
    /// A stop or reclaim does not do what it should.
    bad_stop: BTreeMap<Place, u64>,
    /// A start does not: when it began and was last seen.
    bad_start: BTreeMap<Place, (u64, u64)>,
    /// A save went wrong.
    unsaved: BTreeMap<usize, u64>,
    up: Vec<bool>,
}

impl Calm {
    /// Something that concerns all services.
    pub fn everywhere(&mut self, at: u64) {
        self.everywhere = at;
    }

    /// Something that concerns one service.
    pub fn stir(&mut self, at: u64, name: &Name) {
        self.services.insert(name.clone(), at);
    }

    /// A fact was said by hand.
    pub fn by_hand(&mut self, at: u64, host: usize, name: &Name) {
        self.by_hand.insert((host, name.clone()), at);
    }

    /// A script does not do what it should.
    pub fn bad_script(&mut self, at: u64, host: usize, name: &Name, script: &Script) {
        let place = (host, name.clone());
        match script.task {
            Task::Start => drop(self.bad_start.insert(place, (script.began, at))),
            Task::Stop | Task::Reclaim | Task::Check => drop(self.bad_stop.insert(place, at)),
        }
    }

    /// A save went wrong.
    pub fn unsaved(&mut self, at: u64, host: usize) {
        self.unsaved.insert(host, at);
    }

    /// When that last happened.
    pub fn unsaved_at(&self, host: usize) -> u64 {
        self.unsaved.get(&host).copied().unwrap_or(0)
    }

    /// When this service alone was last disturbed.
    pub fn stirred(&self, name: &Name) -> Option<u64> {
        self.services.get(name).copied()
    }

    /// When a script last did not do what it should.
    pub fn bad_script_at(&self, host: usize, name: &Name) -> u64 {
        let place = (host, name.clone());
        let stop = self.bad_stop.get(&place).copied().unwrap_or(0);
        stop.max(self.bad_start.get(&place).map_or(0, |(_, seen)| *seen))
    }

    /// Since when nothing has disturbed this service.
    pub fn since(&self, name: &Name) -> u64 {
        self.everywhere
            .max(self.services.get(name).copied().unwrap_or(0))
    }

    /// When this host was last an excuse for two servers.
    pub fn excused(&self, host: usize, name: &Name) -> u64 {
        let place = (host, name.clone());
        let places = [&self.by_hand, &self.held, &self.bad_stop];
        let excuses = places.into_iter().filter_map(|times| times.get(&place));
        let excuses = excuses.chain(self.broken.get(&host));
        excuses.copied().max().unwrap_or(0)
    }

    /// When the start began that hangs there, or did within the last T. It keeps a host from
    /// stopping, so what came before it excuses what comes during it, but it excuses nothing
    /// by itself.
    pub fn hung_start(&self, at: u64, host: usize, name: &Name, t: u64) -> Option<u64> {
        let (began, seen) = self.bad_start.get(&(host, name.clone()))?;
        (at - seen <= t).then_some(*began)
    }

    /// When somebody last held the service there, or it was not in the policy.
    pub fn held_at(&self, host: usize, name: &Name) -> Option<u64> {
        self.held.get(&(host, name.clone())).copied()
    }

    /// When a fact was last said by hand.
    pub fn by_hand_at(&self, host: usize, name: &Name) -> Option<u64> {
        self.by_hand.get(&(host, name.clone())).copied()
    }
}

impl Watch {
    /// Sees what disturbs the world now.
    pub(super) fn look_calm(&mut self, world: &World) {
        let at = world.at;
        let up: Vec<bool> = world.hosts.iter().map(|host| host.up).collect();
        if up != self.calm.up || world.cuts.any() {
            self.calm.up = up;
            self.calm.everywhere(at);
        }
        for (n, host) in world.hosts.iter().enumerate() {
            let since = host.node.since.max(host.plan.since);
            if !world.in_order(n) {
                self.calm.broken.insert(n, at);
            } else if self.calm.broken.get(&n).is_none_or(|was| *was < since) {
                self.calm.broken.insert(n, since);
                self.calm.everywhere(at);
            }
            if host.up && !world.in_order(n) {
                self.calm.everywhere(at);
            }
            for (name, truth) in &host.truth {
                let record = host.record(at, name);
                let held = record.is_some_and(|record| record.marks.has(Marks::HELD));
                if held || host.told.gone.contains(name) {
                    self.calm.stir(at, name);
                    self.calm.held.insert((n, name.clone()), at);
                }
                for script in truth.scripts.iter().filter(|script| !script.fate.honest()) {
                    self.calm.stir(at, name);
                    self.calm.bad_script(at, n, name, script);
                }
            }
        }
        let whole = |host: &usize| world.hosts[*host].whole();
        let hosts = || (0..world.hosts.len()).filter(whole);
        let deaf = hosts().flat_map(|a| hosts().filter(move |b| a < *b).map(move |b| (a, b)));
        if let Some(deaf) = deaf.filter_map(|(a, b)| self.hearing.deaf(at, a, b)).max() {
            self.calm.everywhere = self.calm.everywhere.max(deaf);
        }
    }
}
