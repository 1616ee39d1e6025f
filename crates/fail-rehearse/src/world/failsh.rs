//! A host's failsh: its policy read, its machine driven, started, killed.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use fail_core::log::Level;
use fail_core::machine::Machine;
use fail_core::plan::{self, Local, Plan, Subject};
use fail_core::policy::{FAILD_PORT, Policy, Protocol};
use fail_tcl::{Board, Loaded, PolicyError, Read, Scene, Still, ToTcl};
use fail_wire::{Name, State};

use super::host::{Failsh, Mind};
use super::{Event, World, net};
use crate::answer::{self, Having};
use crate::report::{Kind, Shown};
use crate::scenario::{MS, Scenario};

/// How long a name is looked up.
const LOOKUP: u64 = 2 * MS;

impl World<'_> {
    /// Reads a policy as this host has it.
    pub(super) fn load(
        &mut self,
        host: usize,
        read: &[Read],
        board: &Board,
    ) -> Result<(Loaded, Still), PolicyError> {
        let (rulings, dice) = (Rc::clone(&self.rulings), Rc::clone(&self.dice));
        let asked = Rc::clone(&self.asked);
        let named = self.scenario.things.clone();
        let things = self.hosts[host].things.clone();
        let at = self.at;
        // What is asked while it is read, or where nobody can wait, takes no time.
        let answering = move |pipeline: &fail_core::exec::Pipeline| {
            let having = Having {
                host,
                things: &things,
                named: &named,
            };
            let (mut rulings, mut dice) = (rulings.borrow_mut(), dice.borrow_mut());
            let answered = answer::answer(&mut rulings, &mut dice, at, &having, pipeline);
            let line = answer::line(pipeline);
            asked.borrow_mut().push((host, line, answered.told));
            answered.result
        };
        let seed = self.dice.borrow_mut().between(1, 2_000_000_000);
        let scene = Scene {
            host: &self.hosts[host].name,
            program: self.program,
            board,
            now: self.wall_us(),
            seed: u32::try_from(seed).unwrap_or(1),
            answering: Box::new(answering),
        };
        let loaded = Still::load(read, scene).and_then(|(loaded, still)| {
            Plan::admits(&loaded.policy).map_err(|why| PolicyError {
                file: String::new(),
                line: None,
                sentence: why,
            })?;
            Ok((loaded, still))
        });
        loaded.map_err(|error| PolicyError {
            sentence: match error.file.is_empty() {
                true => format!("host {}: {}", self.hosts[host].name, error.sentence),
                false => error.sentence.clone(),
            },
            ..error
        })
    }

    /// The addresses of a policy's hosts that are known without asking again.
    fn known(&self, policy: &Policy) -> Vec<(Name, SocketAddr)> {
        let hosts = policy.hosts.iter();
        let known = hosts.filter_map(|(name, host)| {
            let text = host.address.as_deref().unwrap_or(name.as_str());
            Some((
                name.clone(),
                SocketAddr::new(self.look_up(text)?, host.port),
            ))
        });
        known.collect()
    }

    /// The names of this world are those of its hosts.
    fn look_up(&self, name: &str) -> Option<std::net::IpAddr> {
        let literal = name.parse().ok();
        literal.or_else(|| {
            let host = self.hosts.iter().find(|host| host.name == name)?;
            host.addresses.first().copied()
        })
    }

    /// Hosts of the scenario that are asked where they are not.
    pub(super) fn strays(&self, policies: &[Policy]) -> Vec<String> {
        let mut strays = Vec::new();
        for (asker, policy) in self.hosts.iter().zip(policies) {
            for (name, settings) in &policy.hosts {
                let known = self.hosts.iter().find(|host| host.name == name.as_str());
                let text = settings.address.as_deref().unwrap_or(name.as_str());
                let there = self.look_up(text);
                let meets = known
                    .zip(there)
                    .map(|(host, ip)| host.addresses.contains(&ip));
                if known.is_some() && meets != Some(true) {
                    let asker = &asker.name;
                    strays.push(format!(
                        "{asker} asks {name} at {text}, where nobody answers"
                    ));
                }
            }
        }
        strays
    }

    pub(super) fn start_failsh(&mut self, host: usize) {
        let h = &self.hosts[host];
        if !h.up || h.failsh.is_some() {
            return;
        }
        let (read, board) = (h.read.clone(), Board::default());
        let (loaded, still) = match self.load(host, &read, &board) {
            Ok(loaded) => loaded,
            Err(error) => {
                let text = format!("failsh does not start: {error}");
                self.note(0, format!("{}: {text}", self.hosts[host].name));
                return self.say(Some(host), Kind::Log, text);
            }
        };
        let local = Local {
            addr: net::loopback(FAILD_PORT),
            key: self.key.clone(),
            protocol: Protocol::Udp,
        };
        let (now, seed) = (self.now(), self.rng.seed());
        let policy = loaded.policy;
        let made = Plan::with_rule(now, &seed, local, policy.clone(), self.decide);
        let mut plan = match made {
            Ok(plan) => plan,
            Err(why) => {
                let text = format!("failsh does not start: {why}");
                return self.say(Some(host), Kind::Log, text);
            }
        };
        for (name, addr) in self.known(&policy) {
            plan.know(now, &name, addr);
        }
        let services = plan.service_names().cloned().map(Subject::Service);
        let stale: BTreeSet<Subject> = services
            .chain(plan.host_names().cloned().map(Subject::Host))
            .collect();
        let h = &mut self.hosts[host];
        h.services.extend(policy.services.keys().cloned());
        h.failsh_life += 1;
        h.failsh = Some(Failsh {
            plan,
            policy,
            minds: vec![Mind {
                no: 1,
                still,
                jobs: Default::default(),
            }],
            readings: 1,
            board,
            stale,
            asks: Default::default(),
            last_ask: 0,
            timer: None,
        });
        self.turn_plan(host, None);
        self.turn_minds(host);
    }

    /// It dies, and its scripts with it. Commands that run go on to their end.
    pub(super) fn kill_failsh(&mut self, host: usize) {
        let at = self.at;
        self.hosts[host].plan_wake = None;
        let Some(failsh) = self.hosts[host].failsh.take() else {
            return;
        };
        for (_, run) in failsh.minds.into_iter().flat_map(|mind| mind.jobs) {
            if let Some((service, _, no)) = run.work {
                let why = "failsh ended";
                self.ledger
                    .ends(at, host, service.as_str(), no, Err(why), true);
            }
        }
        self.look(host);
    }

    /// The policy is read again; an error is told, and the old one stays.
    pub(super) fn reload(&mut self, host: usize, read: &[Read]) -> Result<(), PolicyError> {
        if !read.is_empty() {
            self.hosts[host].read = read.to_vec();
        }
        let read = self.hosts[host].read.clone();
        let Some(board) = self.hosts[host].failsh.as_ref().map(|f| f.board.clone()) else {
            return Ok(());
        };
        match self.load(host, &read, &board) {
            Err(error) => {
                let text = format!("failsh: the policy is not read again: {error}");
                self.say(Some(host), Kind::Log, text);
                Err(error)
            }
            Ok((loaded, still)) => {
                self.rounds(&loaded.policy);
                let known = self.known(&loaded.policy);
                let services: Vec<Name> = loaded.policy.services.keys().cloned().collect();
                if let Some(failsh) = &mut self.hosts[host].failsh {
                    failsh.readings += 1;
                    let no = failsh.readings;
                    let jobs = Default::default();
                    failsh.minds.push(Mind { no, still, jobs });
                    failsh.policy = loaded.policy.clone();
                }
                self.hosts[host].services.extend(services);
                let policy = Box::new(loaded.policy);
                self.turn_plan(host, Some(plan::In::Policy { policy, known }));
                Ok(())
            }
        }
    }

    pub(super) fn turn_plan(&mut self, host: usize, input: Option<plan::In>) {
        let now = self.now();
        let Some(failsh) = &mut self.hosts[host].failsh else {
            return;
        };
        let plan = &mut failsh.plan;
        match input {
            Some(input) => plan.handle(now, input),
            None => plan.expire(now),
        }
        let outs: Vec<plan::Out> = std::iter::from_fn(|| plan.poll()).collect();
        let deadline = plan.deadline();
        let late = self.lateness();
        let wake = deadline.map(|deadline| self.when(deadline) + late);
        self.hosts[host].plan_wake = wake;
        let (mut told, mut seen) = (false, false);
        for out in outs {
            seen |= matches!(out, plan::Out::Changed(_));
            told |= self.plan_wants(host, out);
        }
        if seen {
            self.look(host);
        }
        if told {
            self.turn_minds(host);
        }
    }

    /// Whether an interpreter was told something.
    fn plan_wants(&mut self, host: usize, out: plan::Out) -> bool {
        match out {
            plan::Out::Send { to, bytes, .. } => {
                let port = self.failsh_port(host);
                self.send(host, port, to, bytes);
            }
            plan::Out::HangUp { .. } => {}
            plan::Out::Run(order) => {
                self.begin_job(host, &order);
                self.tell_mind(host, ToTcl::Run(order));
                return true;
            }
            plan::Out::Cancel { job, why } => {
                self.cancel(host, job, why);
                return true;
            }
            plan::Out::Trap(fired) => {
                self.begin_trap(host, &fired);
                self.tell_mind(host, ToTcl::Trap(fired));
                return true;
            }
            plan::Out::Resolve { no, name, port } => {
                let found = self.look_up(&name).map(|ip| SocketAddr::new(ip, port));
                let answer = found.ok_or_else(|| format!("the name \"{name}\" is unknown"));
                self.tell_plan(host, LOOKUP, plan::In::Resolved { no, answer });
            }
            plan::Out::Log(line) if line.level == Level::Debug => {}
            plan::Out::Log(line) => {
                let text = format!("failsh: {}", line.text);
                self.say(Some(host), Kind::Log, text);
            }
            plan::Out::Answered { no, result } => {
                let failsh = self.hosts[host].failsh.as_mut();
                if let Some(by) = failsh.and_then(|failsh| failsh.asks.remove(&no)) {
                    let code = vec!["FAIL".to_string(), "SET".to_string()];
                    let result = result.map(|()| String::new());
                    let result = result.map_err(|message| fail_tcl::AskError { message, code });
                    self.answer_ask(host, by, result);
                }
            }
            plan::Out::Event(event) => {
                let data = event
                    .data
                    .iter()
                    .map(|(name, value)| format!("{name} {value}"));
                let data = data.collect::<Vec<_>>().join(", ");
                let text = format!("event {} {}", event.kind, event.subject);
                self.ledger
                    .say(self.at, Some(host), None, Kind::Event, text, data);
            }
            plan::Out::Changed(subject) => {
                if let Some(failsh) = &mut self.hosts[host].failsh {
                    failsh.stale.insert(subject);
                }
            }
            plan::Out::Released { left } => self.released(host, &left),
        }
        false
    }

    pub(super) fn tell_plan(&mut self, host: usize, after: u64, input: plan::In) {
        let life = self.hosts[host].failsh_life;
        self.later(after, Event::Tell(host, life, Box::new(input)));
    }

    fn released(&mut self, host: usize, left: &[(Name, String)]) {
        for (name, why) in left {
            let text = format!("failsh: {name} is left: {why}");
            self.say(Some(host), Kind::Log, text);
        }
        self.kill_failsh(host);
        if std::mem::take(&mut self.hosts[host].halting) {
            self.crash(host, "the host was shut down");
        }
    }

    /// Writes down what each service is on a host.
    pub(super) fn look(&mut self, host: usize) {
        let (now, h) = (self.now(), &self.hosts[host]);
        if !h.up {
            return;
        }
        let mut seen: Vec<(Name, Shown, String)> = Vec::new();
        for name in &h.services {
            let status = h.failsh.as_ref().map(|failsh| failsh.plan.status(name));
            match status {
                Some(Some(status)) => {
                    if let Some(state) = status.state {
                        seen.push((name.clone(), shown(state), status.why));
                    }
                }
                // It is not in the policy any more, and stays on the host as it is.
                Some(None) => {}
                None => {
                    if let Some(node) = &h.node {
                        let record = node.record(now, name);
                        let why = "failsh does not run".to_string();
                        seen.push((name.clone(), shown(record.state), why));
                    }
                }
            }
        }
        for (name, state, why) in seen {
            self.ledger.state(self.at, host, name.as_str(), state, &why);
        }
    }

    /// What the scenario's file says, for who looks for a host of it.
    pub(super) fn scenario(&self) -> &Scenario {
        self.scenario
    }

    /// Puts up on the board what has changed, for scripts to read.
    pub(super) fn put_up(&mut self, host: usize) {
        let now = self.now();
        let Some(failsh) = &mut self.hosts[host].failsh else {
            return;
        };
        let plan = &failsh.plan;
        for subject in std::mem::take(&mut failsh.stale) {
            match subject {
                Subject::Service(name) => {
                    let mut view = plan.service_view(now, &name);
                    if let (Some(view), Some(service)) =
                        (&mut view, failsh.policy.services.get(&name))
                    {
                        view.settings = fail_tcl::settings(service);
                    }
                    failsh.board.put_service(name.as_str(), view.map(Arc::new));
                }
                Subject::Host(name) => {
                    let view = plan.host_view(now, &name).map(Arc::new);
                    failsh.board.put_host(name.as_str(), view);
                }
            }
        }
        failsh.board.put_health(Arc::new(plan.health_view(now)));
    }
}

fn shown(state: State) -> Shown {
    match state {
        State::Up => Shown::Up,
        State::Recover => Shown::Recover,
        State::Fail => Shown::Fail,
    }
}
