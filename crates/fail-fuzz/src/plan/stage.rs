//! One plan under test and its twin, a local faild and those of two hosts, and what is on the
//! wire between them. The input says what happens next; nothing happens by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use fail_core::access::{Access, Rights};
use fail_core::job::{JobNo, Order, Outcome, Task};
use fail_core::machine::Machine;
use fail_core::node::{self, Image, Node, Peer};
use fail_core::plan::{In, Local, Out, Plan};
use fail_core::policy::{Policy, Protocol};
use fail_core::time::{Mono, Now, Span, Wall};
use fail_wire::{Body, DATAGRAM_BYTES_MAX, Key, Marks, Name, Packet};

use super::policies::{COMMUNITIES, HOSTS, SERVICES, host_addr};

/// What a plan has decided, so that two can be compared. What is told to people is left out.
type Decision = String;

/// The stage.
pub struct Stage {
    pub now: Now,
    pub plan: Plan,
    /// Hears everything but forgeries.
    twin: Plan,
    pub policy: Policy,
    pub keys: Vec<Key>,
    pub nodes: BTreeMap<SocketAddr, Node>,
    /// Saves that the local faild waits for.
    pub saves: Vec<u64>,
    pub slow_disk: bool,
    /// From whom, to whom, what.
    pub wire: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
    /// Questions of the plan, to be answered by forgers: whom it asked, what, and with which id.
    pub asked: Vec<(SocketAddr, u64)>,
    /// Scripts that run, by service.
    pub running: BTreeMap<Name, Order>,
    pub ended: Vec<JobNo>,
    pub traps: Vec<JobNo>,
    pub lookups: Vec<u64>,
    /// Changes by hand that are not answered yet.
    pub sets: BTreeSet<u64>,
    pub releasing: bool,
    released: bool,
    jobs: u64,
    step: u64,
    /// When the mark `starting` of a service was heard to be acknowledged, since its last script.
    marked: BTreeMap<Name, u64>,
    /// When a host was asked last about a service.
    queried: BTreeMap<(SocketAddr, Name), u64>,
}

/// Where this failsh is.
#[expect(clippy::expect_used, reason = "an address as people write it")]
pub fn me() -> SocketAddr {
    "127.0.0.1:5000".parse().expect("an address")
}

/// Where the local faild is.
#[expect(clippy::expect_used, reason = "an address as people write it")]
pub fn local() -> SocketAddr {
    "127.0.0.1:1847".parse().expect("an address")
}

#[expect(clippy::expect_used, reason = "few rules have room")]
fn new_node(now: Now, keys: &[Key], seed: u8) -> Node {
    let mut access = Access::none();
    for key in &keys[..2] {
        access
            .add(None, key.clone(), Rights::ReadWrite)
            .expect("a rule");
    }
    Node::new(now, "boot", &[seed; 32], access, Image::default())
}

#[expect(
    clippy::expect_used,
    reason = "plain words are communities, and the policies admitted"
)]
impl Stage {
    pub fn new(policy: Policy, slow_disk: bool) -> Stage {
        let keys: Vec<Key> = COMMUNITIES
            .iter()
            .map(|text| Key::new(text).expect("a plain word is a community"))
            .collect();
        let now = Now {
            mono: Mono(1_000_000_000),
            wall: Wall(1_700_000_000_000),
        };
        let of_local = Local {
            addr: local(),
            key: keys[0].clone(),
            protocol: Protocol::Udp,
        };
        let plan = || Plan::new(now, &[3; 32], of_local.clone(), policy.clone()).expect("admitted");
        let addrs = HOSTS.iter().map(|host| host_addr(host)).chain([local()]);
        let nodes = addrs
            .enumerate()
            .map(|(n, at)| (at, new_node(now, &keys, n as u8)));
        let (plan, twin) = (plan(), plan());
        Stage {
            now,
            plan,
            twin,
            policy,
            nodes: nodes.collect(),
            keys,
            saves: Vec::new(),
            slow_disk,
            wire: Vec::new(),
            asked: Vec::new(),
            running: BTreeMap::new(),
            ended: Vec::new(),
            traps: Vec::new(),
            lookups: Vec::new(),
            sets: BTreeSet::new(),
            releasing: false,
            released: false,
            jobs: 0,
            step: 0,
            marked: BTreeMap::new(),
            queried: BTreeMap::new(),
        }
    }

    /// Something happens to the plan, and to its twin.
    pub fn tell(&mut self, input: In) {
        self.step += 1;
        self.plan.handle(self.now, input.clone());
        self.twin.handle(self.now, input);
        self.drain();
    }

    /// A forgery arrives at the plan alone. What it leaves there is what a datagram leaves that
    /// nobody asked for, unless it may be a hint.
    pub fn forge(&mut self, from: SocketAddr, bytes: Vec<u8>, hint: bool) {
        // Whoever hears it late doubts at that moment, as at its deadline: that comes first.
        self.act();
        self.step += 1;
        let mut other = self.plan.clone();
        let noise = In::Datagram {
            from: me(),
            bytes: Vec::new(),
        };
        other.handle(self.now, noise);
        self.plan.handle(self.now, In::Datagram { from, bytes });
        if !hint {
            let (is, should) = (format!("{:?}", self.plan), format!("{other:?}"));
            assert_eq!(is, should, "a forgery has left something");
        }
        self.drain();
    }

    /// The deadline, if it has come.
    pub fn act(&mut self) {
        for at in self.nodes.keys().copied().collect::<Vec<_>>() {
            let Some(node) = self.nodes.get_mut(&at) else {
                continue;
            };
            if node.deadline().is_some_and(|due| due <= self.now.mono) {
                node.expire(self.now);
                self.serve(at);
            }
        }
        if self.plan.deadline().is_some_and(|due| due <= self.now.mono) {
            self.step += 1;
            self.plan.expire(self.now);
            self.twin.expire(self.now);
            let next = self.plan.deadline();
            assert!(
                next.is_none_or(|at| at > self.now.mono),
                "the deadline lies ahead"
            );
            self.drain();
        }
    }

    pub fn pass(&mut self, span: Span) {
        self.now.mono = self.now.mono + span;
        self.now.wall.0 += (span.0 / 1_000_000) as i64;
        self.act();
    }

    /// Until the next one has something to do, but no longer than so long.
    pub fn pass_to_deadline(&mut self, most: Span) {
        let nodes = self.nodes.values().filter_map(Node::deadline);
        let next = nodes.chain(self.plan.deadline()).min();
        let next = next.unwrap_or(self.now.mono).max(self.now.mono);
        self.pass((next - self.now.mono).min(most));
    }

    /// What is on the wire arrives.
    pub fn deliver(&mut self, at: usize) {
        let (from, to, bytes) = self.wire.remove(at);
        // Nothing travels in no time: what was asked before an answer came was asked earlier.
        self.now.mono = self.now.mono + Span::from_micros(1);
        if to == me() {
            self.mark(from, &bytes);
            return self.tell(In::Datagram { from, bytes });
        }
        let peer = Peer {
            addr: from,
            local: None,
            stream: None,
        };
        self.at_node(to, peer, bytes);
    }

    /// A message of somebody arrives at a faild.
    pub fn at_node(&mut self, at: SocketAddr, from: Peer, bytes: Vec<u8>) {
        if let Some(node) = self.nodes.get_mut(&at) {
            node.handle(self.now, node::In::Datagram { from, bytes });
            self.serve(at);
        }
    }

    /// The disk of the local faild has spoken.
    pub fn saved(&mut self, ok: bool) {
        let no = self.saves.remove(0);
        if let Some(node) = self.nodes.get_mut(&local()) {
            node.handle(self.now, node::In::Saved { no, ok });
            self.serve(local());
        }
    }

    /// A faild is started anew, and has forgotten everything.
    pub fn restart(&mut self, at: SocketAddr, seed: u8) {
        let node = new_node(self.now, &self.keys, seed.max(8));
        self.nodes.insert(at, node);
        if at == local() {
            self.saves.clear();
        }
    }

    fn serve(&mut self, at: SocketAddr) {
        let slow = self.slow_disk && at == local();
        let Some(node) = self.nodes.get_mut(&at) else {
            return;
        };
        while let Some(out) = node.poll() {
            match out {
                node::Out::Send { to, bytes } if to.addr == me() => {
                    self.wire.push((at, me(), bytes));
                }
                node::Out::Save { no, .. } if slow => self.saves.push(no),
                node::Out::Save { no, .. } => {
                    node.handle(self.now, node::In::Saved { no, ok: true })
                }
                _ => {}
            }
        }
        // The oldest are lost first.
        let many = self.wire.len().saturating_sub(200);
        self.wire.drain(..many);
    }

    /// Whether this tells the plan that the mark `starting` is in force.
    fn mark(&mut self, from: SocketAddr, bytes: &[u8]) {
        let body = Packet::read(bytes).and_then(|packet| packet.body());
        let records = match body {
            Ok(Body::Answer(answer)) if from == local() => answer.records,
            Ok(Body::Refusal(refusal)) if from == local() => refusal.record.into_iter().collect(),
            _ => return,
        };
        for record in records
            .iter()
            .filter(|record| record.marks.has(Marks::STARTING))
        {
            self.marked.entry(record.name.clone()).or_insert(self.step);
        }
    }

    /// What the plan wants, held against the promises, and against what its twin wants.
    fn drain(&mut self) {
        let mut decided = Vec::new();
        while let Some(out) = self.plan.poll() {
            decided.extend(decision(&out));
            self.wants(out);
        }
        let mut others = Vec::new();
        while let Some(out) = self.twin.poll() {
            others.extend(decision(&out));
        }
        assert_eq!(decided, others, "a forgery has changed a decision");
        let due = (self.plan.deadline(), self.twin.deadline());
        assert_eq!(due.0, due.1, "a forgery has changed when something is done");
        for service in SERVICES {
            let name = Name::new(service).expect("a name");
            let held = |plan: &Plan| plan.status(&name).map(|s| (s.state, s.busy));
            assert_eq!(held(&self.plan), held(&self.twin), "a forgery is believed");
        }
    }

    fn wants(&mut self, out: Out) {
        match out {
            Out::Send { to, bytes, .. } => self.sends(to, bytes),
            Out::Run(order) => self.runs(order),
            Out::Cancel { job, .. } => {
                let script = self.running.values().any(|order| order.job == job);
                assert!(script || self.traps.contains(&job), "{job} runs");
            }
            Out::Resolve { no, .. } => self.lookups.push(no),
            Out::Trap(fired) => {
                assert!(fired.job.0 > self.jobs, "{} is new", fired.job);
                self.jobs = fired.job.0;
                self.traps.push(fired.job);
            }
            Out::Answered { no, .. } => assert!(self.sets.remove(&no), "answered once: {no}"),
            Out::Released { .. } => {
                assert!(
                    self.releasing && !self.released,
                    "said once, when it was asked for"
                );
                self.released = true;
            }
            Out::HangUp { .. } | Out::Log(_) | Out::Event(_) | Out::Changed(_) => {}
        }
    }

    fn sends(&mut self, to: SocketAddr, bytes: Vec<u8>) {
        assert!(bytes.len() <= DATAGRAM_BYTES_MAX);
        let packet = Packet::read(&bytes).expect("it sends messages");
        let body = packet.body().expect("it sends what can be read");
        assert!(!packet.answers(), "it answers nobody");
        assert!(
            self.keys.iter().any(|key| packet.verify(key)),
            "it proves who it is"
        );
        if let Body::Query(query) = &body {
            for name in &query.names {
                self.queried.insert((to, name.clone()), self.step);
            }
        }
        self.asked.push((to, packet.request()));
        self.wire.push((me(), to, bytes));
    }

    fn runs(&mut self, order: Order) {
        let name = order.service.clone();
        assert!(order.job.0 > self.jobs, "{} is new", order.job);
        self.jobs = order.job.0;
        assert!(
            !self.releasing || order.task == Task::Stop,
            "nothing starts at the end: {order:?}"
        );
        if order.task == Task::Start {
            self.may_start(&name);
        }
        if order.task != Task::Check {
            self.marked.remove(&name);
        }
        let other = self.running.insert(name, order);
        assert!(other.is_none(), "one script at a time: {other:?}");
    }

    /// The mark was acknowledged, and every host of the service asked after that.
    fn may_start(&self, name: &Name) {
        let marked = self.marked.get(name);
        let marked = *marked.expect("no start before `starting` is acknowledged");
        let service = self.policy.services.get(name);
        let service = service.expect("what is started is in the policy");
        for host in service.masters.iter().chain(&service.slaves) {
            let last = self.queried.get(&(host_addr(host.as_str()), name.clone()));
            // One whose address is not known yet can not be asked.
            let known = self
                .policy
                .hosts
                .get(host)
                .is_some_and(|h| h.address.is_some());
            let named = known
                && !self.policy.hosts[host]
                    .address
                    .as_deref()
                    .is_some_and(is_name);
            assert!(
                !named || last.is_some_and(|at| *at >= marked),
                "{host} was not asked again"
            );
        }
    }

    /// A script ends.
    pub fn end(&mut self, name: &Name, outcome: Outcome) {
        if let Some(order) = self.running.remove(name) {
            self.ended.push(order.job);
            self.tell(In::Done {
                job: order.job,
                outcome,
            });
        }
    }
}

fn is_name(address: &str) -> bool {
    address.parse::<std::net::IpAddr>().is_err()
}

fn decision(out: &Out) -> Option<Decision> {
    match out {
        Out::Log(_) | Out::Event(_) | Out::Changed(_) => None,
        // Of a request the id, the type and the proof over the rest.
        Out::Send { to, bytes, .. } => Some(format!("send {to} {:?}", bytes.get(..48))),
        Out::Trap(fired) => Some(format!("trap {:?} {}", fired.job, fired.script)),
        other => Some(format!("{other:?}")),
    }
}
