//! **Obeyed**: nothing is started where the local record has said for a `round` of
//! [`crate::bounds`] that the service is held or away, nor before its delay after the start of
//! failsh is over; and nothing that is held is stopped, but to clean up after a start that
//! failed. The mirror is `settled`: as soon as nobody wishes anything, it is served.

use std::collections::BTreeMap;

use fail_core::job::{Order, Task};
use fail_wire::{Marks, Record};

use super::{Place, Property, Watch};
use crate::bounds::at_least;
use crate::setup::{MS, host_name};
use crate::world::World;

/// What was wished, since when, and when each failsh was started.
#[derive(Debug, Default)]
pub(super) struct Obeyed {
    held: BTreeMap<Place, u64>,
    away: BTreeMap<Place, u64>,
    started: BTreeMap<usize, u64>,
}

impl Obeyed {
    /// What a faild says.
    pub fn seen(&mut self, at: u64, place: &Place, record: &Record) {
        for (wished, mark) in [(&mut self.held, Marks::HELD), (&mut self.away, Marks::AWAY)] {
            match record.marks.has(mark) {
                true => drop(wished.entry(place.clone()).or_insert(at)),
                false => drop(wished.remove(place)),
            }
        }
    }

    /// A failsh starts.
    pub fn started(&mut self, at: u64, host: usize) {
        self.started.insert(host, at);
    }
}

impl Watch {
    /// A script is run.
    pub(super) fn ran_obeyed(&mut self, world: &World, host: usize, order: &Order) {
        let (place, at) = ((host, order.service.clone()), world.at);
        let cleans = order.reason.starts_with("stop: clean up");
        if !matches!(order.task, Task::Start | Task::Stop) || cleans {
            return;
        }
        let h = &world.hosts[host];
        let round = self.bounds(&order.service).round;
        let since = h.node.since.max(h.plan.since).max(self.reloads.at(host));
        let known = |wished: &BTreeMap<Place, u64>| {
            let wished = wished.get(&place);
            wished.is_some_and(|wished| at - since.max(*wished) > round)
        };
        let svc = world.setup.services.iter();
        let svc = svc.filter(|svc| svc.name == order.service);
        let delay = svc.map(|svc| at_least(svc.settings.delay.0)).max();
        let delay = delay.unwrap_or(0);
        let lived = at - self.obeyed.started.get(&host).copied().unwrap_or(0);
        let fault = match order.task {
            _ if known(&self.obeyed.held) => "although it is held".to_string(),
            Task::Start if known(&self.obeyed.away) => "although it is away".to_string(),
            Task::Start if lived < delay => format!("within {} ms", lived / MS),
            _ => return,
        };
        let host = host_name(host);
        let text = format!("{}: {} on {host} {fault}", order.service, order.task);
        self.violated(Property::Obeyed, at, text);
    }
}
