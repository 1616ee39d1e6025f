//! A failsh with another policy in the world that a recording tells of. The local faild is a
//! real one, other hosts are puppets, scripts end as they ended.
//!
//! Messages take no time but that which answers took. What nobody knows is taken for the plain
//! case and said: see [`super::Report::notes`].

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use fail_core::access::{Access, Rights};
use fail_core::job::{JobNo, Order, Outcome, ScriptError, Task};
use fail_core::machine::Machine;
use fail_core::node::{self, Image, Kept, Node, Peer};
use fail_core::plan::{self, Local, Plan};
use fail_core::policy::{Policy, Protocol};
use fail_core::time::{Mono, Now, Span, Wall};
use fail_wire::{Change, Key, Marks, Name, Packet, State};

use super::deeds::Deeds;
use super::facts::{Facts, Heard, Run};
use super::puppet::{self, Puppet};
use crate::limits::{SHADOW_TURNS_MIN, SHADOW_TURNS_PER_TURN};
use crate::plan::PlanStart;

/// Where the parts of this world are; nobody is asked there.
const FAILD: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
const FAILSH: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 2);
const HAND: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3);

/// How long a script takes of which nobody knows it.
const SCRIPT_TAKES: Span = Span::from_millis(10);

/// And a message.
const MESSAGE_TAKES: Span = Span::from_micros(200);

/// What happens at a moment.
enum Event {
    Plan(plan::In),
    ByHand(Change),
    Restart,
    Push(Name, usize),
}

/// The world.
pub struct World<'a> {
    facts: &'a Facts,
    plan: Plan,
    node: Node,
    access: Access,
    keys: BTreeMap<u32, Key>,
    hosts: BTreeMap<SocketAddr, Name>,
    puppets: BTreeMap<Name, Puppet>,
    events: BTreeMap<(Mono, u64), Event>,
    /// When a script ends by itself, by its event.
    ends: BTreeMap<JobNo, (Mono, u64)>,
    count: u64,
    /// Messages to the local faild, lost or slow, that have been.
    spent: BTreeSet<Mono>,
    /// What this failsh does.
    pub deeds: Deeds,
    /// Scripts that never ran, by service and task.
    pub never_ran: BTreeSet<(Name, Task)>,
    /// Calls of the machines.
    pub turns: u64,
}

impl<'a> World<'a> {
    /// As it was when the facts begin, with this policy. `seed` makes what is random.
    ///
    /// # Errors
    /// A community that can not be used.
    pub fn new(facts: &'a Facts, policy: &Policy, seed: &[u8; 32]) -> Result<World<'a>, String> {
        Plan::admits(policy)?;
        let mut policy = policy.clone();
        if facts.is_trimmed() {
            // This failsh has been there for long.
            let services = policy.services.values_mut();
            services.for_each(|service| service.delay = Span::ZERO);
        }
        let mut hosts = BTreeMap::new();
        for (n, (name, host)) in (1u32..).zip(&mut policy.hosts) {
            // The network for tests of RFC 2544: the machine only wants to tell them apart.
            let ip = IpAddr::V4(Ipv4Addr::from_bits(0xc612_0000 + n));
            host.address = Some(ip.to_string());
            hosts.insert(SocketAddr::new(ip, host.port), name.clone());
        }
        let own = Key::new("recorded:local").map_err(|bad| bad.to_string())?;
        let communities = policy.hosts.values().map(|host| &host.community);
        let of_services = policy.services.values();
        let of_services = of_services.filter_map(|service| service.community.as_ref());
        let keys = communities.chain(of_services);
        let keys = keys.filter_map(|community| Key::new(community).ok());
        let keys: BTreeMap<u32, Key> = keys
            .chain([own.clone()])
            .map(|key| (key.id(), key))
            .collect();
        let mut access = Access::none();
        for key in keys.values() {
            let added = access.add(None, key.clone(), Rights::ReadWrite);
            added.map_err(|bad| bad.to_string())?;
        }
        let image = image(&facts.local, facts.from);
        let node = Node::new(facts.from, &image.boot.clone(), seed, access.clone(), image);
        let start = PlanStart {
            now: facts.from,
            seed: *seed,
            local: Local {
                addr: FAILD,
                key: own,
                protocol: Protocol::Udp,
            },
            policy,
            known: Vec::new(),
        };
        let mut world = World {
            facts,
            plan: start.machine()?,
            node,
            access,
            keys,
            hosts,
            puppets: BTreeMap::new(),
            events: BTreeMap::new(),
            ends: BTreeMap::new(),
            count: 0,
            spent: BTreeSet::new(),
            deeds: Deeds::default(),
            never_ran: BTreeSet::new(),
            turns: 0,
        };
        world.foresee();
        Ok(world)
    }

    /// What happens whatever is decided.
    fn foresee(&mut self) {
        let facts = self.facts;
        for hand in &facts.by_hand {
            self.at(hand.at, Event::ByHand(hand.change.clone()));
        }
        for (at, input) in &facts.told {
            self.at(*at, Event::Plan(input.clone()));
        }
        for (at, _) in facts.local.nonces.after(facts.from.mono).skip(
            // The first one is that of the start, seen a moment later.
            usize::from(
                facts
                    .local
                    .nonces
                    .at(facts.from.mono)
                    .is_some_and(|(at, _)| *at > facts.from.mono),
            ),
        ) {
            self.at(*at, Event::Restart);
        }
        for (name, heard) in &facts.hosts {
            for (n, (at, _)) in heard.pushed.iter().enumerate() {
                self.at(*at, Event::Push(name.clone(), n));
            }
        }
    }

    fn at(&mut self, at: Mono, event: Event) -> (Mono, u64) {
        self.count += 1;
        self.events.insert((at, self.count), event);
        (at, self.count)
    }

    fn now(&self, mono: Mono) -> Now {
        let ms = (mono - self.facts.from.mono).as_millis();
        let ms = i64::try_from(ms).unwrap_or(i64::MAX);
        Now {
            mono,
            wall: Wall(self.facts.from.wall.0.saturating_add(ms)),
        }
    }

    /// The moment at which something is noticed that is due then: a failsh that was stopped
    /// notices nothing.
    fn awake(&self, at: Mono) -> Mono {
        let pauses = &self.facts.pauses;
        let next = pauses.partition_point(|(from, _)| *from <= at);
        let pause = next.checked_sub(1).and_then(|n| pauses.get(n));
        pause.map_or(at, |(_, to)| at.max(*to))
    }

    /// Lives to the end.
    ///
    /// # Errors
    /// That takes far more than what was recorded.
    pub fn run(&mut self) -> Result<(), String> {
        let recorded = self.facts.turns.saturating_mul(SHADOW_TURNS_PER_TURN);
        let most = recorded.max(SHADOW_TURNS_MIN);
        let mut now = self.facts.from.mono;
        loop {
            let event = self.events.keys().next().map(|(at, _)| *at);
            let due = [event, self.plan.deadline(), self.node.deadline()];
            let Some(next) = due.into_iter().flatten().min() else {
                return Ok(());
            };
            now = self.awake(now.max(next));
            if now > self.facts.to.mono {
                return Ok(());
            }
            if self.turns == most {
                return Err(format!(
                    "with this policy failsh has more than {most} things to do in what was recorded, \
                     and had {} then: that is not gone through",
                    self.facts.turns
                ));
            }
            self.turn(self.now(now));
        }
    }

    fn turn(&mut self, now: Now) {
        self.turns += 1;
        // What has come is looked at before what is due.
        if let Some(first) = self.events.first_entry().filter(|e| e.key().0 <= now.mono) {
            let event = first.remove();
            return self.happens(now, event);
        }
        if self.node.deadline().is_some_and(|due| due <= now.mono) {
            self.node.expire(now);
            self.node_outs(now, MESSAGE_TAKES);
        }
        if self.plan.deadline().is_some_and(|due| due <= now.mono) {
            self.plan.expire(now);
            self.plan_outs(now);
        }
    }

    fn happens(&mut self, now: Now, event: Event) {
        match event {
            Event::Plan(input) => {
                if let plan::In::Done { job, .. } = &input {
                    self.ends.remove(job);
                }
                self.plan.handle(now, input);
                self.plan_outs(now);
            }
            Event::ByHand(change) => self.by_hand(now, change),
            Event::Restart => {
                let image = self.node.image();
                // Other numbers than before.
                let seed = [u8::try_from(self.turns & 255).unwrap_or(0) | 1; 32];
                let access = self.access.clone();
                self.node = Node::new(now, &image.boot.clone(), &seed, access, image);
            }
            Event::Push(name, n) => {
                let heard = self.facts.hosts.get(&name);
                let Some((_, records)) = heard.and_then(|heard| heard.pushed.get(n)) else {
                    return;
                };
                let nonce = heard.and_then(|heard| heard.nonces.at(now.mono));
                let nonce = nonce.map(|(_, nonce)| *nonce);
                let puppet = self.puppets.entry(name.clone()).or_default();
                let messages = puppet.tells(nonce, records);
                let from = self.hosts.iter().find(|(_, host)| **host == name);
                if let Some(from) = from.map(|(addr, _)| *addr) {
                    for bytes in messages {
                        self.at(now.mono, Event::Plan(plan::In::Datagram { from, bytes }));
                    }
                }
            }
        }
    }

    /// As somebody did with failc.
    fn by_hand(&mut self, now: Now, change: Change) {
        let Some(key) = self.keys.values().next().cloned() else {
            return;
        };
        let change = Change {
            nonce: self.node.nonce(),
            version: self.node.record(now, &change.name).version,
            ..change
        };
        let len = fail_wire::room_for(1);
        let body = fail_wire::Body::Change(change);
        let bytes = fail_wire::emit_padded(&key, 1, &body, len);
        self.tell_node(now, HAND, bytes, MESSAGE_TAKES);
    }

    fn tell_node(&mut self, now: Now, addr: SocketAddr, bytes: Vec<u8>, took: Span) {
        let from = Peer {
            addr,
            local: None,
            stream: None,
        };
        self.node.handle(now, node::In::Datagram { from, bytes });
        self.node_outs(now, took);
    }

    /// What the local faild says is there after so long.
    fn node_outs(&mut self, now: Now, took: Span) {
        while let Some(out) = self.node.poll() {
            match out {
                node::Out::Save { no, .. } => {
                    self.node.handle(now, node::In::Saved { no, ok: true });
                }
                node::Out::Send { to, bytes } if to.addr == FAILSH => {
                    let (at, from) = (now.mono + took, FAILD);
                    self.at(at, Event::Plan(plan::In::Datagram { from, bytes }));
                }
                _ => {}
            }
        }
    }

    fn plan_outs(&mut self, now: Now) {
        let outs: Vec<plan::Out> = std::iter::from_fn(|| self.plan.poll()).collect();
        self.deeds.turn(&self.plan, now, &outs);
        for out in outs {
            match out {
                plan::Out::Send { to, bytes, .. } if to == FAILD => {
                    let known = &self.facts.local.questions;
                    let took = known.nearest(now.mono, &mut self.spent);
                    if let Some(took) = took.unwrap_or(Some(MESSAGE_TAKES)) {
                        self.tell_node(now, FAILSH, bytes, took);
                    }
                }
                plan::Out::Send { to, bytes, .. } => self.ask_puppet(now, to, &bytes),
                plan::Out::Run(order) => self.script(now, order),
                plan::Out::Cancel { job, why } => self.cancel(now, job, why),
                plan::Out::Trap(fired) => {
                    let (job, error) = (fired.job, None);
                    let trapped = Event::Plan(plan::In::Trapped { job, error });
                    self.at(now.mono + SCRIPT_TAKES, trapped);
                }
                _ => {}
            }
        }
    }

    fn ask_puppet(&mut self, now: Now, to: SocketAddr, bytes: &[u8]) {
        let (Some(name), Ok(packet)) = (self.hosts.get(&to), Packet::read(bytes)) else {
            return;
        };
        let Some(key) = self.keys.get(&packet.key_id()) else {
            return;
        };
        let heard = self.facts.hosts.get(name);
        let puppet = self.puppets.entry(name.clone()).or_default();
        if let Some((took, bytes)) = puppet.asked(heard, now.mono, key, &packet) {
            self.at(
                now.mono + took,
                Event::Plan(plan::In::Datagram { from: to, bytes }),
            );
        }
    }

    /// As the script of this service and task ended that ran nearest to this moment.
    fn script(&mut self, now: Now, order: Order) {
        let what = (order.service.clone(), order.task);
        let runs = self.facts.scripts.get(&what);
        let apart = |run: &&Run| run.ordered.0.abs_diff(now.mono.0);
        let run = runs.and_then(|runs| {
            let after = runs.partition_point(|run| run.ordered <= now.mono);
            let near = runs.range(after.saturating_sub(1)..runs.len().min(after + 1));
            near.min_by_key(apart)
        });
        let job = order.job;
        let (began, ended) = match run {
            Some(Run {
                began,
                ended: Some((took, outcome)),
                ..
            }) => (*began, (*took, outcome.clone())),
            _ => {
                self.never_ran.insert(what);
                (Span::ZERO, (SCRIPT_TAKES, Ok(success(&order))))
            }
        };
        self.at(now.mono + began, Event::Plan(plan::In::Began { job }));
        let (took, outcome): (Span, Outcome) = ended;
        let done = Event::Plan(plan::In::Done { job, outcome });
        let end = self.at(now.mono + took.max(began), done);
        self.ends.insert(job, end);
    }

    fn cancel(&mut self, now: Now, job: JobNo, why: String) {
        let Some(end) = self.ends.remove(&job) else {
            return;
        };
        self.events.remove(&end);
        let outcome = Err(ScriptError {
            sentence: why,
            detail: String::new(),
        });
        let done = Event::Plan(plan::In::Done { job, outcome });
        self.at(now.mono + SCRIPT_TAKES, done);
    }

    /// What was asked that nobody knows, as sentences.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for (host, puppet) in &self.puppets {
            if puppet.never_asked {
                notes.push(format!(
                    "host {host} was never asked: it is taken for one that does not answer"
                ));
            }
            for service in &puppet.unknown {
                notes.push(format!(
                    "host {host} was never asked about service {service}: it is taken for one \
                     whose faild does not know it"
                ));
            }
        }
        for (service, task) in &self.never_ran {
            notes.push(format!(
                "{task} of service {service} never ran to its end: it is taken to succeed"
            ));
        }
        notes
    }
}

/// What a script returns that does its work.
fn success(order: &Order) -> State {
    match order.task {
        Task::Start | Task::Reclaim => State::Up,
        Task::Stop => State::Recover,
        // It finds what is there.
        Task::Check => order.from.max(State::Recover),
    }
}

/// What the local faild held at this moment.
fn image(local: &Heard, now: Now) -> Image {
    let records = local.records.keys();
    let records = records.filter_map(|name| puppet::record(local, name, now.mono));
    let records = records.filter(|record| !record.is_unknown());
    let kept = |record: fail_wire::Record| Kept {
        changed: Mono(now.mono.0.saturating_sub(record.age_ms * 1_000_000)),
        name: record.name,
        state: record.state,
        marks: Marks(record.marks.0 & Marks::WISHES.with(Marks::UNPUBLISHED).0),
        version: record.version,
        last_change: Wall(record.last_change),
        interval: Span::ZERO,
        reason: record.reason,
    };
    Image {
        boot: "recorded".to_string(),
        records: records.map(kept).collect(),
    }
}
