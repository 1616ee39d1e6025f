//! Coming back after a failure of one's own: `retry`.
//!
//! A script that broke, that took too long or said `FAIL`, and checks that went badly are
//! failures of one's own. What people say is not, and neither is what was found in `FAIL`
//! when failsh was started. The time to wait is worked out from the policy each time it is
//! asked for, so that a changed setting counts at once.

use fail_wire::{Marks, Name, Record, State};

use super::Plan;
use super::duty::Owed;
use crate::time::{Mono, Now, Span};

/// A service without check that was `UP` for so long, or for as long as it last waited if
/// that is longer, has come back for good.
const GOOD_AFTER: Span = Span::from_secs(60);

/// What is remembered of failures.
#[derive(Debug, Clone, Default)]
pub(super) struct Retries {
    /// How often in a row it has failed by itself.
    pub failures: u32,
    /// Since when it is `FAIL` by itself; nothing: it is not.
    pub failed: Option<Mono>,
    /// Since when it is `UP`.
    pub up: Option<Mono>,
    /// When it is to be looked at out of turn.
    pub wake: Option<Mono>,
}

impl Retries {
    /// A new fact that this failsh has made.
    pub fn enter(&mut self, now: Mono, was: Option<State>, owed: &Owed) {
        match owed.state {
            State::Fail if owed.own => {
                self.failures = self.failures.saturating_add(1);
                self.failed = Some(now);
            }
            // Said once more, because the local faild has lost it.
            State::Fail if was == Some(State::Fail) && !owed.away && !owed.withdrawn => {}
            State::Fail | State::Recover | State::Up => self.failed = None,
        }
        match owed.state {
            State::Up if was == Some(State::Up) => {}
            State::Up => self.up = Some(now),
            State::Recover | State::Fail => self.up = None,
        }
    }

    /// Somebody said by hand what the state is: he knows best, and what was counted is over.
    pub fn by_hand(&mut self, now: Mono, state: State) {
        *self = Retries {
            up: (state == State::Up).then_some(now),
            ..Retries::default()
        };
    }

    /// What the local faild says now, beside what it said before. `FAIL` said by hand of a
    /// service that is `FAIL` is a change of the record that is neither ours nor a wish.
    pub fn hear(&mut self, believed: Option<State>, known: &Record, said: &Record) {
        let fail = (believed, said.state) == (Some(State::Fail), State::Fail);
        let said_again = known.state == State::Fail && said.version > known.version;
        let published = !said.marks.has(Marks::UNPUBLISHED);
        if fail && said_again && published && wishes(known) == wishes(said) {
            self.failed = None;
        }
    }
}

impl Plan {
    /// When a service leaves `FAIL` by itself; nothing: it will not.
    pub(super) fn retry_at(&self, name: &Name) -> Option<Mono> {
        let (duty, service) = (self.duties.get(name)?, self.service(name)?);
        let failed = duty
            .retries
            .failed
            .filter(|_| duty.believed == Some(State::Fail))?;
        Some(failed + service.retry?.wait(duty.retries.failures))
    }

    /// A service that is `FAIL` by itself and may come back. Gives whether it is one.
    pub(super) fn try_again(&mut self, now: Now, name: &Name, record: &Record) -> bool {
        let Some(at) = self.retry_at(name) else {
            return false;
        };
        let (Some(duty), Some(service)) = (self.duties.get(name), self.service(name)) else {
            return false;
        };
        let failures = duty.retries.failures;
        let checked = service.check.is_some() && service.check_recover;
        let wait = service
            .retry
            .map_or(Span::ZERO, |retry| retry.wait(failures));
        if now.mono < at {
            let why = format!(
                "wait: retry {wait} after failure {failures} ({})",
                record.reason
            );
            self.why(now, name, &why);
        } else if checked && duty.checks.good < service.rise {
            let why = format!(
                "wait: retry as soon as {} checks in a row are good ({})",
                service.rise, record.reason
            );
            self.why(now, name, &why);
        } else {
            let reason = format!("retry: {wait} after failure {failures}");
            let record = duty.local.as_ref().map(|(record, _)| record);
            let owed = Owed {
                retry: record.map(|record| (record.version, wishes(record))),
                ..Owed::new(State::Recover, reason)
            };
            self.owe_this(now, name, owed);
        }
        true
    }

    /// A service without check that has been `UP` for long enough has not failed.
    pub(super) fn forget_failures(&mut self, now: Now, name: &Name) {
        let Some(service) = self.policy.services.get(name) else {
            return;
        };
        let (check, retry) = (service.check.is_some(), service.retry);
        let Some(duty) = self.duties.get_mut(name).filter(|_| !check) else {
            return;
        };
        let retries = &mut duty.retries;
        let waited = retry.map_or(Span::ZERO, |retry| retry.wait(retries.failures));
        let long = |up: Mono| now.mono - up >= waited.max(GOOD_AFTER);
        if duty.believed == Some(State::Up) && retries.up.is_some_and(long) {
            retries.failures = 0;
        }
    }

    /// When to look at a service out of turn: for its next check, and for its return.
    pub(super) fn schedule(&mut self, now: Now, name: &Name) {
        let due = self.next_check(name).map(|at| at.max(now.mono));
        let wake = self.retry_at(name).filter(|at| *at > now.mono);
        if let Some(duty) = self.duties.get_mut(name) {
            duty.checks.due = due;
            duty.retries.wake = wake;
        }
    }

    /// Looks at the services that may come back now.
    pub(super) fn expire_retries(&mut self, now: Now) {
        let due = |at: Mono| at <= now.mono;
        let of_due = self
            .duties
            .iter()
            .filter(|(_, d)| d.retries.wake.is_some_and(due));
        let names: Vec<Name> = of_due.map(|(name, _)| name.clone()).collect();
        for name in names {
            let Some(duty) = self.duties.get_mut(&name) else {
                continue;
            };
            duty.retries.wake = None;
            self.judge_early(now, &name);
        }
    }
}

/// What people wish of a service.
pub(super) fn wishes(record: &Record) -> Marks {
    Marks(record.marks.0 & Marks::WISHES.0)
}
