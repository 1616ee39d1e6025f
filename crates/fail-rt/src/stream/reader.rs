//! What one reader has been told and what it has not.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use fail_core::limits::MONITOR_EVENTS_MAX;
use fail_core::time::Mono;

use super::{PACE, Page, Source, line};

/// How far a reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It has been told nothing.
    Hello,
    /// It is told everything once.
    All,
    /// It is told news.
    News,
}

/// One reader.
#[derive(Debug)]
pub(super) struct Reader<N> {
    phase: Phase,
    /// What it has asked for; nothing: everything.
    pub(super) only: Option<BTreeSet<N>>,
    /// What it has never been told of.
    first: BTreeSet<N>,
    /// What has changed since it was told.
    news: BTreeSet<N>,
    /// The last one of these that it was told of: the next one is the next in the order, so
    /// that one that changes all the time does not push others aside.
    last: Option<N>,
    /// The health is to be told.
    pub(super) health: bool,
    /// Lines of what has happened.
    events: VecDeque<Arc<str>>,
    lost: u64,
    /// Of events and other news, the events come next.
    events_next: bool,
    /// It has been given something since it rested.
    busy: bool,
    /// Not before.
    pub(super) next_at: Mono,
}

impl<N> Default for Reader<N> {
    fn default() -> Reader<N> {
        Reader {
            phase: Phase::Hello,
            only: None,
            first: BTreeSet::new(),
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
}

impl<N: Clone + Ord> Reader<N> {
    /// See [`super::Stream::only`].
    pub(super) fn only(&mut self, names: BTreeSet<N>) {
        if self.only.is_some() {
            return;
        }
        self.news.retain(|name| names.contains(name));
        match self.phase {
            Phase::Hello => {}
            Phase::All => self.first.clone_from(&names),
            Phase::News => self.news.extend(names.iter().cloned()),
        }
        self.only = Some(names);
    }

    /// This one has changed.
    pub(super) fn touch(&mut self, name: &N) {
        let wanted = self.only.as_ref().is_none_or(|only| only.contains(name));
        // Before the first line, everything is still to be told.
        if wanted && self.phase != Phase::Hello && !self.first.contains(name) {
            self.news.insert(name.clone());
        }
    }

    /// Something has happened.
    pub(super) fn remember(&mut self, event: &Arc<str>) {
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
    pub(super) fn next<S>(&mut self, page: &mut Page<'_, S>, now: Mono) -> Option<Arc<str>>
    where
        S: Source<Name = N>,
    {
        let line = match self.phase {
            Phase::Hello => Some(self.hello(page.source)),
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

    fn hello<S: Source<Name = N>>(&mut self, source: &S) -> Arc<str> {
        self.phase = Phase::All;
        self.first = match &self.only {
            Some(only) => only.clone(),
            None => source.names().into_iter().collect(),
        };
        line(&source.hello()).into()
    }

    fn next_of_all<S: Source<Name = N>>(&mut self, page: &mut Page<'_, S>) -> Arc<str> {
        while let Some(name) = self.first.pop_first() {
            if page.source.is_missed(&name) {
                return page.thing(&name);
            }
        }
        if std::mem::take(&mut self.health) {
            return line(&page.source.health()).into();
        }
        self.phase = Phase::News;
        line(&page.source.ready()).into()
    }

    fn next_of_news<S: Source<Name = N>>(&mut self, page: &mut Page<'_, S>) -> Option<Arc<str>> {
        let events_first = std::mem::replace(&mut self.events_next, false);
        if events_first {
            if let Some(line) = self.next_event(page.source) {
                return Some(line);
            }
        }
        self.events_next = true;
        if let Some(name) = self.next_name() {
            return Some(page.thing(&name));
        }
        if std::mem::take(&mut self.health) {
            return Some(line(&page.source.health()).into());
        }
        self.next_event(page.source)
    }

    /// The next one of those that have changed, round and round.
    fn next_name(&mut self) -> Option<N> {
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
    fn next_event(&mut self, source: &impl Source) -> Option<Arc<str>> {
        if self.lost > 0 && !self.events.is_empty() {
            let count = std::mem::take(&mut self.lost);
            if let Some(lost) = source.lost(count) {
                return Some(line(&lost).into());
            }
        }
        self.events.pop_front()
    }
}
