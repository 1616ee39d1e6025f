//! The rule with its messages, and little else: small enough to be walked through whole.
//!
//! The decision is `fail_core::decide`'s. Around it stands what `fail_core::plan` does with
//! it, in a few lines: ask every host, and again; decide when each has answered or is given
//! up; make `starting` known and ask once more before a start; publish what a script has done
//! before anything else; give way, take back, go away, adopt what is found. Left out is what
//! brings no new order of events: checks, `retry`, `hold`, `delay`, a faild that dies alone.
//! A change reaches the local faild, takes effect and is acknowledged in one step.
//!
//! A failsh that dies after `stop` has ended and before that is published leaves `UP` behind,
//! and the next one believes it: only a check would find out. That is told apart
//! ([`Host::hearsay`]) and counts as settled.
//!
//! Time is left out as well. One thing is known of it: what arrives at all arrives before it
//! is missed. A message that is late counts as a loss, and a question is asked again only
//! when nothing of it is under way any more.

mod acts;
mod judge;
mod state;
mod tell;

pub use acts::Action;
pub use state::{Ask, Host, Post, Record, Said, Seen, State, Task};
pub use tell::name;

use fail_core::decide::{Rule, decide};
use fail_wire::State as Fact;

use crate::{Budget, Flaw, World};

/// The most hosts.
pub const HOSTS_MAX: usize = 3;

/// A step that is left out or done wrong, to show that its lack is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// None is.
    Nothing,
    /// Who may start starts: it says nothing before, and does not ask again.
    NoClaim,
    /// It says `starting` and does not ask again.
    NoSecondLook,
    /// It asks again and did not say `starting`.
    NoMark,
    /// It says that a script is done when it has ordered it.
    SaysEarly,
    /// What has failed says after a while that it is ready.
    FailFades,
    /// It gives way to who is silent.
    YieldsToSilence,
    /// It orders a script while one runs.
    TwoScripts,
    /// It gives up who did not answer once, though the message is still under way.
    Impatient,
    /// A host that gave way forgets to say so.
    ForgetsToSay,
}

/// What is checked.
#[derive(Debug, Clone, Copy)]
pub struct Sketch {
    /// How many hosts; the first is the highest in rank.
    pub hosts: usize,
    /// How often a question is asked again.
    pub again: u8,
    /// How much may happen.
    pub budget: Budget,
    /// It begins with a service that is served; otherwise with hosts just switched on.
    pub serving: bool,
    /// `failback`.
    pub failback: bool,
    /// What is decided by.
    pub rule: Rule,
    /// What is wrong with it.
    pub broken: Broken,
}

impl Sketch {
    /// So many hosts, to whom nothing happens.
    pub fn of(hosts: usize) -> Sketch {
        Sketch {
            hosts: hosts.min(HOSTS_MAX),
            again: 0,
            budget: Budget::default(),
            serving: false,
            failback: true,
            rule: decide,
            broken: Broken::Nothing,
        }
    }

    /// Whose question a message of this link can be.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let hosts = self.hosts;
        (0..hosts).flat_map(move |a| (0..hosts).filter(move |b| *b != a).map(move |b| (a, b)))
    }
}

impl World for Sketch {
    type State = State;
    type Action = Action;

    fn begin(&self) -> Vec<State> {
        let mut state = State::new(self.budget);
        for host in 0..self.hosts {
            state.hosts[host] = match self.serving {
                true => Host::serving(host == 0),
                false => Host::booted(false),
            };
        }
        for host in 0..self.hosts {
            self.ask_all(&mut state, host);
        }
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.list(state, actions);
    }

    fn step(&self, state: &State, action: &Action) -> Option<State> {
        let mut after = state.clone();
        self.happen(&mut after, *action);
        after.look(self.hosts);
        (after != *state).then_some(after)
    }

    fn flaw(&self, state: &State) -> Option<Flaw> {
        state.flaw
    }

    fn two_up(&self, state: &State) -> bool {
        let up = |host: &&Host| host.power && host.record.fact == Fact::Up && host.runs;
        state.hosts.iter().filter(up).count() > 1
    }

    fn is_healed(&self, state: &State) -> bool {
        let has_mind = |host: &Host| !host.power || host.mind;
        state.cuts == 0 && state.hosts[..self.hosts].iter().all(has_mind)
    }

    fn is_calm(&self, action: &Action) -> bool {
        action.is_calm()
    }

    fn is_settled(&self, state: &State) -> bool {
        let able = |host: &&Host| host.power && host.record.fact != Fact::Fail;
        let mut able = state.hosts[..self.hosts].iter().filter(able);
        let highest = able.next();
        let runs = |host: &Host| host.runs || host.hearsay;
        let serves = |host: &Host| host.record.fact == Fact::Up && runs(host);
        match self.failback {
            true => highest.is_none_or(serves) && able.all(|host| host.record.fact != Fact::Up),
            false => {
                let up = highest.into_iter().chain(able).filter(|host| serves(host));
                highest.is_none() || up.count() == 1
            }
        }
    }

    fn tell(&self, before: &State, action: &Action, after: &State) -> String {
        tell::tell(before, *action, after)
    }
}
