//! What one client of the monitor has been told and what it has not.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use fail_core::time::Mono;
use fail_wire::Name;
use fail_wire::health::Update;

use super::{Board, PACE, Page, line};

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
    /// What it has asked for; nothing: everything.
    pub(super) only: Option<BTreeSet<Name>>,
    /// What it has never been told of.
    first: BTreeSet<Name>,
    /// What has changed since it was told.
    news: BTreeSet<Name>,
    /// The last one of these that it was told of: the next one is the next in the order, so
    /// that one that changes all the time does not push others aside.
    last: Option<Name>,
    /// The health is to be told.
    pub(super) health: bool,
    /// It has been given something since it rested.
    busy: bool,
    /// Not before.
    pub(super) next_at: Mono,
}

impl Session {
    /// All of these are still to be told.
    pub(super) fn new(names: Vec<Name>) -> Session {
        Session {
            phase: Phase::Hello,
            only: None,
            first: names.into_iter().collect(),
            news: BTreeSet::new(),
            last: None,
            health: true,
            busy: false,
            next_at: Mono(0),
        }
    }

    /// From now on only these. Each of them is told of once more, so that it is told of
    /// before `ready` also if it is not there, unless everything has been told already.
    pub(super) fn only(&mut self, names: BTreeSet<Name>) {
        if self.only.is_some() {
            return;
        }
        self.news.retain(|name| names.contains(name));
        match self.phase {
            Phase::News => {
                self.first.clear();
                self.news.extend(names.iter().cloned());
            }
            Phase::Hello | Phase::All => self.first.clone_from(&names),
        }
        self.only = Some(names);
    }

    /// These have changed.
    pub(super) fn touch<'a>(&mut self, names: impl IntoIterator<Item = &'a Name>) {
        let only = &self.only;
        let first = &self.first;
        let names = names.into_iter().filter(|name| {
            only.as_ref().is_none_or(|only| only.contains(*name)) && !first.contains(*name)
        });
        self.news.extend(names.cloned());
    }

    /// Whether there is something to tell.
    pub(super) fn has_news(&self) -> bool {
        self.phase != Phase::News || self.health || !self.news.is_empty()
    }

    /// The next line; nothing: that was all, and the next comes after a rest.
    pub(super) fn next<B: Board>(&mut self, page: &mut Page<'_, B>, now: Mono) -> Option<Arc<str>> {
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

    fn next_of_all<B: Board>(&mut self, page: &mut Page<'_, B>) -> Arc<str> {
        if let Some(name) = self.first.pop_first() {
            return page.target(&name);
        }
        if std::mem::take(&mut self.health) {
            return page.health();
        }
        self.phase = Phase::News;
        line(&Update::Ready).into()
    }

    fn next_of_news<B: Board>(&mut self, page: &mut Page<'_, B>) -> Option<Arc<str>> {
        let after = self.last.as_ref().and_then(|last| {
            let after = (Bound::Excluded(last), Bound::Unbounded);
            self.news.range(after).next().cloned()
        });
        if let Some(name) = after.or_else(|| self.news.first().cloned()) {
            self.news.remove(&name);
            self.last = Some(name.clone());
            return Some(page.target(&name));
        }
        std::mem::take(&mut self.health).then(|| page.health())
    }
}
