//! What a service waits for, and until when at the latest: the decision read backwards.
//!
//! The order is that of `judge`: what runs, what is owed, who has not answered, what people
//! wish, what the rule says. Each answer completes the sentence "it waits for ...".

use fail_wire::{Marks, Name, State};

use super::duty::Duty;
use super::link::UNKNOWN_MAX;
use super::view::Views;
use super::{Plan, Target};
use crate::decide::Verdict;
use crate::job::Task;
use crate::policy::Service;
use crate::time::{Mono, Now};

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waits {
    pub what: String,
    /// Until when at the latest; nothing: nobody knows.
    pub until: Option<Mono>,
}

fn waits(what: impl Into<String>, until: Option<Mono>) -> Option<Waits> {
    let what = what.into();
    Some(Waits { what, until })
}

impl Plan {
    /// What this service waits for, if anything.
    pub(super) fn waits(
        &self,
        now: Now,
        name: &Name,
        duty: &Duty,
        service: &Service,
    ) -> Option<Waits> {
        let ends = self.releasing.is_some() || self.leaving.contains_key(name);
        let first = script(duty).or_else(|| self.waits_for_faild(name, duty));
        if first.is_some() || ends {
            return first;
        }
        self.waits_for_answers(duty)
            .or_else(|| waits_for_wish(duty))
            .or_else(|| self.waits_to_try_again(now, name, duty, service))
            .or_else(|| delay(now, duty).filter(|_| is_new(duty)))
            .or_else(|| self.waits_by_rule(now, duty, service))
    }

    /// The local faild: to be there, or to have what is true on its disk.
    fn waits_for_faild(&self, name: &Name, duty: &Duty) -> Option<Waits> {
        let given_up = self.answer_by(duty.class, &Target::Local);
        if self.posts.contains_key(name) {
            let what = match &duty.owed {
                Some(owed) => format!("the local faild to acknowledge {}", owed.state),
                None => "the local faild to acknowledge what was published".to_string(),
            };
            return waits(what, given_up);
        }
        let lost = self.classes[duty.class].lost.contains(&Target::Local);
        match (&duty.local, &duty.owed) {
            (None, _) if self.classes[duty.class].refused => {
                waits("the local faild to answer; it refuses to", None)
            }
            (None, _) if lost => waits("the local faild to answer", None),
            (_, Some(owed)) => waits(
                format!("the local faild, to tell it of {}", owed.state),
                given_up,
            ),
            _ => None,
        }
    }

    /// Before anything is known, and once more before a start.
    fn waits_for_answers(&self, duty: &Duty) -> Option<Waits> {
        let first = duty.believed.is_none() && duty.why.is_empty();
        if !first && duty.intent.is_none() {
            return None;
        }
        let who = duty.pending.iter().map(|target| match target {
            Target::Local => "the local faild".to_string(),
            Target::Host(host) => host.to_string(),
        });
        let who = match who.collect::<Vec<_>>().join(", ") {
            who if who.is_empty() => "all hosts".to_string(),
            who => who,
        };
        let targets = self.classes[duty.class].targets.keys();
        let until = targets.filter_map(|target| self.answer_by(duty.class, target));
        let what = match first {
            true => format!("answers of {who}"),
            false => format!("answers of {who}, once more before it starts"),
        };
        waits(what, until.max())
    }

    /// A service that failed by itself and will come back by itself.
    fn waits_to_try_again(
        &self,
        now: Now,
        name: &Name,
        duty: &Duty,
        service: &Service,
    ) -> Option<Waits> {
        let at = self.retry_at(name)?;
        if now.mono < at {
            let failures = duty.retries.failures;
            return waits(format!("its retry after failure {failures}"), Some(at));
        }
        let checked = service.check.is_some() && service.check_recover;
        let more = service.rise.saturating_sub(duty.checks.good);
        match more {
            1 if checked => waits("one more good check", None),
            2.. if checked => waits(format!("{more} more good checks"), None),
            _ => None,
        }
    }

    fn waits_by_rule(&self, now: Now, duty: &Duty, service: &Service) -> Option<Waits> {
        let views = Views::of(service, &duty.seen, duty.believed?)?;
        match (self.rule)(duty.believed?, &views.masters, &views.slaves) {
            Verdict::Start => {
                let Some(host) = self.stranger(now, service) else {
                    return delay(now, duty);
                };
                let what = format!("the address of host {host}");
                let met = self.met.get(host).copied().unwrap_or_default();
                waits(what, Some(met + UNKNOWN_MAX))
            }
            Verdict::Wait | Verdict::Contest => {
                let slaves = service.slaves.iter().zip(&views.slaves);
                let serving = slaves.filter(|(_, state)| **state == State::Up);
                let names: Vec<&str> = serving.map(|(host, _)| host.as_str()).collect();
                waits(format!("{} to give way", names.join(", ")), None)
            }
            Verdict::Idle => waits("somebody to set it to RECOVER", None),
            Verdict::Stop | Verdict::Yield | Verdict::Keep => None,
        }
    }

    /// When a faild has answered or counts as silent: of the open question, or of the next.
    fn answer_by(&self, index: usize, target: &Target) -> Option<Mono> {
        let class = self.classes.get(index)?;
        let overdue = self.link(target).overdue(class.interval);
        let last = overdue.max(class.spacing);
        Some(match self.asks.get(&(index, target.clone())) {
            Some(ask) if ask.left > 0 => {
                ask.next + class.spacing.times(u64::from(ask.left - 1)) + last
            }
            Some(ask) => ask.next,
            None => class.due + overdue + class.spacing.times(u64::from(class.times)) + last,
        })
    }
}

fn script(duty: &Duty) -> Option<Waits> {
    if duty.stuck.is_some() {
        let what = "a script that was given up; restart failsh to be rid of it";
        return waits(what, None);
    }
    let job = duty.job.as_ref()?;
    let task = job.task;
    if task == Task::Check && job.cancelled.is_none() {
        let what = "the check script, which looks whether it runs already";
        let looks = duty.believed.is_none();
        return looks.then(|| waits(what, Some(job.deadline)))?;
    }
    let what = match &job.cancelled {
        Some(why) => format!("the {task} script to end, which {why}"),
        None if !job.began => format!("the {task} script to get its turn"),
        None => format!("the {task} script"),
    };
    waits(what, Some(job.deadline))
}

fn waits_for_wish(duty: &Duty) -> Option<Waits> {
    let marks = duty.local.as_ref().map(|(record, _)| record.marks);
    let has = |mark| marks.is_some_and(|marks| marks.has(mark));
    if has(Marks::HELD) || duty.held {
        return waits("somebody to release it", None);
    }
    let is_away = has(Marks::AWAY) && duty.believed == Some(State::Fail);
    is_away.then(|| waits("somebody to wish it back", None))?
}

/// Nobody has published it, and this failsh not yet.
fn is_new(duty: &Duty) -> bool {
    let marks = duty.local.as_ref().map(|(record, _)| record.marks);
    duty.believed.is_none() && marks.is_some_and(|marks| marks.has(Marks::UNPUBLISHED))
}

fn delay(now: Now, duty: &Duty) -> Option<Waits> {
    let delayed = now.mono < duty.claim_after;
    delayed.then(|| waits("the delay after start-up", Some(duty.claim_after)))?
}
