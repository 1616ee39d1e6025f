//! **Settled**, the mirror of one server: in a world that was calm for `settled` of
//! [`crate::bounds`], of the hosts that are not FAIL the highest is UP, and nobody else.
//!
//! **Hand-back**: a master that can serve while a lower host does gets the service within
//! `hand_back` of a calm world: two intervals, two scripts and what lies between them.
//! **Its mirror**: nobody stops because of a master, unless a master was able to serve within
//! the last `round`.
//!
//! With `failback no` somebody serves, and nobody else, whoever it is; there is no hand-back,
//! and nobody stops unless a master did serve, or was about to.

use std::collections::BTreeMap;

use fail_core::job::Order;
use fail_wire::{Name, State};

use super::{Property, Watch};
use crate::bounds::Bounds;
use crate::setup::{MS, Svc, host_name};
use crate::world::World;

/// Who should get the service back, and since when.
#[derive(Debug, Default)]
pub(super) struct Settled {
    wants: BTreeMap<Name, (usize, u64)>,
}

impl Watch {
    pub(super) fn look_settled(&mut self, world: &World) {
        for (svc, bounds) in self.svcs.clone().iter() {
            let calm = world.at - self.calm.since(&svc.name);
            let states: Vec<(usize, State)> = (svc.rank.iter())
                .filter_map(|host| {
                    let record = world.hosts[*host].record(world.at, &svc.name)?;
                    Some((*host, record.state))
                })
                .collect();
            if calm > bounds.settled {
                self.check_settled(world.at, svc, &states);
            }
            self.check_hand_back(world.at, svc, bounds, &states);
        }
    }

    fn check_settled(&mut self, at: u64, svc: &Svc, states: &[(usize, State)]) {
        let highest = states.iter().find(|(_, state)| *state != State::Fail);
        let Some((highest, _)) = highest else { return };
        let up = states.iter().filter(|(_, state)| *state == State::Up);
        let wrong = match svc.settings.failback {
            true => states
                .iter()
                .any(|(host, state)| (*state == State::Up) != (host == highest)),
            false => up.count() != 1,
        };
        if wrong {
            let words = states
                .iter()
                .map(|(host, state)| format!(" {}={state}", host_name(*host)));
            let words: String = words.collect();
            let text = format!("{}: not settled in a calm world:{words}", svc.name);
            self.violated(Property::Settled, at, text);
        }
    }

    fn check_hand_back(&mut self, at: u64, svc: &Svc, bounds: &Bounds, states: &[(usize, State)]) {
        let able = states.iter().position(|(_, state)| *state != State::Fail);
        let wants = able
            .filter(|n| states[*n].1 != State::Up && svc.settings.failback)
            .map(|n| states[n].0);
        let Some(host) = wants else {
            self.settled.wants.remove(&svc.name);
            return;
        };
        let lower_up = states.iter().any(|(_, state)| *state == State::Up);
        let known = self.settled.wants.get(&svc.name).copied();
        let known = known.filter(|(was, _)| *was == host);
        if known.is_none() && lower_up {
            self.settled.wants.insert(svc.name.clone(), (host, at));
        }
        let Some((_, since)) = known else { return };
        let waited = at - since.max(self.calm.since(&svc.name));
        if waited > bounds.hand_back {
            let text = format!(
                "{}: {} waits for {} ms",
                svc.name,
                host_name(host),
                waited / MS
            );
            self.violated(Property::HandBack, at, text);
        }
    }

    pub(super) fn ran_stop(&mut self, world: &World, host: usize, order: &Order) {
        if !order.reason.starts_with("stop: a master can serve") {
            return;
        }
        let name = &order.service;
        let Some((svc, bounds)) = self.svcs.iter().find(|(svc, _)| svc.name == *name) else {
            return;
        };
        let masters = &svc.rank[..svc.place(host)];
        let seen = match svc.settings.failback {
            true => &self.able,
            false => &self.serving,
        };
        let able = masters.iter().any(|master| {
            let able = seen.get(&(*master, name.clone()));
            able.is_some_and(|able| world.at - able <= bounds.round)
        });
        if !able {
            let text = format!("{name}: {} stops for nobody", host_name(host));
            self.violated(Property::EarlyStop, world.at, text);
        }
    }
}
