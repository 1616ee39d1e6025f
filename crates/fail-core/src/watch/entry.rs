//! One target, and all that is known of it.

use std::collections::VecDeque;
use std::sync::Arc;

use fail_wire::Name;

use super::acts::Deed;
use super::available::Times;
use super::settings::Target;
use super::words::{Change, Finding, State, Verdict};
use crate::limits;
use crate::time::{Mono, Now, Span, Wall};

/// A moment from which time is counted, also over a restart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Since {
    at: Mono,
    wall: Wall,
    /// How long it had been so then.
    before: Span,
}

impl Since {
    pub fn now(now: Now) -> Since {
        Since {
            at: now.mono,
            wall: now.wall,
            before: Span::ZERO,
        }
    }

    /// A moment that is known by the wall clock only.
    pub fn wall(now: Now, wall: i64) -> Since {
        let ms = u64::try_from(now.wall.0.saturating_sub(wall)).unwrap_or(0);
        Since {
            at: now.mono,
            wall: Wall(wall),
            before: Span::from_millis(ms),
        }
    }

    pub fn lasted(&self, now: Now) -> Span {
        Span((now.mono - self.at).0.saturating_add(self.before.0))
    }

    pub fn ms(&self) -> i64 {
        self.wall.0
    }
}

/// The checks of a target that are under way.
#[derive(Debug, Clone)]
pub(super) struct Round {
    pub begun: Mono,
    /// Those that have not answered, by their numbers.
    pub open: Vec<u64>,
    /// The worst that was found, and why; nothing: no check has answered.
    pub worst: Option<(Verdict, String)>,
}

impl Round {
    pub fn found(&mut self, verdict: Verdict, why: &str) {
        if self
            .worst
            .as_ref()
            .is_none_or(|(worst, _)| verdict > *worst)
        {
            self.worst = Some((verdict, why.to_string()));
        }
    }
}

/// Findings of a kind in a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub good: bool,
    pub count: u32,
    /// When the first of them was there.
    pub since: Mono,
}

impl Run {
    /// With one more: of the same kind, or the first of the other.
    pub fn after(run: Option<Run>, good: bool, now: Mono) -> Run {
        match run {
            Some(run) if run.good == good => Run {
                count: run.count.saturating_add(1),
                ..run
            },
            _ => Run {
                good,
                count: 1,
                since: now,
            },
        }
    }
}

/// One target.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub target: Target,
    /// It was not in the Hcfile before.
    pub is_new: bool,
    /// The places of what it depends on, and of what depends on it.
    pub depends: Arc<[usize]>,
    pub dependents: Arc<[usize]>,
    /// How it is, whether it is worked on or not: never `Maintenance`.
    pub base: State,
    /// While it is `Dependency`: the first of those that are down at the bottom of what it waits
    /// for, in the order of `depends`.
    pub blocked: Vec<usize>,
    /// One of its windows is open.
    pub worked_on: bool,
    /// Since when it is shown as it is.
    pub since: Since,
    pub why: String,
    pub warning: bool,

    pub run: Option<Run>,
    /// Good rounds in a row: with a warning (not `good`), or without.
    pub warns: Option<Run>,
    pub round: Option<Round>,
    /// Its checks are due and there is no room for them: since when.
    pub queued: Option<Mono>,
    /// Asked again as soon as its round is over.
    pub again: bool,
    /// When its last round began, and its last good one.
    pub asked_at: Option<Mono>,
    pub good_at: Option<Mono>,
    /// Somebody has to know how it is, by a round begun then or later.
    pub wanted: Option<Mono>,
    /// How often in a row what it found did not count.
    pub doubts: u32,
    /// How long it is not asked while it is down; grows.
    pub wait: Option<Span>,
    pub findings: Vec<Option<Finding>>,
    pub checked: Option<Wall>,
    /// What the last round found, in words.
    pub found: String,

    /// Whether it was up when that was known last, and since when.
    pub known: Option<bool>,
    pub known_since: Since,
    /// When it changed, if it may be flapping.
    pub flips: VecDeque<Mono>,
    pub flapping: bool,
    /// That it is flapping is to be said.
    pub flap_news: bool,
    /// `Pending`, `Up` or `Down`.
    pub said: State,
    pub said_since: Since,
    pub said_why: String,
    /// It was said since that it flaps: what it came to is said in any case.
    pub said_flapping: bool,
    /// It was said since that it warns, and not yet that this is over.
    pub said_warning: Option<Since>,
    /// Nothing is said before a round that was begun then or later.
    pub hush: Option<Mono>,
    pub deeds: Vec<Deed>,

    pub times: Times,
    pub changes: VecDeque<Change>,
    /// The state that its history ends with.
    pub recorded: State,
}

impl Entry {
    pub fn new(now: Now, target: Target) -> Entry {
        let since = Since::now(now);
        Entry {
            is_new: true,
            depends: Arc::new([]),
            dependents: Arc::new([]),
            base: State::Pending,
            blocked: Vec::new(),
            worked_on: false,
            since,
            why: String::new(),
            warning: false,
            run: None,
            warns: None,
            round: None,
            queued: None,
            again: false,
            asked_at: None,
            good_at: None,
            wanted: None,
            doubts: 0,
            wait: None,
            findings: vec![None; target.checks],
            checked: None,
            found: String::new(),
            known: None,
            known_since: since,
            flips: VecDeque::new(),
            flapping: false,
            flap_news: false,
            said: State::Pending,
            said_since: since,
            said_why: String::new(),
            said_flapping: false,
            said_warning: None,
            hush: None,
            deeds: target.lines.iter().cloned().map(Deed::new).collect(),
            times: Times::new(now.mono),
            changes: VecDeque::new(),
            recorded: State::Pending,
            target,
        }
    }

    pub fn name(&self) -> &Name {
        &self.target.name
    }

    /// It has no checks of its own.
    pub fn is_group(&self) -> bool {
        self.target.checks == 0
    }

    /// How many of what it depends on must be up.
    pub fn need(&self) -> usize {
        let all = self.depends.len();
        self.target.need.unwrap_or(all).min(all)
    }

    /// What is shown.
    pub fn state(&self) -> State {
        match self.worked_on {
            true => State::Maintenance,
            false => self.base,
        }
    }

    /// Whether it is up, if that is known.
    pub fn up(&self) -> Option<bool> {
        match self.base {
            State::Up => Some(true),
            State::Down => Some(false),
            _ => None,
        }
    }

    /// It is not what was said last.
    pub fn is_news(&self) -> bool {
        self.said != self.base || self.said_flapping || self.warning_news().is_some()
    }

    /// That it warns is to be said, or that this is over.
    pub fn warning_news(&self) -> Option<bool> {
        let run = self.warns.filter(|_| self.base == State::Up)?;
        let pace = &self.target.pace;
        let wanted = if run.good { pace.rise } else { pace.fall };
        let news = run.count >= wanted && self.said_warning.is_some() == run.good;
        news.then_some(!run.good)
    }

    /// Whether it is down for what depends on it. Not while it is worked on, nor afterwards
    /// before it was asked once more: until then nobody knows, and nothing is said.
    pub fn counts_as_down(&self) -> bool {
        self.base == State::Down && !self.worked_on && self.hush.is_none()
    }

    /// The same as it is shown.
    pub fn shown_up(&self) -> Option<bool> {
        self.up().filter(|_| !self.worked_on)
    }

    /// Until now it was as it is shown.
    pub fn enter_time(&mut self, now: Mono) {
        let up = self.shown_up();
        self.times.enter(now, up);
    }

    /// Its last findings agree with its state.
    pub fn is_settled(&self) -> bool {
        let up = self.up();
        up.is_some() && self.run.is_none_or(|run| Some(run.good) == up)
    }

    /// Whether it is certainly good (or certainly not), as far as that counts for somebody who
    /// wants to know how it is since then.
    pub fn certain(&self, since: Mono) -> Option<bool> {
        if matches!(self.base, State::Down | State::Dependency) {
            return Some(false);
        }
        let good = self.good_since();
        good.is_some_and(|at| at >= since).then_some(true)
    }

    /// Since when it is certainly good: its last good round began then.
    pub fn good_since(&self) -> Option<Mono> {
        let down = matches!(self.base, State::Down | State::Dependency);
        let good = !down && self.run.is_none_or(|run| run.good);
        self.good_at.filter(|_| good)
    }

    /// What is shown was this before: since when it is so, and its history.
    pub fn record(&mut self, now: Now, was: State, why: &str) {
        let state = self.state();
        if state == was {
            return;
        }
        self.since = Since::now(now);
        // That nothing is known for a moment is no news.
        if state == State::Pending || state == self.recorded {
            return;
        }
        if self.changes.len() >= limits::CHANGES_MAX {
            self.changes.pop_front();
        }
        self.changes.push_back(Change {
            at: now.wall.0,
            from: self.recorded,
            to: state,
            why: why.to_string(),
        });
        self.recorded = state;
    }
}
