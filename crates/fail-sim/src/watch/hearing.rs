//! Who could not hear whom: an asker is deaf to a host from the moment when more questions
//! in a row than `confirm` allows went unanswered, until one is answered in time. This is
//! seen on the wire, not asked of the failsh. A policy that is read again in between changes
//! nothing of that: open questions stay open. But whoever asks no more, since his services
//! are now asked about in another class, is not deaf for ever.

use std::collections::BTreeMap;

use fail_wire::{Name, Packet};

use crate::bounds::Bounds;

/// One asker, one host, one class of services, named by its first.
#[derive(Debug, Default)]
struct Ear {
    /// Questions since the last answer: their numbers, and when they left.
    open: Vec<(u64, u64)>,
    times: u64,
    in_time: u64,
    /// It asks again within this, or never.
    polled: u64,
    deaf: Option<u64>,
}

impl Ear {
    /// When it was last deaf, seen now.
    fn deaf_at(&self, at: u64) -> Option<u64> {
        let last = self.open.last().map_or(at, |(_, asked)| *asked);
        let given_up = self.open.len() as u64 > self.times && at - last >= self.in_time;
        self.deaf
            .max(given_up.then_some(at.min(last + self.polled)))
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Hearing(BTreeMap<(usize, usize, Name), Ear>);

impl Hearing {
    /// A question leaves.
    pub fn asked(&mut self, at: u64, way: (usize, usize), name: &Name, bounds: &Bounds, id: u64) {
        let ear = self.0.entry((way.0, way.1, name.clone())).or_default();
        (ear.times, ear.in_time) = (bounds.times, bounds.in_time);
        ear.polled = bounds.polled;
        ear.deaf = ear.deaf_at(at);
        // With one more than the confirmations it is deaf; more tell no more.
        if ear.open.len() as u64 > ear.times + 1 {
            ear.open.remove(0);
        }
        ear.open.push((id, at));
    }

    /// Something arrives at an asker.
    pub fn heard(&mut self, at: u64, host: usize, bytes: &[u8]) {
        let Ok(packet) = Packet::read(bytes) else {
            return;
        };
        for ((_, _, _), ear) in self.0.iter_mut().filter(|((asker, ..), _)| *asker == host) {
            let asked = ear.open.iter().find(|(id, _)| *id == packet.request());
            if asked.is_some_and(|(_, asked)| at - asked <= ear.in_time) {
                ear.deaf = ear.deaf_at(at);
                ear.open.clear();
            }
        }
    }

    /// The failsh of a host is a new one.
    pub fn restarted(&mut self, host: usize) {
        self.0.retain(|(asker, ..), _| *asker != host);
    }

    /// When one of the two was last deaf to the other.
    pub fn deaf(&self, at: u64, a: usize, b: usize) -> Option<u64> {
        self.deaf_to(at, a, b).max(self.deaf_to(at, b, a))
    }

    /// When this asker was last deaf to that host.
    pub fn deaf_to(&self, at: u64, asker: usize, host: usize) -> Option<u64> {
        let ears = self.0.iter();
        let ears = ears.filter(|((from, to, _), _)| (*from, *to) == (asker, host));
        ears.filter_map(|(_, ear)| ear.deaf_at(at)).max()
    }
}
