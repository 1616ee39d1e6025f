//! What scripts do: they are real Tcl; the commands that they run are answered.

use fail_core::exec::{ExecResult, Pipeline};
use fail_core::job::{Fired, JobNo, Order};
use fail_core::log::Level;
use fail_core::plan;
use fail_tcl::{Ask, AskError, FromTcl, ToTcl};

use super::host::{JobRun, Running};
use super::toil::computed;
use super::{Event, World};
use crate::answer::{self, Having};
use crate::report::Kind;

impl World<'_> {
    /// To the interpreter of the present policy.
    pub(super) fn tell_mind(&mut self, host: usize, message: ToTcl) {
        let failsh = self.hosts[host].failsh.as_mut();
        if let Some(mind) = failsh.and_then(|failsh| failsh.minds.last_mut()) {
            mind.still.send(message);
        }
    }

    fn new_job(&mut self, host: usize, job: JobNo, run: JobRun) {
        let failsh = self.hosts[host].failsh.as_mut();
        if let Some(mind) = failsh.and_then(|failsh| failsh.minds.last_mut()) {
            mind.jobs.insert(job, run);
        }
    }

    pub(super) fn begin_job(&mut self, host: usize, order: &Order) {
        let (service, task) = (order.service.as_str(), order.task.word());
        let no = self
            .ledger
            .begins(self.at, host, service, task, &order.reason);
        let run = JobRun {
            work: Some((order.service.clone(), order.task, no)),
            excused: false,
        };
        self.new_job(host, order.job, run);
    }

    pub(super) fn begin_trap(&mut self, host: usize, fired: &Fired) {
        let text = format!(
            "trap on {} {}: {}",
            fired.event.kind, fired.event.subject, fired.script
        );
        let text = text.lines().next().unwrap_or_default().to_string();
        self.say(Some(host), Kind::Event, text);
        let run = JobRun {
            work: None,
            excused: false,
        };
        self.new_job(host, fired.job, run);
    }

    /// To the interpreter in which that job runs.
    pub(super) fn cancel(&mut self, host: usize, job: JobNo, why: String) {
        let Some(failsh) = &mut self.hosts[host].failsh else {
            return;
        };
        let minds = &mut failsh.minds;
        if let Some(mind) = minds.iter_mut().find(|mind| mind.jobs.contains_key(&job)) {
            mind.still.send(ToTcl::Cancel { job, why });
        }
    }

    /// All interpreters of a host go on as far as they can.
    pub(super) fn turn_minds(&mut self, host: usize) {
        self.put_up(host);
        let now = self.wall_us();
        let Some(failsh) = &mut self.hosts[host].failsh else {
            return;
        };
        let mut said: Vec<(u64, FromTcl)> = Vec::new();
        let (began, mut moves) = (computed(), 0);
        for mind in &failsh.minds {
            let no = mind.no;
            let before = mind.still.moves();
            said.extend(
                mind.still
                    .turn(now)
                    .into_iter()
                    .map(|message| (no, message)),
            );
            moves += mind.still.moves() - before;
        }
        self.toiled(host, moves, computed().saturating_sub(began));
        for (host, line, told) in self.asked.take() {
            self.ledger.command(self.at, host, None, &line, &told);
        }
        for (mind, message) in said {
            self.on_tcl(host, mind, message);
        }
        let Some(failsh) = &mut self.hosts[host].failsh else {
            return;
        };
        // An old policy goes with its last script.
        let present = failsh.readings;
        failsh
            .minds
            .retain(|mind| mind.no == present || !mind.jobs.is_empty());
        let timers = failsh.minds.iter().filter_map(|mind| mind.still.deadline());
        let Some(next) = timers.min() else {
            return;
        };
        let after = u64::try_from(next.saturating_sub(now)).unwrap_or(0) * 1_000;
        let at = self.at + after;
        // One that is looked at earlier looks for the next one itself.
        if failsh
            .timer
            .is_none_or(|timer| timer > at || timer < self.at)
        {
            failsh.timer = Some(at);
            let life = self.hosts[host].failsh_life;
            self.later(after, Event::Turn(host, life));
        }
    }

    fn on_tcl(&mut self, host: usize, mind: u64, message: FromTcl) {
        let soon = self.lateness();
        match message {
            FromTcl::Began { job } => self.tell_plan(host, soon, plan::In::Began { job }),
            FromTcl::Done { job, outcome } => {
                if let Some(run) = self.end_job(host, mind, job) {
                    if let Some((service, _, no)) = run.work {
                        let told = outcome.as_ref().map(|state| state.word());
                        let told = told.map_err(|error| error.sentence.as_str());
                        let (at, service) = (self.at, service.as_str());
                        // What the scenario has done to a device is no fault of the script, nor
                        // is it that somebody else still has the address.
                        let device = !self.hosts[host].devices.is_empty();
                        let used = told.is_err_and(|error| error.contains(" is in use on "));
                        let excused = run.excused || device || used;
                        self.ledger.ends(at, host, service, no, told, excused);
                    }
                }
                self.tell_plan(host, soon, plan::In::Done { job, outcome });
            }
            FromTcl::Trapped { job, error } => {
                self.end_job(host, mind, job);
                self.tell_plan(host, soon, plan::In::Trapped { job, error });
            }
            FromTcl::Exec {
                exec,
                job,
                pipeline,
            } => self.run(host, (mind, exec), job, &pipeline),
            FromTcl::Kill { exec } => {
                let running = &mut self.hosts[host].running;
                running.retain(|_, run| run.by != (mind, exec));
            }
            FromTcl::Ask { ask, what } => self.ask(host, (mind, ask), what),
            FromTcl::Log { level, text } => {
                let level = match level {
                    Level::Error => "error: ",
                    Level::Warn => "warning: ",
                    Level::Info | Level::Debug => "",
                };
                self.say(Some(host), Kind::Log, format!("policy: {level}{text}"));
            }
            // There are no consoles here.
            FromTcl::Evaluated { .. }
            | FromTcl::Printed { .. }
            | FromTcl::Completions { .. }
            | FromTcl::Policy(_)
            | FromTcl::Pong => {}
        }
    }

    fn end_job(&mut self, host: usize, mind: u64, job: JobNo) -> Option<JobRun> {
        let failsh = self.hosts[host].failsh.as_mut()?;
        let mind = failsh.minds.iter_mut().find(|known| known.no == mind)?;
        mind.jobs.remove(&job)
    }

    /// A script wants a command run.
    fn run(&mut self, host: usize, by: (u64, u64), job: JobNo, pipeline: &Pipeline) {
        let line = answer::line(pipeline);
        let answered = {
            let having = Having {
                host,
                things: &self.hosts[host].things,
                named: &self.scenario().things,
            };
            let (mut rulings, mut dice) = (self.rulings.borrow_mut(), self.dice.borrow_mut());
            answer::answer(&mut rulings, &mut dice, self.at, &having, pipeline)
        };
        let failsh = self.hosts[host].failsh.as_mut();
        let run = failsh.and_then(|failsh| {
            let mind = failsh.minds.iter_mut().find(|mind| mind.no == by.0)?;
            mind.jobs.get_mut(&job)
        });
        let mut service = None;
        if let Some(run) = run {
            run.excused |= answered.excused;
            service = run.work.as_ref().map(|(name, _, _)| name.to_string());
        }
        let (at, service) = (self.at, service.as_deref());
        self.ledger
            .command(at, host, service, &line, &answered.told);
        let Some(takes) = answered.takes else {
            return; // It hangs until it is ended.
        };
        self.commands += 1;
        let (no, boot) = (self.commands, self.hosts[host].boots);
        let running = Running {
            by,
            begins: answered.begins,
            ends: answered.ends,
            line,
        };
        self.hosts[host].running.insert(no, running);
        let ends = Event::Ends(host, boot, no, Box::new(answered.result));
        self.later(takes, ends);
        if pipeline.background {
            // Whoever has started it does not wait.
            let told = ToTcl::ExecDone {
                exec: by.1,
                result: background(pipeline),
            };
            self.tell_mind(host, told);
            let life = self.hosts[host].failsh_life;
            self.later(0, Event::Turn(host, life));
        }
    }

    pub(super) fn command_ends(&mut self, host: usize, no: u64, result: ExecResult) {
        let Some(running) = self.hosts[host].running.remove(&no) else {
            return; // It was killed.
        };
        for thing in &running.ends {
            self.end_thing(host, thing, &running.line);
        }
        let address = running
            .begins
            .iter()
            .find(|thing| thing.starts_with("address "));
        for thing in &running.begins {
            if let (true, Some(address)) = (thing.starts_with("label "), address) {
                let labels = &mut self.hosts[host].labels;
                labels.insert(thing.clone(), address.clone());
            }
            self.begin_thing(host, thing, &running.line);
        }
        let (mind, exec) = running.by;
        if let Some(failsh) = &self.hosts[host].failsh {
            if let Some(mind) = failsh.minds.iter().find(|known| known.no == mind) {
                mind.still.send(ToTcl::ExecDone { exec, result });
            }
        }
        self.turn_minds(host);
    }

    pub(super) fn begin_thing(&mut self, host: usize, thing: &str, why: &str) {
        if self.hosts[host].things.insert(thing.to_string()) {
            self.ledger.thing(self.at, host, thing, true, why);
        }
    }

    pub(super) fn end_thing(&mut self, host: usize, thing: &str, why: &str) {
        if self.hosts[host].things.remove(thing) {
            self.ledger.thing(self.at, host, thing, false, why);
        }
        if let Some(address) = self.hosts[host].labels.remove(thing) {
            self.end_thing(host, &address, why);
        }
    }

    fn ask(&mut self, host: usize, by: (u64, u64), what: Ask) {
        match what {
            Ask::Set {
                service,
                change,
                reason,
            } => {
                let Some(failsh) = &mut self.hosts[host].failsh else {
                    return;
                };
                failsh.last_ask += 1;
                let no = failsh.last_ask;
                failsh.asks.insert(no, by);
                let soon = self.lateness();
                let set = plan::In::Set {
                    no,
                    service,
                    change,
                    reason,
                };
                self.tell_plan(host, soon, set);
            }
            Ask::Address(order) => self.order_address(host, by, order),
        }
    }

    pub(super) fn answer_ask(
        &mut self,
        host: usize,
        by: (u64, u64),
        result: Result<String, AskError>,
    ) {
        let (mind, ask) = by;
        if let Some(failsh) = &self.hosts[host].failsh {
            if let Some(mind) = failsh.minds.iter().find(|known| known.no == mind) {
                mind.still.send(ToTcl::Answered { ask, result });
            }
        }
        self.turn_minds(host);
    }
}

/// What `exec ... &` answers.
fn background(pipeline: &Pipeline) -> ExecResult {
    Ok(fail_core::exec::Finished {
        stdout: Vec::new(),
        stderr: Vec::new(),
        ends: pipeline
            .stages
            .iter()
            .map(|_| (4_242, fail_core::exec::End::Running))
            .collect(),
        cut: false,
        timed_out: false,
        took: Default::default(),
    })
}
