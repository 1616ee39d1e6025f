//! One state of the sketch: what each host is, has said, has asked and believes; and what a
//! watcher remembers of it to tell right from wrong.
//!
//! As few values as will do: every one that does not matter multiplies the states.

use fail_wire::State as Fact;

use super::HOSTS_MAX;
use crate::{Budget, Flaw};

/// What a faild says of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Said {
    /// The state.
    pub fact: Fact,
    /// The mark `starting`.
    pub starting: bool,
    /// The wish `away`.
    pub away: bool,
    /// The mark `unsupervised`.
    pub alone: bool,
}

/// The record of a faild.
pub type Record = Said;

/// A script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// Bring it up.
    Start,
    /// Take it down, and then say this; it may be only because of the wish `away`.
    Stop(Fact, bool),
    /// Take it back.
    Reclaim,
}

/// What is to be told to the local faild.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Post {
    /// A new state; it may be only because of the wish `away`.
    Fact(Fact, bool),
    /// The mark `starting`, or no longer.
    Mark(bool),
}

/// A question to one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ask {
    /// How often it may be asked again.
    pub left: u8,
    /// It is under way; otherwise it, or its answer, was lost.
    pub under_way: bool,
    /// It was asked after `starting` was made known.
    pub second: bool,
}

/// What is held for true of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seen {
    /// What it said; nothing: it did not answer.
    pub said: Option<Said>,
    /// As in [`Ask`].
    pub second: bool,
    /// It was said after one of the two was held for dead.
    pub after: bool,
}

/// One host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Host {
    /// It has power; then its faild runs.
    pub power: bool,
    /// Its failsh runs.
    pub mind: bool,
    /// What its faild says.
    pub record: Record,
    /// Nobody has published that.
    pub unpublished: bool,
    /// The service runs, or is about to.
    pub runs: bool,
    /// It was left running by a failsh that died, and nobody has taken it over.
    pub orphan: bool,
    /// Its record says `UP`, and it is not so: the failsh that stopped it died before it could
    /// say so, and the next one believes the record.
    pub hearsay: bool,
    /// What its failsh holds for the state.
    pub believed: Option<Fact>,
    /// What is to be told to the local faild first.
    pub post: Option<Post>,
    /// `starting` is made known.
    pub intent: bool,
    /// A slave was `UP` while we were.
    pub contested: bool,
    /// The script that runs.
    pub task: Option<Task>,
    /// Its open questions.
    pub asks: [Option<Ask>; HOSTS_MAX],
    /// What it was told in this round.
    pub seen: [Option<Seen>; HOSTS_MAX],
    /// One of the two held the other for dead, and since then it has not decided by an answer.
    pub blind: [bool; HOSTS_MAX],
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The hosts, the highest first.
    pub hosts: [Host; HOSTS_MAX],
    /// Which ways are cut: a bit for each (from, to).
    pub cuts: u16,
    /// What may still happen.
    pub left: Budget,
    /// A living host was held for dead.
    pub misjudged: bool,
    /// What is wrong.
    pub flaw: Option<Flaw>,
}

impl Said {
    const NOTHING: Said = Said {
        fact: Fact::Fail,
        starting: false,
        away: false,
        alone: false,
    };

    fn is_starting(self) -> bool {
        self.starting && !self.alone
    }

    /// As `fail_core::plan::view` shows a master to the rule.
    pub fn as_master(self, gives_way: bool) -> Fact {
        match self.fact {
            Fact::Recover if self.is_starting() => Fact::Recover,
            Fact::Recover if !gives_way || self.alone || self.away => Fact::Fail,
            fact => fact,
        }
    }

    /// And a slave.
    pub fn as_slave(self, local: Fact) -> Fact {
        match self.fact {
            Fact::Recover if local != Fact::Fail && self.is_starting() => Fact::Up,
            fact => fact,
        }
    }
}

impl Host {
    /// A host without power.
    pub fn dead(away: bool) -> Host {
        Host {
            power: false,
            mind: false,
            record: Said {
                away,
                ..Said::NOTHING
            },
            unpublished: true,
            runs: false,
            orphan: false,
            hearsay: false,
            believed: None,
            post: None,
            intent: false,
            contested: false,
            task: None,
            asks: [None; HOSTS_MAX],
            seen: [None; HOSTS_MAX],
            blind: [false; HOSTS_MAX],
        }
    }

    /// A host that was just switched on. The wish stays.
    pub fn booted(away: bool) -> Host {
        Host {
            power: true,
            mind: true,
            ..Host::dead(away)
        }
    }

    /// A host that serves, or is ready to.
    pub fn serving(runs: bool) -> Host {
        let fact = if runs { Fact::Up } else { Fact::Recover };
        Host {
            record: Said {
                fact,
                ..Said::NOTHING
            },
            unpublished: false,
            runs,
            believed: Some(fact),
            ..Host::booted(false)
        }
    }

    /// The same host without its failsh, or with a new one that knows nothing.
    pub fn without_mind(self) -> Host {
        let new = Host::dead(false);
        Host {
            power: self.power,
            record: self.record,
            unpublished: self.unpublished,
            runs: self.runs,
            orphan: self.orphan || self.runs,
            hearsay: self.record.fact == Fact::Up && !self.runs,
            ..new
        }
    }

    /// The service runs here, and a failsh has to answer for it.
    pub fn answers_for_it(&self) -> bool {
        self.runs && !self.orphan
    }

    /// It serves, and does not give way.
    pub fn serves(&self) -> bool {
        self.answers_for_it() && !matches!(self.task, Some(Task::Stop(..)))
    }

    /// Nobody is waited for.
    pub fn has_heard_all(&self) -> bool {
        self.asks.iter().all(Option::is_none)
    }

    /// Everybody was asked after `starting` was made known.
    pub fn has_looked_twice(&self) -> bool {
        self.seen.iter().flatten().all(|seen| seen.second)
    }
}

impl State {
    /// Hosts without power.
    pub fn new(left: Budget) -> State {
        State {
            hosts: [Host::dead(false); HOSTS_MAX],
            cuts: 0,
            left,
            misjudged: false,
            flaw: None,
        }
    }

    fn bit(from: usize, to: usize) -> u16 {
        1 << (from * HOSTS_MAX + to)
    }

    /// Whether nothing passes this way.
    pub fn is_cut(&self, from: usize, to: usize) -> bool {
        self.cuts & State::bit(from, to) != 0
    }

    /// From now on nothing passes this way.
    pub fn cut(&mut self, from: usize, to: usize) {
        self.cuts |= State::bit(from, to);
    }

    /// Something is wrong; the first fault is what is told.
    pub fn wrong(&mut self, flaw: Flaw) {
        self.flaw.get_or_insert(flaw);
    }

    /// What a look at the hosts shows.
    pub fn look(&mut self, hosts: usize) {
        for a in 0..hosts {
            for b in a + 1..hosts {
                let both = [self.hosts[a], self.hosts[b]];
                if both.iter().all(Host::answers_for_it) && !self.misjudged {
                    self.wrong(Flaw::NeverTwo);
                }
                let excused = self.hosts[a].blind[b] || self.hosts[b].blind[a];
                if both.iter().all(Host::serves) && !excused {
                    self.wrong(Flaw::OneServer);
                }
            }
        }
    }
}
