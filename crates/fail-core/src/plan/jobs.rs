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
    /// Orders a script as soon as it can run: if a check is in its way, that is ended first,
    /// and then the service is judged anew.
    pub(super) fn run(&mut self, now: Now, name: &Name, task: Task, reason: &str, then: Then) {
        if !self.clear_the_way(now, name, reason) {
            return;
        }
        let Some(duty) = self.duties.get_mut(name) else {
            return;
        };
        duty.why = reason.to_string();
        // A stop for a silent faild may come before it has heard of the start. What this
        // script leaves behind takes the place of what the last one did.
        duty.owed = None;
        self.order(now, name, task, reason, then);
        let text = format!("running {task} ({reason})");
        self.note(now, name, NoteKind::Script, &text);
        self.log(Level::Info, "script", format!("service {name}: {text}"));
    }

    /// Orders a script: nothing is in its way.
    pub(super) fn order(&mut self, now: Now, name: &Name, task: Task, reason: &str, then: Then) {
        debug_assert!(
            self.releasing.is_none() || task == Task::Stop,
            "{name}: nothing is started while everything is released"
        );
        let timeout = self.timeout(name);
        let Some(duty) = self.duties.get_mut(name) else {
            return;
        };
        debug_assert!(duty.job.is_none(), "{name}: one script at a time");
        self.jobs += 1;
        let no = JobNo(self.jobs);
        duty.checks.due = None;
        duty.job = Some(Running {
            no,
            task,
            reason: reason.to_string(),
            then,
            from: duty.believed,
            since: now,
            deadline: now.mono + timeout,
            began: false,
            cancelled: None,
            preempted: false,
        });
        let order = Order {
            job: no,
            service: name.clone(),
            task,
            reason: reason.to_string(),
            from: duty.believed.unwrap_or(State::Fail),
        };
        self.out.push_back(Out::Run(order));
        self.touch(name);
    }

    fn timeout(&self, name: &Name) -> Span {
        self.service(name)
            .map_or(Span::ZERO, |service| service.timeout)
    }

    /// A script has its turn.
    pub(super) fn began(&mut self, now: Now, no: JobNo) {
        let runs = |job: &Running| job.no == no && !job.began;
        let mut duties = self.duties.iter();
        let found = duties.find(|(_, duty)| duty.job.as_ref().is_some_and(runs));
        let Some(name) = found.map(|(name, _)| name.clone()) else {
            return;
        };
        let timeout = self.timeout(&name);
        if let Some(job) = self
            .duties
            .get_mut(&name)
            .and_then(|duty| duty.job.as_mut())
        {
            job.began = true;
            job.since = now;
            // One that was told to end before it began has no time of its own any more.
            if job.cancelled.is_none() {
                job.deadline = now.mono + timeout;
            }
        }
        self.touch(&name);
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
            let timeout = self.timeout(&name);
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
                    if let Some(duty) = self.duties.get_mut(&name) {
                        duty.stuck = Some(no);
                    }
                    self.finish(now, &name, outcome);
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
        let stuck = self
            .duties
            .iter_mut()
            .find(|(_, duty)| duty.stuck == Some(no));
        if let Some((name, duty)) = stuck {
            let name = name.clone();
            duty.stuck = None;
            let text = format!("service {name}: the script that was given up has ended");
            self.log(Level::Warn, "script", text);
            self.touch(&name);
            // What had to wait comes before the next check.
            self.put_off_check(now, &name);
            self.judge_early(now, &name);
        }
    }

    fn finish(&mut self, now: Now, name: &Name, outcome: Outcome) {
        let Some(job) = self.duties.get_mut(name).and_then(|duty| duty.job.take()) else {
            return;
        };
        self.touch(name);
        let outcome = match (outcome, &job.cancelled) {
            // What it was told when it was cancelled does not say which script it was.
            (Err(error), Some(why)) if error.sentence == *why => Err(ScriptError {
                sentence: format!("{}: {why}", job.task),
                ..error
            }),
            (outcome, _) => outcome,
        };
        if job.task == Task::Check {
            return self.checked(now, name, &job, &outcome);
        }
        let text = match &outcome {
            Ok(state) => format!("{} returned {state}", job.task),
            Err(error) => error.sentence.clone(),
        };
        self.note(now, name, NoteKind::Script, &text);
        let given_up = job.cancelled.is_some() && job.deadline <= now.mono;
        match (outcome, job.then) {
            // What is to become of it was said before, and the script has done its part.
            (Ok(state), Then::Become(owed)) if state != State::Up => {
                self.owe_this(now, name, owed);
            }
            (Ok(State::Fail), _) => self.owe_this(now, name, Owed::failure(text)),
            (Ok(state), then) => {
                let meant = match job.task {
                    Task::Start | Task::Reclaim => State::Up,
                    Task::Stop | Task::Check => State::Recover,
                };
                let reason = if state == meant { &job.reason } else { &text };
                self.owe(now, name, state, reason);
                self.tell_of_turn(now, name, job.task, state, &then, &job.reason);
            }
            (Err(error), then) => {
                self.tell_of_error(now, name, job.task, &error);
                let owed = match then {
                    // A stop that was to clean up, or to send the service away: both count.
                    // Whoever said FAIL by hand, or wished it, does not want it tried again.
                    Then::Become(owed) => Owed {
                        own: owed.own || owed.withdrawn || owed.state != State::Fail,
                        ..Owed::failure(format!("{}; {}", owed.reason, error.sentence))
                    },
                    Then::Report | Then::HandBack => Owed::failure(error.sentence),
                };
                match job.task {
                    Task::Start | Task::Reclaim if !given_up => {
                        let reason = format!("stop: clean up, since {}", owed.reason);
                        self.run(now, name, Task::Stop, &reason, Then::Become(owed));
                    }
                    _ => self.owe_this(now, name, owed),
                }
            }
        }
        self.schedule(now, name);
    }

    fn tell_of_error(&mut self, now: Now, name: &Name, task: Task, error: &ScriptError) {
        self.log(Level::Error, "script", format!("service {name}: {error}"));
        for line in error.detail.lines().skip(1).take(20) {
            self.log(Level::Error, "script", format!("service {name}:   {line}"));
        }
        let data = vec![
            ("task", task.word().to_string()),
            ("error", error.sentence.clone()),
            ("reason", error.sentence.clone()),
        ];
        self.fire(now, EventKind::Scripterror, name, data);
    }

    /// This host serves in place of another, or another in place of this one.
    fn tell_of_turn(
        &mut self,
        now: Now,
        name: &Name,
        task: Task,
        state: State,
        then: &Then,
        reason: &str,
    ) {
        let (Some(duty), Some(service)) = (self.duties.get(name), self.service(name)) else {
            return;
        };
        let serves = |host: &&Name| {
            duty.seen
                .get(*host)
                .is_some_and(|seen| seen.stands_in_the_way())
        };
        let list = |hosts: &[&Name]| {
            let words: Vec<&str> = hosts.iter().map(|host| host.as_str()).collect();
            words.join(" ")
        };
        let (kind, hosts) = match (task, state, then) {
            (Task::Start, State::Up, _) if !service.masters.is_empty() => {
                let hosts: Vec<&Name> = service.masters.iter().collect();
                (EventKind::Takeover, list(&hosts))
            }
            (Task::Stop, State::Recover, Then::HandBack) => {
                let hosts: Vec<&Name> = service.masters.iter().filter(serves).collect();
                (EventKind::Handback, list(&hosts))
            }
            _ => return,
        };
        let data = vec![("hosts", hosts), ("reason", reason.to_string())];
        self.fire(now, kind, name, data);
    }
}
