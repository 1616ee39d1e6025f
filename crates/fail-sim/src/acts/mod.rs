//! What happens to a cluster: each act is a plain value with everything that it needs, so that
//! a run can be drawn from its seed, written down, changed and run again.
//!
//! `draw` makes the acts of a seed, `text` writes and reads them, `perform` does them and
//! undoes them. An act about a host, service or script that is not there does nothing: it can
//! be kept while others around it are taken away.

pub mod draw;
mod perform;
mod text;

use fail_wire::Name;

use crate::client::Verb;
use crate::skew::Skew;

/// One of the two daemons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Daemon {
    /// faild.
    Faild,
    /// failsh.
    Failsh,
}

/// What an administrator changes in the policy file of a host; the same once more takes it
/// back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    /// Other settings of a service.
    Settings(Name),
    /// A service is taken out.
    Drops(Name),
    /// Another community of the hosts.
    Community,
    /// No traps.
    Traps,
}

/// Something that happens. Times are in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Two hosts do not hear each other.
    Cut(usize, usize, u64),
    /// The first is not heard by the second.
    CutOneWay(usize, usize, u64),
    /// One host hears nobody and is heard by nobody.
    Isolate(usize, u64),
    /// Datagrams of one way take longer, and some are lost.
    Slow {
        /// From here.
        from: usize,
        /// To there.
        to: usize,
        /// So much longer, at most.
        by: u64,
        /// So many in a thousand are lost.
        lose: u64,
        /// For so long.
        long: u64,
    },
    /// A daemon dies, a failsh with its scripts, and is started again.
    Kill(Daemon, usize, u64),
    /// A faild dies, and its state file is lost.
    LoseState(usize, u64),
    /// A host loses its power and boots.
    KillHost(usize, u64),
    /// A daemon is stopped and goes on.
    Stop(Daemon, usize, u64),
    /// A host stands still as a whole and goes on: a virtual machine that is paused. Its
    /// clocks stand still as well, or have gone on.
    Freeze {
        /// Which.
        host: usize,
        /// Its clocks stand still.
        clocks: bool,
        /// For so long.
        long: u64,
    },
    /// The wall clock is set, by so many milliseconds.
    StepWall(usize, i64),
    /// A daemon is exchanged for another version, and back.
    Update(Daemon, usize, Skew, u64),
    /// Somebody types failc, or says the same at a console of failsh.
    Type {
        /// Where.
        host: usize,
        /// Of which service.
        service: Name,
        /// What.
        verb: Verb,
        /// At a console, if there is a failsh.
        within: bool,
    },
    /// Somebody brings a service that is FAIL back into the game.
    Repair(Name),
    /// What is served dies by itself: there, or on the next host where it runs.
    Crash(Name, usize),
    /// A service runs where nobody has ordered it.
    Appear(Name, usize),
    /// failsh reads its policy, in which nothing has changed.
    Reload(usize),
    /// The policy is changed, and failsh reads it.
    Edit(usize, Edit),
    /// failsh is told to end and to take its services with it.
    ReleaseAll(usize),
}

/// An act and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// When, in nanoseconds since the beginning of the world.
    pub at: u64,
    /// What.
    pub act: Act,
}

/// The undoing of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// Datagrams pass this way again.
    Mend(usize, usize),
    /// This way is as fast as before.
    Hasten(usize, usize),
    /// The daemon is started.
    Start(Daemon, usize),
    /// The host boots.
    Boot(usize),
    /// The daemon goes on.
    Continue(Daemon, usize),
    /// The host goes on.
    Thaw(usize),
    /// The daemon is of its first version again.
    Update(Daemon, usize),
}

impl Undo {
    /// Which host it is about.
    pub fn host(self) -> usize {
        match self {
            Undo::Mend(host, _)
            | Undo::Hasten(host, _)
            | Undo::Start(_, host)
            | Undo::Boot(host)
            | Undo::Continue(_, host)
            | Undo::Thaw(host)
            | Undo::Update(_, host) => host,
        }
    }

    /// It is done on the host itself, which must not stand still.
    pub fn is_within(self) -> bool {
        matches!(
            self,
            Undo::Start(..) | Undo::Continue(..) | Undo::Update(..)
        )
    }
}

impl Act {
    /// What kind of thing it is, for counting.
    pub fn kind(&self) -> &'static str {
        match self {
            Act::Cut(..) => "cuts",
            Act::CutOneWay(..) => "one-way cuts",
            Act::Isolate(..) => "isolated hosts",
            Act::Slow { .. } => "slow links",
            Act::Kill(Daemon::Faild, ..) => "faild killed",
            Act::Kill(Daemon::Failsh, ..) => "failsh killed",
            Act::LoseState(..) => "state files lost",
            Act::KillHost(..) => "hosts without power",
            Act::Stop(Daemon::Faild, ..) => "faild stopped",
            Act::Stop(Daemon::Failsh, ..) => "failsh stopped",
            Act::Freeze { clocks: false, .. } => "hosts frozen",
            Act::Freeze { clocks: true, .. } => "hosts frozen with their clocks",
            Act::StepWall(..) => "wall clocks set",
            Act::Update(..) => "other versions",
            Act::Type { within: false, .. } => "failc",
            Act::Type { within: true, .. } => "orders from within",
            Act::Repair(..) => "repairs",
            Act::Crash(..) => "services that die",
            Act::Appear(..) => "services that appear",
            Act::Reload(..) => "reloads without changes",
            Act::Edit(..) => "changed policies",
            Act::ReleaseAll(..) => "releases",
        }
    }

    /// How long it lasts, where that can be changed.
    pub fn long(&mut self) -> Option<&mut u64> {
        match self {
            Act::Cut(_, _, long)
            | Act::CutOneWay(_, _, long)
            | Act::Isolate(_, long)
            | Act::Slow { long, .. }
            | Act::Kill(_, _, long)
            | Act::LoseState(_, long)
            | Act::KillHost(_, long)
            | Act::Stop(_, _, long)
            | Act::Freeze { long, .. }
            | Act::Update(_, _, _, long) => Some(long),
            _ => None,
        }
    }
}
