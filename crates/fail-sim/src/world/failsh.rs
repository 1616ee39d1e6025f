//! A host's failsh: driven, started, killed, stopped.

use fail_core::job::{Order, Task};
use fail_core::machine::Machine;
use fail_core::plan::{self, Local, Plan};
use fail_core::policy::{FAILD_PORT, Lonely, Policy};
use fail_wire::State;

use super::{Broken, World, lateness};
use crate::host::BUFFER_MAX;
use crate::net;
use crate::rng::Use;
use crate::setup::{MS, SECOND, host_name};
use crate::skew;

impl World {
    pub(super) fn turn_plan(&mut self, host: usize, input: Option<plan::In>) {
        let h = &mut self.hosts[host];
        let now = h.now(self.at);
        if h.plan.stopped {
            // What a script says comes through a queue, which is never full.
            let told = !matches!(input, Some(plan::In::Datagram { .. }));
            let room = h.plan.inbox.len() < BUFFER_MAX || told;
            h.plan.inbox.extend(input.filter(|_| room));
            return;
        }
        let Some(plan) = &mut h.plan.machine else {
            return;
        };
        let woken = input.is_none();
        self.watch.plan_turn(self.at, host, input.as_ref());
        match input {
            Some(input) => plan.handle(now, input),
            None => plan.expire(now),
        }
        if woken && plan.deadline().is_some_and(|at| at <= now.mono) {
            self.watch.stuck(self.at, host, "failsh");
        }
        self.watch.plan_turned(self.at, host, plan);
        let mut outs: Vec<plan::Out> = std::iter::from_fn(|| plan.poll()).collect();
        if self.broken == Broken::LosesTraps {
            outs.retain(|out| !matches!(out, plan::Out::Trap(_)));
        }
        let deadline = plan.deadline();
        let late = match self.broken {
            Broken::Sleepy => self.dice.of(Use::Late, host, 1).between(0, 8 * SECOND),
            _ => lateness(self.dice.of(Use::Late, host, 1)),
        };
        let at = self.at;
        h.plan.wake = deadline.map(|deadline| h.when(deadline).max(at) + late);
        if self.broken == Broken::Restless {
            h.plan.wake = Some(self.at + MS / 5);
        }
        self.watch.told(self.at, host, &outs);
        let life = self.hosts[host].plan.life;
        for out in outs {
            // What comes after its last word does not come.
            if self.hosts[host].plan.life == life && self.hosts[host].plan.machine.is_some() {
                self.plan_wants(host, out);
            }
        }
    }

    fn plan_wants(&mut self, host: usize, out: plan::Out) {
        match out {
            plan::Out::HangUp { .. } => {}
            plan::Out::Send { to, bytes, .. } => {
                let port = self.plan_port(host);
                if let Some(other) = net::host_at(host, to) {
                    self.watch.plan_sent(self.at, host, other, &bytes);
                    let id = fail_wire::Packet::read(&bytes).map_or(0, |packet| packet.request());
                    let text = format!("asks {} {:08x}", host_name(other), id >> 32);
                    self.trace.line(self.at, host_name(host).as_str(), &text);
                }
                for bytes in skew::asks(self.hosts[host].skews.1, &self.keys, bytes) {
                    self.send(host, port, to, bytes);
                }
            }
            plan::Out::Run(order) => {
                let cleans = order.reason.starts_with("stop: clean up, since an earlier");
                if self.broken == Broken::SkipsCleaning && cleans {
                    let (job, outcome) = (order.job, Ok(State::Recover));
                    return self.turn_plan(host, Some(plan::In::Done { job, outcome }));
                }
                if self.broken == Broken::StartsUnasked && order.task == Task::Check {
                    let task = Task::Start;
                    return self.run(host, &Order { task, ..order });
                }
                if self.broken == Broken::RunsTwice {
                    self.run(host, &order);
                }
                self.run(host, &order);
            }
            plan::Out::Cancel { job, .. } => self.cancel(host, job),
            // All addresses of this world are literals.
            plan::Out::Resolve { .. } => {}
            plan::Out::Log(line) => self.log(host, "failsh", &line.text),
            plan::Out::Trap(fired) => self.trap(host, &fired),
            plan::Out::Answered { no, result } => self.answered(host, no, result),
            plan::Out::Released { left } => self.released(host, &left),
            plan::Out::Event(_) | plan::Out::Changed(_) => {}
        }
    }

    /// The failsh starts.
    pub fn start_plan(&mut self, host: usize) {
        if !self.hosts[host].up || self.hosts[host].plan.machine.is_some() {
            return;
        }
        let policy = self.policy(host);
        let Some(plan) = self.new_plan(host, policy) else {
            let text = "failsh does not start: its policy is not admitted";
            return self.watch.panicked(self.at, text.to_string());
        };
        let at = self.at;
        self.hosts[host].released = false;
        self.hosts[host].plan.start(at, plan);
        let mut watch = std::mem::take(&mut self.watch);
        watch.plan_started(self, host);
        self.watch = watch;
        self.log(host, "failsh", "is started");
    }

    /// What a host is told at the moment.
    pub(super) fn policy(&self, host: usize) -> Policy {
        let mut policy = self.setup.policy(host, &self.hosts[host].told);
        for service in policy.services.values_mut() {
            match (self.broken, &mut service.retry) {
                (Broken::Impatient, Some(retry)) => {
                    (retry.initial, retry.maximum) = (retry.initial.part(2), retry.initial.part(2));
                }
                (Broken::GivesUp, retry) => *retry = None,
                (Broken::GivesBack, _) => service.failback = true,
                (Broken::KeepsAlone, _) => service.lonely = Lonely::Keep,
                _ => {}
            }
        }
        policy
    }

    pub(super) fn new_plan(&mut self, host: usize, policy: Policy) -> Option<Plan> {
        let mut seed = self.dice.of(Use::Host, host, 2).seed();
        if self.broken == Broken::Address {
            let here: &'static u8 = Box::leak(Box::new(0));
            seed[..8].copy_from_slice(&(std::ptr::from_ref(here) as u64).to_le_bytes());
        }
        let local = Local {
            addr: net::loopback(FAILD_PORT),
            key: self.key.clone(),
            protocol: fail_core::policy::Protocol::Udp,
        };
        let now = self.hosts[host].now(self.at);
        Plan::with_rule(now, &seed, local, policy, self.rule).ok()
    }

    /// The failsh dies, and its scripts with it, each before or after it has done its work.
    pub fn kill_plan(&mut self, host: usize) {
        let rng = self.dice.of(Use::Host, host, 3);
        for truth in self.hosts[host].truth.values_mut() {
            for script in std::mem::take(&mut truth.scripts) {
                if let Some(runs) = script.effect.filter(|_| rng.per_mille(500)) {
                    truth.running = runs;
                }
            }
        }
        self.hosts[host].plan.kill();
        self.hosts[host].traps.clear();
        self.watch.plan_ended(host);
    }

    /// The failsh goes on after it was stopped: its timers and its sockets have both been
    /// waiting, and it looks at one of them first.
    pub fn continue_plan(&mut self, host: usize) {
        if !std::mem::take(&mut self.hosts[host].plan.stopped) {
            return;
        }
        let plan = &mut self.hosts[host].plan;
        plan.since = self.at;
        let inbox = std::mem::take(&mut plan.inbox);
        let due = plan.wake.is_some_and(|wake| wake <= self.at);
        if due && self.dice.of(Use::Host, host, 4).per_mille(500) {
            self.turn_plan(host, None);
        }
        for input in inbox {
            self.turn_plan(host, Some(input));
        }
    }
}
