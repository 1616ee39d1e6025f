//! What is remembered and told of decisions: the journal of each service, what the other
//! hosts said of it last, and which views have changed since somebody looked.
//!
//! Nothing is decided by any of it. Changes are told once for any number of them, when
//! everything else has been done: [`Plan::changed`] comes last in `poll`. A host's times and
//! figures change with each answer; that is told once a second at most, and what matters
//! (whether it answers, where it is) at once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fail_wire::{Marks, Name, Reason, Record, State};

use super::{Out, Plan, Subject, Target};
use crate::limits;
use crate::time::{Mono, Now, Span, Wall};

/// A host's figures are told this often at most.
const HOST_PACE: Span = Span::from_secs(1);

/// What kind of entry a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoteKind {
    /// A new state, and why.
    State,
    /// What the rule says, when that is news.
    Decision,
    /// A script begins or ends.
    Script,
    /// A check that went badly, or went well again.
    Check,
    /// Somebody changed the record by hand.
    Hand,
    /// A wish came or went.
    Wish,
    /// The policy was read again, or changed at the console.
    Policy,
}

impl NoteKind {
    /// The word for it in views.
    pub fn word(self) -> &'static str {
        match self {
            NoteKind::State => "state",
            NoteKind::Decision => "decision",
            NoteKind::Script => "script",
            NoteKind::Check => "check",
            NoteKind::Hand => "hand",
            NoteKind::Wish => "wish",
            NoteKind::Policy => "policy",
        }
    }
}

/// One entry of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub at: Wall,
    pub kind: NoteKind,
    pub text: String,
}

/// What is remembered of a service for those who look, beside what decisions need.
#[derive(Debug, Clone, Default)]
pub(super) struct Memo {
    /// Oldest first.
    pub journal: VecDeque<Note>,
    /// What each other host said last; nothing: it did not answer.
    pub peers: BTreeMap<Name, Option<Record>>,
    /// What the local faild said last.
    local: Option<Shown>,
    /// And with which marks, when it was not silent.
    wishes: Marks,
}

/// All that is remembered, and what is to be told.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    /// When this turn began.
    now: Mono,
    pub services: BTreeMap<Name, Memo>,
    dirty: BTreeSet<Name>,
    dirty_hosts: BTreeSet<Name>,
    /// Hosts whose figures have changed, which can wait.
    slow_hosts: BTreeSet<Name>,
    /// When each host was told of last.
    told: BTreeMap<Name, Mono>,
}

impl Notes {
    /// A turn begins.
    pub fn turn(&mut self, now: Mono) {
        self.now = now;
    }

    /// Hosts that have waited long enough are told of at the end of this turn.
    pub fn expire(&mut self, now: Mono) {
        self.turn(now);
        for host in std::mem::take(&mut self.slow_hosts) {
            self.touch_host(&host);
        }
    }

    fn touch_host(&mut self, host: &Name) {
        let told = self.told.get(host);
        if told.is_some_and(|told| self.now - *told < HOST_PACE) {
            self.slow_hosts.insert(host.clone());
        } else {
            self.tell_host(host);
        }
    }

    fn tell_host(&mut self, host: &Name) {
        self.slow_hosts.remove(host);
        self.told.insert(host.clone(), self.now);
        self.dirty_hosts.insert(host.clone());
    }
}

impl Plan {
    /// Writes a line into the journal of a service, unless it stands there already.
    pub(super) fn note(&mut self, now: Now, name: &Name, kind: NoteKind, text: &str) {
        let text = cut(text);
        let memo = self.notes.services.entry(name.clone()).or_default();
        let same = |note: &Note| note.kind == kind && note.text == text;
        if !memo.journal.back().is_some_and(same) {
            while memo.journal.len() >= limits::JOURNAL_MAX {
                memo.journal.pop_front();
            }
            let at = now.wall;
            memo.journal.push_back(Note { at, kind, text });
        }
        self.touch(name);
    }

    /// The view of a service is no longer what it was.
    pub(super) fn touch(&mut self, name: &Name) {
        self.notes.dirty.insert(name.clone());
    }

    /// The view of every service is no longer what it was.
    pub(super) fn touch_all(&mut self) {
        self.notes.dirty.extend(self.duties.keys().cloned());
    }

    /// The time of all scripts that run is no longer what it was.
    pub(super) fn touch_busy(&mut self) {
        let busy = self.duties.iter().filter(|(_, duty)| duty.job.is_some());
        self.notes.dirty.extend(busy.map(|(name, _)| name.clone()));
    }

    /// Figures of a host are no longer what they were.
    pub(super) fn touch_host(&mut self, name: &Name) {
        self.notes.touch_host(name);
    }

    /// What matters of a host is no longer what it was.
    pub(super) fn tell_host(&mut self, name: &Name) {
        self.notes.tell_host(name);
    }

    /// What has changed and was not told yet, one at a time.
    pub(super) fn changed(&mut self) -> Option<Out> {
        let service = self.notes.dirty.pop_first().map(Subject::Service);
        let host = || self.notes.dirty_hosts.pop_first().map(Subject::Host);
        service.or_else(host).map(Out::Changed)
    }

    /// A service is no longer in the policy: that is told, and what was remembered of it is
    /// not needed any more.
    pub(super) fn forget(&mut self, name: &Name) {
        self.notes.services.remove(name);
        self.touch(name);
    }

    /// The same of a host.
    pub(super) fn forget_host(&mut self, name: &Name) {
        self.health.hosts.remove(name);
        self.hears.hosts.remove(name);
        self.news.forget(&Target::Host(name.clone()));
        self.tell_host(name);
        self.notes.told.remove(name);
        for memo in self.notes.services.values_mut() {
            memo.peers.remove(name);
        }
    }

    /// What the local faild says of a service now: wishes that came or went are noted.
    pub(super) fn remember_local(&mut self, now: Now, name: &Name) {
        let record = self.duties.get(name).and_then(|duty| duty.local.as_ref());
        let is = record.map(|(record, _)| shown(record));
        let memo = self.notes.services.entry(name.clone()).or_default();
        if memo.local == is {
            return;
        }
        let before = std::mem::replace(&mut memo.local, is.clone());
        let before = before.map(|(_, _, _, said)| said);
        self.touch(name);
        let Some((_, marks, _, said)) = is else {
            return;
        };
        let memo = self.notes.services.entry(name.clone()).or_default();
        // A faild that was silent meanwhile says nothing new with what it said before.
        let had = std::mem::replace(&mut memo.wishes, marks);
        for (wish, came, went) in [
            (Marks::HELD, "held", "released"),
            (Marks::AWAY, "away", "back"),
        ] {
            let word = match (had.has(wish), marks.has(wish)) {
                (false, true) => came,
                (true, false) => went,
                _ => continue,
            };
            let text = match said.as_str() {
                "" => word.to_string(),
                // Nothing was said with it: this is what happened before.
                _ if before.as_ref() == Some(&said) => word.to_string(),
                said if said.starts_with(word) => said.to_string(),
                said => format!("{word}: {said}"),
            };
            self.note(now, name, NoteKind::Wish, &text);
        }
    }

    /// What another host says of a service now, or that it says nothing.
    pub(super) fn remember(&mut self, name: &Name, host: &Name, said: Option<&Record>) {
        let memo = self.notes.services.entry(name.clone()).or_default();
        let was = memo.peers.insert(host.clone(), said.cloned());
        let news = match &was {
            Some(was) => was.as_ref().map(shown) != said.map(shown),
            None => true,
        };
        if news {
            self.touch(name);
        }
    }
}

/// What of a record is shown.
type Shown = (State, Marks, i64, Reason);

fn shown(record: &Record) -> Shown {
    let reason = record.reason.clone();
    (record.state, record.marks, record.last_change, reason)
}

/// One line of at most [`limits::NOTE_BYTES_MAX`] bytes.
pub(super) fn cut(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if line.len() <= limits::NOTE_BYTES_MAX {
        return line;
    }
    let mut end = limits::NOTE_BYTES_MAX - '…'.len_utf8();
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &line[..end])
}
