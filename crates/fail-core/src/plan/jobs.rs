//! The scripts: ordered one at a time for each service, ended at their deadline, given up
//! when even that does not help. A start or reclaim that breaks is followed by stop, so that
//! nothing half-started is left when `FAIL` invites another host to serve.

use fail_wire::{Name, State};

use super::duty::{Owed, Running, Then};
use super::notes::NoteKind;
use super::{Out, Plan};
use crate::event::EventKind;
use crate::job::{JobNo, Order, Outcome, ScriptError, Task};
use crate::log::Level;
use crate::time::{Now, Span};

/// A cancelled script has this long to end: its children get TERM and, two seconds later,
/// KILL, and its `finally` clauses run.
pub const CANCEL_GRACE: Span = Span::from_secs(5);

impl Plan {
    /// Orders a script.
    pub(super) fn run(&mut self, now: Now, name: &Name, task: Task, reason: &str, then: Then) {
        let (Some(duty), Some(service)) =
            (self.duties.get_mut(name), self.policy.services.get(name))
        else {
            return;
        };
        self.jobs += 1;
        let no = JobNo(self.jobs);
        let deadline = now.mono + service.timeout;
        let from = duty.believed.unwrap_or(State::Fail);
        duty.why = reason.to_string();
        // A stop for a silent faild may come before it has heard of the start. What this
        // script leaves behind takes the place of what the last one did.
        duty.owed = None;
        duty.job = Some(Running {
            no,
            task,
            reason: reason.to_string(),
            then,
            since: now,
            deadline,
            began: false,
            cancelled: None,
        });
        let order = Order {
            job: no,
            service: name.clone(),
            task,
            reason: reason.to_string(),
            from,
        };
        self.out.push_back(Out::Run(order));
        let text = format!("running {task} ({reason})");
        self.note(now, name, NoteKind::Script, &text);
        self.log(Level::Info, "script", format!("service {name}: {text}"));
    }

    /// A script has its turn.
    pub(super) fn began(&mut self, now: Now, no: JobNo) {
        for (name, duty) in &mut self.duties {
            let Some(job) = duty.job.as_mut().filter(|job| job.no == no && !job.began) else {
                continue;
            };
            let timeout = self
                .policy
                .services
                .get(name)
                .map(|service| service.timeout);
            job.began = true;
            job.deadline = now.mono + timeout.unwrap_or(Span::ZERO);
            let name = name.clone();
            return self.touch(&name);
        }
    }

    /// Time in which a script could not go on because another held the interpreter is not
    /// its own; the other has a time-out of its own, so it does not last for ever.
    pub(super) fn held_up(&mut self, by: JobNo, span: Span) {
        let jobs = self
            .duties
            .values_mut()
            .filter_map(|duty| duty.job.as_mut());
        for job in jobs.filter(|job| job.no != by) {
            job.deadline = job.deadline + span;
        }
    }

    /// Ends the scripts that have had their time.
    pub(super) fn expire_jobs(&mut self, now: Now) {
        let due = self.duties.iter().filter(|(_, duty)| {
            duty.job
                .as_ref()
                .is_some_and(|job| job.deadline <= now.mono)
        });
        let due: Vec<Name> = due.map(|(name, _)| name.clone()).collect();
        for name in due {
            self.touch(&name);
            let timeout = self
                .policy
                .services
                .get(&name)
                .map_or(Span::ZERO, |service| service.timeout);
            let Some(job) = self
                .duties
                .get_mut(&name)
                .and_then(|duty| duty.job.as_mut())
            else {
                continue;
            };
            match job.cancelled.clone() {
                // It can not be to blame before it had its turn; whoever holds that up has a
                // time of his own.
                None if !job.began => {
                    job.deadline = now.mono + timeout;
                    let text = format!(
                        "service {name}: {} still waits for its turn; another script holds it up",
                        job.task
                    );
                    self.log(Level::Warn, "script", text);
                }
                None => {
                    let why = format!("timed out after {timeout}");
                    job.deadline = now.mono + CANCEL_GRACE;
                    job.cancelled = Some(why.clone());
                    let (no, task) = (job.no, job.task);
                    self.log(
                        Level::Error,
                        "script",
                        format!("service {name}: {task} {why}"),
                    );
                    self.out.push_back(Out::Cancel { job: no, why });
                }
                Some(why) => {
                    let sentence = format!("{}: {why} and did not end", job.task);
                    let no = job.no;
                    let outcome = Err(ScriptError {
                        sentence,
                        detail: String::new(),
                    });
                    self.finish(now, &name, outcome);
                    if let Some(duty) = self.duties.get_mut(&name) {
                        duty.stuck = Some(no);
                    }
                    // Once more, and this time not even `finally` is waited for.
                    let why = "given up".to_string();
                    self.out.push_back(Out::Cancel { job: no, why });
                }
            }
        }
    }

    /// A script has ended, or one that was given up has at last.
    pub(super) fn done(&mut self, now: Now, no: JobNo, outcome: Outcome) {
        let runs = |job: &Running| job.no == no;
        let running = self
            .duties
            .iter()
            .find(|(_, duty)| duty.job.as_ref().is_some_and(runs));
        if let Some(name) = running.map(|(name, _)| name.clone()) {
            return self.finish(now, &name, outcome);
        }
        if let Some((name, duty)) = self
            .duties
            .iter_mut()
            .find(|(_, duty)| duty.stuck == Some(no))
        {
            duty.stuck = None;
            let name = name.clone();
            self.touch(&name);
            let text = format!("service {name}: the script that was given up has ended");
            self.log(Level::Warn, "script", text);
        }
    }

    fn finish(&mut self, now: Now, name: &Name, outcome: Outcome) {
        let Some(job) = self.duties.get_mut(name).and_then(|duty| duty.job.take()) else {
            return;
        };
        let text = match &outcome {
            Ok(state) => format!("{} returned {state}", job.task),
            Err(error) => error.to_string(),
        };
        self.note(now, name, NoteKind::Script, &text);
        if let Err(error) = &outcome {
            let data = vec![
                ("task", job.task.word().to_string()),
                ("error", error.to_string()),
            ];
            self.fire(now, EventKind::Scripterror, name, data);
        }
        let given_up = job.cancelled.is_some() && job.deadline <= now.mono;
        match (outcome, job.then) {
            // What is to become of it was said before, and the script has done its part.
            (Ok(state), Then::Become(owed)) if state != State::Up => {
                self.owe_this(now, name, owed);
            }
            (Ok(state), _) => self.owe(now, name, state, &job.reason),
            (Err(error), then) => {
                self.log(Level::Error, "script", format!("service {name}: {error}"));
                for line in error.detail.lines().skip(1).take(20) {
                    self.log(Level::Error, "script", format!("service {name}:   {line}"));
                }
                let reason = match then {
                    // A stop that was to clean up, or to send the service away: both count.
                    Then::Become(owed) => format!("{}; {}", owed.reason, error.sentence),
                    Then::Report => error.sentence,
                };
                let owed = Owed {
                    state: State::Fail,
                    reason,
                    away: false,
                };
                match job.task {
                    Task::Start | Task::Reclaim if !given_up => {
                        let reason = format!("stop: clean up, since {}", owed.reason);
                        self.run(now, name, Task::Stop, &reason, Then::Become(owed));
                    }
                    _ => self.owe(now, name, State::Fail, &owed.reason),
                }
            }
        }
    }
}
