//! A new Hcfile, and what was kept over a restart.
//!
//! A target that was there goes on as it was, with its new settings: its state, its history,
//! its checks and actions under way. So does one that is restored: its state is what was said
//! last, and only what is different is said.

use std::collections::BTreeMap;
use std::sync::Arc;

use fail_wire::Name;

use super::Watch;
use super::acts::Deed;
use super::available::Times;
use super::entry::{Entry, Since};
use super::settings::{Target, Targets};
use super::text::{clean_kept, count};
use super::timers::What;
use super::words::{Kept, KeptLine, State};
use crate::limits;
use crate::time::{Now, Span};

/// What was written so long ago says nothing any more.
const KEPT_MAX: Span = Span::from_secs(7 * 86_400);

/// What was to be done so long ago is not done any more: a start of a program that was right
/// when a server was dead may be wrong now. A restart of hc, or of its host, takes less.
const WAITING_MAX: Span = Span::from_secs(300);

impl Kept {
    /// How long ago it was written.
    fn ago(&self, now: Now) -> Span {
        let passed = now.wall.0.saturating_sub(self.at);
        Span::from_millis(u64::try_from(passed).unwrap_or(0))
    }

    /// Whether it is young enough to say anything; for whoever else reads it.
    pub fn is_believed(&self, now: Now) -> bool {
        self.at == 0 || self.ago(now) <= KEPT_MAX
    }
}

impl Entry {
    /// As it was when this was written.
    fn restore(&mut self, now: Now, kept: Kept) {
        if !kept.is_believed(now) {
            return;
        }
        let ago = kept.ago(now);
        self.times = Times::restored(now.mono, &kept.available, ago);
        self.changes = kept.changes.into();
        self.recorded = self
            .changes
            .back()
            .map_or(State::Pending, |change| change.to);
        let known = match kept.state {
            State::Up => true,
            State::Down => false,
            _ => return,
        };
        let since = Since::wall(now, kept.since);
        self.why = kept.why;
        (self.base, self.said) = (kept.state, kept.state);
        (self.since, self.said_since, self.known_since) = (since, since, since);
        self.said_why.clone_from(&self.why);
        self.known = Some(known);
        if kept.flapping {
            // What was kept is what it was before it flapped.
            self.said_flapping = true;
            self.hush = Some(now.mono).filter(|_| !self.is_group());
        }
        let warning = kept.warning.filter(|_| known);
        self.said_warning = warning.map(|since| Since::wall(now, since));
        if self.recorded == State::Pending {
            self.recorded = kept.state;
        }
        let mut lines = kept.lines;
        let none = lines.is_empty();
        for deed in &mut self.deeds {
            let same = |kept: &KeptLine| kept.what == deed.line().what;
            match lines.iter().position(same) {
                Some(n) => deed.restore(&lines.remove(n), ago <= WAITING_MAX),
                // Nothing is known of its lines: what was said was done.
                None if none => deed.trust(known),
                None => {}
            }
        }
    }
}

impl Watch {
    /// What was kept, before the first targets.
    pub(super) fn restore(&mut self, kept: Vec<Kept>) {
        if self.targets.is_empty() {
            let kept = kept.into_iter().take(limits::TARGETS_MAX).map(|mut kept| {
                clean_kept(&mut kept);
                (kept.target.clone(), kept)
            });
            self.kept = kept.collect();
        }
    }

    /// What is to be kept over a restart: of each target, as it is now.
    pub fn kept(&self) -> Vec<Kept> {
        let kept = |entry: &Entry| {
            let mut entry_times = entry.times.clone();
            entry_times.enter(self.now.mono, entry.shown_up());
            Kept {
                target: entry.name().clone(),
                state: entry.said,
                since: entry.said_since.ms(),
                why: entry.said_why.clone(),
                flapping: entry.said_flapping,
                warning: entry.said_warning.map(|since| since.ms()),
                at: self.now.wall.0,
                changes: entry.changes.iter().cloned().collect(),
                available: entry_times.kept(),
                lines: entry.deeds.iter().map(Deed::kept).collect(),
            }
        };
        self.entries.iter().map(kept).collect()
    }

    /// From now on these are the targets.
    pub(super) fn renew(&mut self, now: Now, targets: Targets) {
        let names = targets.iter().enumerate();
        let places: BTreeMap<Name, usize> = names
            .map(|(slot, target)| (target.name.clone(), slot))
            .collect();
        let mut gone = 0;
        for slot in 0..self.entries.len() {
            if !places.contains_key(self.entries[slot].name()) {
                gone += 1;
                self.drop_round(slot);
                let mut deeds = std::mem::take(&mut self.entries[slot].deeds);
                for (line, deed) in deeds.iter_mut().enumerate() {
                    self.forget(slot, line, deed);
                }
            }
        }
        let mut old = self.take_old(&places);
        let first = self.targets.is_empty();
        self.targets = targets.clone();
        self.places = places;
        let mut new = 0;
        for target in targets.iter() {
            let entry = old.remove(&target.name).unwrap_or_else(|| {
                new += 1;
                let mut entry = Entry::new(now, target.clone());
                if let Some(kept) = self.kept.remove(&target.name) {
                    entry.restore(now, kept);
                }
                entry
            });
            self.entries.push(entry);
        }
        self.kept.clear();
        self.link();
        for (slot, target) in targets.iter().enumerate() {
            match std::mem::take(&mut self.entries[slot].is_new) {
                true => self.take_up(now, slot),
                false => self.adapt(now, slot, target),
            }
            self.work_on(now, slot);
            self.judge.insert(slot);
            self.tell.insert(slot);
        }
        if new + gone > 0 {
            let all = count(self.entries.len(), "target");
            self.log(match first {
                true => all,
                false => format!("{all}: {new} new, {gone} gone"),
            });
            self.keep = true;
        }
    }

    /// Takes all entries out, and moves what has their places in it to the new ones.
    fn take_old(&mut self, places: &BTreeMap<Name, usize>) -> BTreeMap<Name, Entry> {
        let mut entries = std::mem::take(&mut self.entries);
        let place = |slot: usize| places.get(entries[slot].name()).copied();
        self.timers.moved(place);
        for table in [&mut self.asked, &mut self.acting] {
            let moved = std::mem::take(table).into_iter();
            *table = moved
                .filter_map(|(number, (slot, n))| Some((number, (place(slot)?, n))))
                .collect();
        }
        let queue = std::mem::take(&mut self.queue).into_iter();
        self.queue = queue
            .filter_map(|(due, slot)| Some((due, place(slot)?)))
            .collect();
        for set in [&mut self.shown, &mut self.judge, &mut self.tell] {
            *set = std::mem::take(set).into_iter().filter_map(place).collect();
        }
        let moved = |entry: &Entry| entry.blocked.iter().map(|slot| place(*slot)).collect();
        let blocked: Vec<Option<Vec<usize>>> = entries.iter().map(moved).collect();
        for (entry, blocked) in entries.iter_mut().zip(blocked) {
            entry.blocked = blocked.unwrap_or_default();
        }
        let named = entries.into_iter();
        named.map(|entry| (entry.name().clone(), entry)).collect()
    }

    /// Who depends on whom, and who is in which window.
    fn link(&mut self) {
        let mut dependents = vec![Vec::new(); self.entries.len()];
        self.windows.clear();
        for (slot, target) in self.targets.iter().enumerate() {
            let on = target
                .depends
                .iter()
                .filter_map(|on| self.places.get(on).copied());
            let mut on: Vec<usize> = on.collect();
            on.sort_unstable();
            on.dedup();
            on.iter().for_each(|on| dependents[*on].push(slot));
            self.entries[slot].depends = Arc::from(on);
            for window in &target.windows {
                let slots = self.windows.entry(window.clone()).or_default();
                if slots.last() != Some(&slot) {
                    slots.push(slot);
                }
            }
        }
        for (entry, dependents) in self.entries.iter_mut().zip(dependents) {
            entry.dependents = Arc::from(dependents);
        }
    }

    /// A target that was not there.
    fn take_up(&mut self, now: Now, slot: usize) {
        self.begin_first(now, slot);
        self.renotify_later(now, slot);
        for line in 0..self.entries[slot].deeds.len() {
            self.act(now, slot, line);
        }
        self.show(slot);
    }

    /// A target that goes on, with these settings.
    fn adapt(&mut self, now: Now, slot: usize, target: &Target) {
        let entry = &mut self.entries[slot];
        if entry.target == *target {
            return;
        }
        let old = std::mem::replace(&mut entry.target, target.clone());
        let (pace, was) = (&target.pace, &old.pace);
        if target.checks != old.checks {
            entry.findings = vec![None; target.checks];
            // What was good were other checks, or what it was made of.
            (entry.run, entry.warns, entry.warning) = (None, None, false);
            entry.good_at = None;
            // No round of a group will end that could lift it.
            let asks = target.checks > 0;
            entry.hush = entry.hush.filter(|_| asks).map(|_| now.mono);
            entry.said_warning = entry.said_warning.filter(|_| asks);
            self.drop_round(slot);
            self.begin_now(now, slot);
        } else if (pace.interval, pace.retry, pace.backoff)
            != (was.interval, was.retry, was.backoff)
        {
            entry.wait = None;
            if entry.round.is_none() && entry.queued.is_none() {
                self.begin_first(now, slot);
            }
        }
        if pace.renotify != was.renotify {
            self.renotify_later(now, slot);
        }
        if pace.flap != was.flap && self.entries[slot].flapping {
            self.timers.clear((slot, What::Rest));
            self.rest(now, slot);
        }
        if target.lines != old.lines {
            self.adapt_lines(slot, &target.lines);
        }
        self.show(slot);
        self.keep = true;
    }
}
