//! One service as this failsh sees it: what is believed, owed, seen and running.

use std::collections::{BTreeMap, BTreeSet};

use fail_wire::{Marks, Name, Record, State};

use super::Target;
use super::view::Seen;
use crate::job::{JobNo, Task};
use crate::time::{Mono, Now};

/// Everything that is remembered of a service between two decisions.
#[derive(Debug, Clone)]
pub(super) struct Duty {
    pub class: usize,
    /// Who has not answered in this round, nor been given up.
    pub pending: BTreeSet<Target>,
    /// What the other hosts said last.
    pub seen: BTreeMap<Name, Seen>,
    /// The version of each host's record when it last answered.
    pub heard: BTreeMap<Name, u64>,
    /// What the local faild said last, and when it was asked; nothing: it is silent.
    pub local: Option<(Record, Mono)>,
    /// Whether it was held when the local faild last spoke.
    pub held: bool,
    /// The state in which this failsh left the service; nothing: not known yet.
    pub believed: Option<State>,
    /// The record's state when this failsh last looked, to tell its own change from
    /// somebody else's.
    pub base: Option<State>,
    /// A fact that the local faild has not acknowledged yet.
    pub owed: Option<Owed>,
    /// Why it is in that state, as last published.
    pub published: String,
    /// Since when the mark `starting` is acknowledged.
    pub intent: Option<Mono>,
    /// A slave was `UP` while we were.
    pub contested: bool,
    /// The script that runs now.
    pub job: Option<Running>,
    /// A script that was given up and has not ended: nothing else may run before it does.
    pub stuck: Option<JobNo>,
    /// Not before this moment may the service be claimed.
    pub claim_after: Mono,
    /// Since when it is as it is.
    pub since: Mono,
    /// Why, as last logged.
    pub why: String,
    /// What was last complained of, and when: not more often than once a minute.
    pub complaint: Option<(Mono, String)>,
}

/// A fact to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owed {
    pub state: State,
    pub reason: String,
    /// Only because the service is wished away; without that wish it could be brought up.
    pub away: bool,
}

/// A script that runs.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub no: JobNo,
    pub task: Task,
    pub reason: String,
    pub then: Then,
    /// When it was ordered.
    pub since: Now,
    /// When it is cancelled, and when it is given up after that.
    pub deadline: Mono,
    /// Whether it has begun: until then it waits for its turn, and that is not its fault.
    pub began: bool,
    pub cancelled: Option<String>,
}

/// What to publish when a script has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Then {
    /// What it returned.
    Report,
    /// This, if it has stopped the service.
    Become(Owed),
}

impl Duty {
    pub fn new(class: usize, now: Mono, claim_after: Mono) -> Duty {
        Duty {
            class,
            pending: BTreeSet::new(),
            seen: BTreeMap::new(),
            heard: BTreeMap::new(),
            local: None,
            held: false,
            believed: None,
            base: None,
            owed: None,
            published: String::new(),
            intent: None,
            contested: false,
            job: None,
            stuck: None,
            claim_after,
            since: now,
            why: String::new(),
            complaint: None,
        }
    }

    /// What another host said, or that it said nothing.
    pub fn hear(&mut self, host: &Name, record: Option<&Record>, asked: Mono, slave: bool) {
        let mut seen = Seen::of(record, asked);
        if let Some(record) = record {
            let before = self.heard.insert(host.clone(), record.version).unwrap_or(0);
            if record.version == 0 && before > 0 {
                // A new faild without a state file. Its failsh tells it what is true within a
                // round; until then its last word stands.
                seen.said = self.seen.get(host).and_then(|last| last.said);
            }
            let serves = record.state == State::Up || served_unseen(before, record.version);
            self.contested |= slave && serves && self.believed == Some(State::Up);
        }
        self.seen.insert(host.clone(), seen);
    }

    /// What the local faild said. An answer that was on its way while a change was
    /// acknowledged is older than that, and versions tell.
    pub fn hear_local(&mut self, record: Option<&Record>, asked: Mono) {
        let known = self.local.take().map(|(record, _)| record);
        self.held = record.map_or(self.held, |record| record.marks.has(Marks::HELD));
        self.local = record.map(|said| match known {
            Some(known) if known.version > said.version => (known, asked),
            _ => (said.clone(), asked),
        });
    }

    /// Whether the local record still has our mark.
    pub fn says_starting(&self) -> bool {
        let marks = self.local.as_ref().map(|(record, _)| record.marks);
        marks.is_some_and(|marks| marks.has(Marks::STARTING))
    }

    /// Whether every answer of this round was asked for after `moment`.
    pub fn all_asked_after(&self, moment: Mono) -> bool {
        let local = self
            .local
            .as_ref()
            .is_some_and(|(_, asked)| *asked >= moment);
        local && self.seen.values().all(|seen| seen.asked >= moment)
    }
}

/// Whether a host has served between two looks: after a cut it may have given way again
/// before we see it. Only the version tells: to start, to serve and to give way are three
/// changes.
fn served_unseen(before: u64, now: u64) -> bool {
    const TURN: u64 = 3;
    before != 0 && now.saturating_sub(before) >= TURN
}
