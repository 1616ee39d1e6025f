//! When a target is asked, and what its checks answer.
//!
//! A round asks all checks of a target side by side, and its verdict is the worst of theirs.
//! Rounds stand on a grid: at a place in the interval that depends on the name, so that
//! thousands of targets are spread over it and a new Hcfile or a new start moves nobody. What
//! is not certain is asked at the pace of `retry`, what is down at that of `backoff`, and what
//! somebody has to know at once. At most [`limits::CHECKS_MAX`] checks are under way.

use fail_wire::Name;

use super::Watch;
use super::entry::{Entry, Round, Run};
use super::settings::Backoff;
use super::text::clean_finding;
use super::timers::What;
use super::words::{Finding, Out, State, Verdict};
use crate::limits;
use crate::time::{Mono, Now, Span};

/// A check that has not answered so long after its deadline is found unknown: hc has lost it. An
/// answer may be under way for a moment on a busy host.
pub const CHECK_GRACE: Span = Span::from_secs(2);

/// hc that acts so late for a deadline was stopped, or the host was too busy: checks that
/// would have answered in time have not been heard.
pub const STALL_MIN: Span = Span::from_secs(1);

/// The first check of a target comes within this, however long its interval is: somebody waits
/// for it. A minute is enough to spread thousands.
pub const FIRST_WITHIN: Span = Span::from_secs(60);

/// While checks are under way hc wakes up so often, if only to see whether it stood still.
pub(super) const BEAT: Span = Span::from_secs(1);

/// Who was found bad wants to know whether what it depends on is good since then: where one after
/// the other does, that is asked once in so long for all of them, or in its own `retry` if that is
/// shorter: who wants a service moved within a second has said so there.
pub(super) const WANTED_EVERY: Span = Span::from_secs(1);

/// So often in a row the bad findings of a target do not count because hc stood still. On a
/// host that is always too busy nothing would ever be found down otherwise.
const DOUBTS_MAX: u32 = 3;

/// What is said of a check that did not answer.
const NO_ANSWER: &str = "hc did not get round to it";

/// A place between 0 and the end of the interval that depends on the name: FNV-1a, stirred, as
/// names differ in their last letters.
fn place(name: &Name, interval: Span) -> Span {
    let hash = name
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Span((hash ^ (hash >> 29)) % interval.0.max(1))
}

/// The first point of the grid of this name that is not before `from`.
fn grid(name: &Name, interval: Span, from: Mono) -> Mono {
    let place = place(name, interval);
    let missing = (from.0 % interval.0.max(1) + interval.0 - place.0) % interval.0.max(1);
    match missing {
        0 => from,
        missing => from + Span(interval.0 - missing),
    }
}

/// What is settable is not too short, whoever has set it, nor so long that it can not be
/// counted with.
fn at_least(span: Span) -> Span {
    let least = Span::from_millis(limits::CHECK_INTERVAL_MIN_MS);
    span.clamp(least, Span(u64::MAX / 4))
}

impl Entry {
    /// When it is asked after a round that was begun then.
    fn next(&self, now: Now, begun: Mono) -> Mono {
        let pace = &self.target.pace;
        let interval = at_least(pace.interval);
        let next = if !self.is_settled() {
            let retry = at_least(pace.retry);
            let missed = (now.mono - begun).0 / retry.0;
            begun + retry.times(missed + 1)
        } else if let Some(wait) = self.wait {
            begun + at_least(wait)
        } else {
            // Where it was asked out of turn, the next turn may be too near.
            grid(
                self.name(),
                interval,
                (begun + interval.part(2)).max(now.mono),
            )
        };
        next.max(Mono(now.mono.0.saturating_add(1)))
    }

    /// Until then it is not asked again, whoever has to know how it is.
    fn pause(&self) -> Option<Mono> {
        let begun = self.round.as_ref().map(|round| round.begun);
        let pause = self.target.pace.retry.min(WANTED_EVERY);
        begun.or(self.asked_at).map(|at| at + pause)
    }

    /// It is down once more: it is asked after that, and later each time.
    fn back_off(&mut self) {
        let longer = |backoff: Backoff, wait: Span| {
            let ns = u128::from(wait.0) * u128::from(backoff.factor.max(100)) / 100;
            Span(u64::try_from(ns).unwrap_or(u64::MAX))
        };
        self.wait = self.target.pace.backoff.map(|backoff| match self.wait {
            None => backoff.initial,
            Some(wait) => longer(backoff, wait).min(backoff.maximum.max(backoff.initial)),
        });
    }
}

impl Watch {
    /// It is asked for the first time.
    pub(super) fn begin_first(&mut self, now: Now, slot: usize) {
        let entry = &self.entries[slot];
        if entry.is_group() || entry.base == State::Dependency {
            return;
        }
        let within = at_least(entry.target.pace.interval).min(FIRST_WITHIN);
        let at = grid(entry.name(), within, Mono(now.mono.0.saturating_add(1)));
        self.timers.set((slot, What::Round), at);
    }

    /// Asks all checks of a target, if there is room for them.
    pub(super) fn begin(&mut self, now: Now, slot: usize, due: Mono) {
        let entry = &mut self.entries[slot];
        let checks = entry.target.checks;
        if entry.is_group()
            || entry.base == State::Dependency
            || entry.round.is_some()
            || entry.queued.is_some()
        {
            return;
        }
        self.timers.clear((slot, What::Round));
        let running = self.asked.len();
        // One with many checks would never find room if those with few took each place before it.
        let behind = self.queue.first().is_some_and(|first| *first < (due, slot));
        if running > 0 && (behind || running + checks > limits::CHECKS_MAX) {
            entry.queued = Some(due);
            self.queue.insert((due, slot));
            return;
        }
        self.health.began(now.mono - due);
        let (name, timeout) = (entry.name().clone(), at_least(entry.target.pace.timeout));
        let deadline = now.mono + timeout;
        let mut open = Vec::with_capacity(checks);
        for check in 0..checks {
            let number = self.number();
            open.push(number);
            self.asked.insert(number, (slot, check));
            self.out.push_back(Out::Check {
                number,
                target: name.clone(),
                check,
                deadline,
            });
        }
        self.entries[slot].round = Some(Round {
            begun: now.mono,
            open,
            worst: None,
        });
        self.timers
            .set((slot, What::Answer), deadline + CHECK_GRACE);
    }

    /// Begins what waits for room, the first that was due first.
    pub(super) fn begin_queued(&mut self, now: Now) {
        while let Some((due, slot)) = self.queue.pop_first() {
            self.entries[slot].queued = None;
            self.begin(now, slot, due);
            if self.entries[slot].queued.is_some() {
                break;
            }
        }
    }

    /// It is to be asked now: by a round that begins now, or after the one under way.
    pub(super) fn begin_now(&mut self, now: Now, slot: usize) {
        match &self.entries[slot].round {
            Some(round) if round.begun >= now.mono => {}
            Some(_) => self.entries[slot].again = true,
            None => self.begin(now, slot, now.mono),
        }
    }

    /// The same because somebody has to know how it is; not at once if it was asked a moment ago.
    pub(super) fn begin_for(&mut self, now: Now, slot: usize) {
        let entry = &self.entries[slot];
        let Some(at) = entry.pause().filter(|at| *at > now.mono) else {
            return self.begin_now(now, slot);
        };
        // After a round that is under way, when that is over.
        if entry.round.is_none() && entry.queued.is_none() {
            let key = (slot, What::Round);
            let next = self.timers.at(key).map_or(at, |next| next.min(at));
            self.timers.set(key, next);
        }
    }

    /// Nobody wants to know it any more.
    pub(super) fn drop_round(&mut self, slot: usize) {
        let entry = &mut self.entries[slot];
        entry.again = false;
        if let Some(due) = entry.queued.take() {
            self.queue.remove(&(due, slot));
        }
        for number in entry
            .round
            .take()
            .map(|round| round.open)
            .unwrap_or_default()
        {
            self.asked.remove(&number);
            self.out.push_back(Out::Drop(number));
        }
        self.timers.clear((slot, What::Round));
        self.timers.clear((slot, What::Answer));
    }

    /// A check has ended.
    pub(super) fn found(&mut self, now: Now, number: u64, mut finding: Finding) {
        let Some((slot, check)) = self.asked.remove(&number) else {
            return;
        };
        clean_finding(&mut finding);
        self.health.checks += 1;
        let stalled = self.stalled;
        let entry = &mut self.entries[slot];
        let Some(round) = &mut entry.round else {
            return;
        };
        round.open.retain(|open| *open != number);
        round.found(finding.verdict, &finding.why);
        let doubted = round.begun < stalled && entry.doubts < DOUBTS_MAX;
        let over = round.open.is_empty();
        if !(doubted && is_bad(finding.verdict)) {
            entry.findings[check] = Some(finding);
        }
        self.show(slot);
        if over {
            self.ended(now, slot);
        }
    }

    /// The time for the answers of a round is over.
    pub(super) fn unanswered(&mut self, now: Now, slot: usize) {
        let stalled = self.stalled;
        let entry = &mut self.entries[slot];
        let Some(round) = &mut entry.round else {
            return;
        };
        let took = now.mono - round.begun;
        let doubted = round.begun < stalled && entry.doubts < DOUBTS_MAX;
        for number in std::mem::take(&mut round.open) {
            self.health.checks += 1;
            self.out.push_back(Out::Drop(number));
            let Some((_, check)) = self.asked.remove(&number) else {
                continue;
            };
            let verdict = entry.target.unknown.get(check).copied();
            let verdict = verdict.unwrap_or(Verdict::Unknown);
            round.found(verdict, NO_ANSWER);
            if !(doubted && is_bad(verdict)) {
                entry.findings[check] = Some(Finding {
                    verdict,
                    why: NO_ANSWER.to_string(),
                    took,
                    figures: Vec::new(),
                });
            }
        }
        self.show(slot);
        self.ended(now, slot);
    }

    /// All checks of a round have ended.
    fn ended(&mut self, now: Now, slot: usize) {
        self.timers.clear((slot, What::Answer));
        let stalled = self.stalled;
        let entry = &mut self.entries[slot];
        let Some(round) = entry.round.take() else {
            return;
        };
        let (worst, why) = round
            .worst
            .unwrap_or((Verdict::Unknown, NO_ANSWER.to_string()));
        let good = !is_bad(worst);
        if !good && round.begun < stalled && entry.doubts < DOUBTS_MAX {
            entry.doubts += 1;
            entry.again = false;
            return self.begin(now, slot, now.mono);
        }
        entry.doubts = 0;
        entry.checked = Some(now.wall);
        entry.warning = worst == Verdict::Warning;
        entry.enter_time(now.mono);
        entry.run = Some(Run::after(entry.run, good, now.mono));
        entry.warns = good.then(|| Run::after(entry.warns, !entry.warning, now.mono));
        entry.asked_at = Some(round.begun);
        if good {
            entry.good_at = Some(round.begun);
        }
        if entry.up().is_none_or(|up| up == good) {
            entry.why.clone_from(&why);
        }
        entry.found = why;
        if entry.wanted.is_some() {
            // Somebody waits for a certain answer, and this may be it.
            let dependents = entry.dependents.clone();
            self.judge.extend(dependents.iter());
            if good
                && self.entries[slot]
                    .wanted
                    .is_some_and(|at| at <= round.begun)
            {
                self.entries[slot].wanted = None;
            }
        }
        self.judge(now, slot);
        self.next(now, slot, round.begun, good);
    }

    /// When it is asked again.
    fn next(&mut self, now: Now, slot: usize, begun: Mono, good: bool) {
        let entry = &mut self.entries[slot];
        match entry.base {
            State::Dependency => return,
            State::Down if !good => entry.back_off(),
            _ => entry.wait = None,
        }
        if std::mem::take(&mut entry.again) {
            return self.begin(now, slot, now.mono);
        }
        let mut next = entry.next(now, begun);
        if entry.wanted.is_some_and(|wanted| wanted > begun) {
            let soon = entry
                .pause()
                .unwrap_or(next)
                .max(Mono(now.mono.0.saturating_add(1)));
            next = next.min(soon);
        }
        // Who waits for it has begun the next round already.
        if entry.round.is_none() && entry.queued.is_none() {
            self.timers.set((slot, What::Round), next);
        }
    }

    /// Somebody wants a target checked now: what it is made of, or what it waits for, if it
    /// has no checks or is not asked.
    pub(super) fn ask(&mut self, now: Now, name: &Name) {
        let Some(slot) = self.places.get(name).copied() else {
            return;
        };
        let mut seen = std::collections::BTreeSet::from([slot]);
        let mut way = vec![slot];
        while let Some(slot) = way.pop() {
            let entry = &self.entries[slot];
            if entry.is_group() || entry.base == State::Dependency {
                way.extend(entry.depends.iter().filter(|on| seen.insert(**on)));
            } else {
                self.begin_now(now, slot);
            }
        }
    }
}

/// What counts as bad: also what could not be found out.
fn is_bad(verdict: Verdict) -> bool {
    verdict >= Verdict::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spread_over_the_interval_and_stay_where_they_are() {
        let interval = Span::from_secs(10);
        let mut tenths = [0; 10];
        for n in 0..2_000 {
            let name = Name::new(&format!("web-{n}")).unwrap();
            tenths[(place(&name, interval).0 / interval.part(10).0) as usize] += 1;
            let at = grid(&name, interval, Mono(123_456_789_012));
            assert!(at.0 >= 123_456_789_012 && at.0 < 133_456_789_012);
            assert_eq!(at.0 % interval.0, place(&name, interval).0);
            assert_eq!(grid(&name, interval, at), at);
        }
        for tenth in tenths {
            assert!((140..=260).contains(&tenth), "{tenths:?}");
        }
    }
}
