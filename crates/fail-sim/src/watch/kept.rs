//! **Kept**: every change that was acknowledged is there when the faild comes back after a
//! crash: in the same boot with all it said, after a reboot at least its wishes. "Could not
//! be saved" is no acknowledgement.

use std::collections::{BTreeMap, BTreeSet};

use fail_core::node::Node;
use fail_core::time::Now;
use fail_wire::{Body, Marks, Packet, Record};

use super::Place;
use crate::setup::host_name;

/// What was acknowledged.
#[derive(Debug, Default)]
pub(super) struct Kept {
    asked: BTreeSet<(usize, u64)>,
    boots: BTreeMap<usize, u64>,
    acknowledged: BTreeMap<Place, (u64, Record)>,
    /// Records before somebody asked to forget them.
    before: BTreeMap<Place, Record>,
}

impl Kept {
    /// A change arrives.
    pub fn asked(&mut self, host: usize, id: u64) {
        self.asked.insert((host, id));
    }

    /// A service is to be forgotten.
    pub fn forgets(&mut self, host: usize, record: Record) {
        if !record.is_unknown() {
            self.before.insert((host, record.name.clone()), record);
        }
    }

    /// The disk has nothing any more.
    pub fn lost(&mut self, host: usize) {
        self.acknowledged.retain(|(of, _), _| *of != host);
    }

    /// Something is answered; perhaps a change.
    pub fn answered(&mut self, host: usize, bytes: &[u8]) {
        let Ok(packet) = Packet::read(bytes) else {
            return;
        };
        if !self.asked.remove(&(host, packet.request())) {
            return;
        }
        let Ok(Body::Answer(answer)) = packet.body() else {
            return;
        };
        let boot = self.boots.get(&host).copied().unwrap_or(0);
        for record in answer.records {
            self.acknowledged
                .insert((host, record.name.clone()), (boot, record));
        }
    }

    /// Whether somebody has asked to forget just this record.
    fn before_of(&self, host: usize, was: &Record) -> bool {
        let before = self.before.get(&(host, was.name.clone()));
        before.is_some_and(|before| before.version >= was.version)
    }

    /// The faild comes back; gives what is missing.
    pub fn back(&mut self, host: usize, boot: u64, now: Now, node: &Node) -> Option<String> {
        self.boots.insert(host, boot);
        self.asked.retain(|(of, _)| *of != host);
        let of_host = self.acknowledged.iter().filter(|((of, _), _)| *of == host);
        for ((_, name), (acknowledged_in, was)) in of_host {
            let is = node.record(now, name);
            let wishes = |record: &Record| record.marks.0 & Marks::WISHES.0;
            let lost = match *acknowledged_in == boot {
                // Somebody asked to forget this one, and had no answer yet.
                _ if is.is_unknown() && self.before_of(host, was) => false,
                // What was forgotten does not come back. Its versions may count anew: no
                // change that names the last start of the faild is taken.
                _ if was.is_unknown() => {
                    let before = self.before.get(&(host, name.clone()));
                    before.is_some_and(|before| {
                        (before.version, before.last_change) == (is.version, is.last_change)
                    })
                }
                true => {
                    let same = (is.state, wishes(&is), &is.reason)
                        == (was.state, wishes(was), &was.reason);
                    is.version < was.version || is.version == was.version && !same
                }
                false => {
                    is.version <= was.version
                        || is.version == was.version + 1 && wishes(&is) != wishes(was)
                }
            };
            if lost {
                return Some(format!(
                    "{name}: {} has lost version {} ({}, {}); it has {} ({}, {})",
                    host_name(host),
                    was.version,
                    was.state,
                    was.reason,
                    is.version,
                    is.state,
                    is.reason
                ));
            }
        }
        None
    }
}
