//! Every order of events: two or three hosts and one service, with so many losses, crashes
//! and cuts as the bounds allow, and nothing left to chance.
//!
//! Two worlds. [`sketch`] is the rule with its messages and little else, small enough to be
//! walked through to its last state. [`real`] is the very faild and failsh of `fail-core`,
//! cloned at each fork. Both are a [`World`]: states, what may happen next, and what of it is
//! wrong ([`Flaw`]). The tests and `examples/model.rs` hand them to the stateright crate,
//! which looks at every state and finds the shortest way to a wrong one; [`calm`] looks at
//! where a world ends up when nothing more happens to it, circles included.
//!
//! Not here: real time, sockets, Tcl, more than one service.

#![forbid(unsafe_code)]

pub mod calm;
pub mod mutants;
pub mod real;
pub mod runs;
pub mod sketch;

use std::fmt::{self, Debug};
use std::hash::Hash;

/// A property that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flaw {
    /// The service runs on two hosts, though no living host was ever held for dead.
    NeverTwo,
    /// Two hosts serve, and nothing excuses it: since one of the two was last held for dead
    /// by the other, each of them has asked the other anew and decided by the answer.
    OneServer,
    /// A host stops for its masters, and none of them can serve.
    HandBack,
    /// A host starts in `FAIL`.
    FailStays,
    /// Two scripts of the service run on one host at once.
    OneScript,
    /// Whatever happens from now on, calm does not lead to one server, the highest.
    Settled,
    /// A machine breaks its contract: an invariant, or a deadline that does not pass.
    Contract,
}

impl Flaw {
    /// All of them that a state can show; where a world ends up is [`calm`]'s to say.
    pub const OF_STATES: [Flaw; 6] = [
        Flaw::NeverTwo,
        Flaw::OneServer,
        Flaw::HandBack,
        Flaw::FailStays,
        Flaw::OneScript,
        Flaw::Contract,
    ];

    /// The property that is broken.
    pub fn word(self) -> &'static str {
        match self {
            Flaw::NeverTwo => "never two",
            Flaw::OneServer => "one server",
            Flaw::HandBack => "hand-back",
            Flaw::FailStays => "FAIL stays",
            Flaw::OneScript => "one script",
            Flaw::Settled => "settled",
            Flaw::Contract => "contract",
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How much may happen, over the whole life of a world. Everything else may happen at any
/// time and in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Budget {
    /// Messages that are lost, or come later than they are waited for.
    pub losses: u8,
    /// Hosts that lose their power; they may be switched on again.
    pub crashes: u8,
    /// Failsh that die; they may be started again.
    pub deaths: u8,
    /// Links that are cut, one way or both, until all are healed.
    pub cuts: u8,
    /// Scripts that fail.
    pub failures: u8,
    /// Wishes (`away`) and states (`RECOVER`) by hand.
    pub hands: u8,
}

/// States, and what may happen next.
pub trait World: Clone + Send + Sync + 'static {
    /// One state of everything.
    type State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static;
    /// Something that may happen.
    type Action: Clone + Debug + PartialEq + Send + Sync + 'static;

    /// How it may begin.
    fn begin(&self) -> Vec<Self::State>;

    /// All that may happen next, always in the same order.
    fn actions(&self, state: &Self::State, actions: &mut Vec<Self::Action>);

    /// What comes of it; nothing: it changes nothing.
    fn step(&self, state: &Self::State, action: &Self::Action) -> Option<Self::State>;

    /// What is wrong.
    fn flaw(&self, state: &Self::State) -> Option<Flaw>;

    /// Two hosts say that they are `UP`.
    fn two_up(&self, state: &Self::State) -> bool;

    /// The network is whole, and each host that has power has its failsh.
    fn is_healed(&self, state: &Self::State) -> bool;

    /// Whether this happens in a calm world too.
    fn is_calm(&self, action: &Self::Action) -> bool;

    /// Of the hosts that can serve, the highest is `UP` and no other; or there is none.
    fn is_settled(&self, state: &Self::State) -> bool;

    /// A step as a sentence, if it is worth one.
    fn tell(&self, before: &Self::State, action: &Self::Action, after: &Self::State) -> String;
}
