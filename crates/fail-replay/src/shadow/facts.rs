//! What was true, as one failsh saw it: whether the faild of each host answered and what it
//! said of each service, what people changed in the local one, how scripts ended, and what was
//! decided. Nothing of a policy is in it but by what was asked.
//!
//! It looks on while a failsh is replayed, or while one runs. What is too old can be trimmed,
//! so that it can look on for ever.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use fail_core::job::{JobNo, Outcome, Task};
use fail_core::machine::Machine;
use fail_core::plan::{In, Out, Plan};
use fail_core::policy::Policy;
use fail_core::time::{Mono, Now, Span};
use fail_wire::{Answer, Body, Change, Marks, Name, Notify, Packet, Record};

use super::deeds::Deeds;
use super::questions::Questions;
use super::timeline::Timeline;
use crate::limits::{ASKED_MAX, CHANGES_MAX, OURS_MAX};
use crate::replay::Watch;

/// A question that was not answered in so long was not answered.
const UNANSWERED_AFTER: Span = Span::from_secs(2);

/// A failsh that acts so late was stopped, and would have been with any policy.
const PAUSE_MIN: Span = Span::from_millis(50);

/// One faild, the local one or another.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// What it was asked, and how soon it answered.
    pub questions: Questions,
    /// The start of the daemon, as questions asked then found it.
    pub nonces: Timeline<u64>,
    /// What it said of each service to a question asked then.
    pub records: BTreeMap<Name, Timeline<Record>>,
    /// What it told by itself.
    pub pushed: VecDeque<(Mono, Vec<Record>)>,
    /// When each service was asked for last.
    seen: BTreeMap<Name, Mono>,
    asked: VecDeque<Asked>,
}

/// A question that may be answered still.
#[derive(Debug, Clone)]
struct Asked {
    at: Mono,
    id: u64,
    answer: Option<(Span, Answer)>,
}

/// A script that ran.
#[derive(Debug, Clone)]
pub struct Run {
    /// When it was ordered.
    pub ordered: Mono,
    /// How long until it began.
    pub began: Span,
    /// And until it ended, and how; nothing: it was not over.
    pub ended: Option<(Span, Outcome)>,
}

/// A change of the local record that was not ours.
#[derive(Debug, Clone)]
pub struct ByHand {
    /// When it was there at the latest.
    pub at: Mono,
    /// What was changed. Nonce and version are not meant.
    pub change: Change,
}

/// Everything that is known.
#[derive(Debug, Clone)]
pub struct Facts {
    /// From when on.
    pub from: Now,
    /// Until when.
    pub to: Now,
    /// The local faild.
    pub local: Heard,
    /// Those of other hosts.
    pub hosts: BTreeMap<Name, Heard>,
    /// In the order of time.
    pub by_hand: VecDeque<ByHand>,
    /// Changes that scripts and consoles asked for, and a release.
    pub told: VecDeque<(Mono, In)>,
    /// By service and task, in the order of time.
    pub scripts: BTreeMap<(Name, Task), VecDeque<Run>>,
    /// From when to when failsh was stopped.
    pub pauses: VecDeque<(Mono, Mono)>,
    /// What was decided.
    pub deeds: Deeds,
    /// How often failsh was called.
    pub turns: u64,
    start: Mono,
    /// What is in force, and since when.
    policy: (Mono, Arc<Policy>),
    local_addr: SocketAddr,
    addresses: BTreeMap<SocketAddr, Name>,
    jobs: BTreeMap<JobNo, (Name, Task)>,
    ours: BTreeMap<Name, VecDeque<Change>>,
}

impl Heard {
    fn ask(&mut self, at: Mono, id: u64) {
        let answer = None;
        self.asked.push_back(Asked { at, id, answer });
    }

    /// If that was asked, this is the answer.
    fn answered(&mut self, now: Mono, id: u64, answer: Answer) {
        let asked = self.asked.iter_mut().find(|asked| asked.id == id);
        if let Some(asked) = asked.filter(|asked| asked.answer.is_none()) {
            asked.answer = Some((now - asked.at, answer));
        }
    }

    /// The oldest question, if what comes of it is known by now. One that is answered late
    /// holds up those after it: what was said is told in the order in which it was asked.
    fn settled(&mut self, now: Mono) -> Option<Asked> {
        let oldest = self.asked.front()?;
        let given_up = now - oldest.at > UNANSWERED_AFTER || self.asked.len() > ASKED_MAX;
        if oldest.answer.is_none() && !given_up {
            return None;
        }
        let oldest = self.asked.pop_front()?;
        let took = oldest.answer.as_ref().map(|(took, _)| *took);
        self.questions.note(oldest.at, took);
        Some(oldest)
    }

    /// This was said of a service at `said` to a question of `asked`.
    fn record(&mut self, asked: Mono, said: Mono, record: Record) {
        let seen = self.seen.insert(record.name.clone(), asked);
        let line = self.records.entry(record.name.clone()).or_default();
        let same = |last: &Record| {
            let aged = Record {
                age_ms: record.age_ms,
                ..last.clone()
            };
            aged == record
        };
        if line.last().is_some_and(same) {
            return;
        }
        // It was so before it was asked for, but not when it was asked for before.
        let Some(seen) = seen.filter(|seen| *seen < asked) else {
            return line.note(asked, record);
        };
        let age = Span::from_millis(record.age_ms);
        let since = Mono(said.0.saturating_sub(age.0));
        let since = since.clamp(Mono(seen.0 + 1), asked);
        let age_ms = record.age_ms.saturating_sub((said - since).as_millis());
        line.note(since, Record { age_ms, ..record });
    }

    fn trim(&mut self, at: Mono) -> Mono {
        let lines = self.records.values_mut().map(|line| line.trim(at));
        let known = lines.fold(at, Mono::max);
        let known = known.max(self.questions.trim(at)).max(self.nonces.trim(at));
        known.max(trim(&mut self.pushed, at, |(at, _)| *at))
    }
}

/// Forgets what was before. Gives from when on everything is still known.
fn trim<T>(list: &mut VecDeque<T>, at: Mono, when: impl Fn(&T) -> Mono) -> Mono {
    let mut known = at;
    while let Some(first) = list.front() {
        let over = list.len() > CHANGES_MAX;
        if when(first) >= at && !over {
            break;
        }
        known = known.max(when(first));
        list.pop_front();
    }
    known
}

impl Facts {
    /// Whether just this policy was in force all the time.
    pub fn had(&self, policy: &Policy) -> bool {
        self.policy.0 <= self.from.mono && *self.policy.1 == *policy
    }

    /// Whether what was before is no longer known.
    pub fn is_trimmed(&self) -> bool {
        self.from.mono > self.start
    }

    /// Nothing yet, from this moment on, of a failsh with this policy whose local faild is there.
    pub fn new(now: Now, local_addr: SocketAddr, policy: &Policy) -> Facts {
        Facts {
            from: now,
            to: now,
            local: Heard::default(),
            hosts: BTreeMap::new(),
            by_hand: VecDeque::new(),
            told: VecDeque::new(),
            scripts: BTreeMap::new(),
            pauses: VecDeque::new(),
            deeds: Deeds::default(),
            turns: 0,
            start: now.mono,
            policy: (now.mono, Arc::new(policy.clone())),
            local_addr,
            addresses: BTreeMap::new(),
            jobs: BTreeMap::new(),
            ours: BTreeMap::new(),
        }
    }

    /// Nothing more comes: what was not answered was not.
    pub fn end(&mut self) {
        self.settle(Mono(u64::MAX));
    }

    /// Forgets what was before this span.
    pub fn keep(&mut self, span: Span) {
        let at = Mono(self.to.mono.0.saturating_sub(span.0)).max(self.from.mono);
        let mut known = self.local.trim(at).max(self.deeds.trim(at));
        for heard in self.hosts.values_mut() {
            known = known.max(heard.trim(at));
        }
        known = known.max(trim(&mut self.by_hand, at, |hand| hand.at));
        known = known.max(trim(&mut self.told, at, |(at, _)| *at));
        known = known.max(trim(&mut self.pauses, at, |(from, _)| *from));
        for runs in self.scripts.values_mut() {
            while runs.len() > CHANGES_MAX || runs.get(1).is_some_and(|run| run.ordered < at) {
                runs.pop_front();
            }
        }
        let later = (known - self.from.mono).as_millis();
        self.from.wall.0 += i64::try_from(later).unwrap_or(0);
        self.from.mono = known.max(self.from.mono);
    }

    /// The faild at this address, which is asked.
    fn heard(&mut self, plan: &Plan, now: Now, addr: SocketAddr) -> Option<&mut Heard> {
        if addr != self.local_addr && !self.addresses.contains_key(&addr) {
            let hosts = plan.host_names().filter_map(|name| {
                let view = plan.host_view(now, name)?;
                Some((view.address?.parse().ok()?, name.clone()))
            });
            self.addresses = hosts.collect();
        }
        self.known(addr)
    }

    /// The faild at this address, if it was asked before.
    fn known(&mut self, addr: SocketAddr) -> Option<&mut Heard> {
        if addr == self.local_addr {
            return Some(&mut self.local);
        }
        let name = self.addresses.get(&addr)?.clone();
        Some(self.hosts.entry(name).or_default())
    }

    fn message(&mut self, plan: &Plan, now: Mono, from: SocketAddr, bytes: &[u8]) {
        // What nobody asked for costs no more than this look.
        if !plan.is_awaited(bytes) {
            return;
        }
        let Ok(packet) = Packet::read(bytes) else {
            return;
        };
        match packet.body() {
            Ok(Body::Answer(answer)) => {
                if let Some(heard) = self.known(from) {
                    heard.answered(now, packet.request(), answer);
                }
            }
            Ok(Body::Notify(notify)) if notify.number > 0 => self.push(now, from, notify),
            _ => {}
        }
    }

    /// What is known by now of questions that were asked.
    fn settle(&mut self, now: Mono) {
        while let Some(asked) = self.local.settled(now) {
            let Some((took, answer)) = asked.answer else {
                continue;
            };
            self.local.nonces.note(asked.at, answer.nonce);
            for record in answer.records {
                self.by_hand(asked.at, &record);
                self.local.record(asked.at, asked.at + took, record);
            }
        }
        for heard in self.hosts.values_mut() {
            while let Some(asked) = heard.settled(now) {
                let Some((took, answer)) = asked.answer else {
                    continue;
                };
                heard.nonces.note(asked.at, answer.nonce);
                for record in answer.records {
                    heard.record(asked.at, asked.at + took, record);
                }
            }
        }
    }

    fn push(&mut self, now: Mono, from: SocketAddr, notify: Notify) {
        if from == self.local_addr {
            return;
        }
        if let Some(heard) = self.known(from) {
            for record in &notify.records {
                heard.record(now, now, record.clone());
            }
            heard.pushed.push_back((now, notify.records));
        }
    }

    /// A record of the local faild that is neither as it was nor as we wanted it.
    fn by_hand(&mut self, at: Mono, record: &Record) {
        let was = self.local.records.get(&record.name);
        let Some(was) = was.and_then(Timeline::last) else {
            return;
        };
        let ours = |change: &Change| {
            change.reason == record.reason && change.state.is_none_or(|state| state == record.state)
        };
        let all = self.ours.get(&record.name);
        if was.version == record.version || all.is_some_and(|all| all.iter().any(ours)) {
            return;
        }
        let wishes = |record: &Record| Marks(record.marks.0 & Marks::WISHES.0);
        let (had, has) = (wishes(was), wishes(record));
        let state = (was.state != record.state || had == has).then_some(record.state);
        let change = Change {
            nonce: 0,
            version: 0,
            name: record.name.clone(),
            state,
            set: has.without(had),
            clear: had.without(has),
            reason: record.reason.clone(),
            interval_ms: 0,
        };
        self.by_hand.push_back(ByHand { at, change });
    }

    fn sent(&mut self, plan: &Plan, now: Now, to: SocketAddr, bytes: &[u8]) {
        let Ok(packet) = Packet::read(bytes) else {
            return;
        };
        match packet.body() {
            Ok(Body::Query(_)) => {
                if let Some(heard) = self.heard(plan, now, to) {
                    heard.ask(now.mono, packet.request());
                }
            }
            Ok(Body::Change(change)) if to == self.local_addr => {
                let ours = self.ours.entry(change.name.clone()).or_default();
                ours.push_back(change);
                while ours.len() > OURS_MAX {
                    ours.pop_front();
                }
            }
            _ => {}
        }
    }
}

impl Watch<Plan> for Facts {
    fn before(&mut self, machine: &Plan, now: Now, input: Option<&In>) {
        self.to = now;
        self.turns += 1;
        self.settle(now.mono);
        if let Some(due) = machine.deadline().filter(|due| now.mono - *due > PAUSE_MIN) {
            self.pauses.push_back((due, now.mono));
        }
        match input {
            Some(In::Datagram { from, bytes }) => self.message(machine, now.mono, *from, bytes),
            Some(In::Began { job }) => {
                if let Some(run) = self.run(*job) {
                    run.began = now.mono - run.ordered;
                }
            }
            Some(In::Done { job, outcome }) => {
                if let Some(run) = self.run(*job) {
                    run.ended = Some((now.mono - run.ordered, outcome.clone()));
                }
                self.jobs.remove(job);
            }
            Some(In::Policy { policy, .. }) if **policy != *self.policy.1 => {
                self.policy = (now.mono, Arc::new(Policy::clone(policy)));
            }
            Some(told @ (In::Set { .. } | In::Release)) => {
                self.told.push_back((now.mono, told.clone()));
            }
            _ => {}
        }
    }

    fn after(&mut self, machine: &Plan, now: Now, outs: &[Out]) {
        for out in outs {
            match out {
                Out::Send { to, bytes, .. } => self.sent(machine, now, *to, bytes),
                Out::Run(order) => {
                    let what = (order.service.clone(), order.task);
                    let runs = self.scripts.entry(what.clone()).or_default();
                    runs.push_back(Run {
                        ordered: now.mono,
                        began: Span::ZERO,
                        ended: None,
                    });
                    self.jobs.insert(order.job, what);
                }
                _ => {}
            }
        }
        self.deeds.turn(machine, now, outs);
    }
}

impl Facts {
    /// The run of this job: the last one of its script.
    fn run(&mut self, job: JobNo) -> Option<&mut Run> {
        let what = self.jobs.get(&job)?;
        self.scripts.get_mut(what)?.back_mut()
    }
}
