//! A failsh with the other policy that is told exactly what the recorded one was told.
//!
//! As long as it asks and orders the same, all that was told then is what it would have been
//! told: nothing is guessed, and what it decides is what it would have decided. Once it asks
//! or orders something else, the world would have been another, and it is left.

use std::net::SocketAddr;

use fail_core::job::{JobNo, Task};
use fail_core::machine::Machine;
use fail_core::plan::{In, Out, Plan};
use fail_core::policy::{Policy, Protocol};
use fail_core::time::{Mono, Now};
use fail_wire::{Name, State};

use super::deeds::Deeds;
use crate::plan::PlanStart;
use crate::replay::Watch;

/// The failsh.
pub struct Twin {
    policy: Policy,
    plan: Plan,
    /// What came of the turn that is looked at.
    outs: Vec<Out>,
    /// When it first did something else; nothing: never.
    pub parted: Option<Mono>,
    /// What it did until then.
    pub deeds: Deeds,
}

/// What others feel of an output, and what must be the same.
#[derive(PartialEq)]
enum Felt<'a> {
    Send(SocketAddr, Protocol, &'a [u8]),
    HangUp(SocketAddr),
    Run(JobNo, &'a Name, Task, State),
    Cancel(JobNo),
    Resolve(u64, &'a str, u16),
    Trap(JobNo),
}

fn felt(out: &Out) -> Option<Felt<'_>> {
    Some(match out {
        Out::Send {
            to,
            protocol,
            bytes,
        } => Felt::Send(*to, *protocol, bytes),
        Out::HangUp { to } => Felt::HangUp(*to),
        Out::Run(order) => Felt::Run(order.job, &order.service, order.task, order.from),
        Out::Cancel { job, .. } => Felt::Cancel(*job),
        Out::Resolve { no, name, port } => Felt::Resolve(*no, name, *port),
        Out::Trap(fired) => Felt::Trap(fired.job),
        Out::Log(_)
        | Out::Answered { .. }
        | Out::Event(_)
        | Out::Changed(_)
        | Out::Released { .. } => return None,
    })
}

impl Twin {
    /// One that begins as the recorded one did, but for this policy.
    ///
    /// # Errors
    /// A community that can not be used.
    pub fn new(start: &PlanStart, policy: &Policy) -> Result<Twin, String> {
        let begin = PlanStart {
            policy: among(policy, &start.policy),
            ..start.clone()
        };
        Ok(Twin {
            policy: policy.clone(),
            plan: begin.machine()?,
            outs: Vec::new(),
            parted: None,
            deeds: Deeds::default(),
        })
    }
}

impl Watch<Plan> for Twin {
    fn before(&mut self, _: &Plan, now: Now, input: Option<&In>) {
        if self.parted.is_some() {
            return;
        }
        match input.cloned() {
            // It read its files again then, too, and they say what they say.
            Some(In::Policy { policy, known }) => {
                let policy = Box::new(among(&self.policy, &policy));
                if Plan::admits(&policy).is_err() {
                    self.parted = Some(now.mono);
                    return;
                }
                self.plan.handle(now, In::Policy { policy, known });
            }
            Some(input) => self.plan.handle(now, input),
            None => self.plan.expire(now),
        }
        self.outs = std::iter::from_fn(|| self.plan.poll()).collect();
    }

    fn after(&mut self, _: &Plan, now: Now, outs: &[Out]) {
        if self.parted.is_some() {
            return;
        }
        if !outs
            .iter()
            .filter_map(felt)
            .eq(self.outs.iter().filter_map(felt))
        {
            self.parted = Some(now.mono);
            return;
        }
        self.deeds.turn(&self.plan, now, &self.outs);
    }
}

/// This policy among the hosts that were: where they are, and by which stand-ins they know
/// each other, is as it was recorded.
fn among(policy: &Policy, recorded: &Policy) -> Policy {
    let mut policy = policy.clone();
    for (name, host) in &mut policy.hosts {
        if let Some(was) = recorded.hosts.get(name) {
            host.address.clone_from(&was.address);
            host.port = was.port;
            host.community.clone_from(&was.community);
        }
    }
    for (name, service) in &mut policy.services {
        if let Some(was) = recorded.services.get(name) {
            service.community.clone_from(&was.community);
        }
    }
    policy
}
