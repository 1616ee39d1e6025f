//! **Past**: what a faild remembers of a service is what the watch has seen there since it was
//! started: the newest first, each version with the state that it made.

use std::collections::BTreeMap;

use fail_wire::{Name, Past, Record, State};

use super::{Place, Property, Watch};
use crate::setup::host_name;

/// The states that each version of a record made.
#[derive(Debug, Default)]
pub(super) struct Pasts(BTreeMap<(Place, u64), State>);

impl Pasts {
    /// The faild of a host starts: what it had not on its disk has never been.
    pub fn forget(&mut self, host: usize) {
        self.0.retain(|((of, _), _), _| *of != host);
    }

    /// A record is now this.
    pub fn note(&mut self, place: Place, record: &Record) {
        self.0.insert((place, record.version), record.state);
    }
}

impl Watch {
    /// A faild was asked what it remembers, and has answered.
    pub fn remembered(&mut self, at: u64, host: usize, name: &Name, entries: &[Past]) {
        let falls = entries.windows(2).all(|w| w[0].version > w[1].version);
        let seen = |entry: &&Past| {
            let key = ((host, name.clone()), entry.version);
            let was = self.pasts.0.get(&key);
            was.is_some_and(|was| *was != entry.state)
        };
        let wrong = entries.iter().find(seen);
        if wrong.is_some() || !falls {
            let host = host_name(host);
            let text = format!("{name}: {host} remembers what was not: {wrong:?}, {entries:?}");
            self.violated(Property::Past, at, text);
        }
    }
}
