//! What a failsh did for its services: scripts that it ran, states that it took, and why.

use std::collections::BTreeMap;

use fail_core::job::Task;
use fail_core::plan::{Out, Plan, Subject};
use fail_core::time::{Mono, Now, Span};
use fail_wire::{Name, State};

use super::timeline::Timeline;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A script was run.
    Run(Task),
    /// The service got another state.
    Become(State),
}

impl What {
    /// `start`, or `FAIL`.
    pub fn word(self) -> &'static str {
        match self {
            What::Run(task) => task.word(),
            What::Become(state) => state.word(),
        }
    }
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// When.
    pub now: Now,
    /// For which service.
    pub service: Name,
    /// What.
    pub what: What,
    /// Why.
    pub why: String,
}

/// Everything that was done, and why nothing was.
#[derive(Debug, Clone, Default)]
pub struct Deeds {
    /// In the order of time.
    pub all: Vec<Deed>,
    states: BTreeMap<Name, State>,
    whys: BTreeMap<Name, Timeline<String>>,
    intervals: BTreeMap<Name, Span>,
}

impl Deeds {
    /// A turn has ended with this.
    pub fn turn(&mut self, plan: &Plan, now: Now, outs: &[Out]) {
        for out in outs {
            match out {
                Out::Run(order) if order.task != Task::Check => self.all.push(Deed {
                    now,
                    service: order.service.clone(),
                    what: What::Run(order.task),
                    why: order.reason.clone(),
                }),
                Out::Changed(Subject::Service(name)) => self.look(plan, now, name),
                _ => {}
            }
        }
    }

    fn look(&mut self, plan: &Plan, now: Now, name: &Name) {
        let Some(status) = plan.status(name) else {
            self.states.remove(name);
            return;
        };
        if let Some(state) = status.state {
            let was = self.states.insert(name.clone(), state);
            // That it was found in some state is nothing that was done.
            if was.is_some_and(|was| was != state) {
                self.all.push(Deed {
                    now,
                    service: name.clone(),
                    what: What::Become(state),
                    why: status.why.clone(),
                });
            }
        }
        self.intervals
            .extend(plan.interval(name).map(|span| (name.clone(), span)));
        let whys = self.whys.entry(name.clone()).or_default();
        whys.note(now.mono, status.why);
    }

    /// Every service that was in the policy.
    pub fn services(&self) -> impl Iterator<Item = &Name> {
        self.whys.keys()
    }

    /// How often the hosts of a service were asked, last.
    pub fn interval(&self, name: &Name) -> Option<Span> {
        self.intervals.get(name).copied()
    }

    /// Why a service was as it was at this moment; nothing: it was not in the policy.
    pub fn why(&self, name: &Name, at: Mono) -> Option<&str> {
        let whys = self.whys.get(name)?;
        whys.at(at).map(|(_, why)| why.as_str())
    }

    /// Forgets what was before. Gives from when on everything is still known.
    pub fn trim(&mut self, at: Mono) -> Mono {
        let first = self.all.partition_point(|deed| deed.now.mono < at);
        self.all.drain(..first);
        let mut known = at;
        let over = self.all.len().saturating_sub(crate::limits::CHANGES_MAX);
        if let Some(last) = self.all.drain(..over).next_back() {
            known = last.now.mono;
        }
        let whys = self.whys.values_mut().map(|line| line.trim(at));
        whys.fold(known, Mono::max)
    }
}
