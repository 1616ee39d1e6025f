//! What a recorded machine decided, moment by moment, for people.
//!
//! Of a failsh: its lines for the log, how scripts ended, and what people wanted. Of a faild:
//! each change of a record, and its lines for the log.

use std::collections::BTreeMap;

use fail_core::job::{JobNo, Task};
use fail_core::log::{Level, Line};
use fail_core::node::{self, Node};
use fail_core::plan::{self, Plan};
use fail_core::time::{Now, Span};
use fail_wire::{Body, Name, Packet, Record};

use crate::replay::Watch;

/// Something that was decided or happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Since the machine's beginning.
    pub after: Span,
    /// Both clocks.
    pub now: Now,
    /// The service or the host; empty: neither.
    pub subject: String,
    /// What, and why.
    pub text: String,
}

/// Tells each moment.
pub struct Story<F> {
    begin: Now,
    tell: F,
    /// Scripts that run: not the checks, of which there are too many.
    jobs: BTreeMap<JobNo, (Name, Task)>,
    /// Records before a change that may be made of them.
    before: Vec<(Name, Record)>,
    from: String,
}

impl<F: FnMut(Moment)> Story<F> {
    /// One that begins now.
    pub fn new(begin: Now, tell: F) -> Story<F> {
        Story {
            begin,
            tell,
            jobs: BTreeMap::new(),
            before: Vec::new(),
            from: String::new(),
        }
    }

    fn say(&mut self, now: Now, subject: &str, text: String) {
        (self.tell)(Moment {
            after: now.mono - self.begin.mono,
            now,
            subject: subject.to_string(),
            text,
        });
    }

    fn log(&mut self, now: Now, line: &Line) {
        if line.level == Level::Debug {
            return;
        }
        let (subject, text) = subject(&line.text);
        self.say(now, subject, text.to_string());
    }
}

/// `service web: it is UP` is of `web`.
fn subject(text: &str) -> (&str, &str) {
    let named = text.strip_prefix("service ");
    let named = named.or_else(|| text.strip_prefix("host "));
    let split = named.and_then(|rest| rest.split_once(": "));
    split.unwrap_or(("", text))
}

impl<F: FnMut(Moment)> Watch<Plan> for Story<F> {
    fn before(&mut self, _machine: &Plan, now: Now, input: Option<&plan::In>) {
        match input {
            Some(plan::In::Done { job, outcome }) => {
                if let Some((name, task)) = self.jobs.remove(job) {
                    let text = match outcome {
                        Ok(state) => format!("{task} ended with {state}"),
                        Err(error) => format!("{task} ended with an error: {error}"),
                    };
                    self.say(now, name.as_str(), text);
                }
            }
            Some(plan::In::Set {
                service,
                change,
                reason,
                ..
            }) => {
                let text = format!("by hand: {} ({reason})", change.words());
                self.say(now, service.as_str(), text);
            }
            Some(plan::In::Release) => {
                self.say(now, "", "everything is to be released".to_string());
            }
            _ => {}
        }
    }

    fn after(&mut self, _machine: &Plan, now: Now, outs: &[plan::Out]) {
        for out in outs {
            match out {
                plan::Out::Run(order) if order.task != Task::Check => {
                    let what = (order.service.clone(), order.task);
                    self.jobs.insert(order.job, what);
                }
                plan::Out::Log(line) => self.log(now, line),
                plan::Out::Trap(fired) => {
                    let (event, subject) = (fired.event.kind, &fired.event.subject);
                    let text = format!("a trap runs: {event}");
                    self.say(now, subject.as_str(), text);
                }
                plan::Out::Released { left } if left.is_empty() => {
                    self.say(now, "", "everything is released".to_string());
                }
                plan::Out::Released { left } => {
                    for (name, why) in left {
                        self.say(now, name.as_str(), format!("is not released: {why}"));
                    }
                }
                _ => {}
            }
        }
    }
}

/// The services that a message may change.
fn changes(bytes: &[u8]) -> Option<Name> {
    match Packet::read(bytes).ok()?.body().ok()? {
        Body::Change(change) => Some(change.name),
        Body::Forget(forget) => Some(forget.name),
        _ => None,
    }
}

impl<F: FnMut(Moment)> Watch<Node> for Story<F> {
    fn before(&mut self, machine: &Node, now: Now, input: Option<&node::In>) {
        self.before.clear();
        match input {
            Some(node::In::Datagram { from, bytes }) => {
                self.from = from.addr.to_string();
                let name = changes(bytes);
                let record = name.map(|name| (name.clone(), machine.record(now, &name)));
                self.before.extend(record);
            }
            Some(node::In::Access(_)) => {
                self.say(now, "", "the community file was read again".to_string());
            }
            Some(node::In::Saved { ok: false, .. }) => {
                self.say(now, "", "the state file could not be written".to_string());
            }
            _ => {}
        }
    }

    fn after(&mut self, machine: &Node, now: Now, outs: &[node::Out]) {
        for (name, was) in std::mem::take(&mut self.before) {
            let is = machine.record(now, &name);
            if is.version != was.version {
                let text = format!("{} -> {}, by {}", shown(&was), shown(&is), self.from);
                self.say(now, name.as_str(), text);
            }
        }
        for out in outs {
            if let node::Out::Log(line) = out {
                self.log(now, line);
            }
        }
    }
}

/// `UP held (why)`.
fn shown(record: &Record) -> String {
    let mut text = record.state.to_string();
    for word in record.marks.words() {
        text += &format!(" {word}");
    }
    match record.reason.as_str() {
        "" => text,
        why => format!("{text} ({why})"),
    }
}
