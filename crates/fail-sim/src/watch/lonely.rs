//! **Lonely**: a host whose faild is silent, or speaks another version, is dead to all others,
//! and they may serve. So its failsh stops what it serves within `lonely` of
//! [`crate::bounds`], unless it is told to keep it, somebody held it, or a script does not do
//! what it should. The stop itself is the mirror of `settled`: a faild that answers is no
//! reason to stop.

use std::collections::BTreeMap;

use fail_core::policy::Lonely;
use fail_wire::State;

use super::{Place, Property, Watch};
use crate::setup::{MS, host_name};
use crate::world::World;

/// Who is alone, and with what.
#[derive(Debug, Default)]
pub(super) struct Alone {
    /// When there was last a reason to serve although the faild is silent.
    reason: BTreeMap<Place, u64>,
    /// When a failsh and its faild could last talk to each other.
    talked: BTreeMap<usize, u64>,
}

impl Watch {
    pub(super) fn look_lonely(&mut self, world: &World) {
        for (svc, bounds) in self.svcs.clone().iter() {
            for (n, host) in world.hosts.iter().enumerate() {
                let place = (n, svc.name.clone());
                if host.whole() {
                    self.alone.talked.insert(n, world.at);
                }
                let stops = svc
                    .told(&host.told)
                    .is_some_and(|s| s.lonely == Lonely::Stop);
                let status = host.plan.machine.as_ref().filter(|_| host.plan.runs());
                let status = status.and_then(|plan| plan.status(&svc.name));
                let up = status.is_some_and(|status| status.state == Some(State::Up));
                if host.speaks() || !stops || !up || !host.truth[&svc.name].running {
                    self.alone.reason.insert(place, world.at);
                    continue;
                }
                let alone = self.alone.reason.get(&place).copied().unwrap_or(0);
                let since = alone.max(host.plan.since).max(self.reloads.at(n));
                let since = since.max(self.calm.bad_script_at(n, &svc.name));
                // As far as its failsh can know.
                let talked = self.alone.talked.get(&n).copied().unwrap_or(0);
                let held = self.calm.held_at(n, &svc.name);
                let held = held.is_some_and(|held| talked.saturating_sub(held) <= bounds.round);
                if !held && world.at - since > bounds.lonely {
                    let text = format!(
                        "{}: {} serves for {} ms without a faild that the others could hear",
                        svc.name,
                        host_name(n),
                        (world.at - since) / MS
                    );
                    self.violated(Property::Lonely, world.at, text);
                }
            }
        }
    }
}
