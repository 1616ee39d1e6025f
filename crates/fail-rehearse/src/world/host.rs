//! One host of a rehearsal: its two programs, its disk, its devices, and what it has.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use fail_core::job::{JobNo, Task};
use fail_core::node::{Image, Node};
use fail_core::plan::{Plan, Subject};
use fail_core::policy::Policy;
use fail_sim::client::Clerk;
use fail_tcl::{Board, Read, Still};
use fail_wire::Name;

use super::Event;
use crate::answer::Rulings;
use crate::scenario::Link;

/// A host.
pub struct Host {
    /// Its name.
    pub name: String,
    /// The addresses at which it answers.
    pub addresses: Vec<IpAddr>,
    /// What is read as its policy.
    pub read: Vec<Read>,
    /// It has power.
    pub up: bool,
    /// How often it has booted.
    pub boots: u64,
    /// It stands still.
    pub frozen: bool,
    /// What it would have done meanwhile.
    pub waiting: VecDeque<Event>,
    /// Its disk, as faild has saved to it.
    pub disk: Image,
    /// A save under way.
    pub saving: Option<Image>,
    /// Its faild.
    pub node: Option<Node>,
    /// How often that was started.
    pub node_life: u64,
    /// When it is to be woken.
    pub node_wake: Option<u64>,
    /// Its failsh.
    pub failsh: Option<Failsh>,
    /// How often that was started.
    pub failsh_life: u64,
    /// When it is to be woken.
    pub plan_wake: Option<u64>,
    /// It is shut down once everything is released.
    pub halting: bool,
    /// What it has.
    pub things: BTreeSet<String>,
    /// Labels of addresses, as `ifconfig` knows them.
    pub labels: BTreeMap<String, String>,
    /// Devices that are not up.
    pub devices: BTreeMap<String, Link>,
    /// Commands that run: what becomes of them.
    pub running: BTreeMap<u64, Running>,
    /// Whoever types failc there.
    pub clerk: Clerk,
    /// The services that were ever seen there.
    pub services: BTreeSet<Name>,
    /// How often its scripts have gone on.
    pub moves: u64,
}

/// A failsh: the machine and its interpreters, the present one last.
pub struct Failsh {
    /// The machine.
    pub plan: Plan,
    /// What is decided by.
    pub policy: Policy,
    /// The interpreters.
    pub minds: Vec<Mind>,
    /// How often a policy was read.
    pub readings: u64,
    /// What scripts read from.
    pub board: Board,
    /// What is no longer as the board shows it.
    pub stale: BTreeSet<Subject>,
    /// Questions of scripts: who asked, by the number that the machine got.
    pub asks: BTreeMap<u64, (u64, u64)>,
    /// The last of these numbers.
    pub last_ask: u64,
    /// When the first timer of an interpreter is looked at.
    pub timer: Option<u64>,
}

/// An interpreter and the scripts in it.
pub struct Mind {
    /// Which reading of the policy it is.
    pub no: u64,
    /// It.
    pub still: Still,
    /// Its scripts.
    pub jobs: BTreeMap<JobNo, JobRun>,
}

/// A script.
pub struct JobRun {
    /// Its service, which of its scripts, and its number in the ledger; nothing: a trap.
    pub work: Option<(Name, Task, usize)>,
    /// An error of it is the scenario's doing.
    pub excused: bool,
}

/// A command that runs.
pub struct Running {
    /// For which interpreter, and its number there.
    pub by: (u64, u64),
    /// What it begins and ends.
    pub begins: Vec<String>,
    /// What it ends.
    pub ends: Vec<String>,
    /// Its line, for the timeline.
    pub line: String,
}

impl Host {
    /// A host that was never switched on.
    pub fn new(name: &str, read: Vec<Read>) -> Host {
        Host {
            name: name.to_string(),
            addresses: Vec::new(),
            read,
            up: false,
            boots: 0,
            frozen: false,
            waiting: VecDeque::new(),
            disk: Image::default(),
            saving: None,
            node: None,
            node_life: 0,
            node_wake: None,
            failsh: None,
            failsh_life: 0,
            plan_wake: None,
            halting: false,
            things: BTreeSet::new(),
            labels: BTreeMap::new(),
            devices: BTreeMap::new(),
            running: BTreeMap::new(),
            clerk: Clerk::default(),
            services: BTreeSet::new(),
            moves: 0,
        }
    }
}

/// What the host's commands are answered by, shared with its interpreters, which also ask while
/// a policy is read.
pub type SharedRulings = std::rc::Rc<std::cell::RefCell<Rulings>>;
