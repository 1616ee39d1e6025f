//! One host: its clocks, its disk, its two daemons, and the truth about its services.

use std::collections::{BTreeMap, VecDeque};

use fail_core::job::{JobNo, Task};
use fail_core::machine::Machine;
use fail_core::node::{Image, Node};
use fail_core::plan::Plan;
use fail_core::time::{Mono, Now, Wall};
use fail_wire::{Name, Record, State};

use crate::client::Clerk;
use crate::script::Fate;
use crate::setup::{MS, Told};
use crate::skew::Skew;
use crate::world::Event;

/// Datagrams that wait for a stopped process; what comes on top is lost, as in a socket's
/// receive buffer.
pub const BUFFER_MAX: usize = 64;

/// The clocks of a host. They run a little fast or slow, and stand still with the host if it
/// is stopped so.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    /// So many millionths too fast.
    pub drift: i64,
    /// When this boot began, in the world's time; later by as long as the clocks stood still.
    pub booted: u64,
    /// What the clock for deadlines said then.
    pub base: u64,
    /// How far the wall clock is off, in milliseconds.
    pub wall_off: i64,
    /// Since when they stand still.
    pub stands: Option<u64>,
}

impl Clock {
    const MILLION: i128 = 1_000_000;

    /// What both clocks say at this moment of the world.
    pub fn now(&self, at: u64) -> Now {
        const YEAR_2026_MS: i64 = 1_767_225_600_000;
        let at = self.stands.unwrap_or(at);
        let runs = |ns: u64| {
            (i128::from(ns) * (Self::MILLION + i128::from(self.drift)) / Self::MILLION) as u64
        };
        Now {
            mono: Mono(self.base + runs(at - self.booted)),
            wall: Wall(YEAR_2026_MS + (runs(at) / MS) as i64 + self.wall_off),
        }
    }

    /// The first moment of the world at which a deadline has come.
    pub fn when(&self, deadline: Mono) -> u64 {
        let ahead = i128::from(deadline.0.saturating_sub(self.base)) * Self::MILLION;
        let rate = Self::MILLION + i128::from(self.drift);
        self.booted + ((ahead + rate - 1) / rate) as u64
    }

    /// Whoever stood still goes on: as if that time had never been.
    pub fn goes_on(&mut self, at: u64) {
        if let Some(since) = self.stands.take() {
            self.booted += at - since;
            self.wall_off -= ((at - since) / MS) as i64;
        }
    }
}

/// A process: a machine and whether it runs.
pub struct Proc<M: Machine> {
    /// Nothing: it is dead.
    pub machine: Option<M>,
    /// Grows with each start: what was meant for an earlier life does not arrive.
    pub life: u64,
    /// Stopped, as by SIGSTOP.
    pub stopped: bool,
    /// What arrived while it was stopped.
    pub inbox: VecDeque<M::In>,
    /// When its driver wakes it.
    pub wake: Option<u64>,
    /// Since when it runs without a pause.
    pub since: u64,
}

/// A script under way.
#[derive(Debug, Clone)]
pub struct Script {
    /// Its number.
    pub job: JobNo,
    /// Which script.
    pub task: Task,
    /// What becomes of it.
    pub fate: Fate,
    /// When it was ordered.
    pub began: u64,
    /// When it was told to end.
    pub cancelled: Option<u64>,
    /// What it does to the service, and has not done yet.
    pub effect: Option<bool>,
    /// Why it was ordered.
    pub reason: String,
    /// The state in which it was.
    pub from: State,
}

/// What is true of a service, whatever anybody says.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    /// It runs.
    pub running: bool,
    /// The scripts that run; more than one is a violation.
    pub scripts: Vec<Script>,
}

/// A host.
pub struct Host {
    /// It has power.
    pub up: bool,
    /// Which boot it is.
    pub boot: u64,
    /// What time it is there.
    pub clock: Clock,
    /// Since when it stands still as a whole.
    pub frozen: Option<u64>,
    /// What is due there when it goes on.
    pub held: Vec<Event>,
    /// Of which versions its faild and failsh are.
    pub skews: (Skew, Skew),
    /// What is on disk.
    pub disk: Image,
    /// A save under way.
    pub saving: Option<Image>,
    /// Its faild.
    pub node: Proc<Node>,
    /// Its failsh.
    pub plan: Proc<Plan>,
    /// Its services.
    pub truth: BTreeMap<Name, Truth>,
    /// Whoever types failc there.
    pub clerk: Clerk,
    /// What its policy file says.
    pub told: Told,
    /// Its last failsh has ended and taken all its services with it.
    pub released: bool,
    /// Traps that run.
    pub traps: BTreeMap<JobNo, TrapRun>,
}

/// A trap under way.
#[derive(Debug, Clone, Copy)]
pub struct TrapRun {
    /// When it was ordered.
    pub began: u64,
    /// When it was told to end.
    pub cancelled: Option<u64>,
    /// It ends only when it is told to.
    pub hangs: bool,
}

impl<M: Machine> Default for Proc<M> {
    fn default() -> Proc<M> {
        Proc {
            machine: None,
            life: 0,
            stopped: false,
            inbox: VecDeque::new(),
            wake: None,
            since: 0,
        }
    }
}

impl<M: Machine> Proc<M> {
    /// It lives and is not stopped.
    pub fn runs(&self) -> bool {
        self.machine.is_some() && !self.stopped
    }

    /// A new life.
    pub fn start(&mut self, at: u64, machine: M) {
        let life = self.life + 1;
        *self = Proc {
            machine: Some(machine),
            life,
            wake: Some(at),
            since: at,
            ..Proc::default()
        };
    }

    /// The end of this life.
    pub fn kill(&mut self) {
        *self = Proc {
            life: self.life,
            ..Proc::default()
        };
    }
}

impl Host {
    /// A host that was never switched on.
    pub fn new(names: impl Iterator<Item = Name>, drift: i64, skews: (Skew, Skew)) -> Host {
        Host {
            up: false,
            boot: 0,
            clock: Clock {
                drift,
                ..Clock::default()
            },
            frozen: None,
            held: Vec::new(),
            skews,
            disk: Image::default(),
            saving: None,
            node: Proc::default(),
            plan: Proc::default(),
            truth: names.map(|name| (name, Truth::default())).collect(),
            clerk: Clerk::default(),
            told: Told::default(),
            released: false,
            traps: BTreeMap::new(),
        }
    }

    /// What its clocks say at this moment of the world.
    pub fn now(&self, at: u64) -> Now {
        self.clock.now(at)
    }

    /// When a deadline of this host comes, in the world's time.
    pub fn when(&self, deadline: Mono) -> u64 {
        self.clock.when(deadline)
    }

    /// What its faild says, if it lives.
    pub fn record(&self, at: u64, name: &Name) -> Option<Record> {
        let node = self.node.machine.as_ref()?;
        Some(node.record(self.now(at), name))
    }

    /// Its faild runs and speaks this protocol.
    pub fn speaks(&self) -> bool {
        self.node.runs() && self.skews.0 != Skew::Next
    }

    /// Both daemons run, and understand each other.
    pub fn whole(&self) -> bool {
        self.speaks() && self.plan.runs()
    }
}
