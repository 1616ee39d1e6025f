//! What hc decides: which target is checked when, what its findings mean, what is said about
//! it, and to whom.
//!
//! Sans-IO, by the contract of [`crate::machine`]. A *target* has checks and may depend on
//! other targets. Checks are asked for by number ([`Out::Check`]) and answered
//! ([`In::Found`]); what is to be done about a change is asked for by number ([`Out::Act`])
//! and answered ([`In::Acted`]). Who asks, runs and sends is not known here.
//!
//! Each event touches the targets that it is about and what depends on them, never all of
//! them. `rounds` asks, `judge` says how a target is, `say` what is said of it, `acts` does
//! something about it, `renew` takes a new Hcfile.

mod acts;
mod available;
mod entry;
mod health;
mod judge;
mod renew;
mod rounds;
mod say;
mod settings;
mod text;
mod timers;
mod views;
mod words;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fail_wire::Name;

use crate::machine::Machine;
use crate::time::{Mono, Now, Span};
use entry::Entry;
use health::Health;
use timers::{Timers, What};

pub use acts::ACT_GRACE;
use rounds::BEAT;
pub use rounds::{CHECK_GRACE, FIRST_WITHIN, STALL_MIN};
pub use settings::{Backoff, Bad, Flap, Limit, Line, Pace, Target, Targets};
pub use words::{
    Acted, Change, Event, Figure, Finding, In, Kept, KeptLine, Out, Past, Report, State, Verdict,
};

/// The health checker.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// When something happened last.
    now: Now,
    targets: Targets,
    /// In the order of `targets`: each stands behind what it depends on.
    entries: Vec<Entry>,
    places: BTreeMap<Name, usize>,
    timers: Timers,
    /// Checks under way: whose, and which.
    asked: BTreeMap<u64, (usize, usize)>,
    /// Targets for whose checks there is no room, the first that was due first.
    queue: BTreeSet<(Mono, usize)>,
    /// Actions under way: whose, and which line.
    acting: BTreeMap<u64, (usize, usize)>,
    numbers: u64,
    /// Windows that are open, and who is in which.
    open: BTreeSet<String>,
    windows: BTreeMap<String, Vec<usize>>,
    /// What was kept, until the first targets are there.
    kept: BTreeMap<Name, Kept>,
    /// Targets to judge, and of which something may be to be said.
    judge: BTreeSet<usize>,
    tell: BTreeSet<usize>,
    shown: BTreeSet<usize>,
    keep: bool,
    health: Health,
    /// When this hc stood still last.
    stalled: Mono,
    out: VecDeque<Out>,
    /// What was looked at to know by whom others are hidden.
    #[cfg(test)]
    looked: std::cell::Cell<usize>,
}

impl Watch {
    /// A health checker that has nothing to do yet.
    pub fn new() -> Watch {
        Watch::default()
    }

    /// All targets, each behind what it depends on.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn log(&mut self, text: String) {
        self.out.push_back(Out::Log(text));
    }

    fn show(&mut self, slot: usize) {
        self.shown.insert(slot);
    }

    /// Was this hc stopped, or the host too busy, when it should have acted? Then what its
    /// checks have not seen in time says nothing.
    fn doubt(&mut self, now: Now) {
        let due = self.deadline();
        self.now = now;
        let late = due.map_or(Span::ZERO, |due| now.mono - due);
        if late < STALL_MIN {
            return;
        }
        self.stood(now, "hc", Some(late));
    }

    /// Who stands still, or did until now, for so long.
    fn stood(&mut self, now: Now, who: &str, late: Option<Span>) {
        self.stalled = now.mono;
        let Some(late) = late else {
            return;
        };
        self.health.stalls += 1;
        let late = text::lasted(late);
        self.log(format!(
            "{who} stood still for {late}; bad findings of checks under way do not count"
        ));
    }

    /// One thing that is due.
    fn due(&mut self, now: Now, at: Mono, slot: usize, what: What) {
        match what {
            What::Round => self.begin(now, slot, at),
            What::Answer => self.unanswered(now, slot),
            What::Rest => self.rest(now, slot),
            What::Renotify => self.renotify(now, slot),
            What::Act(line) => self.act_due(now, slot, line),
        }
    }

    /// Everything that follows from what has happened.
    fn settle(&mut self, now: Now) {
        loop {
            if let Some(slot) = self.judge.pop_first() {
                self.judge(now, slot);
            } else if let Some(slot) = self.tell.pop_first() {
                self.say(now, slot);
            } else {
                break;
            }
        }
        self.begin_queued(now);
    }

    fn check_invariants(&self) {
        debug_assert!(self.judge.is_empty() && self.tell.is_empty());
        debug_assert_eq!(self.entries.len(), self.targets.len());
        #[cfg(debug_assertions)]
        self.check_all();
    }

    /// What is true of all targets. In debug builds, and not of so many that it takes long.
    #[cfg(debug_assertions)]
    fn check_all(&self) {
        const MANY: usize = 200;
        if self.entries.len() > MANY {
            return;
        }
        let mut open = 0;
        for (slot, entry) in self.entries.iter().enumerate() {
            let name = entry.name();
            let round = entry.round.as_ref();
            open += round.map_or(0, |round| round.open.len());
            assert!(
                round.is_none_or(|round| !round.open.is_empty()),
                "{name}: a round that is over is gone"
            );
            assert!(
                round.is_none() || entry.base != State::Dependency,
                "{name}: nobody asks what is hidden"
            );
            let next = self.timers.at((slot, What::Round)).is_some();
            let asked = round.is_some() || entry.queued.is_some() || next;
            assert_eq!(
                asked,
                !entry.is_group() && entry.base != State::Dependency,
                "{name}: it is asked, now or later, if it can be"
            );
            let blocked = match entry.base {
                State::Dependency => self.blocked(slot),
                _ => Vec::new(),
            };
            assert_eq!(entry.blocked, blocked, "{name}: it is known by whom");
            assert_eq!(
                entry
                    .queued
                    .is_some_and(|due| self.queue.contains(&(due, slot))),
                entry.queued.is_some(),
                "{name}: it has its place in the queue"
            );
            let places = || entry.depends.iter();
            assert!(places().all(|on| *on < slot), "{name}: stands behind");
        }
        assert_eq!(open, self.asked.len(), "each open check is of a round");
        let acts = self.entries.iter().flat_map(|entry| &entry.deeds);
        let acts = acts.filter(|deed| deed.runs()).count();
        assert_eq!(acts, self.acting.len(), "each open action is of a line");
        assert!(self.timers.places().all(|slot| slot < self.entries.len()));
    }
}

impl Machine for Watch {
    type In = In;
    type Out = Out;

    fn handle(&mut self, now: Now, input: In) {
        self.doubt(now);
        match input {
            In::Targets(targets) => self.renew(now, targets),
            In::Restore(kept) => self.restore(kept),
            In::Found { number, finding } => self.found(now, number, finding),
            In::Acted { number, acted } => self.acted(now, number, acted),
            In::Window { window, open } => self.window(now, window, open),
            In::Ask(name) => self.ask(now, &name),
            In::Stalled(late) => self.stood(now, "what runs the checks", late),
        }
        self.settle(now);
        self.check_invariants();
    }

    fn expire(&mut self, now: Now) {
        self.doubt(now);
        while let Some((at, (slot, what))) = self.timers.pop(now.mono) {
            self.due(now, at, slot, what);
            self.settle(now);
        }
        self.check_invariants();
    }

    fn deadline(&self) -> Option<Mono> {
        let beat = self.now.mono + BEAT;
        let beat = (!self.asked.is_empty()).then_some(beat);
        self.timers.first().into_iter().chain(beat).min()
    }

    fn poll(&mut self) -> Option<Out> {
        if let Some(out) = self.out.pop_front() {
            return Some(out);
        }
        if std::mem::take(&mut self.keep) {
            return Some(Out::Keep);
        }
        if self.shown.is_empty() {
            return None;
        }
        let shown = std::mem::take(&mut self.shown);
        let names = shown.iter().map(|slot| self.entries[*slot].name().clone());
        Some(Out::Shown(names.collect()))
    }
}

#[cfg(test)]
mod tests;
