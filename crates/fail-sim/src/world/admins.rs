//! What people do to a failsh from within: they read its policy again, with changes or
//! without, tell it to release everything, order changes at its console; and what its traps
//! do meanwhile.

use fail_core::job::{ByHand, Fired, JobNo, ScriptError};
use fail_core::machine::Machine;
use fail_core::plan::{self, Plan};
use fail_core::policy::Policy;
use fail_wire::{Marks, Name, State};

use super::{Broken, Event, World};
use crate::acts::{Daemon, Edit, Undo};
use crate::client::Verb;
use crate::host::TrapRun;
use crate::rng::Use;
use crate::setup::{MS, SECOND, Told, host_name};

impl World {
    /// An administrator changes one thing in the policy file of a host.
    pub fn edit(&mut self, host: usize, edit: Edit) {
        let mut told = self.hosts[host].told.clone();
        match edit {
            Edit::Settings(name) => turn(&mut told.other, name),
            Edit::Drops(name) => turn(&mut told.gone, name),
            Edit::Community => told.second = !told.second,
            Edit::Traps => told.quiet = !told.quiet,
        }
        self.reload(host, told);
    }

    /// A failsh is told to read its policy again.
    pub fn reload(&mut self, host: usize, told: Told) {
        // One that is stopped would read it when it goes on.
        if self.hosts[host].plan.stopped {
            return;
        }
        let same = self.hosts[host].told == told;
        self.hosts[host].told = told;
        if !self.hosts[host].plan.runs() {
            return;
        }
        let policy = self.policy(host);
        if same {
            return self.reload_same(host, policy);
        }
        self.watch.reloaded(self.at, host, &self.hosts[host].told);
        let told = format!("the policy is now {:?}", self.hosts[host].told);
        self.say(host, &told);
        let (policy, known) = (Box::new(policy), Vec::new());
        self.turn_plan(host, Some(plan::In::Policy { policy, known }));
    }

    /// The same policy once more: nothing at all may come of it. This leaves no trace and
    /// takes nothing from the dice, so that a run with such reloads is the same as without.
    pub fn reload_same(&mut self, host: usize, policy: Policy) {
        let now = self.hosts[host].now(self.at);
        let Some(plan) = self.hosts[host].plan.machine.as_mut() else {
            return;
        };
        // One that is late already does what it does when it is woken.
        if plan.deadline().is_some_and(|due| due <= now.mono) {
            return;
        }
        let before = (plan.deadline(), views(plan, now));
        let (policy, known) = (Box::new(policy), Vec::new());
        plan.handle(now, plan::In::Policy { policy, known });
        if self.broken == Broken::ReloadForgets {
            let policy = self.policy(host);
            let made = self.new_plan(host, policy);
            self.hosts[host].plan.machine = made;
        }
        let Some(plan) = self.hosts[host].plan.machine.as_mut() else {
            return;
        };
        let outs: Vec<plan::Out> = std::iter::from_fn(|| plan.poll()).collect();
        let after = (plan.deadline(), views(plan, now));
        let quiet = |out: &plan::Out| matches!(out, plan::Out::Log(_));
        if before != after || !outs.iter().all(quiet) {
            let (was, is) = (before.1, after.1);
            let text = format!("{}: {was}\nafter a reload: {is}\n{outs:?}", host_name(host));
            self.watch.disturbed(self.at, text);
        }
    }

    /// A failsh is told to end and to take its services with it.
    pub fn release(&mut self, host: usize) {
        if self.hosts[host].plan.runs() {
            self.watch.releasing(self.at, host);
            self.turn_plan(host, Some(plan::In::Release));
            if self.broken == Broken::ReleasedEarly && self.hosts[host].plan.machine.is_some() {
                self.released(host, &[]);
            }
        }
    }

    /// It has done so, and ends.
    pub(super) fn released(&mut self, host: usize, left: &[(Name, String)]) {
        self.log(host, "failsh", &format!("is released; left: {left:?}"));
        let mut watch = std::mem::take(&mut self.watch);
        let done = watch.released(self, host, left);
        self.watch = watch;
        self.kill_plan(host);
        self.hosts[host].released = done;
        let pause = match self.at < self.storm_until {
            true => self.dice.of(Use::Host, host, 6).between(0, 10 * SECOND),
            false => 0,
        };
        self.later(pause, Event::Undo(Undo::Start(Daemon::Failsh, host)));
    }

    /// Somebody orders a change at a console or in a script.
    pub fn set_within(&mut self, host: usize, name: &Name, verb: Verb) {
        self.requests += 1;
        let no = self.requests;
        let change = match verb {
            Verb::Away => ByHand::Away,
            Verb::Back => ByHand::Back,
            Verb::Hold => ByHand::Hold,
            Verb::Release => ByHand::Release,
            Verb::Set(state) => ByHand::State(state),
            Verb::Forget | Verb::History | Verb::Figures | Verb::List => return,
        };
        let life = self.hosts[host].plan.life;
        self.watch.ordered(self.at, (host, life, no), name);
        let (service, reason) = (name.clone(), String::new());
        let input = plan::In::Set {
            no,
            service,
            change,
            reason,
        };
        self.turn_plan(host, Some(input));
    }

    pub(super) fn answered(&mut self, host: usize, no: u64, result: Result<(), String>) {
        if self.broken == Broken::ForgetsAnswers {
            return;
        }
        let (life, at) = (self.hosts[host].plan.life, self.at);
        self.watch.answered(at, (host, life, no), &result);
        self.log(host, "failsh", &format!("answers {no}: {result:?}"));
    }

    /// A trap runs: most are soon over, some break, and a few have to be told to end.
    pub(super) fn trap(&mut self, host: usize, fired: &Fired) {
        let mut watch = std::mem::take(&mut self.watch);
        watch.fired(self, host, fired);
        self.watch = watch;
        let rng = self.dice.of(Use::Trap, host, 0);
        let hangs = rng.per_mille(300) && self.setup.wild;
        let after = rng.between(0, self.setup.script_max);
        self.count("traps");
        let run = TrapRun {
            began: self.at,
            cancelled: None,
            hangs,
        };
        self.hosts[host].traps.insert(fired.job, run);
        let life = self.hosts[host].plan.life;
        self.later(0, Event::Began(host, life, fired.job));
        if !hangs {
            self.later(after, Event::TrapEnd(host, life, fired.job));
        }
    }

    /// A trap is told to end, or given up.
    pub(super) fn cancel_trap(&mut self, host: usize, job: JobNo) {
        let (at, life) = (self.at, self.hosts[host].plan.life);
        let Some(run) = self.hosts[host].traps.get_mut(&job) else {
            return;
        };
        match run.cancelled {
            Some(_) => drop(self.hosts[host].traps.remove(&job)),
            None => {
                run.cancelled = Some(at);
                // Some do not even end then.
                if self.dice.of(Use::Trap, host, 1).per_mille(700) {
                    self.later(100 * MS, Event::TrapEnd(host, life, job));
                }
            }
        }
    }

    pub(super) fn trap_end(&mut self, host: usize, life: u64, job: JobNo) {
        if self.hosts[host].plan.life != life || self.hosts[host].traps.remove(&job).is_none() {
            return;
        }
        let rng = self.dice.of(Use::Trap, host, 2);
        let error = rng.per_mille(100).then(|| ScriptError {
            sentence: "it did not work".to_string(),
            detail: String::new(),
        });
        self.turn_plan(host, Some(plan::In::Trapped { job, error }));
    }

    /// Nothing is the matter with the daemons of a host: both run, or failsh has ended in
    /// order and nobody has touched anything since.
    pub fn in_order(&self, host: usize) -> bool {
        let h = &self.hosts[host];
        let mut names = h.truth.keys();
        h.whole() || h.released && h.node.runs() && names.all(|name| self.is_let_go(host, name))
    }

    /// Whether a record is as a failsh leaves it that has released everything.
    pub fn is_let_go(&self, host: usize, name: &Name) -> bool {
        let record = self.hosts[host].record(self.at, name);
        record.is_some_and(|record| record.state == State::Fail || record.marks.has(Marks::HELD))
    }
}

/// All that a failsh shows to anybody.
fn views(plan: &Plan, now: fail_core::time::Now) -> String {
    let services = plan.service_names();
    let services: Vec<_> = services.map(|name| plan.service_view(now, name)).collect();
    let hosts = plan.host_names();
    let hosts: Vec<_> = hosts.map(|name| plan.host_view(now, name)).collect();
    format!("{services:?} {hosts:?}")
}

fn turn(set: &mut std::collections::BTreeSet<Name>, name: Name) {
    if !set.remove(&name) {
        set.insert(name);
    }
}
