//! What scripts do to services, and hosts that get and lose power.

use fail_core::job::{JobNo, Order, Outcome, Task};
use fail_core::plan;
use fail_wire::{Name, State};

use super::{Broken, Event, World};
use crate::acts::{Daemon, Undo};
use crate::host::Script;
use crate::rng::Use;
use crate::script::{self, Fate};
use crate::setup::{MS, SECOND};

impl World {
    /// The host gets power; faild is started first, failsh a little later.
    pub fn boot(&mut self, host: usize) {
        let rng = self.dice.of(Use::Host, host, 0);
        let (base, soon) = (rng.between(SECOND, 1000 * SECOND), rng.between(0, SECOND));
        let h = &mut self.hosts[host];
        if h.up {
            return;
        }
        h.up = true;
        h.boot += 1;
        (h.clock.booted, h.clock.base) = (self.at, base);
        h.released = false;
        self.start_at_boot(host);
        self.later(soon / 2, Event::Undo(Undo::Start(Daemon::Faild, host)));
        self.later(soon, Event::Undo(Undo::Start(Daemon::Failsh, host)));
    }

    /// Now and then the system starts a service at boot, and nobody says so.
    fn start_at_boot(&mut self, host: usize) {
        for svc in self.setup.services.clone() {
            let rng = self.dice.of(Use::Host, host, 5);
            let runs = svc.settings.check.is_some() && rng.per_mille(150);
            if let Some(truth) = self.hosts[host].truth.get_mut(&svc.name).filter(|_| runs) {
                truth.running = true;
                self.log(host, "truth", &format!("{} runs since boot", svc.name));
            }
        }
    }

    /// What is served dies by itself: there, or on the next host where it runs.
    pub fn crash(&mut self, name: &Name, first: usize) {
        let hosts = self.setup.hosts;
        let runs = |host: &usize| {
            let host = &self.hosts[*host];
            host.frozen.is_none() && host.truth.get(name).is_some_and(|truth| truth.running)
        };
        let mut hosts = (0..hosts).map(|n| (first + n) % hosts);
        let Some(host) = hosts.find(runs) else {
            return;
        };
        self.watch.stirred(self.at, name);
        if let Some(truth) = self.hosts[host].truth.get_mut(name) {
            truth.running = false;
        }
        self.log(host, "truth", &format!("{name} dies"));
    }

    /// Somebody starts a service where failsh holds it for ready, and says nothing.
    pub fn appear(&mut self, name: &Name, host: usize) {
        let up = self.hosts[host].up;
        let svc = self.setup.services.iter().find(|svc| svc.name == *name);
        let checked = svc.is_some_and(|svc| svc.settings.check.is_some());
        if let Some(truth) = self.hosts[host]
            .truth
            .get_mut(name)
            .filter(|_| checked && up)
        {
            truth.running = true;
            self.watch.stirred(self.at, name);
            self.log(host, "truth", &format!("{name} appears"));
        }
    }

    /// The host stands still as a whole: its daemons, its scripts, its disk.
    pub fn freeze(&mut self, host: usize, clocks: bool) {
        let at = self.at;
        let h = &mut self.hosts[host];
        if !h.up {
            return;
        }
        h.frozen = Some(at);
        h.clock.stands = clocks.then_some(at);
        h.node.stopped = h.node.machine.is_some();
        h.plan.stopped = h.plan.machine.is_some();
    }

    /// It goes on. What was under way takes as much longer as it stood still.
    pub fn thaw(&mut self, host: usize) {
        let Some(since) = self.hosts[host].frozen.take() else {
            return;
        };
        let lost = self.at - since;
        let h = &mut self.hosts[host];
        if h.clock.stands.is_some() {
            h.clock.goes_on(self.at);
            let wakes = [&mut h.node.wake, &mut h.plan.wake];
            wakes.into_iter().flatten().for_each(|at| *at += lost);
        }
        for event in std::mem::take(&mut h.held) {
            self.later(0, event);
        }
        self.put_off(host, lost);
        self.continue_node(host);
        self.continue_plan(host);
    }

    /// The host loses its power.
    pub fn kill_host(&mut self, host: usize) {
        self.kill_plan(host);
        self.kill_node(host);
        let h = &mut self.hosts[host];
        h.up = false;
        (h.frozen, h.clock.stands) = (None, None);
        h.held.clear();
        for truth in h.truth.values_mut() {
            truth.running = false;
        }
    }

    pub(super) fn run(&mut self, host: usize, order: &Order) {
        self.count(script::counted(order.task));
        let rng = self
            .dice
            .of(Use::Script, host, self.setup.number(&order.service));
        let course = script::course(rng, order.task, &self.setup);
        if !course.fate.honest() {
            self.count("scripts that go wrong");
        }
        let life = self.hosts[host].plan.life;
        let script = Script {
            job: order.job,
            task: order.task,
            fate: course.fate,
            began: self.at,
            cancelled: None,
            effect: course.effect.map(|(_, runs)| runs),
            reason: order.reason.clone(),
            from: order.from,
        };
        let mut watch = std::mem::take(&mut self.watch);
        watch.ran(self, host, order, &script);
        self.watch = watch;
        if let Some(truth) = self.hosts[host].truth.get_mut(&order.service) {
            truth.scripts.push(script);
        }
        let name = &order.service;
        self.log(
            host,
            "script",
            &format!("{name}: {} begins, {:?}", order.task, course.fate),
        );
        self.later(0, Event::Began(host, life, order.job));
        if let Some((after, _)) = course.effect {
            self.later(after, Event::Effect(host, life, name.clone(), order.job));
        }
        if let Some((after, end)) = course.end {
            let outcome = script::outcome(order.task, end);
            self.later(
                after,
                Event::End(host, life, name.clone(), order.job, outcome),
            );
        }
    }

    pub(super) fn began(&mut self, host: usize, life: u64, job: JobNo) {
        if self.hosts[host].plan.life == life {
            self.turn_plan(host, Some(plan::In::Began { job }));
        }
    }

    fn script(&mut self, host: usize, life: u64, name: &Name, job: JobNo) -> Option<&mut Script> {
        let h = self.hosts.get_mut(host).filter(|h| h.plan.life == life)?;
        let scripts = &mut h.truth.get_mut(name)?.scripts;
        scripts.iter_mut().find(|script| script.job == job)
    }

    pub(super) fn effect(&mut self, host: usize, life: u64, name: &Name, job: JobNo) {
        let effect = self
            .script(host, life, name, job)
            .and_then(|script| script.effect.take());
        let Some(runs) = effect else { return };
        if let Some(truth) = self.hosts[host].truth.get_mut(name) {
            truth.running = runs;
        }
        self.log(
            host,
            "truth",
            &format!("{name} {}", if runs { "runs" } else { "is down" }),
        );
        self.look();
    }

    pub(super) fn script_end(
        &mut self,
        host: usize,
        life: u64,
        name: &Name,
        job: JobNo,
        outcome: Outcome,
    ) {
        let Some(script) = self.script(host, life, name, job).cloned() else {
            return;
        };
        let runs = self.hosts[host].truth[name].running;
        let outcome = match (script.task, outcome) {
            (Task::Check, Ok(_)) if script.fate.honest() => match runs {
                true => Ok(State::Up),
                false => Ok(State::Recover),
            },
            (_, outcome) => outcome,
        };
        self.log(
            host,
            "script",
            &format!("{name}: {} ends, {outcome:.40?}", script.task),
        );
        if let Some(truth) = self.hosts[host].truth.get_mut(name) {
            if let Some(n) = truth.scripts.iter().position(|script| script.job == job) {
                let script = truth.scripts.remove(n);
                self.watch.ended(self.at, (host, name), &script, &outcome);
            }
        }
        let outcome = match (self.broken, script.task, script.from) {
            (Broken::ChecksAllUp, Task::Check, State::Up) => Ok(State::Up),
            (Broken::ChecksAllFail, Task::Check, State::Up) => Ok(State::Fail),
            (Broken::LooksAway, Task::Check, State::Fail) => Ok(State::Recover),
            _ => outcome,
        };
        self.turn_plan(host, Some(plan::In::Done { job, outcome }));
        self.look();
    }

    pub(super) fn cancel(&mut self, host: usize, job: JobNo) {
        if self.broken == Broken::ForgetsCancel {
            return;
        }
        let (life, at) = (self.hosts[host].plan.life, self.at);
        let found = self.hosts[host].truth.iter_mut().find_map(|(name, truth)| {
            let script = truth.scripts.iter_mut().find(|script| script.job == job)?;
            script.cancelled = Some(at);
            Some((name.clone(), script.fate, script.task))
        });
        let Some((name, fate, task)) = found else {
            return self.cancel_trap(host, job);
        };
        if self.broken == Broken::CancelsAtOnce && task == Task::Check {
            let outcome = script::outcome(task, Err(()));
            return self.turn_plan(host, Some(plan::In::Done { job, outcome }));
        }
        let after = match fate {
            Fate::Hang(after) => after,
            // What it waits for is ended with it.
            Fate::Fine if task == Task::Check => {
                self.dice.of(Use::Script, host, 9).between(0, 20 * MS)
            }
            _ => return,
        };
        let outcome = script::outcome(task, Err(()));
        self.later(after, Event::End(host, life, name, job, outcome));
    }

    /// Whether a script runs there that will not end by itself.
    pub fn has_bad_script(&self, host: usize) -> bool {
        let scripts = self.hosts[host]
            .truth
            .values()
            .flat_map(|truth| &truth.scripts);
        scripts
            .into_iter()
            .any(|script| matches!(script.fate, Fate::Hang(_) | Fate::Immortal))
    }
}
