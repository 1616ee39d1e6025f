//! **Announced**: no start is run unless the local faild says `starting`, as it is now: what one
//! that died has shown is no promise to anybody. Unless somebody has just said something else, or
//! its state file was lost.
//!
//! **Cleaned**: what a failsh that died had half started (its record still says `starting`) is
//! taken down by the next one before that starts it: nobody knows how far the script had come,
//! nor whether it goes on. Once somebody has changed the record, or wishes the service held or
//! away, it is his affair.

use std::collections::{BTreeMap, BTreeSet};

use fail_core::job::{Order, Task};
use fail_wire::{Marks, Record};

use super::{Place, Property, Watch};
use crate::setup::host_name;
use crate::world::World;

/// What is known of starts.
#[derive(Debug, Default)]
pub(super) struct Starts {
    /// What was half started when the present failsh of its host came, and was not taken down yet.
    halves: BTreeSet<Place>,
    /// When the state file of a host was lost.
    lost: BTreeMap<usize, u64>,
}

impl Starts {
    /// The state file of a host is lost.
    pub fn lost(&mut self, at: u64, host: usize) {
        self.lost.insert(host, at);
    }
}

fn is_half(record: &Record) -> bool {
    let others = Marks::HELD.with(Marks::AWAY).with(Marks::UNPUBLISHED);
    record.marks.has(Marks::STARTING) && !record.marks.has(others)
}

impl Watch {
    /// A failsh starts.
    pub(super) fn began_starts(&mut self, world: &World, host: usize) {
        self.starts.halves.retain(|(of, _)| *of != host);
        for (svc, _) in self.svcs.iter() {
            let record = world.hosts[host].record(world.at, &svc.name);
            if record.is_some_and(|record| is_half(&record)) {
                self.starts.halves.insert((host, svc.name.clone()));
            }
        }
    }

    /// A script is run.
    pub(super) fn ran_starts(&mut self, world: &World, host: usize, order: &Order) {
        let place = (host, order.service.clone());
        match order.task {
            Task::Stop => drop(self.starts.halves.remove(&place)),
            Task::Start => {
                if self.starts.halves.contains(&place) {
                    let text = "starts what an earlier failsh had half started";
                    self.wrong_start(world, &place, Property::Cleaned, text);
                }
                self.ran_announced(world, &place);
            }
            Task::Reclaim | Task::Check => {}
        }
    }

    fn ran_announced(&mut self, world: &World, place: &Place) {
        let (host, name) = (&world.hosts[place.0], &place.1);
        let record = host.record(world.at, name).filter(|_| host.speaks());
        let news = [
            self.calm.by_hand_at(place.0, name),
            self.starts.lost.get(&place.0).copied(),
        ];
        let round = self.bounds(name).round;
        let news = news.into_iter().flatten().max();
        let excused = news.is_some_and(|news| world.at - news <= round);
        let silent = record.is_some_and(|record| !record.marks.has(Marks::STARTING));
        if silent && !excused {
            let text = "starts it, and its faild does not say so";
            self.wrong_start(world, place, Property::Announced, text);
        }
    }

    fn wrong_start(&mut self, world: &World, place: &Place, property: Property, text: &str) {
        let text = format!("{}: {} {text}", place.1, host_name(place.0));
        self.violated(property, world.at, text);
    }

    pub(super) fn look_starts(&mut self, world: &World) {
        self.starts.halves.retain(|(host, name)| {
            let record = world.hosts[*host].record(world.at, name);
            record.is_some_and(|record| is_half(&record))
        });
    }
}
