//! When something is to be done about which target: an ordered set, so that nobody has to
//! look through all targets to find what is next.

use std::collections::{BTreeMap, BTreeSet};

use crate::time::Mono;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// Its checks are due.
    Round,
    /// Its checks have not answered.
    Answer,
    /// It has come to rest, if it is flapping.
    Rest,
    /// It is said again that it is down.
    Renotify,
    /// One of its actions has not answered, or is tried again.
    Act(usize),
}

/// Which target, by its place, and what.
pub(super) type Key = (usize, What);

/// At most one time for each of these.
#[derive(Debug, Clone, Default)]
pub(super) struct Timers {
    order: BTreeSet<(Mono, Key)>,
    at: BTreeMap<Key, Mono>,
}

impl Timers {
    /// From now on it is this time.
    pub fn set(&mut self, key: Key, at: Mono) {
        self.clear(key);
        self.at.insert(key, at);
        self.order.insert((at, key));
    }

    pub fn clear(&mut self, key: Key) {
        if let Some(at) = self.at.remove(&key) {
            self.order.remove(&(at, key));
        }
    }

    pub fn at(&self, key: Key) -> Option<Mono> {
        self.at.get(&key).copied()
    }

    /// The next time.
    pub fn first(&self) -> Option<Mono> {
        self.order.first().map(|(at, _)| *at)
    }

    /// One whose time has come, and when that was.
    pub fn pop(&mut self, now: Mono) -> Option<(Mono, Key)> {
        let (at, key) = *self.order.first().filter(|(at, _)| *at <= now)?;
        self.clear(key);
        Some((at, key))
    }

    /// The targets have new places; those without one are gone.
    pub fn moved(&mut self, place: impl Fn(usize) -> Option<usize>) {
        let old = std::mem::take(self);
        for ((slot, what), at) in old.at {
            if let Some(slot) = place(slot) {
                self.set((slot, what), at);
            }
        }
    }

    /// The places that have any: for invariants.
    #[cfg(debug_assertions)]
    pub fn places(&self) -> impl Iterator<Item = usize> {
        self.at.keys().map(|(slot, _)| *slot)
    }
}
