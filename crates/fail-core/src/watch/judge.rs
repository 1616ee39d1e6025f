//! How a target is: from what its checks have found, and from what it depends on.
//!
//! Judged are those targets to which something has happened, each before what depends on it.
//! A target that would be down first makes sure of what it depends on: what is not certain
//! since its first bad finding is asked at once, and until that has answered the target stays
//! what it was. So what is behind a dead router is never called down, in whatever order they
//! are checked. The same before it would be up: an address that another host serves by now is not
//! called up again because nobody has asked yet whether this host serves.

use super::Watch;
use super::entry::{Entry, Since};
use super::text::{count, lasted};
use super::timers::What;
use super::words::State;
use crate::limits;
use crate::time::{Mono, Now};

/// What a target depends on, counted.
#[derive(Debug, Default)]
struct Counts {
    up: usize,
    down: usize,
    /// Not up, and it is not to be said that they are down.
    dependency: usize,
}

impl Counts {
    fn of(watch: &Watch, entry: &Entry) -> Counts {
        let mut counts = Counts::default();
        for on in entry.depends.iter() {
            let on = &watch.entries[*on];
            match on.base {
                State::Up => counts.up += 1,
                State::Down if on.counts_as_down() => counts.down += 1,
                State::Down | State::Dependency => counts.dependency += 1,
                State::Pending | State::Maintenance => {}
            }
        }
        counts
    }
}

impl Watch {
    /// How it is now; and who depends on it is judged next, if that has changed.
    pub(super) fn judge(&mut self, now: Now, slot: usize) {
        self.judge_it(now, slot);
        self.lift_hush(now, slot);
        let entry = &self.entries[slot];
        if entry.up().is_some() && entry.is_news() {
            self.tell.insert(slot);
        }
    }

    fn judge_it(&mut self, now: Now, slot: usize) {
        let entry = &self.entries[slot];
        let counts = Counts::of(self, entry);
        if entry.is_group() {
            self.judge_group(now, slot, &counts);
            return;
        }
        let (need, all) = (entry.need(), entry.depends.len());
        let hidden = match entry.base {
            // It is asked again when enough are up, not already when they may be.
            State::Dependency => counts.up < need,
            _ => counts.down + counts.dependency > all - need,
        };
        if hidden {
            return self.hide(now, slot);
        }
        if entry.base == State::Dependency {
            let was = self.entries[slot].why.clone();
            let why = format!("asked again; before: {was}");
            self.change(now, slot, State::Pending, why);
            return self.begin_now(now, slot);
        }
        let (pace, base, Some(run)) = (entry.target.pace, entry.base, entry.run) else {
            return;
        };
        let why = entry.found.clone();
        if run.good && run.count >= pace.rise {
            if base != State::Up && self.is_sure(now, slot, run.since) {
                self.change(now, slot, State::Up, why);
            }
        } else if !run.good
            && run.count >= pace.fall
            && base != State::Down
            && self.is_sure(now, slot, run.since)
        {
            self.change(now, slot, State::Down, why);
        }
    }

    /// A group is as those that it depends on.
    fn judge_group(&mut self, now: Now, slot: usize, counts: &Counts) {
        let entry = &self.entries[slot];
        let (need, all) = (entry.need(), entry.depends.len());
        let (base, why) = if counts.up >= need {
            let why = format!("{} of {} up, {need} needed", counts.up, all);
            (State::Up, why)
        } else if all - counts.down < need {
            (State::Down, self.why_down(&self.blocked(slot)))
        } else if all - counts.down - counts.dependency < need {
            (State::Dependency, String::new())
        } else {
            (State::Pending, "not known yet".to_string())
        };
        match base {
            State::Dependency => self.hide(now, slot),
            _ => self.change(now, slot, base, why),
        }
        let entry = &self.entries[slot];
        let Some(wanted) = entry.wanted else { return };
        let Some(good) = self.enough_good(now, slot) else {
            return;
        };
        // Also what is not yet what was wanted last may be enough for who asked before.
        let entry = &mut self.entries[slot];
        entry.good_at = entry.good_at.max(Some(good));
        if good >= wanted {
            entry.wanted = None;
            let dependents = entry.dependents.clone();
            self.judge.extend(dependents.iter());
        }
    }

    /// Since when enough of what a group depends on is certainly good.
    fn enough_good(&self, now: Now, slot: usize) -> Option<Mono> {
        let entry = &self.entries[slot];
        let Some(last) = entry.need().checked_sub(1) else {
            return Some(now.mono);
        };
        let good = |on: &usize| self.entries[*on].good_since();
        let mut good: Vec<Mono> = entry.depends.iter().filter_map(good).collect();
        good.sort_unstable_by(|a, b| b.cmp(a));
        good.get(last).copied()
    }

    /// Whether enough of what it depends on is certainly good since then. What is not certain
    /// is asked.
    pub(super) fn is_sure(&mut self, now: Now, slot: usize, since: Mono) -> bool {
        let entry = &self.entries[slot];
        let depends = entry.depends.clone();
        let good = |on: &&usize| self.entries[**on].certain(since) == Some(true);
        if depends.iter().filter(good).count() >= entry.need() {
            return true;
        }
        for on in depends.iter() {
            self.want(now, *on, since);
        }
        false
    }

    /// Somebody has to know how it is since then: it is asked, or what it is made of. A group
    /// is looked at each time, as who was certain may have been bad once meanwhile. Where many
    /// fail one after the other, each wants an answer of its own: the members of a group are asked
    /// once in [`super::rounds::WANTED_EVERY`] for all of them.
    fn want(&mut self, now: Now, slot: usize, since: Mono) {
        let (mut way, mut seen) = (vec![slot], std::collections::BTreeSet::new());
        while let Some(slot) = way.pop() {
            let entry = &mut self.entries[slot];
            if entry.certain(since).is_some() || !seen.insert(slot) {
                continue;
            }
            let news = entry.wanted.is_none_or(|at| at < since);
            entry.wanted = entry.wanted.max(Some(since));
            if entry.is_group() {
                way.extend(entry.depends.iter());
                self.judge.insert(slot);
            } else if news && entry.round.as_ref().is_none_or(|round| round.begun < since) {
                self.begin_for(now, slot);
            }
        }
    }

    /// Too much of what it depends on is down, or hidden: by whom is kept, as those that depend
    /// on it are hidden by the same.
    fn hide(&mut self, now: Now, slot: usize) {
        let blocked = self.blocked(slot);
        let why = self.why_down(&blocked);
        self.change(now, slot, State::Dependency, why);
        let entry = &mut self.entries[slot];
        if entry.blocked != blocked {
            entry.blocked = blocked;
            self.judge.extend(entry.dependents.iter());
            self.show(slot);
        }
    }

    /// From now on it is so.
    pub(super) fn change(&mut self, now: Now, slot: usize, base: State, why: String) {
        let entry = &mut self.entries[slot];
        let (was, shown) = (entry.base, entry.state());
        if entry.base == base {
            // The reason of a group or of one that is not asked may be another now.
            if (entry.is_group() || base == State::Dependency) && entry.why != why {
                entry.why = why;
                self.show(slot);
            }
            return;
        }
        entry.enter_time(now.mono);
        entry.base = base;
        entry.record(now, shown, &why);
        entry.why = why;
        if was == State::Down {
            entry.wait = None;
        }
        if matches!(base, State::Down | State::Dependency) {
            entry.wanted = None;
        }
        let dependents = entry.dependents.clone();
        entry.blocked.clear();
        if base == State::Dependency {
            (entry.run, entry.warns) = (None, None);
            entry.hush = None;
            entry.doubts = 0;
            self.drop_round(slot);
        }
        if let Some(up) = self.entries[slot].up() {
            self.now_known(now, slot, up);
        }
        self.judge.extend(dependents.iter());
        self.tell.insert(slot);
        self.show(slot);
        self.keep = true;
    }

    /// It is known to be up or down: the log is told, if it was not so before, and changes
    /// that come too often are flapping.
    fn now_known(&mut self, now: Now, slot: usize, up: bool) {
        let entry = &mut self.entries[slot];
        let word = |up| if up { "up" } else { "down" };
        let was = entry.known.replace(up);
        if was == Some(up) {
            return;
        }
        let (name, from) = (entry.name(), was.map_or("pending", word));
        let lasted = lasted(entry.known_since.lasted(now));
        let text = format!(
            "target {name}: {from} -> {} ({}) after {lasted}",
            word(up),
            entry.why
        );
        entry.known_since = Since::now(now);
        let flap = entry.target.pace.flap;
        if let Some(flap) = flap.filter(|_| was.is_some() && !entry.worked_on) {
            let most = flap.changes.clamp(2, limits::COUNTED_MAX) as usize;
            entry.flips.push_back(now.mono);
            while entry.flips.len() > most
                || entry
                    .flips
                    .front()
                    .is_some_and(|at| now.mono - *at > flap.within)
            {
                entry.flips.pop_front();
            }
            if entry.flips.len() >= most && !entry.flapping {
                entry.flapping = true;
                entry.flap_news = true;
            }
            if entry.flapping {
                let rest = now.mono + flap.within;
                let rest = rest.max(Mono(now.mono.0.saturating_add(1)));
                self.timers.set((slot, What::Rest), rest);
            }
        }
        self.log(text);
    }

    /// Which of those that it depends on are down, in words.
    fn why_down(&self, blocked: &[usize]) -> String {
        let names = blocked.iter().map(|on| self.entries[*on].name().as_str());
        let names: Vec<&str> = names.collect();
        match names.as_slice() {
            [] => "too little of what it depends on is up".to_string(),
            [name] => format!("{name} is down"),
            [.., last] if names.len() <= 3 => {
                let first = names[..names.len() - 1].join(", ");
                format!("{first} and {last} are down")
            }
            [first, second, ..] if names.len() < limits::BLOCKED_MAX => {
                let more = count(names.len() - 2, "other");
                format!("{first}, {second} and {more} are down")
            }
            [first, second, ..] => format!("{first}, {second} and many others are down"),
        }
    }

    /// The targets that are down at the bottom of what it waits for; not all of many. Each that
    /// it depends on knows its own: a walk through all below, for each of thousands that one
    /// dead target hides, would take seconds.
    pub(super) fn blocked(&self, slot: usize) -> Vec<usize> {
        let mut found = Vec::new();
        for on in self.entries[slot].depends.iter() {
            let entry = &self.entries[*on];
            let bottom = match entry.base {
                State::Down => std::slice::from_ref(on),
                State::Dependency => entry.blocked.as_slice(),
                _ => &[],
            };
            #[cfg(test)]
            self.looked.set(self.looked.get() + 1 + bottom.len());
            for down in bottom {
                if found.len() >= limits::BLOCKED_MAX {
                    return found;
                }
                if !found.contains(down) {
                    found.push(*down);
                }
            }
        }
        found
    }

    /// How many targets are not asked because of it.
    pub(super) fn hides(&self, slot: usize) -> usize {
        let (mut seen, mut count) = (vec![false; self.entries.len()], 0);
        let mut way = vec![slot];
        while let Some(slot) = way.pop() {
            for next in self.entries[slot].dependents.iter() {
                let hidden = self.entries[*next].base == State::Dependency;
                if hidden && !std::mem::replace(&mut seen[*next], true) {
                    count += 1;
                    way.push(*next);
                }
            }
        }
        count
    }
}
