//! What is said of a target: when it has become down or up, when it warns, when it flaps, and
//! again and again while it is down. Not while it is worked on, and not while it flaps:
//! afterwards what it came to, if that is not what was said last.

use super::Watch;
use super::entry::Since;
use super::text::{count, lasted};
use super::timers::What;
use super::words::{Event, Report, State};
use crate::limits;
use crate::time::{Now, Span};

impl Watch {
    /// Says what is to be said, if anything.
    pub(super) fn say(&mut self, now: Now, slot: usize) {
        let entry = &mut self.entries[slot];
        if entry.worked_on {
            return;
        }
        if std::mem::take(&mut entry.flap_news) {
            self.say_flapping(now, slot);
        }
        let entry = &mut self.entries[slot];
        let quiet = entry.flapping || entry.hush.is_some();
        let Some(up) = entry.up().filter(|_| !quiet) else {
            return;
        };
        if entry.said != entry.base || entry.said_flapping {
            self.say_state(now, slot, up);
        } else {
            for line in 0..entry.deeds.len() {
                self.reconcile(now, slot, line);
            }
            self.say_warning(now, slot);
        }
    }

    /// That it is up, or down.
    fn say_state(&mut self, now: Now, slot: usize, up: bool) {
        let entry = &self.entries[slot];
        if !entry.is_settled() {
            return;
        }
        // It may have been down for long, while nothing was said.
        let since = entry.run.map(|run| run.since);
        let since = since.filter(|_| !up && !entry.is_group());
        if since.is_some_and(|since| !self.is_sure(now, slot, since)) {
            return;
        }
        let event = if up { Event::Up } else { Event::Down };
        let report = self.report(now, slot, event);
        let entry = &mut self.entries[slot];
        entry.said = entry.base;
        entry.said_since = Since::now(now);
        entry.said_why.clone_from(&entry.why);
        // This takes the place of whatever was said before.
        (entry.said_flapping, entry.said_warning) = (false, None);
        if report.hides > 0 {
            let (name, hides) = (&report.target, count(report.hides, "target"));
            let are = if report.hides == 1 { "is" } else { "are" };
            let text = format!("target {name}: {hides} {are} not asked because of it");
            self.log(text);
        }
        self.renotify_later(now, slot);
        self.keep = true;
        self.tell_lines(now, slot, &report);
    }

    /// That it warns, or that this is over. After it was said to be up only when it was asked
    /// once more.
    fn say_warning(&mut self, now: Now, slot: usize) {
        let entry = &self.entries[slot];
        let news = entry.warning_news().filter(|_| entry.said == State::Up);
        let Some(warns) = news else { return };
        let event = if warns { Event::Warning } else { Event::Clear };
        let mut report = self.report(now, slot, event);
        let entry = &mut self.entries[slot];
        let text = match entry.said_warning {
            None => format!("target {}: warning ({})", report.target, report.why),
            Some(since) => {
                report.lasted = since.lasted(now);
                let lasted = lasted(report.lasted);
                format!("target {}: warning is over after {lasted}", report.target)
            }
        };
        entry.said_warning = warns.then(|| Since::now(now));
        self.log(text);
        self.keep = true;
        self.tell_lines(now, slot, &report);
    }

    /// What an action is told about this.
    pub(super) fn report(&self, now: Now, slot: usize, event: Event) -> Report {
        let entry = &self.entries[slot];
        let up = entry.up().or(entry.known);
        Report {
            target: entry.name().clone(),
            event,
            at: Some(now.wall),
            good: up.unwrap_or(true),
            from: entry.said,
            to: match up {
                Some(true) => State::Up,
                Some(false) => State::Down,
                None => State::Pending,
            },
            first: entry.said == State::Pending,
            why: entry.why.clone(),
            lasted: entry.said_since.lasted(now),
            hides: self.hides(slot),
            left_out: 0,
        }
    }

    fn say_flapping(&mut self, now: Now, slot: usize) {
        let entry = &self.entries[slot];
        let (name, flips) = (entry.name(), entry.flips.len());
        let first = entry.flips.front().copied().unwrap_or(now.mono);
        let within = lasted(now.mono - first);
        let often = format!("{flips} changes within {within}");
        let mut report = self.report(now, slot, Event::Flapping);
        let word = if report.good { "up" } else { "down" };
        let text = format!("target {name}: flapping ({often})");
        report.why = format!("{often}; now {word}: {}", report.why);
        super::text::clean(&mut report.why, limits::FINDING_BYTES_MAX);
        self.entries[slot].said_flapping = true;
        self.keep = true;
        self.log(text);
        self.tell_lines(now, slot, &report);
    }

    /// There was no change for long enough.
    pub(super) fn rest(&mut self, now: Now, slot: usize) {
        let entry = &mut self.entries[slot];
        entry.flapping = false;
        entry.flips.clear();
        let word = if entry.known == Some(true) {
            "up"
        } else {
            "down"
        };
        let text = format!("target {}: at rest ({word})", entry.name());
        self.log(text);
        self.tell.insert(slot);
        self.show(slot);
        self.renotify_later(now, slot);
    }

    /// When it is said again that it is down.
    pub(super) fn renotify_later(&mut self, now: Now, slot: usize) {
        let entry = &self.entries[slot];
        let every = entry.target.pace.renotify;
        let key = (slot, What::Renotify);
        match every.filter(|_| entry.said == State::Down) {
            Some(every) => {
                let every = every.max(Span::from_millis(limits::CHECK_INTERVAL_MIN_MS));
                self.timers.set(key, now.mono + every);
            }
            None => self.timers.clear(key),
        }
    }

    pub(super) fn renotify(&mut self, now: Now, slot: usize) {
        let entry = &self.entries[slot];
        let quiet = entry.worked_on || entry.flapping || entry.hush.is_some();
        if entry.base == State::Down && entry.said == State::Down && !quiet {
            let report = self.report(now, slot, Event::Renotify);
            self.tell_lines(now, slot, &report);
        }
        self.renotify_later(now, slot);
    }

    /// A window has opened or closed.
    pub(super) fn window(&mut self, now: Now, window: String, open: bool) {
        let slots = self.windows.get(&window).cloned().unwrap_or_default();
        let changed = match open {
            true => self.open.insert(window.clone()),
            false => self.open.remove(&window),
        };
        if changed && !slots.is_empty() {
            let word = if open { "open" } else { "closed" };
            let targets = count(slots.len(), "target");
            self.log(format!("window {window}: {word} for {targets}"));
        }
        for slot in slots {
            self.work_on(now, slot);
        }
    }

    /// Looks whether it is worked on, and what follows.
    pub(super) fn work_on(&mut self, now: Now, slot: usize) {
        let entry = &mut self.entries[slot];
        let window = entry
            .target
            .windows
            .iter()
            .find(|name| self.open.contains(*name));
        if entry.worked_on == window.is_some() {
            return;
        }
        let (was, why) = (entry.state(), window.unwrap_or(&entry.why).clone());
        entry.enter_time(now.mono);
        entry.worked_on = !entry.worked_on;
        entry.record(now, was, &why);
        (self.keep, entry.hush) = (true, None);
        if entry.worked_on {
            // What happens while people work on it, and shortly before, is no flapping.
            entry.flips.clear();
            (entry.flapping, entry.flap_news) = (false, false);
            self.timers.clear((slot, What::Rest));
            self.hold_lines(slot);
        } else if entry.up().is_some() && entry.is_news() && !entry.is_group() {
            // What was found last may be long ago.
            entry.hush = Some(now.mono);
            self.begin_now(now, slot);
        }
        let dependents = self.entries[slot].dependents.clone();
        self.judge.extend(dependents.iter());
        self.tell.insert(slot);
        self.show(slot);
    }

    /// It may be said how it is, and counts for what depends on it, when it was asked once more,
    /// that agrees with the state, and what it depends on is not to blame.
    pub(super) fn lift_hush(&mut self, now: Now, slot: usize) {
        let entry = &self.entries[slot];
        if entry.hush.is_none() || entry.asked_at < entry.hush || !entry.is_settled() {
            return;
        }
        let bad = entry.run.filter(|run| !run.good);
        if bad.is_some_and(|run| !self.is_sure(now, slot, run.since)) {
            return;
        }
        let entry = &mut self.entries[slot];
        entry.hush = None;
        let dependents = entry.dependents.clone();
        self.judge.extend(dependents.iter());
        self.tell.insert(slot);
    }
}
