//! What one client of the monitor has been told and what it has not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use fail_core::limits::MONITOR_EVENTS_MAX;
use fail_core::time::Mono;
use fail_rt::clock;
use fail_tcl::Board;
use fail_wire::monitor::{EventView, Update};

use super::{PACE, Page, line};

/// What a line is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// A service.
    Service(Arc<str>),
    /// A host.
    Host(Arc<str>),
    /// This failsh itself.
    Health,
}

impl Subject {
    /// What this update is about, if it is about a thing that the board shows.
    pub(super) fn of(update: &Update) -> Option<Subject> {
        match update {
            Update::Service(view) => Some(Subject::Service(view.name.as_str().into())),
            Update::Host(view) => Some(Subject::Host(view.name.as_str().into())),
            Update::Gone { what, name } if what == "host" => {
                Some(Subject::Host(name.as_str().into()))
            }
            Update::Gone { name, .. } => Some(Subject::Service(name.as_str().into())),
            _ => None,
        }
    }

    fn gone(&self) -> String {
        let (what, name) = match self {
            Subject::Service(name) => ("service", name.to_string()),
            Subject::Host(name) => ("host", name.to_string()),
            Subject::Health => ("health", String::new()),
        };
        let what = what.to_string();
        line(&Update::Gone { what, name })
    }
}

/// How far a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It has been told nothing.
    Hello,
    /// It is told everything once.
    All,
    /// It is told news.
    News,
}

/// One client.
#[derive(Debug)]
pub(super) struct Session {
    phase: Phase,
    /// What it has never been told of.
    first: BTreeSet<Subject>,
    /// What has changed since it was told.
    news: BTreeSet<Subject>,
    /// The last one of these that it was told of: the next one is the next in the order, so
    /// that one that changes all the time does not push others aside.
    last: Option<Subject>,
    /// The health is to be told.
    pub(super) health: bool,
    events: VecDeque<Arc<EventView>>,
    lost: u64,
    /// Of events and other news, the events come next.
    events_next: bool,
    /// It has been given something since it rested.
    busy: bool,
    /// Not before.
    pub(super) next_at: Mono,
}

impl Session {
    /// Everything on the board is still to be told.
    pub(super) fn new(board: &Board) -> Session {
        let services = board.services().into_iter();
        let services = services.map(|view| Subject::Service(view.name.as_str().into()));
        let hosts = board.hosts().into_iter();
        let hosts = hosts.map(|view| Subject::Host(view.name.as_str().into()));
        Session {
            phase: Phase::Hello,
            first: services.chain(hosts).collect(),
            news: BTreeSet::new(),
            last: None,
            health: true,
            events: VecDeque::new(),
            lost: 0,
            events_next: true,
            busy: false,
            next_at: Mono(0),
        }
    }

    /// Something has changed.
    pub(super) fn touch(&mut self, subject: &Subject) {
        if !self.first.contains(subject) {
            self.news.insert(subject.clone());
        }
    }

    /// Something has happened.
    pub(super) fn remember(&mut self, event: &Arc<EventView>) {
        if self.events.len() == MONITOR_EVENTS_MAX {
            self.events.pop_front();
            self.lost += 1;
        }
        self.events.push_back(Arc::clone(event));
    }

    /// Whether there is something to tell.
    pub(super) fn has_news(&self) -> bool {
        self.phase != Phase::News || self.health || !self.news.is_empty() || !self.events.is_empty()
    }

    /// The next line; nothing: that was all, and the next comes after a rest.
    pub(super) fn next(&mut self, page: &mut Page<'_>, now: Mono) -> Option<Arc<str>> {
        let line = match self.phase {
            Phase::Hello => {
                self.phase = Phase::All;
                Some(page.hello())
            }
            Phase::All => Some(self.next_of_all(page)),
            Phase::News => self.next_of_news(page),
        };
        if line.is_some() {
            self.busy = true;
        } else if std::mem::take(&mut self.busy) {
            self.next_at = now + PACE;
        }
        line
    }

    fn next_of_all(&mut self, page: &mut Page<'_>) -> Arc<str> {
        while let Some(subject) = self.first.pop_first() {
            // What was never told of and is gone again is not missed.
            if let Some(line) = page.line_of(&subject) {
                return line;
            }
        }
        if std::mem::take(&mut self.health) {
            if let Some(line) = page.line_of(&Subject::Health) {
                return line;
            }
        }
        self.phase = Phase::News;
        line(&Update::Ready).into()
    }

    fn next_of_news(&mut self, page: &mut Page<'_>) -> Option<Arc<str>> {
        let events_first = std::mem::replace(&mut self.events_next, false);
        if events_first {
            if let Some(line) = self.next_event() {
                return Some(line);
            }
        }
        self.events_next = true;
        if let Some(subject) = self.next_subject() {
            let line = page.line_of(&subject);
            return Some(line.unwrap_or_else(|| subject.gone().into()));
        }
        if std::mem::take(&mut self.health) {
            return page.line_of(&Subject::Health);
        }
        self.next_event()
    }

    /// The next one of those that have changed, round and round.
    fn next_subject(&mut self) -> Option<Subject> {
        let after = self.last.as_ref().and_then(|last| {
            let after = (Bound::Excluded(last), Bound::Unbounded);
            self.news.range(after).next().cloned()
        });
        let next = after.or_else(|| self.news.first().cloned())?;
        self.news.remove(&next);
        self.last = Some(next.clone());
        Some(next)
    }

    /// The oldest event that was not lost, after a word about those that were.
    fn next_event(&mut self) -> Option<Arc<str>> {
        if self.lost > 0 && !self.events.is_empty() {
            let count = std::mem::take(&mut self.lost).to_string();
            let data = BTreeMap::from([("count".to_string(), count)]);
            let lost = EventView {
                at: clock::now().wall.0,
                event: "lost".to_string(),
                subject: String::new(),
                data,
            };
            return Some(line(&Update::Event(lost)).into());
        }
        let event = self.events.pop_front()?;
        Some(line(&Update::Event(event.as_ref().clone())).into())
    }
}
