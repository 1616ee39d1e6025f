//! The checks: a script that looks whether the service is well, and what follows from it.
//!
//! A check is the lesser job. It runs only when nothing else does, it is cancelled as soon as
//! another script is wanted, and no publication waits for it. What it finds is counted here
//! and nowhere else; that a service has failed so is *decided* in `judge`, after the wishes
//! of people. The first check of all is a look: before anything is published, it finds out
//! whether the service runs already.

use fail_wire::{Marks, Name, Record, State};

use super::duty::{Owed, Running, Then};
use super::jobs::CANCEL_GRACE;
use super::notes::NoteKind;
use super::{Out, Plan};
use crate::job::{Outcome, Task};
use crate::log::Level;
use crate::time::{Mono, Now, Span};

/// How the checks of one service do.
#[derive(Debug, Clone, Default)]
pub(super) struct Checks {
    /// Good ones in a row.
    pub good: u32,
    /// Bad ones since they were last forgotten.
    pub bad: u32,
    /// When the last one ended, and what it said.
    pub last: Option<(Now, String)>,
    /// What the last bad one said.
    pub words: String,
    /// There is none before this moment.
    pub after: Mono,
    /// When the next one is due; nothing: none is wanted.
    pub due: Option<Mono>,
    /// Somebody has looked whether the service was running when failsh came.
    pub looked: bool,
    /// The log has been told that the service runs although it should not.
    pub warned: bool,
}

impl Checks {
    /// A new state: what was counted in the old one says nothing of it.
    pub fn begin(&mut self, after: Mono) {
        *self = Checks {
            after,
            last: self.last.take(),
            looked: true,
            ..Checks::default()
        };
    }
}

/// What a check has found.
enum Found {
    Good,
    Bad(String),
    /// It runs although it should not.
    Odd,
}

impl Plan {
    /// When the next check of a service is due, as things are; nothing: there is to be none.
    pub(super) fn next_check(&self, name: &Name) -> Option<Mono> {
        let (duty, service) = (self.duties.get(name)?, self.service(name)?);
        service.check.as_ref()?;
        let idle = duty.job.is_none() && duty.stuck.is_none() && duty.intent.is_none();
        let ending = self.releasing.is_some() || self.leaving.contains_key(name);
        let wanted = match duty.believed {
            Some(State::Up) => true,
            Some(State::Recover) => service.check_recover,
            Some(State::Fail) => service.check_recover && self.retry_at(name).is_some(),
            None => false,
        };
        (wanted && idle && !ending && !duty.held && !duty.away).then_some(duty.checks.after)
    }

    /// Runs the checks that are due.
    pub(super) fn expire_checks(&mut self, now: Now) {
        let due = |at: &Mono| *at <= now.mono;
        let of_due = self
            .duties
            .iter()
            .filter(|(_, d)| d.checks.due.as_ref().is_some_and(due));
        let names: Vec<Name> = of_due.map(|(name, _)| name.clone()).collect();
        for name in names {
            if let Some(duty) = self.duties.get_mut(&name) {
                duty.checks.due = None;
            }
            if self.next_check(&name).as_ref().is_some_and(due) {
                let state = self.duties[&name].believed.map_or("", State::word);
                self.check(now, &name, &format!("check: it is {state}"));
            }
        }
    }

    fn check(&mut self, now: Now, name: &Name, reason: &str) {
        self.put_off_check(now, name);
        self.order(now, name, Task::Check, reason, Then::Report);
    }

    /// The next check is a whole interval away.
    pub(super) fn put_off_check(&mut self, now: Now, name: &Name) {
        let every = self
            .service(name)
            .map_or(Span::ZERO, |service| service.check_interval);
        if let Some(duty) = self.duties.get_mut(name) {
            duty.checks.after = now.mono + every;
        }
    }

    /// Looks whether a service that nobody has published, or that is only ready, runs already.
    /// Gives whether that is still to be waited for.
    pub(super) fn look(&mut self, now: Now, name: &Name, record: &Record) -> bool {
        let (Some(duty), Some(service)) = (self.duties.get(name), self.service(name)) else {
            return false;
        };
        if duty.checks.looked || service.check.is_none() || self.releasing.is_some() {
            return false;
        }
        if !is_open(record) {
            return false;
        }
        if record.marks.has(Marks::HELD) {
            let why = super::judge::held(record);
            self.clear_the_way(now, name, &why);
            self.why(now, name, &why);
            return true;
        }
        if duty.job.is_none() {
            self.check(now, name, "check: does it run already?");
        }
        self.why(now, name, "wait: the check looks whether it runs already");
        true
    }

    /// Another script is wanted. Gives whether it can run now; if not, a check is in its way,
    /// which has been told to end, and the service is looked at again when it has.
    pub(super) fn clear_the_way(&mut self, now: Now, name: &Name, reason: &str) -> bool {
        let Some(job) = self.duties.get_mut(name).and_then(|duty| duty.job.as_mut()) else {
            return true;
        };
        if job.task != Task::Check {
            return false;
        }
        job.preempted = true;
        if job.cancelled.is_none() {
            let why = format!("cancelled: {reason}");
            job.cancelled = Some(why.clone());
            job.deadline = now.mono + CANCEL_GRACE;
            let job = job.no;
            self.out.push_back(Out::Cancel { job, why });
            self.touch(name);
        }
        false
    }

    /// A check has ended, or was given up.
    pub(super) fn checked(&mut self, now: Now, name: &Name, job: &Running, outcome: &Outcome) {
        let said = match outcome {
            Ok(state) => state.word().to_string(),
            Err(error) => error.sentence.clone(),
        };
        let Some(duty) = self.duties.get_mut(name) else {
            return;
        };
        let counts = !job.preempted && duty.believed == job.from;
        if counts {
            duty.checks.last = Some((now, said));
        }
        if job.preempted {
            // A start that had to wait for it asks everybody once more.
            duty.intent = duty.intent.map(|_| now.mono);
        }
        match (duty.believed, outcome) {
            _ if !counts => {}
            (None, outcome) => self.looked(now, name, outcome),
            (Some(State::Up), Ok(State::Up)) => self.count(now, name, Found::Good),
            (Some(State::Up), outcome) => self.count(now, name, bad(outcome)),
            (Some(_), Ok(State::Recover)) => self.count(now, name, Found::Good),
            (Some(_), Ok(State::Up)) => self.count(now, name, Found::Odd),
            (Some(_), outcome) => self.count(now, name, bad(outcome)),
        }
        self.touch(name);
        self.judge_early(now, name);
    }

    /// What runs already is adopted, not started.
    fn looked(&mut self, now: Now, name: &Name, outcome: &Outcome) {
        let Some(duty) = self.duties.get_mut(name) else {
            return;
        };
        // Without a record nobody knows what to do with it: it is looked at again. So it is
        // when it was held meanwhile.
        let record = duty.local.clone().map(|(record, _)| record);
        let Some(record) = record.filter(|record| !record.marks.has(Marks::HELD)) else {
            return;
        };
        duty.checks.looked = true;
        if !is_open(&record) || *outcome != Ok(State::Up) {
            return;
        }
        if !record.marks.has(Marks::UNPUBLISHED) {
            self.adopt(now, name, record.state);
        }
        self.owe(now, name, State::Up, "found running");
    }

    fn count(&mut self, now: Now, name: &Name, found: Found) {
        let (Some(service), Some(duty)) =
            (self.policy.services.get(name), self.duties.get_mut(name))
        else {
            return;
        };
        let checks = &mut duty.checks;
        let (rise, fall) = (service.rise, service.fall);
        let (kind, level, text) = match found {
            Found::Good => {
                checks.good = checks.good.saturating_add(1);
                if checks.good >= rise && duty.believed == Some(State::Up) {
                    duty.retries.failures = 0;
                }
                if checks.good < rise || checks.bad == 0 {
                    return;
                }
                checks.bad = 0;
                checks.words.clear();
                (
                    NoteKind::Check,
                    Level::Info,
                    "the check is good again".to_string(),
                )
            }
            Found::Bad(words) => {
                checks.good = 0;
                checks.bad = checks.bad.saturating_add(1);
                let text = format!("bad check, {} of {fall}: {words}", checks.bad.min(fall));
                checks.words = words;
                (NoteKind::Check, Level::Warn, text)
            }
            Found::Odd if checks.warned => return,
            Found::Odd => {
                checks.warned = true;
                let state = duty.believed.map_or("nothing", State::word);
                let text = format!("the check says UP, but it should be {state}");
                (NoteKind::Check, Level::Warn, text)
            }
        };
        self.note(now, name, kind, &text);
        self.log(level, "check", format!("service {name}: {text}"));
    }

    /// A service whose checks went badly too often is taken down. Gives whether it is so.
    pub(super) fn fall_down(&mut self, now: Now, name: &Name) -> bool {
        let (Some(duty), Some(service)) = (self.duties.get(name), self.service(name)) else {
            return false;
        };
        if service.check.is_none() || duty.checks.bad < service.fall {
            return false;
        }
        let owed = Owed::failure(duty.checks.words.clone());
        match duty.believed {
            Some(State::Up) => {
                let reason = format!("stop: {}", owed.reason);
                self.run(now, name, Task::Stop, &reason, Then::Become(owed));
            }
            Some(State::Recover) => self.owe_this(now, name, owed),
            Some(State::Fail) | None => return false,
        }
        true
    }
}

/// Nobody has said that the service is served here, or that it can not be.
fn is_open(record: &Record) -> bool {
    let marks = Marks::AWAY.with(Marks::STARTING);
    let ready = record.marks.has(Marks::UNPUBLISHED) || record.state == State::Recover;
    ready && !record.marks.has(marks)
}

fn bad(outcome: &Outcome) -> Found {
    Found::Bad(match outcome {
        Ok(state) => format!("check: it says {state}"),
        Err(error) => error.sentence.clone(),
    })
}
