//! The very machines of `fail-core`: on each host a `Node` and a `Plan`, cloned at each fork.
//!
//! Time is real here, but it moves only from one deadline to the next, and not past a moment
//! at which a message or a script has to be done. Within that, whatever is under way may
//! arrive, be lost or end in any order, before or after the deadlines of the same moment.
//! Traffic within a host, and its disk, take no time. Questions of who hears whom, and
//! subscriptions, decide nothing; the interval is too short for the latter, and the former
//! are lost.
//!
//! Two states are the same if [`canon`] says so: with times counted from now, ids in the order
//! in which they stand, and without what no decision looks at.

mod acts;
mod canon;
mod host;
mod state;

pub use acts::Action;
pub use host::Host;
pub use state::{Message, State};

use fail_core::decide::{Rule, decide};
use fail_core::time::Span;
use fail_wire::State as Fact;

use crate::{Budget, Flaw, World};

/// How often each host asks. Below 100 ms nobody subscribes.
pub const INTERVAL: Span = Span::from_millis(90);

/// After this an answer is missed, and so far apart a question is repeated.
pub const OVERDUE: Span = Span::from_millis(20);

/// What arrives at all arrives within this: a question and its answer are never missed.
pub const ON_THE_WAY: Span = Span::from_millis(9);

/// A script ends within this.
pub const SCRIPT: Span = Span::from_millis(50);

/// What is wrong with the driver, to show that it is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Nothing is.
    Nothing,
    /// It starts each script twice.
    RunsTwice,
    /// What arrives may arrive after it is missed.
    SlowNetwork,
    /// It wakes a failsh, and its clock says that it is not time yet.
    OldClock,
}

/// What is checked.
#[derive(Debug, Clone, Copy)]
pub struct Real {
    /// How many hosts; the first is the highest in rank.
    pub hosts: usize,
    /// `confirm`: how often a question is asked again.
    pub again: u32,
    /// How much may happen.
    pub budget: Budget,
    /// How much later than the one above each host begins its rounds.
    pub apart: Span,
    /// It begins with a service that is served; otherwise with hosts just switched on.
    pub serving: bool,
    /// What is decided by.
    pub rule: Rule,
    /// What is wrong with it.
    pub broken: Broken,
}

impl Real {
    /// So many hosts, to whom nothing happens.
    pub fn of(hosts: usize) -> Real {
        Real {
            hosts,
            again: 0,
            budget: Budget::default(),
            apart: Span::ZERO,
            serving: false,
            rule: decide,
            broken: Broken::Nothing,
        }
    }

    /// In this time after a living host was held for dead two hosts may serve: the bound
    /// `stop` of fail-sim, two rounds and two scripts.
    pub fn grace(&self) -> Span {
        let give_up = OVERDUE.times(u64::from(self.again) + 2);
        Span(2 * (INTERVAL.0 + give_up.0) + 2 * SCRIPT.0)
    }

    /// Lets only what is calm happen, the first thing first, until the service is served.
    fn settle(&self, mut state: State) -> State {
        // So long a start takes with all that comes before it, and some rounds more.
        const STEPS: usize = 400;
        let mut actions = Vec::new();
        for _ in 0..STEPS {
            actions.clear();
            self.actions(&state, &mut actions);
            let mut calm = actions.iter().filter(|action| self.is_calm(action));
            let after = calm.find_map(|action| self.step(&state, action));
            let Some(after) = after else { break };
            let settled = self.is_settled(&after) && after.hosts.iter().any(|host| host.runs);
            state = after;
            if settled && state.messages.is_empty() {
                break;
            }
        }
        state
    }
}

impl World for Real {
    type State = State;
    type Action = Action;

    fn begin(&self) -> Vec<State> {
        let calm = Real {
            budget: Budget::default(),
            ..*self
        };
        let mut state = calm.switched_on();
        if self.serving {
            state = calm.settle(state);
        }
        state.left = self.budget;
        state.canonical();
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.list(state, actions);
    }

    fn step(&self, state: &State, action: &Action) -> Option<State> {
        let mut after = state.clone();
        self.happen(&mut after, *action);
        self.look(&mut after);
        after.canonical();
        (after != *state).then_some(after)
    }

    fn flaw(&self, state: &State) -> Option<Flaw> {
        state.flaw
    }

    fn two_up(&self, state: &State) -> bool {
        let up = |host: &&std::sync::Arc<Host>| host.runs && host.fact(state.now) == Some(Fact::Up);
        state.hosts.iter().filter(up).count() > 1
    }

    fn is_healed(&self, state: &State) -> bool {
        let minds = state.hosts.iter();
        state.cuts.is_empty()
            && minds
                .into_iter()
                .all(|h| h.node.is_some() == h.plan.is_some())
    }

    fn is_calm(&self, action: &Action) -> bool {
        action.is_calm()
    }

    fn is_settled(&self, state: &State) -> bool {
        let facts = state.hosts.iter().map(|host| (host, host.fact(state.now)));
        let mut able = facts.filter(|(_, fact)| fact.is_some_and(|fact| fact != Fact::Fail));
        let serves = |(host, fact): (&std::sync::Arc<Host>, Option<Fact>)| {
            host.runs && fact == Some(Fact::Up)
        };
        able.next().is_none_or(serves) && able.all(|(_, fact)| fact != Some(Fact::Up))
    }

    fn tell(&self, before: &State, action: &Action, after: &State) -> String {
        acts::tell(before, *action, after)
    }
}
