//! One service as this failsh sees it: what is believed, owed, seen and running.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fail_wire::{Marks, Name, Record, State};

use super::Target;
use super::check::Checks;
use super::omens::Omens;
use super::retry::Retries;
use super::set::Set;
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
    /// Whether it was sent away when the local faild last spoke.
    pub away: bool,
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
    /// How its checks do.
    pub checks: Checks,
    /// How often it has failed, and whether it leaves `FAIL` by itself.
    pub retries: Retries,
    /// Changes by hand that wait to be posted.
    pub sets: VecDeque<Set>,
    /// The local faild has refused to take what was to be published last.
    pub refused: bool,
    /// What other hosts do that is told once while it lasts.
    pub omens: Omens,
}

/// A fact to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owed {
    pub state: State,
    pub reason: String,
    /// Only because the service is wished away; without that wish it could be brought up.
    pub away: bool,
    /// A failure of its own: what `retry` is for.
    pub own: bool,
    /// As if nobody had published anything: this failsh is about to end.
    pub withdrawn: bool,
    /// Back from a failure of its own, which was this version of the record, with these marks.
    pub retry: Option<(u64, Marks)>,
}

impl Owed {
    /// A fact and nothing else.
    pub fn new(state: State, reason: impl Into<String>) -> Owed {
        Owed {
            state,
            reason: reason.into(),
            away: false,
            own: false,
            withdrawn: false,
            retry: None,
        }
    }

    /// `FAIL`, since something went wrong here.
    pub fn failure(reason: impl Into<String>) -> Owed {
        Owed {
            own: true,
            ..Owed::new(State::Fail, reason)
        }
    }
}

/// A script that runs.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub no: JobNo,
    pub task: Task,
    pub reason: String,
    pub then: Then,
    /// The state in which it was ordered; nothing: not known yet.
    pub from: Option<State>,
    /// When it was ordered, and since it has begun, when it began.
    pub since: Now,
    /// When it is cancelled, and when it is given up after that.
    pub deadline: Mono,
    /// Whether it has begun: until then it waits for its turn, and that is not its fault.
    pub began: bool,
    pub cancelled: Option<String>,
    /// A check that was cancelled because another script is wanted: what it says is nothing.
    pub preempted: bool,
}

/// What to publish when a script has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Then {
    /// What it returned.
    Report,
    /// The same; it was stopped because a master can serve.
    HandBack,
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
            away: false,
            checks: Checks::default(),
            retries: Retries::default(),
            sets: VecDeque::new(),
            refused: false,
            omens: Omens::default(),
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
            // A record that was forgotten has no changes that nobody saw.
            let unseen = served_unseen(before, record.version) && !record.is_unknown();
            let serves = record.state == State::Up || unseen;
            self.contested |= slave && serves && self.believed == Some(State::Up);
        }
        self.seen.insert(host.clone(), seen);
    }

    /// What the local faild said. An answer that was on its way while a change was
    /// acknowledged is older than that, and versions tell.
    pub fn hear_local(&mut self, record: Option<&Record>, asked: Mono) {
        let known = self.local.take().map(|(record, _)| record);
        if let (Some(known), Some(said)) = (&known, record) {
            self.retries.hear(self.believed, known, said);
        }
        self.held = record.map_or(self.held, |record| record.marks.has(Marks::HELD));
        self.away = record.map_or(self.away, |record| record.marks.has(Marks::AWAY));
        self.local = record.map(|said| match known {
            Some(known) if known.version > said.version => (known, asked),
            _ => (said.clone(), asked),
        });
    }

    /// Whether another script than a check runs.
    pub fn is_at_work(&self) -> bool {
        self.job.as_ref().is_some_and(|job| job.task != Task::Check)
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
