//! The stage: one plan under test, a local faild, and the failds of other hosts whose
//! records the story sets as it likes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use fail_wire::{
    Body, Change, Code, DATAGRAM_BYTES_MAX, Key, Marks, Name, Packet, Reason, Record, Refusal,
    State, emit, emit_padded,
};

use crate::access::{Access, Rights};
use crate::event::Event;
use crate::job::{Fired, JobNo, Order, Outcome, ScriptError, Task};
use crate::machine::Machine;
use crate::node::{self, Image, Node, Peer};
use crate::plan::{In, Local, Out, Plan, Subject};
use crate::policy::{Host, Policy, Protocol, Service};
use crate::time::{Mono, Now, Span, Wall};

/// How long a datagram travels.
const TRIP: Span = Span::from_millis(1);

pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub fn ms(n: u64) -> Span {
    Span::from_millis(n)
}

/// A service with scripts, asked about every second.
pub fn service(masters: &[&str], slaves: &[&str]) -> Service {
    let names = |list: &[&str]| list.iter().map(|text| name(text)).collect();
    Service {
        masters: names(masters),
        slaves: names(slaves),
        start: Some("start".to_string()),
        stop: Some("stop".to_string()),
        reclaim: Some("reclaim".to_string()),
        ..Service::default()
    }
}

/// What a script does.
#[derive(Debug, Clone)]
pub enum Play {
    /// Ends after a while with this.
    Ends(Span, Outcome),
    /// Ends only when cancelled.
    Hangs,
    /// Does not end at all.
    Sits,
    /// A check: says after a while whether the service runs, `UP` or `RECOVER`.
    Looks(Span),
}

pub struct Story {
    pub now: Now,
    pub plan: Plan,
    pub policy: Policy,
    nodes: BTreeMap<SocketAddr, Node>,
    wire: Vec<(Mono, SocketAddr, SocketAddr, Vec<u8>)>,
    /// Failds that hear and say nothing.
    /// So much longer an answer of these takes.
    pub slow: BTreeMap<SocketAddr, Span>,
    pub silent: BTreeSet<SocketAddr>,
    /// Failds that questions about services do not reach.
    pub lose_queries: BTreeSet<SocketAddr>,
    /// Failds of an older version, which know nothing of reports and subscriptions.
    pub old: BTreeSet<SocketAddr>,
    /// Whether failds are asked to tell of changes. Most stories are about rounds, and this
    /// would make them end early.
    pub pushes: bool,
    /// How many of the next datagrams to this faild are lost.
    pub lose: BTreeMap<SocketAddr, u32>,
    pub plays: BTreeMap<Task, Play>,
    ends: Vec<(Mono, JobNo, Outcome)>,
    /// The services that run here, as the scripts left them.
    pub running: BTreeSet<Name>,
    /// What came of changes that were ordered with a number.
    pub answers: Vec<(u64, Result<(), String>)>,
    /// What was left when everything was released.
    pub released: Option<Vec<(Name, String)>>,
    /// What the plan wanted, but for the log, with the time.
    pub wants: Vec<String>,
    /// Of a hundred datagrams so many are lost.
    pub loss: u64,
    chance: u64,
    pub orders: Vec<(Mono, Order)>,
    pub cancels: Vec<(Mono, JobNo)>,
    pub resolves: Vec<(u64, String)>,
    /// How long the local faild takes to write a change to its disk.
    pub disk: Span,
    saves: Vec<(Mono, SocketAddr, u64)>,
    /// Scripts that are ordered from now on do not get their turn.
    pub queue_up: bool,
    /// How each faild was asked.
    pub protocols: BTreeSet<(SocketAddr, Protocol)>,
    /// Connections that were given up.
    pub hung_up: Vec<SocketAddr>,
    /// The names in each subscribe.
    pub subscribed: Vec<Vec<Name>>,
    /// Datagrams to each faild.
    pub asked: BTreeMap<SocketAddr, u32>,
    pub log: Vec<String>,
    /// Traps that were ordered. None ends before the story says so.
    pub fired: Vec<(Mono, Fired)>,
    pub events: Vec<Event>,
    pub changed: Vec<(Mono, Subject)>,
}

pub const LOCAL: &str = "local";

/// The address of a faild by the name of its host.
pub fn at(host: &str) -> SocketAddr {
    let ip = match host {
        LOCAL => [127, 0, 0, 1],
        "hosta" => [10, 0, 0, 1],
        "hostb" => [10, 0, 0, 2],
        "hostc" => [10, 0, 0, 3],
        other => panic!("no host {other} in this story"),
    };
    SocketAddr::from((ip, 1847))
}

fn me() -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 9], 5000))
}

fn key() -> Key {
    Key::new("public").unwrap()
}

/// The failds know two communities; the second may change only services called `secret`.
fn node(now: Now, host: SocketAddr) -> Node {
    let mut access = Access::none();
    access.add(None, key(), Rights::ReadWrite).unwrap();
    let (secret, other) = (Some(name("secret")), Key::new("second").unwrap());
    access.add(secret, other, Rights::ReadWrite).unwrap();
    // Each has a nonce of its own.
    let seed = host
        .to_string()
        .bytes()
        .fold(0, |sum: u8, byte| sum.wrapping_mul(31) ^ byte);
    Node::new(
        now,
        "boot",
        &[(now.mono.0 / 1_000_000) as u8 ^ seed; 32],
        access,
        Image::default(),
    )
}

impl Story {
    /// A host with these services; every host they name is there and knows nothing.
    pub fn new(services: &[(&str, Service)]) -> Story {
        let now = Now {
            mono: Mono(Span::from_secs(1000).0),
            wall: Wall(1_700_000_000_000),
        };
        let mut policy = Policy::default();
        for (text, service) in services {
            policy.services.insert(name(text), service.clone());
        }
        policy.complete();
        let mut nodes = BTreeMap::from([(at(LOCAL), node(now, at(LOCAL)))]);
        for (host, settings) in &mut policy.hosts {
            let addr = at(host.as_str());
            *settings = Host {
                address: Some(addr.ip().to_string()),
                ..Host::default()
            };
            nodes.insert(addr, node(now, addr));
        }
        Story::with(now, policy, nodes)
    }

    pub fn with(now: Now, policy: Policy, nodes: BTreeMap<SocketAddr, Node>) -> Story {
        let local = Local {
            addr: at(LOCAL),
            key: key(),
            protocol: Protocol::Udp,
        };
        let good = |state| Play::Ends(ms(100), Ok(state));
        Story {
            now,
            plan: Plan::new(now, &[3; 32], local, policy.clone()).unwrap(),
            policy,
            nodes,
            wire: Vec::new(),
            slow: BTreeMap::new(),
            silent: BTreeSet::new(),
            lose_queries: BTreeSet::new(),
            old: BTreeSet::new(),
            pushes: false,
            lose: BTreeMap::new(),
            plays: BTreeMap::from([
                (Task::Start, good(State::Up)),
                (Task::Stop, good(State::Recover)),
                (Task::Reclaim, good(State::Up)),
                (Task::Check, Play::Looks(ms(100))),
            ]),
            ends: Vec::new(),
            running: BTreeSet::new(),
            answers: Vec::new(),
            released: None,
            wants: Vec::new(),
            loss: 0,
            chance: 1,
            orders: Vec::new(),
            cancels: Vec::new(),
            resolves: Vec::new(),
            disk: Span::ZERO,
            saves: Vec::new(),
            queue_up: false,
            protocols: BTreeSet::new(),
            hung_up: Vec::new(),
            subscribed: Vec::new(),
            asked: BTreeMap::new(),
            log: Vec::new(),
            fired: Vec::new(),
            events: Vec::new(),
            changed: Vec::new(),
        }
    }

    /// The failds, for another story.
    pub fn into_nodes(self) -> BTreeMap<SocketAddr, Node> {
        self.nodes
    }

    /// A script that fails with this sentence.
    pub fn error(sentence: &str) -> Outcome {
        Err(ScriptError {
            sentence: sentence.to_string(),
            detail: String::new(),
        })
    }

    /// The record of a service on a host.
    pub fn record(&self, host: &str, service: &str) -> Record {
        self.nodes[&at(host)].record(self.now, &name(service))
    }

    /// The state of a service on a host.
    pub fn state(&self, host: &str, service: &str) -> State {
        self.record(host, service).state
    }

    /// Somebody changes a record: by hand, or another host's failsh.
    pub fn change(
        &mut self,
        host: &str,
        service: &str,
        state: Option<State>,
        set: Marks,
        clear: Marks,
        why: &str,
    ) {
        self.change_as(host, service, state, set, clear, why, 0);
    }

    /// The same by a publisher with this interval.
    #[expect(clippy::too_many_arguments, reason = "they are the fields of a change")]
    pub fn change_as(
        &mut self,
        host: &str,
        service: &str,
        state: Option<State>,
        set: Marks,
        clear: Marks,
        why: &str,
        interval_ms: u32,
    ) {
        let (record, nonce) = (self.record(host, service), self.nonce(host));
        let change = Change {
            nonce,
            version: record.version,
            name: name(service),
            state,
            set,
            clear,
            reason: Reason::new(why),
            interval_ms,
        };
        let bytes = emit_padded(&key(), 1, &Body::Change(change), 500);
        let answers = self.ask_node(host, bytes);
        let [answer] = &answers[..] else {
            panic!("{} answers", answers.len())
        };
        match Packet::read(answer).unwrap().body().unwrap() {
            Body::Answer(_) => {}
            other => panic!("the story's change was refused: {other:?}"),
        }
    }

    /// The state of a service: on another host as its own failsh would publish it, which
    /// stays alive for an hour; on this one, by hand.
    pub fn set(&mut self, host: &str, service: &str, state: State) {
        let interval_ms = if host == LOCAL { 0 } else { 3_600_000 };
        let why = "the story says so";
        let none = Marks(0);
        self.change_as(host, service, Some(state), none, none, why, interval_ms);
    }

    /// What the faild of a host answers to somebody else.
    pub fn ask(&mut self, host: &str, body: &Body) -> Body {
        let bytes = emit_padded(&key(), 1, body, DATAGRAM_BYTES_MAX);
        let answers = self.ask_node(host, bytes);
        let packet = Packet::read(&answers[0]).unwrap();
        packet.body().unwrap()
    }

    /// One datagram to a node whose disk is fast; what it tells others thereby is on its way.
    fn ask_node(&mut self, host: &str, bytes: Vec<u8>) -> Vec<Vec<u8>> {
        let (now, host) = (self.now, at(host));
        let from = Peer {
            addr: me(),
            local: None,
            stream: None,
        };
        let id = Packet::read(&bytes).unwrap().request();
        let node = self.nodes.get_mut(&host).unwrap();
        node.handle(now, node::In::Datagram { from, bytes });
        let mut answers = Vec::new();
        while let Some(out) = node.poll() {
            match out {
                node::Out::Send { to, bytes } => {
                    match Packet::read(&bytes).unwrap().request() == id {
                        true => answers.push(bytes),
                        false => self.wire.push((now.mono + TRIP, host, to.addr, bytes)),
                    }
                }
                node::Out::Save { no, .. } => node.handle(now, node::In::Saved { no, ok: true }),
                node::Out::Log(_)
                | node::Out::Level { .. }
                | node::Out::Know { .. }
                | node::Out::Forget { .. } => {}
            }
        }
        answers
    }

    /// The nonce of a host's faild.
    pub fn nonce(&self, host: &str) -> u64 {
        self.nodes[&at(host)].nonce()
    }

    /// The policy is changed and read again; hosts that are new in it get a faild.
    pub fn renew(&mut self, change: impl FnOnce(&mut Policy)) {
        let mut policy = self.policy.clone();
        change(&mut policy);
        let named: BTreeSet<Name> = policy
            .services
            .values()
            .flat_map(|s| s.masters.iter().chain(&s.slaves).cloned())
            .collect();
        policy.hosts.retain(|host, _| named.contains(host));
        for host in named {
            let addr = at(host.as_str());
            let settings = policy.hosts.entry(host).or_default();
            settings.address.get_or_insert(addr.ip().to_string());
            let now = self.now;
            self.nodes.entry(addr).or_insert_with(|| node(now, addr));
        }
        policy.check().unwrap();
        Plan::admits(&policy).unwrap();
        self.policy = policy.clone();
        let (policy, known) = (Box::new(policy), Vec::new());
        self.tell(In::Policy { policy, known });
    }

    /// Something happens to the plan.
    pub fn tell(&mut self, input: In) {
        self.plan.handle(self.now, input);
        self.drain();
    }

    /// What became of each script so far, in words.
    pub fn tasks(&self) -> Vec<Task> {
        self.orders.iter().map(|(_, order)| order.task).collect()
    }

    /// The faild of a host is started anew and knows nothing.
    pub fn forget_all(&mut self, host: &str) {
        self.nodes.insert(at(host), node(self.now, at(host)));
    }

    /// The faild of a host forgets all communities.
    pub fn withdraw(&mut self, host: &str) {
        let node = self.nodes.get_mut(&at(host)).unwrap();
        node.handle(self.now, node::In::Access(Access::none()));
    }

    /// Lets time pass.
    pub fn run(&mut self, span: Span) {
        let until = self.now.mono + span;
        while let Some(next) = self.next().filter(|next| *next <= until) {
            self.jump(next);
            self.step();
        }
        self.jump(until);
    }

    /// Lets time pass in which this failsh does not run; datagrams wait for it.
    pub fn freeze(&mut self, span: Span) {
        let until = self.now.mono + span;
        self.jump(until);
    }

    /// Runs until this holds; at most a minute.
    pub fn run_until(&mut self, what: &str, holds: impl Fn(&Story) -> bool) -> Span {
        let began = self.now.mono;
        while !holds(self) {
            let passed = self.now.mono - began;
            assert!(
                passed < Span::from_secs(60),
                "after a minute not yet: {what}\n{}",
                self.log.join("\n")
            );
            self.run(ms(1));
        }
        self.now.mono - began
    }

    /// How often a script of this kind was ordered.
    pub fn count(&self, task: Task) -> usize {
        self.orders
            .iter()
            .filter(|(_, order)| order.task == task)
            .count()
    }

    /// A datagram for this failsh, from anybody.
    pub fn inject(&mut self, from: SocketAddr, bytes: Vec<u8>) {
        self.wire.push((self.now.mono, from, me(), bytes));
    }

    /// What is on its way to this failsh, with its sender.
    pub fn on_the_way_here(&self) -> Vec<(SocketAddr, Vec<u8>)> {
        let here = self.wire.iter().filter(|(_, _, to, _)| *to == me());
        here.map(|(_, from, _, bytes)| (*from, bytes.clone()))
            .collect()
    }

    /// The datagrams that are on their way to a faild.
    pub fn on_the_way_to(&self, host: &str) -> Vec<Vec<u8>> {
        self.wire
            .iter()
            .filter(|(.., to, _)| *to == at(host))
            .map(|(.., bytes)| bytes.clone())
            .collect()
    }

    fn jump(&mut self, to: Mono) {
        let ms = (to - self.now.mono).as_millis();
        self.now = Now {
            mono: to,
            wall: Wall(self.now.wall.0 + i64::try_from(ms).unwrap()),
        };
    }

    fn next(&self) -> Option<Mono> {
        let wire = self.wire.iter().map(|(at, ..)| *at);
        let ends = self.ends.iter().map(|(at, ..)| *at);
        let saves = self.saves.iter().map(|(at, ..)| *at);
        wire.chain(ends)
            .chain(saves)
            .chain(self.nodes.values().filter_map(Node::deadline))
            .chain(self.plan.deadline())
            .min()
            .map(|at| at.max(self.now.mono))
    }

    /// What is there goes in before the deadline, as in the engine.
    fn step(&mut self) {
        let now = self.now;
        let (here, later) = std::mem::take(&mut self.wire)
            .into_iter()
            .partition(|(at, ..)| *at <= now.mono);
        self.wire = later;
        for (_, from, to, bytes) in Vec::from_iter::<Vec<_>>(here) {
            self.arrive(from, to, bytes);
        }
        let (here, later) = std::mem::take(&mut self.saves)
            .into_iter()
            .partition(|(at, ..)| *at <= now.mono);
        self.saves = later;
        for (_, host, no) in Vec::from_iter::<Vec<_>>(here) {
            if let Some(node) = self.nodes.get_mut(&host) {
                node.handle(now, node::In::Saved { no, ok: true });
            }
            self.serve(host);
        }
        let (here, later) = std::mem::take(&mut self.ends)
            .into_iter()
            .partition(|(at, ..)| *at <= now.mono);
        self.ends = later;
        for (_, job, outcome) in Vec::from_iter::<Vec<_>>(here) {
            self.happened(job, &outcome);
            self.plan.handle(now, In::Done { job, outcome });
            self.drain();
        }
        let due = |node: &Node| node.deadline().is_some_and(|at| at <= now.mono);
        let due = self.nodes.iter().filter(|(_, node)| due(node));
        for host in Vec::from_iter(due.map(|(host, _)| *host)) {
            if let Some(node) = self.nodes.get_mut(&host) {
                node.expire(now);
            }
            self.serve(host);
        }
        if self.plan.deadline().is_some_and(|at| at <= now.mono) {
            self.plan.expire(now);
            assert!(
                self.plan.deadline().is_none_or(|at| at > now.mono),
                "the deadline lies ahead"
            );
            self.drain();
        }
    }

    /// A script has changed the service.
    fn happened(&mut self, job: JobNo, outcome: &Outcome) {
        let Some((_, order)) = self.orders.iter().find(|(_, order)| order.job == job) else {
            return;
        };
        match (order.task, outcome) {
            (Task::Start, Ok(State::Up)) => self.running.insert(order.service.clone()),
            (Task::Stop, _) => self.running.remove(&order.service),
            _ => true,
        };
    }

    /// What a script will say, and when; nothing: not by itself.
    fn course(&self, order: &Order) -> Option<(Span, Outcome)> {
        match &self.plays[&order.task] {
            Play::Ends(after, outcome) => Some((*after, outcome.clone())),
            Play::Looks(after) => Some((
                *after,
                Ok(match self.running.contains(&order.service) {
                    true => State::Up,
                    false => State::Recover,
                }),
            )),
            Play::Hangs | Play::Sits => None,
        }
    }

    fn arrive(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        if to == me() {
            self.plan.handle(self.now, In::Datagram { from, bytes });
            return self.drain();
        }
        let lost = self
            .lose
            .get_mut(&to)
            .filter(|left| **left > 0)
            .map(|left| *left -= 1)
            .is_some();
        // A small generator of its own, so that two stories lose the same ones.
        self.chance = self
            .chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let unlucky = (self.chance >> 33) % 100 < self.loss;
        if lost || unlucky || self.silent.contains(&to) {
            return;
        }
        let packet = Packet::read(&bytes).unwrap();
        let unknown = matches!(
            packet.body(),
            Ok(Body::Report(_) | Body::AskReport | Body::Subscribe(_))
        );
        if self.old.contains(&to) && unknown {
            let refusal = Body::Refusal(Refusal::plain(Code::Type));
            let bytes = emit(Some(&key()), packet.request(), &refusal);
            return self.wire.push((self.now.mono + TRIP, to, from, bytes));
        }
        if self.lose_queries.contains(&to) && matches!(packet.body(), Ok(Body::Query(_))) {
            return;
        }
        let from = Peer {
            addr: from,
            local: None,
            stream: None,
        };
        if let Some(node) = self.nodes.get_mut(&to) {
            node.handle(self.now, node::In::Datagram { from, bytes });
        }
        self.serve(to);
    }

    /// Does what a node wants done.
    fn serve(&mut self, host: SocketAddr) {
        let now = self.now;
        let slow = host == at(LOCAL) && self.disk > Span::ZERO;
        let Some(node) = self.nodes.get_mut(&host) else {
            return;
        };
        while let Some(out) = node.poll() {
            match out {
                node::Out::Send { to, bytes } => {
                    let more = self.slow.get(&host).copied().unwrap_or_default();
                    self.wire
                        .push((now.mono + TRIP + more, host, to.addr, bytes));
                }
                node::Out::Save { no, .. } if slow => {
                    self.saves.push((now.mono + self.disk, host, no));
                }
                node::Out::Save { no, .. } => node.handle(now, node::In::Saved { no, ok: true }),
                node::Out::Log(_)
                | node::Out::Level { .. }
                | node::Out::Know { .. }
                | node::Out::Forget { .. } => {}
            }
        }
    }

    fn drain(&mut self) {
        while let Some(out) = self.plan.poll() {
            // What is told to people may be told again.
            let told = match &out {
                Out::Log(_) | Out::Changed(_) => true,
                Out::Send { bytes, .. } => !self.pushes && is_subscribe(bytes),
                _ => false,
            };
            if !told {
                self.wants.push(format!("{:?} {out:?}", self.now.mono));
            }
            match out {
                Out::Send { bytes, .. } if !self.pushes && is_subscribe(&bytes) => {}
                Out::HangUp { to } => self.hung_up.push(to),
                Out::Send {
                    to,
                    bytes,
                    protocol,
                } => {
                    self.protocols.insert((to, protocol));
                    if let Ok(Body::Subscribe(s)) = Packet::read(&bytes).unwrap().body() {
                        self.subscribed.push(s.names);
                    }
                    *self.asked.entry(to).or_default() += 1;
                    self.wire.push((self.now.mono + TRIP, me(), to, bytes));
                }
                Out::Run(order) => {
                    if !self.queue_up {
                        self.plan.handle(self.now, In::Began { job: order.job });
                    }
                    let course = self.course(&order).filter(|_| !self.queue_up);
                    if let Some((after, outcome)) = course {
                        self.ends.push((self.now.mono + after, order.job, outcome));
                    }
                    self.orders.push((self.now.mono, order));
                }
                Out::Cancel { job, why } => {
                    self.cancels.push((self.now.mono, job));
                    let mut orders = self.orders.iter();
                    // A trap ends when the story says so.
                    let Some(order) = orders.find(|(_, order)| order.job == job) else {
                        continue;
                    };
                    let outcome = Story::error(&why);
                    if let Play::Sits = self.plays[&order.1.task] {
                        continue;
                    }
                    self.ends.retain(|(_, end, _)| *end != job);
                    self.ends.push((self.now.mono + ms(10), job, outcome));
                }
                Out::Resolve { no, name, .. } => self.resolves.push((no, name)),
                Out::Answered { no, result } => self.answers.push((no, result)),
                Out::Released { left } => {
                    assert!(self.released.is_none(), "said once");
                    self.released = Some(left);
                }
                Out::Trap(fired) => self.fired.push((self.now.mono, fired)),
                Out::Event(event) => self.events.push(event),
                Out::Changed(subject) => self.changed.push((self.now.mono, subject)),
                Out::Log(line) => self.log.push(line.text),
            }
        }
    }
}

/// Whether this asks to be told of changes.
fn is_subscribe(bytes: &[u8]) -> bool {
    let body = Packet::read(bytes).and_then(|packet| packet.body());
    matches!(body, Ok(Body::Subscribe(_)))
}
