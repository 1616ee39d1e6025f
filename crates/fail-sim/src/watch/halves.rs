//! **Cleaned**: what a failsh that died had half started (its record still says `starting`) is
//! taken down by the next one before that starts it: nobody knows how far the script had come,
//! nor whether it goes on. Once somebody has changed the record, or wishes the service held or
//! away, it is his affair.

use std::collections::BTreeSet;

use fail_core::job::{Order, Task};
use fail_wire::{Marks, Record};

use super::{Place, Property, Watch};
use crate::setup::host_name;
use crate::world::World;

/// What was half started when the present failsh of its host came, and was not taken down yet.
#[derive(Debug, Default)]
pub(super) struct Halves(BTreeSet<Place>);

fn is_half(record: &Record) -> bool {
    let others = Marks::HELD.with(Marks::AWAY).with(Marks::UNPUBLISHED);
    record.marks.has(Marks::STARTING) && !record.marks.has(others)
}

impl Watch {
    /// A failsh starts.
    pub(super) fn began_halves(&mut self, world: &World, host: usize) {
        self.halves.0.retain(|(of, _)| *of != host);
        for (svc, _) in self.svcs.iter() {
            let record = world.hosts[host].record(world.at, &svc.name);
            if record.is_some_and(|record| is_half(&record)) {
                self.halves.0.insert((host, svc.name.clone()));
            }
        }
    }

    /// A script is run.
    pub(super) fn ran_halves(&mut self, world: &World, host: usize, order: &Order) {
        let place = (host, order.service.clone());
        match order.task {
            Task::Stop => drop(self.halves.0.remove(&place)),
            Task::Start if self.halves.0.contains(&place) => {
                let (name, host) = (&order.service, host_name(host));
                let text = format!("{name}: {host} starts what an earlier failsh had half started");
                self.violated(Property::Cleaned, world.at, text);
            }
            Task::Start | Task::Reclaim | Task::Check => {}
        }
    }

    pub(super) fn look_halves(&mut self, world: &World) {
        self.halves.0.retain(|(host, name)| {
            let record = world.hosts[*host].record(world.at, name);
            record.is_some_and(|record| is_half(&record))
        });
    }
}
