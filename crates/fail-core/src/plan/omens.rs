//! What other hosts do that people want to be told of, once while it lasts: one that serves
//! beside us, and one whose service nobody supervises any more.

use std::collections::BTreeSet;

use fail_wire::{Marks, Name, Record, State};

use super::Plan;
use crate::event::EventKind;
use crate::log::Level;
use crate::time::{Mono, Now};

/// What goes on at the moment, by host.
#[derive(Debug, Clone, Default)]
pub(super) struct Omens {
    /// It serves, and so do we.
    serves_too: BTreeSet<Name>,
    /// Nobody supervises it there.
    unsupervised: BTreeSet<Name>,
}

impl Plan {
    /// A host has answered. One that does not answer tells nothing: what went on, goes on.
    pub(super) fn read_omens(
        &mut self,
        now: Now,
        name: &Name,
        host: &Name,
        record: &Record,
        asked: Mono,
    ) {
        let Some(duty) = self.duties.get_mut(name) else {
            return;
        };
        let omens = &mut duty.omens;
        let both = duty.believed == Some(State::Up) && record.state == State::Up;
        // An answer to a question from before we served tells of another time.
        let split = both && asked >= duty.since && omens.serves_too.insert(host.clone());
        if !both {
            omens.serves_too.remove(host);
        }
        // Of a FAIL nobody has to take care.
        let left = record.marks.has(Marks::UNSUPERVISED) && record.state != State::Fail;
        let alone = left && omens.unsupervised.insert(host.clone());
        if !left {
            omens.unsupervised.remove(host);
        }
        let reason = record.reason.to_string();
        let data = |reason| vec![("host", host.to_string()), ("reason", reason)];
        if split {
            let text = format!("service {name}: host {host} serves it as well ({reason})");
            self.log(Level::Warn, "plan", text);
            self.fire(now, EventKind::Splitbrain, name, data(reason.clone()));
        }
        if alone {
            let state = record.state;
            let text = format!("service {name}: nobody supervises it on host {host}, {state}");
            self.log(Level::Warn, "plan", text);
            self.fire(now, EventKind::Unsupervised, name, data(reason));
        }
    }
}
