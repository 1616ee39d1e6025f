//! Answers that come after their host was given up.
//!
//! They decide nothing: the host counts as unreachable until it answers in time. But they tell
//! how long an answer takes there now. Without that a host whose way has become slow while it
//! was unreachable would be given up again and again before its answer is there.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use fail_wire::{Key, Packet};

use super::ask::Ask;
use super::{Plan, Target};
use crate::time::{Mono, Now};

/// A question that was given up, by the id of its request.
#[derive(Debug, Clone)]
struct Late {
    /// Of which class, and to whom.
    of: (usize, Target),
    /// When it left.
    at: Mono,
    /// With which key it was asked.
    key: Key,
}

/// Questions that were given up last, and could still be answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Lates(BTreeMap<u64, Late>);

impl Lates {
    pub(super) fn awaits(&self, id: u64) -> bool {
        self.0.contains_key(&id)
    }

    /// Nothing is awaited any more: this failsh stood still itself, and its clock says nothing.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Plan {
    /// A question was given up: in each class only the last one to a host is remembered.
    pub(super) fn await_late(&mut self, index: usize, target: &Target, ask: &Ask) {
        let of = (index, target.clone());
        let key = self.classes[index].key.as_ref();
        let key = key.unwrap_or(&self.link(target).key).clone();
        let lates = &mut self.lates.0;
        lates.retain(|_, late| late.of != of);
        for &(id, at) in &ask.ids {
            let (of, key) = (of.clone(), key.clone());
            lates.insert(id, Late { of, at, key });
        }
    }

    /// An answer to such a question: how long it took is remembered.
    pub(super) fn late_answer(&mut self, now: Now, from: SocketAddr, bytes: &[u8]) {
        self.stats.dropped += 1;
        let Ok(packet) = Packet::read(bytes) else {
            return;
        };
        let Some(late) = self.lates.0.get(&packet.request()) else {
            return;
        };
        let known = match &late.of.1 {
            Target::Local => true,
            Target::Host(host) => self.hosts.contains_key(host),
        };
        let (target, at) = (late.of.1.clone(), late.at);
        let genuine = self.link(&target).addr == Some(from) && packet.verify(&late.key);
        if known && genuine {
            self.lates.0.remove(&packet.request());
            self.link_mut(&target).measured(now.mono - at);
        }
    }
}
