//! What happened to a service lately: the last changes of its record, in memory only.

use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;

use fail_wire::{AskHistory, Body, HISTORY_BYTES_MIN, History, Past, Reason, emit};

use super::changes::cramped;
use super::image::Kept;
use super::page::Page;
use super::{Asker, Node};
use crate::limits;
use crate::time::{Mono, Now, Wall};

/// From where a change came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Somebody at this address.
    Address(IpAddr),
    /// This is what the state file said when the daemon started.
    Disk,
    /// The host was started anew.
    Boot,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Address(ip) => write!(f, "{ip}"),
            Who::Disk => f.write_str("state file"),
            Who::Boot => f.write_str("reboot"),
        }
    }
}

/// One change.
#[derive(Debug, Clone)]
struct Was {
    version: u64,
    state: fail_wire::State,
    marks: fail_wire::Marks,
    at: Mono,
    wall: Wall,
    reason: Reason,
    who: Who,
}

/// The last changes of one record, the oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Pasts(VecDeque<Was>);

impl Pasts {
    /// The record is now this, because of him.
    pub fn note(&mut self, kept: &Kept, who: Who) {
        if self.0.len() >= limits::HISTORY_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Was {
            version: kept.version,
            state: kept.state,
            marks: kept.marks,
            at: kept.changed,
            wall: kept.last_change,
            reason: kept.reason.clone(),
            who,
        });
    }

    /// Before this version, or all; the newest first.
    fn before(&self, version: u64, now: Now) -> impl Iterator<Item = Past> {
        let wanted = move |was: &&Was| version == 0 || was.version < version;
        self.0.iter().rev().filter(wanted).map(move |was| Past {
            version: was.version,
            state: was.state,
            marks: was.marks,
            age_ms: (now.mono - was.at).as_millis(),
            at: was.wall.0,
            reason: was.reason.clone(),
            who: Reason::new(&was.who.to_string()),
        })
    }
}

impl Node {
    pub(super) fn show_history(&mut self, now: Now, asker: &Asker, ask: &AskHistory) {
        let readable = self.rights(asker, &ask.name).is_some();
        let entry = self.entries.get(&ask.name).filter(|_| readable);
        let pasts = entry.map(|entry| entry.pasts().before(ask.before, now));
        let mut page = Page::new(asker.room, HISTORY_BYTES_MIN, Past::wire_bytes);
        page.fill(pasts.into_iter().flatten());
        if let Some(bytes) = page.wants() {
            return self.refuse(now, asker, cramped(bytes));
        }
        let (entries, more) = page.done();
        let history = History {
            nonce: self.nonce,
            more,
            entries,
        };
        self.counters.answered += 1;
        let bytes = emit(Some(&asker.key), asker.request, &Body::History(history));
        self.send(asker.peer, bytes);
    }
}
