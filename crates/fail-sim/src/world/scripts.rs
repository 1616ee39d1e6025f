//! What scripts do to services, and hosts that get and lose power.

use fail_core::job::{JobNo, Order, Outcome};
use fail_core::plan;
use fail_wire::Name;

use super::{Broken, Event, World};
use crate::acts::Undo;
use crate::host::Script;
use crate::script::{self, Fate};
use crate::setup::SECOND;

impl World {
    /// The host gets power; faild is started first, failsh a little later.
    pub fn boot(&mut self, host: usize) {
        let (base, soon) = (
            self.rng.between(SECOND, 1000 * SECOND),
            self.rng.between(0, SECOND),
        );
        let h = &mut self.hosts[host];
        if h.up {
            return;
        }
        h.up = true;
        h.boot += 1;
        h.booted = self.at;
        h.mono_base = base;
        self.later(soon / 2, Event::Undo(Undo::StartNode(host)));
        self.later(soon, Event::Undo(Undo::StartPlan(host)));
    }

    /// The host loses its power.
    pub fn kill_host(&mut self, host: usize) {
        self.kill_plan(host);
        self.kill_node(host);
        let h = &mut self.hosts[host];
        h.up = false;
        for truth in h.truth.values_mut() {
            truth.running = false;
        }
    }

    pub(super) fn run(&mut self, host: usize, order: &Order) {
        let course = script::course(&mut self.rng, order.task, &self.setup);
        let life = self.hosts[host].plan.life;
        let script = Script {
            job: order.job,
            task: order.task,
            fate: course.fate,
            began: self.at,
            cancelled: None,
            effect: course.effect.map(|(_, runs)| runs),
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
            let outcome = script::outcome(end);
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
        if self.script(host, life, name, job).is_none() {
            return;
        }
        if let Some(truth) = self.hosts[host].truth.get_mut(name) {
            if let Some(n) = truth.scripts.iter().position(|script| script.job == job) {
                let script = truth.scripts.remove(n);
                self.watch.ended(self.at, host, name, &script);
            }
        }
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
            Some((name.clone(), script.fate))
        });
        if let Some((name, Fate::Hang(after))) = found {
            let outcome = script::outcome(Err(()));
            self.later(after, Event::End(host, life, name, job, outcome));
        }
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
