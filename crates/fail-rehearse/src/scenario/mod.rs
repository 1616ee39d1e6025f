//! A scenario as values: the hosts, what happens to them, how commands are answered and what is
//! expected. The language is `failover-rehearse(5)`; `read` makes these of a file.

mod acts;
mod commands;
mod expects;
mod hosts;
mod read;
mod words;

use std::net::IpAddr;
use std::path::PathBuf;

use fail_tcl::{PolicyError, Read};
use fail_wire::{Name, State};

use crate::report::Shown;

pub use self::acts::ACTS;
pub use self::read::{STATEMENTS, no_act, read};

/// Nanoseconds in a second, and in a millisecond.
pub const SECOND: u64 = 1_000_000_000;
/// Nanoseconds in a millisecond.
pub const MS: u64 = 1_000_000;

/// A whole scenario.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its file, as it was given.
    pub file: PathBuf,
    /// The hosts.
    pub hosts: Vec<HostSpec>,
    /// What the network is like all the time.
    pub network: Network,
    /// How long it lasts; nothing: as long as it takes.
    pub length: Option<u64>,
    /// From which all chance is drawn.
    pub seed: u64,
    /// What happens, in order of time.
    pub acts: Vec<At>,
    /// How commands are answered, in the order in which it was said.
    pub rules: Vec<Rule>,
    /// Things that the scenario names.
    pub things: Vec<ThingSpec>,
    /// What is expected.
    pub expects: Vec<Expect>,
    /// Rehearsals in which things happen by chance.
    pub random: Option<Random>,
    /// What is told only, and not expected.
    pub allow: Allow,
}

/// A host and where its policy is.
#[derive(Debug, Clone)]
pub struct HostSpec {
    /// Its name.
    pub name: String,
    /// What is read as its policy, in order.
    pub read: Vec<Read>,
    /// The only address at which it answers; nothing: those that the others give it.
    pub address: Option<IpAddr>,
    /// The scenario's line.
    pub line: u32,
    /// It reads the files of the command line.
    pub given: bool,
}

/// What a network is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// How long a datagram takes.
    pub delay: u64,
    /// How much longer it may take.
    pub jitter: u64,
    /// How many of a thousand are lost.
    pub loss: u64,
}

impl Default for Network {
    fn default() -> Network {
        Network {
            delay: MS / 5,
            jitter: MS / 10,
            loss: 0,
        }
    }
}

/// Something that happens at a time.
#[derive(Debug, Clone)]
pub struct At {
    /// When.
    pub at: u64,
    /// What.
    pub act: Act,
    /// In the words of the scenario, without the time.
    pub text: String,
    /// The scenario's line; 0: it happens by chance.
    pub line: u32,
}

/// The two programs of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// The state daemon.
    Faild,
    /// The failover shell.
    Failsh,
}

/// Something that happens. Hosts are numbers in the order of the scenario.
#[derive(Debug, Clone)]
pub enum Act {
    /// A host loses its power.
    Crash(usize),
    /// It boots.
    Return(usize),
    /// It is shut down in order.
    Halt(usize),
    /// Its failsh stops what is served there, and ends.
    Release(usize),
    /// A program dies.
    Kill(Program, usize),
    /// It is started.
    Start(Program, usize),
    /// A host stands still.
    Freeze(usize, Option<u64>),
    /// It goes on.
    Thaw(usize),
    /// Nothing passes on these ways.
    Cut(Vec<(usize, usize)>, Option<u64>),
    /// So many of a thousand are lost on these ways.
    Loss(u64, Vec<(usize, usize)>, Option<u64>),
    /// Datagrams take so much longer on these ways.
    Delay(u64, Vec<(usize, usize)>, Option<u64>),
    /// All of that ends.
    Heal,
    /// Somebody says something with failc.
    Say(Verb, Name, usize),
    /// The policy is read again, or another one.
    Reload(usize, Vec<Read>),
    /// A device is in this state.
    Device(String, usize, Link, Option<u64>),
    /// A thing is no more.
    Lose(String, usize),
    /// Commands are answered so from now on.
    Command(Rule),
}

impl Act {
    /// How long it lasts by itself.
    pub fn lasts(&self) -> u64 {
        match self {
            Act::Freeze(_, time)
            | Act::Cut(_, time)
            | Act::Loss(_, _, time)
            | Act::Delay(_, _, time)
            | Act::Device(_, _, _, time) => time.unwrap_or(0),
            Act::Command(rule) => rule.lasts.unwrap_or(0),
            _ => 0,
        }
    }
}

/// What somebody says of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// It is to be served elsewhere.
    Away,
    /// It may be served here again.
    Back,
    /// It is only watched.
    Hold,
    /// No longer.
    Unhold,
    /// It is in this state.
    Set(State),
}

/// The state of a network device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// It works.
    Up,
    /// Nobody is at the other end.
    NoCarrier,
    /// It is switched off.
    Down,
}

impl Link {
    /// All and their words, which are also what `failover::ip` says.
    pub const WORDS: [(&str, Link); 3] = [
        ("up", Link::Up),
        ("nocarrier", Link::NoCarrier),
        ("down", Link::Down),
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        let known = Link::WORDS.into_iter().find(|(_, link)| *link == self);
        known.map_or("", |(word, _)| word)
    }
}

/// How commands are answered that fit a pattern. What is not said is left to the rule before.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Which commands, as `string match` has it.
    pub pattern: String,
    /// On which hosts; empty: all.
    pub hosts: Vec<usize>,
    /// How long it takes.
    pub takes: Option<u64>,
    /// What it prints.
    pub prints: Option<String>,
    /// How it ends.
    pub ends: Option<Ends>,
    /// How often it holds; nothing: always.
    pub times: Option<u32>,
    /// How long it holds; nothing: for good.
    pub lasts: Option<u64>,
    /// The scenario's line; 0: it happens by chance.
    pub line: u32,
}

/// How a command ends that does not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ends {
    /// With this exit code and message.
    Exit(i32, String),
    /// Not at all.
    Hangs,
    /// There is no such program.
    Missing,
}

/// A thing that the scenario names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThingSpec {
    /// Its name.
    pub name: String,
    /// On which hosts; empty: all.
    pub hosts: Vec<usize>,
    /// The command that begins it.
    pub begins: String,
    /// The command that ends it.
    pub ends: String,
    /// The command that asks for it.
    pub shown: Option<String>,
    /// How that exits when it is not there.
    pub absent: i32,
}

/// What an expectation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A service in a state.
    State(Name, Shown),
    /// A thing that a host has.
    Thing(String),
    /// A command that a host runs.
    Command(String),
}

/// How many hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Exactly(usize),
    /// So many or more.
    AtLeast(usize),
    /// So many or fewer.
    AtMost(usize),
}

impl Count {
    /// Whether so many is right.
    pub fn fits(self, n: usize) -> bool {
        match self {
            Count::Exactly(count) => n == count,
            Count::AtLeast(count) => n >= count,
            Count::AtMost(count) => n <= count,
        }
    }
}

/// What is the matter when time does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Hosts that run can not hear each other.
    Partitioned,
    /// Anything that was done has not ended.
    Degraded,
}

/// Where something must never be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// On so many hosts or more; 0: on none.
    Hosts(usize),
    /// On this one.
    Host(usize),
}

/// One expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expect {
    /// In the words of the scenario.
    pub text: String,
    /// Its line; 0: it was not said, and holds everywhere.
    pub line: u32,
    /// What it is about.
    pub what: What,
    /// What is expected of it.
    pub hold: Hold,
}

/// What is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// On this host at the latest so long after each act that fits the pattern.
    Within(usize, u64, String),
    /// On this host at this moment.
    Moment(usize, u64),
    /// On so many hosts whenever nothing was done for so long.
    Settled(Count, u64, Option<Trouble>),
    /// Not there for longer than so long.
    Never(Where, u64, Option<Trouble>),
}

/// Rehearsals in which things happen by chance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Random {
    /// How many.
    pub seeds: u64,
    /// How long things happen in each.
    pub length: u64,
    /// The words of the acts that may happen; empty: all of them.
    pub acts: Vec<String>,
}

/// What is told only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allow {
    /// Hosts that do not agree on their ranks.
    pub ranks: bool,
    /// Scripts that end with an error.
    pub errors: bool,
    /// Two hosts that serve, or have a thing, at the same time.
    pub overlap: bool,
}

impl Scenario {
    /// The number of a host.
    pub fn host(&self, name: &str) -> Option<usize> {
        self.hosts.iter().position(|host| host.name == name)
    }

    /// Something is wrong at a line of it.
    pub fn wrong(&self, line: u32, sentence: &str) -> PolicyError {
        PolicyError::at_line(&self.file, line, sentence)
    }
}
