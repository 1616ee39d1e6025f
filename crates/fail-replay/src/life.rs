//! What a failsh did, as spans of time: for each service the states that it held for its own
//! and the scripts that ran, and whether it heard the other hosts.
//!
//! Times are nanoseconds since the boot (`CLOCK_BOOTTIME`): those of several hosts on one
//! kernel can be held against each other. After the last turn of a recording nothing is known.

use std::collections::BTreeMap;
use std::io::BufRead;

use fail_core::decide::decide;
use fail_core::job::{JobNo, Outcome, Task};
use fail_core::plan::{In, Out, Plan};
use fail_core::time::{Mono, Now};
use fail_wire::{Name, State};

use crate::read::{BadRecording, Reader};
use crate::replay::{Replayed, Watch, plan};

/// Something that held from one moment to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held<T> {
    /// From here on.
    pub from: Mono,
    /// Up to here, where it was no more.
    pub to: Mono,
    /// What.
    pub what: T,
}

/// One script run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Its number.
    pub job: JobNo,
    /// Which script.
    pub task: Task,
    /// Why it ran.
    pub reason: String,
    /// When it was ordered.
    pub ordered: Mono,
    /// When it began; nothing: it did not.
    pub began: Option<Mono>,
    /// When it was told to end.
    pub cancelled: Option<Mono>,
    /// When it ended, and how; nothing: it still ran.
    pub ended: Option<(Mono, Outcome)>,
}

/// What is known of one service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceLife {
    /// The state that this failsh held for the local one; nothing: not known yet, or the
    /// service is not in the policy.
    pub states: Vec<Held<Option<State>>>,
    /// In the order in which they were ordered.
    pub scripts: Vec<Script>,
}

/// What is known of a host's failsh.
#[derive(Debug, Clone, PartialEq)]
pub struct Life {
    /// The host.
    pub host: String,
    /// The kernel's boot id.
    pub boot: String,
    /// When it began.
    pub from: Mono,
    /// The last turn.
    pub to: Mono,
    /// By service.
    pub services: BTreeMap<Name, ServiceLife>,
    /// Whether each other host answered; nothing: not known yet, or not in the policy.
    pub hears: BTreeMap<Name, Vec<Held<Option<bool>>>>,
    /// Whether the local faild answered.
    pub faild: Vec<Held<Option<bool>>>,
    /// Whether this build decides the same.
    pub replayed: Replayed,
}

impl Life {
    /// Reads the recording of a failsh. Where this build decides something else the life ends.
    ///
    /// # Errors
    /// A line that makes no sense, or the recording of a faild.
    pub fn read<R: BufRead>(reader: &mut Reader<R>) -> Result<Life, BadRecording> {
        let header = reader.header().clone();
        let mut notes = Notes::default();
        let replayed = plan(reader, decide, &mut notes)?;
        Ok(Life {
            host: header.host,
            boot: header.boot,
            from: header.mono,
            to: header.mono + replayed.span,
            services: notes.services,
            hears: notes.hears,
            faild: notes.faild,
            replayed,
        })
    }

    /// The state of a service at a moment; nothing: not known.
    pub fn state(&self, service: &Name, at: Mono) -> Option<State> {
        let life = self.services.get(service)?;
        let mut states = life.states.iter();
        let held = states.find(|held| held.from <= at && at < held.to)?;
        held.what
    }
}

#[derive(Default)]
struct Notes {
    services: BTreeMap<Name, ServiceLife>,
    hears: BTreeMap<Name, Vec<Held<Option<bool>>>>,
    faild: Vec<Held<Option<bool>>>,
}

/// It is so now.
fn note<T: PartialEq + Copy>(spans: &mut Vec<Held<T>>, now: Mono, what: T) {
    if let Some(last) = spans.last_mut() {
        last.to = now;
        if last.what == what {
            return;
        }
    }
    spans.push(Held {
        from: now,
        to: now,
        what,
    });
}

impl Notes {
    fn script(&mut self, job: JobNo) -> Option<&mut Script> {
        let mut all = self.services.values_mut();
        all.find_map(|life| {
            life.scripts
                .iter_mut()
                .rev()
                .find(|script| script.job == job)
        })
    }
}

impl Watch<Plan> for Notes {
    fn before(&mut self, _machine: &Plan, now: Now, input: Option<&In>) {
        match input {
            Some(In::Began { job }) => {
                if let Some(script) = self.script(*job) {
                    script.began.get_or_insert(now.mono);
                }
            }
            Some(In::Done { job, outcome }) => {
                if let Some(script) = self.script(*job) {
                    script.ended.get_or_insert((now.mono, outcome.clone()));
                }
            }
            _ => {}
        }
    }

    fn after(&mut self, machine: &Plan, now: Now, outs: &[Out]) {
        for out in outs {
            match out {
                Out::Run(order) => {
                    let life = self.services.entry(order.service.clone()).or_default();
                    life.scripts.push(Script {
                        job: order.job,
                        task: order.task,
                        reason: order.reason.clone(),
                        ordered: now.mono,
                        began: None,
                        cancelled: None,
                        ended: None,
                    });
                }
                Out::Cancel { job, .. } => {
                    if let Some(script) = self.script(*job) {
                        script.cancelled.get_or_insert(now.mono);
                    }
                }
                _ => {}
            }
        }
        for name in machine.service_names() {
            self.services.entry(name.clone()).or_default();
        }
        for (name, life) in &mut self.services {
            let state = machine.status(name).and_then(|status| status.state);
            note(&mut life.states, now.mono, state);
        }
        for name in machine.host_names() {
            self.hears.entry(name.clone()).or_default();
        }
        for (name, spans) in &mut self.hears {
            let view = machine.host_view(now, name);
            note(spans, now.mono, view.and_then(|view| view.reachable));
        }
        let faild = machine.health_view(now).faild;
        note(&mut self.faild, now.mono, faild);
    }
}
