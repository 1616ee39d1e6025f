//! One host: the two machines, its disk, and the truth about the service.

use fail_core::access::Access;
use fail_core::job::{JobNo, Task};
use fail_core::node::{Image, Node};
use fail_core::plan::{Local, Plan};
use fail_core::policy::{self, Confirm, FAILD_PORT, Policy, Protocol, Service};
use fail_core::time::{Mono, Now, Span, Wall};
use fail_wire::{Key, Name, Record, State as Fact};

use super::{INTERVAL, OVERDUE, Real};

/// A failsh's port in its first life.
const PLAN_PORT: u16 = 40_000;

/// A script under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Script {
    /// Its number.
    pub job: JobNo,
    /// Which.
    pub task: Task,
    /// When it was ordered.
    pub began: Mono,
}

/// A host.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its faild; nothing: the host has no power.
    pub node: Option<Node>,
    /// Its failsh; nothing: it is dead.
    pub plan: Option<Plan>,
    /// What is on disk.
    pub disk: Image,
    /// How often it was switched on.
    pub boots: u8,
    /// How often its failsh was started.
    pub lives: u8,
    /// The service runs, or is about to.
    pub runs: bool,
    /// It was left running by a failsh that died, and nobody has taken it over.
    pub orphan: bool,
    /// The scripts that run; more than one is wrong.
    pub scripts: Vec<Script>,
    /// What its machines look like, and what its failsh waits for.
    pub(super) print: u64,
    pub(super) awaits: Vec<u64>,
}

/// The service.
pub fn web() -> Name {
    name("web")
}

/// What a host is called.
pub fn host_name(host: usize) -> Name {
    name(crate::sketch::name(host))
}

fn name(word: &str) -> Name {
    #[expect(clippy::expect_used, reason = "the names of this world are legal")]
    Name::new(word).expect("the names of this world are legal")
}

fn key() -> Key {
    #[expect(clippy::expect_used, reason = "the default community is legal")]
    Key::new(policy::DEFAULT_COMMUNITY).expect("the default community is legal")
}

/// A moment.
pub fn now(mono: Mono) -> Now {
    Now {
        mono,
        wall: Wall(0),
    }
}

fn seed(kind: u8, host: usize, life: u8) -> [u8; 32] {
    let mut seed = [kind; 32];
    seed[1] = host as u8;
    seed[2] = life;
    seed
}

impl Host {
    /// A host without power.
    pub fn dead() -> Host {
        Host {
            node: None,
            plan: None,
            disk: Image::default(),
            boots: 0,
            lives: 0,
            runs: false,
            orphan: false,
            scripts: Vec::new(),
            print: 0,
            awaits: Vec::new(),
        }
    }

    /// What its faild says, if it has power.
    pub fn record(&self, at: Mono) -> Option<Record> {
        let node = self.node.as_ref()?;
        Some(node.record(now(at), &web()))
    }

    /// The state in it.
    pub fn fact(&self, at: Mono) -> Option<Fact> {
        self.record(at).map(|record| record.state)
    }

    /// The port of this life of its failsh.
    pub fn port(&self) -> u16 {
        PLAN_PORT + u16::from(self.lives)
    }

    /// The service runs here, and a failsh has to answer for it.
    pub fn answers_for_it(&self) -> bool {
        self.runs && !self.orphan && self.plan.is_some()
    }

    /// It serves, and does not give way.
    pub fn serves(&self) -> bool {
        let stops = |script: &Script| script.task == Task::Stop;
        self.answers_for_it() && !self.scripts.iter().any(stops)
    }
}

impl Real {
    /// The faild of a host comes up.
    pub(super) fn boot(&self, host: &mut Host, n: usize, at: Mono) {
        host.boots += 1;
        let boot = format!("boot {} of {n}", host.boots);
        let seed = seed(1, n, host.boots);
        let disk = host.disk.clone();
        host.node = Some(Node::new(now(at), &boot, &seed, Access::open(), disk));
    }

    /// Its failsh is started, and begins at this moment.
    pub(super) fn rise(&self, host: &mut Host, n: usize, at: Mono) {
        host.lives += 1;
        let local = Local {
            addr: (std::net::Ipv4Addr::LOCALHOST, FAILD_PORT).into(),
            key: key(),
            protocol: Protocol::Udp,
        };
        let (seed, policy) = (seed(2, n, host.lives), self.policy(n));
        host.plan = Plan::with_rule(now(at), &seed, local, policy, self.rule).ok();
    }

    fn policy(&self, n: usize) -> Policy {
        let mut policy = Policy::default();
        let others = |hosts: std::ops::Range<usize>| hosts.map(host_name).collect();
        for other in (0..self.hosts).filter(|other| *other != n) {
            let host = policy::Host {
                address: Some(format!("10.0.0.{}", other + 1)),
                timeout: Some(OVERDUE),
                ..policy::Host::default()
            };
            policy.hosts.insert(host_name(other), host);
        }
        let service = Service {
            interval: INTERVAL,
            masters: others(0..n),
            slaves: others(n + 1..self.hosts),
            start: Some("start".to_string()),
            stop: Some("stop".to_string()),
            reclaim: Some("reclaim".to_string()),
            timeout: Span::from_secs(60),
            confirm: Confirm {
                times: self.again,
                spacing: Some(OVERDUE),
            },
            ..Service::default()
        };
        policy.services.insert(web(), service);
        policy
    }
}
