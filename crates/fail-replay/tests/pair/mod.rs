//! Two hosts from a seed, each a faild and a recorded failsh, that start together and are told
//! of each other over a network that is slow at times and loses messages. Failds die and come
//! back, failshs are stopped, scripts fail, people hold and release, policies are read again.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use fail_core::access::{Access, Rights};
use fail_core::job::{ByHand, JobNo, Order, ScriptError, Task};
use fail_core::machine::Machine;
use fail_core::node::{self, Image, Node, Peer};
use fail_core::plan::{self, Local, Plan};
use fail_core::policy::{Host, Policy, Protocol, Service};
use fail_core::time::{Mono, Now, Span, Wall};
use fail_replay::{Origin, PlanStart, Put, Recorded};
use fail_wire::{Key, Name, State};

const MS: u64 = 1_000_000;
const COMMUNITY: &str = "of-this-pair";
const SERVICES: [&str; 2] = ["web", "mail"];

/// How long a pair lives.
const LIVES_MS: u64 = 30_000;

enum Event {
    Plan(plan::In),
    Node(SocketAddr, Vec<u8>),
    /// The faild dies and comes back after so long.
    Dies(u64),
    Returns,
    /// The failsh is stopped for so long.
    Stops(u64),
    Reload,
}

/// One host.
struct One {
    plan: Recorded<Plan>,
    kept: Arc<Mutex<Vec<u8>>>,
    node: Option<Node>,
    image: Image,
    stopped: u64,
    jobs: BTreeMap<JobNo, (u64, u64)>,
}

struct Pair {
    at: u64,
    dice: u64,
    count: u64,
    events: BTreeMap<(u64, u64), (usize, Event)>,
    hosts: Vec<One>,
    /// How often in a thousand a message takes long, and is lost.
    slow: u64,
    lost: u64,
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn host_name(host: usize) -> Name {
    name(["hosta", "hostb"][host])
}

fn addr(host: usize, port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 11 + host as u8], port))
}

const FAILD: u16 = 1847;
const FAILSH: u16 = 40_000;

/// The host of an address, and whether it is its faild.
fn whose(addr: SocketAddr) -> (usize, bool) {
    let SocketAddr::V4(v4) = addr else {
        unreachable!("all are of IPv4");
    };
    let host = usize::from(v4.ip().octets()[3]) - 11;
    (host, addr.port() == FAILD)
}

fn now(at: u64) -> Now {
    Now {
        mono: Mono(at),
        wall: Wall((at / MS) as i64),
    }
}

/// What the file of this host says.
pub fn policy(host: usize) -> Policy {
    let mut policy = Policy::default();
    let other = Host {
        address: Some(addr(1 - host, FAILD).ip().to_string()),
        community: COMMUNITY.to_string(),
        ..Host::default()
    };
    policy.hosts.insert(host_name(1 - host), other);
    for (first, text) in SERVICES.iter().enumerate() {
        let other = vec![host_name(1 - host)];
        let (masters, slaves) = match first == host {
            true => (Vec::new(), other),
            false => (other, Vec::new()),
        };
        let service = Service {
            interval: Span::from_millis(500),
            masters,
            slaves,
            start: Some("exec start".to_string()),
            stop: Some("exec stop".to_string()),
            ..Service::default()
        };
        policy.services.insert(name(text), service);
    }
    policy
}

fn access() -> Access {
    let mut access = Access::none();
    let key = Key::new(COMMUNITY).unwrap();
    access.add(None, key, Rights::ReadWrite).unwrap();
    access
}

/// The recordings of both failshs.
pub fn recordings(seed: u64) -> Vec<Vec<u8>> {
    let mut pair = Pair::new(seed);
    pair.foresee();
    pair.lives();
    let kept = pair.hosts.iter().map(|one| one.kept.lock().unwrap());
    kept.map(|kept| kept.clone()).collect()
}

impl Pair {
    fn new(seed: u64) -> Pair {
        let mut pair = Pair {
            at: 1_000 * MS,
            dice: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            count: 0,
            events: BTreeMap::new(),
            hosts: Vec::new(),
            slow: [0, 20, 100][(seed % 3) as usize],
            lost: [0, 0, 10, 40][(seed % 4) as usize],
        };
        for host in 0..2 {
            let kept = Arc::new(Mutex::new(Vec::new()));
            let sink = kept.clone();
            let start = PlanStart {
                now: now(pair.at),
                seed: [pair.below(255) as u8; 32],
                local: Local {
                    addr: addr(host, FAILD),
                    key: Key::new(COMMUNITY).unwrap(),
                    protocol: Protocol::Udp,
                },
                policy: policy(host),
                known: Vec::new(),
            };
            let origin = Origin {
                host: host_name(host).to_string(),
                boot: "boot".to_string(),
                release: "1.0.0".to_string(),
                secret: [9; 32],
            };
            let sink: fail_replay::Sink = Box::new(move |put| {
                if let Put::Before(lines) | Put::After(lines) = put {
                    sink.lock().unwrap().extend(lines);
                }
                true
            });
            let node = Node::new(now(pair.at), "boot", &[7; 32], access(), Image::default());
            pair.hosts.push(One {
                plan: start.recorded(&origin, Some(sink)).unwrap(),
                kept,
                node: Some(node),
                image: Image::default(),
                stopped: 0,
                jobs: BTreeMap::new(),
            });
        }
        pair
    }

    fn below(&mut self, bound: u64) -> u64 {
        // xorshift64*
        self.dice ^= self.dice >> 12;
        self.dice ^= self.dice << 25;
        self.dice ^= self.dice >> 27;
        (self.dice.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }

    fn after(&mut self, ns: u64, host: usize, event: Event) -> (u64, u64) {
        self.count += 1;
        let key = (self.at + ns, self.count);
        self.events.insert(key, (host, event));
        key
    }

    /// What happens to them.
    fn foresee(&mut self) {
        for host in 0..2 {
            for _ in 0..self.below(4) {
                let at = self.below(LIVES_MS) * MS;
                let long = (100 + self.below(4_000)) * MS;
                let service = name(SERVICES[self.below(2) as usize]);
                let set = |change| {
                    Event::Plan(plan::In::Set {
                        no: at,
                        service,
                        change,
                        reason: "a look".to_string(),
                    })
                };
                let event = match self.below(7) {
                    0 | 1 => Event::Dies(long),
                    2 | 3 => Event::Stops(long),
                    4 => set(ByHand::Hold),
                    5 => set(ByHand::Release),
                    _ => Event::Reload,
                };
                self.after(at, host, event);
            }
        }
    }

    fn lives(&mut self) {
        let end = self.at + LIVES_MS * MS;
        loop {
            let event = self.events.keys().next().map(|key| key.0);
            let mut due: Vec<u64> = event.into_iter().collect();
            for one in &self.hosts {
                let node = one.node.as_ref().and_then(Machine::deadline);
                due.extend(node.map(|due| due.0));
                due.extend(one.plan.deadline().map(|due| due.0.max(one.stopped)));
            }
            let next = due.into_iter().min().unwrap_or(end).max(self.at);
            if next >= end {
                return;
            }
            self.at = next;
            if let Some(first) = self.events.first_entry().filter(|e| e.key().0 <= next) {
                let (host, event) = first.remove();
                self.happens(host, event);
                continue;
            }
            // Who wakes is not there to the nanosecond.
            self.at += self.below(300_000);
            for host in 0..2 {
                let (at, one) = (self.at, &mut self.hosts[host]);
                let is_due = |due: Option<Mono>| due.is_some_and(|due| due.0 <= at);
                if let Some(node) = one.node.as_mut().filter(|node| is_due(node.deadline())) {
                    node.expire(now(at));
                    self.node_outs(host);
                }
                let one = &self.hosts[host];
                if is_due(one.plan.deadline()) && one.stopped <= at {
                    self.plan(host, None);
                }
            }
        }
    }

    fn happens(&mut self, host: usize, event: Event) {
        let at = self.at;
        match event {
            Event::Plan(input) if self.hosts[host].stopped > at => {
                let wait = self.hosts[host].stopped - at;
                self.after(wait, host, Event::Plan(input));
            }
            Event::Plan(input) => {
                if let plan::In::Done { job, .. } = &input {
                    self.hosts[host].jobs.remove(job);
                }
                self.plan(host, Some(input));
            }
            Event::Node(from, bytes) => {
                let from = Peer {
                    addr: from,
                    local: None,
                    stream: None,
                };
                if let Some(node) = &mut self.hosts[host].node {
                    node.handle(now(at), node::In::Datagram { from, bytes });
                }
                self.node_outs(host);
            }
            Event::Dies(long) => {
                let one = &mut self.hosts[host];
                if let Some(node) = one.node.take() {
                    one.image = node.image();
                    self.after(long, host, Event::Returns);
                }
            }
            Event::Returns => {
                let seed = [self.below(255) as u8; 32];
                let one = &mut self.hosts[host];
                let image = one.image.clone();
                one.node = Some(Node::new(now(at), "boot", &seed, access(), image));
            }
            Event::Stops(long) => self.hosts[host].stopped = at + long,
            Event::Reload => {
                let (policy, known) = (Box::new(policy(host)), Vec::new());
                let input = plan::In::Policy { policy, known };
                self.happens(host, Event::Plan(input));
            }
        }
    }

    fn plan(&mut self, host: usize, input: Option<plan::In>) {
        let (at, plan) = (self.at, &mut self.hosts[host].plan);
        match input {
            Some(input) => plan.handle(now(at), input),
            None => plan.expire(now(at)),
        }
        let outs: Vec<_> = std::iter::from_fn(|| plan.poll()).collect();
        for out in outs {
            match out {
                plan::Out::Send { to, bytes, .. } => self.send(addr(host, FAILSH), to, bytes),
                plan::Out::Run(order) => self.runs(host, &order),
                plan::Out::Cancel { job, why } => {
                    let Some(end) = self.hosts[host].jobs.remove(&job) else {
                        continue;
                    };
                    self.events.remove(&end);
                    let outcome = Err(ScriptError {
                        sentence: why,
                        detail: String::new(),
                    });
                    self.after(MS, host, Event::Plan(plan::In::Done { job, outcome }));
                }
                _ => {}
            }
        }
    }

    fn runs(&mut self, host: usize, order: &Order) {
        let job = order.job;
        let begins = self.below(2 * MS);
        self.after(begins, host, Event::Plan(plan::In::Began { job }));
        let outcome = match order.task {
            _ if self.below(12) == 0 => Err(ScriptError {
                sentence: "it broke".to_string(),
                detail: String::new(),
            }),
            Task::Start | Task::Reclaim => Ok(State::Up),
            Task::Stop | Task::Check => Ok(State::Recover),
        };
        let takes = (5 + self.below(300)) * MS;
        let done = Event::Plan(plan::In::Done { job, outcome });
        let end = self.after(takes, host, done);
        self.hosts[host].jobs.insert(job, end);
    }

    fn send(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        if self.below(1_000) < self.lost {
            return;
        }
        let mut takes = 100_000 + self.below(500_000);
        if self.below(1_000) < self.slow {
            takes += self.below(300) * MS;
        }
        let (host, is_faild) = whose(to);
        let event = match is_faild {
            true => Event::Node(from, bytes),
            false => Event::Plan(plan::In::Datagram { from, bytes }),
        };
        self.after(takes, host, event);
    }

    fn node_outs(&mut self, host: usize) {
        loop {
            let node = self.hosts[host].node.as_mut();
            match node.and_then(Machine::poll) {
                Some(node::Out::Save { no, .. }) => {
                    let (at, saved) = (self.at, node::In::Saved { no, ok: true });
                    if let Some(node) = &mut self.hosts[host].node {
                        node.handle(now(at), saved);
                    }
                }
                Some(node::Out::Send { to, bytes }) => {
                    self.send(addr(host, FAILD), to.addr, bytes);
                }
                Some(_) => {}
                None => return,
            }
        }
    }
}
