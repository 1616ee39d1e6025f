//! failsh's machine as text: its beginning, its inputs, its outputs.
//!
//! Each variant of `plan::In` and `plan::Out` has its mirror here, so that a new one can not
//! be forgotten. What is in them is written as `fail-core` has it; datagrams and policies are
//! not, since they are made with communities.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use fail_core::event::Event;
use fail_core::job::{ByHand, Fired, JobNo, Order, Outcome, ScriptError};
use fail_core::log::Line;
use fail_core::plan::{In, Local, Out, Plan, Subject};
use fail_core::policy::{Policy, Protocol};
use fail_core::time::{Now, Span};
use fail_wire::{Key, Name};
use serde::{Deserialize, Serialize};

use crate::letter::Letter;
use crate::stands::Stands;
use crate::told::Told;

/// With what a plan begins.
#[derive(Debug, Clone)]
pub struct PlanStart {
    /// When.
    pub now: Now,
    /// What its dice are made of.
    pub seed: [u8; 32],
    /// The local faild.
    pub local: Local,
    /// All that it is to do.
    pub policy: Policy,
    /// The addresses of hosts that were looked up before.
    pub known: Vec<(Name, SocketAddr)>,
}

impl PlanStart {
    /// The machine.
    ///
    /// # Errors
    /// A community that can not be used.
    pub fn machine(&self) -> Result<Plan, String> {
        self.machine_with(fail_core::decide::decide)
    }

    /// The same with another rule.
    ///
    /// # Errors
    /// A community that can not be used.
    pub fn machine_with(&self, rule: fail_core::decide::Rule) -> Result<Plan, String> {
        let (local, policy) = (self.local.clone(), self.policy.clone());
        let mut plan = Plan::with_rule(self.now, &self.seed, local, policy, rule)?;
        for (host, addr) in &self.known {
            plan.know(self.now, host, *addr);
        }
        Ok(plan)
    }

    pub(crate) fn tell(&self, stands: &mut Stands) -> PlanText {
        let keys = communities(&self.policy).chain([self.local.key.clone()]);
        let keys: Vec<Key> = keys.collect();
        stands.admit(keys);
        PlanText {
            local: LocalText {
                addr: self.local.addr,
                community: stands.key(&self.local.key),
                protocol: self.local.protocol,
            },
            policy: PolicyText::of(stands, &self.policy),
            known: self.known.clone(),
        }
    }
}

/// The beginning as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanText {
    local: LocalText,
    policy: PolicyText,
    known: Vec<(Name, SocketAddr)>,
}

impl PlanText {
    pub(crate) fn hear(
        self,
        now: Now,
        seed: [u8; 32],
        stands: &mut Stands,
    ) -> Result<PlanStart, String> {
        Ok(PlanStart {
            now,
            seed,
            local: Local {
                addr: self.local.addr,
                key: stands.replay(&self.local.community)?,
                protocol: self.local.protocol,
            },
            policy: self.policy.hear(stands)?,
            known: self.known,
        })
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct LocalText {
    addr: SocketAddr,
    community: String,
    protocol: Protocol,
}

/// A policy with stand-ins for its scripts; those for its communities are beside it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PolicyText {
    #[serde(flatten)]
    policy: Policy,
    /// Of each host.
    host_communities: BTreeMap<Name, String>,
    /// Of each service that has one of its own.
    service_communities: BTreeMap<Name, String>,
}

impl PolicyText {
    fn of(stands: &mut Stands, policy: &Policy) -> PolicyText {
        let hosts = policy.hosts.iter();
        let hosts = hosts.map(|(name, host)| (name.clone(), stands.community(&host.community)));
        let host_communities = hosts.collect();
        let services = policy.services.iter();
        let services = services.filter_map(|(name, service)| {
            let community = service.community.as_ref()?;
            Some((name.clone(), stands.community(community)))
        });
        PolicyText {
            service_communities: services.collect(),
            policy: stands.policy(policy),
            host_communities,
        }
    }

    fn hear(self, stands: &mut Stands) -> Result<Policy, String> {
        let mut policy = self.policy;
        for (name, host) in &mut policy.hosts {
            let community = self.host_communities.get(name);
            let community = community.ok_or(format!("host {name} has no community"))?;
            stands.replay(community)?;
            host.community.clone_from(community);
        }
        for (name, community) in self.service_communities {
            stands.replay(&community)?;
            if let Some(service) = policy.services.get_mut(&name) {
                service.community = Some(community);
            }
        }
        Ok(policy)
    }
}

/// All of a policy's communities that are legal.
fn communities(policy: &Policy) -> impl Iterator<Item = Key> {
    let hosts = policy.hosts.values().map(|host| &host.community);
    let services = policy.services.values();
    let services = services.filter_map(|service| service.community.as_ref());
    let all = hosts.chain(services);
    all.filter_map(|community| Key::new(community).ok())
}

/// An input.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InText {
    /// A message.
    Datagram {
        /// From whom.
        from: SocketAddr,
        /// What.
        #[serde(flatten)]
        letter: Letter,
    },
    /// A script has begun.
    Began(JobNo),
    /// A script held up others.
    Held {
        /// Which.
        by: JobNo,
        /// How long.
        span: Span,
    },
    /// A script has ended.
    Done {
        /// Which.
        job: JobNo,
        /// How.
        outcome: Outcome,
    },
    /// A name was looked up.
    Resolved {
        /// The number of the question.
        no: u64,
        /// The address, or one sentence.
        answer: Result<SocketAddr, String>,
    },
    /// A trap has ended.
    Trapped {
        /// Which.
        job: JobNo,
        /// What went wrong.
        error: Option<ScriptError>,
    },
    /// A change by hand.
    Set {
        /// The number of the question.
        no: u64,
        /// Which service.
        service: Name,
        /// What to change.
        change: ByHand,
        /// Why.
        reason: String,
    },
    /// Another policy.
    Policy {
        /// All of it.
        policy: Box<PolicyText>,
        /// Addresses that were looked up before.
        known: Vec<(Name, SocketAddr)>,
    },
    /// Everything is released.
    Release,
}

/// An output.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutText {
    /// A message.
    Send {
        /// To whom.
        to: SocketAddr,
        /// How.
        protocol: Protocol,
        /// What.
        #[serde(flatten)]
        letter: Letter,
    },
    /// A connection is closed.
    HangUp(SocketAddr),
    /// A script is run.
    Run(Order),
    /// A script is ended.
    Cancel {
        /// Which.
        job: JobNo,
        /// Why.
        why: String,
    },
    /// A name is looked up.
    Resolve {
        /// The number of the question.
        no: u64,
        /// What.
        name: String,
        /// Goes into the address.
        port: u16,
    },
    /// A line for the log.
    Log(Line),
    /// A trap is run.
    Trap(Fired),
    /// What came of a change by hand.
    Answered {
        /// The number of the question.
        no: u64,
        /// One sentence if it was refused.
        result: Result<(), String>,
    },
    /// Something has happened.
    Event(Event),
    /// A view has changed.
    Changed(Subject),
    /// Everything is released, but for these.
    Released(Vec<(Name, String)>),
}

impl Told for Plan {
    const PROGRAM: &'static str = "failsh";
    type InText = InText;
    type OutText = OutText;

    fn tell_in(stands: &mut Stands, input: &In) -> InText {
        stands.turn();
        match input {
            In::Datagram { from, bytes } => InText::Datagram {
                from: *from,
                letter: Letter::of(bytes, stands, |_, cookie| stands.cookie(cookie)),
            },
            In::Began { job } => InText::Began(*job),
            In::Held { by, span } => InText::Held {
                by: *by,
                span: *span,
            },
            In::Done { job, outcome } => InText::Done {
                job: *job,
                outcome: outcome.clone().map_err(|error| stands.error(&error)),
            },
            In::Resolved { no, answer } => InText::Resolved {
                no: *no,
                answer: answer.clone(),
            },
            In::Trapped { job, error } => InText::Trapped {
                job: *job,
                error: error.as_ref().map(|error| stands.error(error)),
            },
            In::Set {
                no,
                service,
                change,
                reason,
            } => InText::Set {
                no: *no,
                service: service.clone(),
                change: *change,
                reason: reason.clone(),
            },
            In::Policy { policy, known } => {
                let keys: Vec<Key> = communities(policy).collect();
                stands.admit(keys);
                InText::Policy {
                    policy: Box::new(PolicyText::of(stands, policy)),
                    known: known.clone(),
                }
            }
            In::Release => InText::Release,
        }
    }

    fn hear_in(stands: &mut Stands, text: InText) -> Result<In, String> {
        Ok(match text {
            InText::Datagram { from, letter } => In::Datagram {
                from,
                bytes: letter.message(stands)?,
            },
            InText::Began(job) => In::Began { job },
            InText::Held { by, span } => In::Held { by, span },
            InText::Done { job, outcome } => In::Done {
                job,
                outcome: outcome.map_err(|error| stands.error(&error)),
            },
            InText::Resolved { no, answer } => In::Resolved { no, answer },
            InText::Trapped { job, error } => In::Trapped {
                job,
                error: error.map(|error| stands.error(&error)),
            },
            InText::Set {
                no,
                service,
                change,
                reason,
            } => In::Set {
                no,
                service,
                change,
                reason,
            },
            InText::Policy { policy, known } => In::Policy {
                policy: Box::new(policy.hear(stands)?),
                known,
            },
            InText::Release => In::Release,
        })
    }

    fn tell_out(stands: &mut Stands, out: &Out) -> OutText {
        match out {
            Out::Send {
                to,
                protocol,
                bytes,
            } => OutText::Send {
                to: *to,
                protocol: *protocol,
                letter: Letter::of(bytes, stands, |_, cookie| stands.cookie(cookie)),
            },
            Out::HangUp { to } => OutText::HangUp(*to),
            Out::Run(order) => OutText::Run(order.clone()),
            Out::Cancel { job, why } => OutText::Cancel {
                job: *job,
                why: why.clone(),
            },
            Out::Resolve { no, name, port } => OutText::Resolve {
                no: *no,
                name: name.clone(),
                port: *port,
            },
            Out::Log(line) => OutText::Log(stands.logged(line)),
            Out::Trap(fired) => OutText::Trap(Fired {
                script: stands.trap(&fired.script),
                ..fired.clone()
            }),
            Out::Answered { no, result } => OutText::Answered {
                no: *no,
                result: result.clone(),
            },
            Out::Event(event) => OutText::Event(event.clone()),
            Out::Changed(subject) => OutText::Changed(subject.clone()),
            Out::Released { left } => OutText::Released(left.clone()),
        }
    }
}
