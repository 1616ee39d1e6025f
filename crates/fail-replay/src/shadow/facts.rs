//! What was true, as one failsh saw it: whether the faild of each host answered and what it
//! said of each service, what people changed in the local one, how scripts ended, and what was
//! decided. Nothing of a policy is in it but by what was asked.
//!
//! It looks on while a failsh is replayed, or while one runs. What is too old can be trimmed,
//! so that it can look on for ever.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use fail_core::job::{JobNo, Outcome, Task};
use fail_core::machine::Machine;
use fail_core::plan::{In, Out, Plan};
use fail_core::time::{Mono, Now, Span};
use fail_wire::{Answer, Body, Change, Marks, Name, Notify, Packet, Record};

use super::deeds::Deeds;
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
    /// Whether a question that was asked then was answered, and how soon.
    pub answers: Timeline<bool>,
    /// How long an answer took, last.
    pub took: Span,
    /// The start of the daemon, as questions asked then found it.
    pub nonces: Timeline<u64>,
    /// What it said of each service to a question asked then.
    pub records: BTreeMap<Name, Timeline<Record>>,
    /// What it told by itself.
    pub pushed: VecDeque<(Mono, Vec<Record>)>,
    asked: VecDeque<Asked>,
}

/// A question that may be answered still.
#[derive(Debug, Clone)]
struct Asked {
    at: Mono,
    id: u64,
    took: Option<Span>,
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
    start: Mono,
    local_addr: SocketAddr,
    addresses: BTreeMap<SocketAddr, Name>,
    jobs: BTreeMap<JobNo, (Name, Task)>,
    ours: BTreeMap<Name, VecDeque<Change>>,
}

impl Heard {
    fn ask(&mut self, at: Mono, id: u64) {
        self.settle(at, UNANSWERED_AFTER);
        self.asked.push_back(Asked { at, id, took: None });
        if self.asked.len() > ASKED_MAX {
            self.settle(at, Span::ZERO);
        }
    }

    /// The moment of the question that this answers, if it is open.
    fn answered(&mut self, now: Mono, id: u64) -> Option<Mono> {
        let asked = self.asked.iter_mut().find(|asked| asked.id == id)?;
        asked.took.get_or_insert(now - asked.at);
        let at = asked.at;
        self.settle(now, UNANSWERED_AFTER);
        Some(at)
    }

    /// What is known of the oldest questions by now, in their order.
    fn settle(&mut self, now: Mono, patience: Span) {
        while let Some(asked) = self.asked.front() {
            if asked.took.is_none() && now - asked.at <= patience {
                return;
            }
            self.answers.note(asked.at, asked.took.is_some());
            self.took = asked.took.unwrap_or(self.took);
            self.asked.pop_front();
        }
    }

    fn record(&mut self, at: Mono, record: Record) {
        let line = self.records.entry(record.name.clone()).or_default();
        let same = |last: &Record| {
            let aged = Record {
                age_ms: record.age_ms,
                ..last.clone()
            };
            aged == record
        };
        if !line.last().is_some_and(same) {
            line.note(at, record);
        }
    }

    fn trim(&mut self, at: Mono) -> Mono {
        let lines = self.records.values_mut().map(|line| line.trim(at));
        let known = lines.fold(at, Mono::max);
        let known = known.max(self.answers.trim(at)).max(self.nonces.trim(at));
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
    /// Whether what was before is no longer known.
    pub fn is_trimmed(&self) -> bool {
        self.from.mono > self.start
    }

    /// Nothing yet, from this moment on, of a failsh whose local faild is there.
    pub fn new(now: Now, local_addr: SocketAddr) -> Facts {
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
            start: now.mono,
            local_addr,
            addresses: BTreeMap::new(),
            jobs: BTreeMap::new(),
            ours: BTreeMap::new(),
        }
    }

    /// Nothing more comes: what was not answered was not.
    pub fn end(&mut self) {
        for heard in self.hosts.values_mut().chain([&mut self.local]) {
            heard.settle(Mono(u64::MAX), Span::ZERO);
        }
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

    fn message(&mut self, plan: &Plan, now: Now, from: SocketAddr, bytes: &[u8]) {
        // What nobody asked for costs no more than this look.
        if !plan.is_awaited(bytes) {
            return;
        }
        let Ok(packet) = Packet::read(bytes) else {
            return;
        };
        match packet.body() {
            Ok(Body::Answer(answer)) => self.answer(now, from, packet.request(), answer),
            Ok(Body::Notify(notify)) if notify.number > 0 => self.push(now, from, notify),
            _ => {}
        }
    }

    fn answer(&mut self, now: Now, from: SocketAddr, id: u64, answer: Answer) {
        let is_local = from == self.local_addr;
        let Some(heard) = self.known(from) else {
            return;
        };
        let Some(at) = heard.answered(now.mono, id) else {
            return;
        };
        heard.nonces.note(at, answer.nonce);
        for record in answer.records {
            if is_local {
                self.by_hand(at, &record);
            }
            let heard = if is_local {
                Some(&mut self.local)
            } else {
                self.known(from)
            };
            if let Some(heard) = heard {
                heard.record(at, record);
            }
        }
    }

    fn push(&mut self, now: Now, from: SocketAddr, notify: Notify) {
        if from == self.local_addr {
            return;
        }
        if let Some(heard) = self.known(from) {
            for record in &notify.records {
                heard.record(now.mono, record.clone());
            }
            heard.pushed.push_back((now.mono, notify.records));
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
        if let Some(due) = machine.deadline().filter(|due| now.mono - *due > PAUSE_MIN) {
            self.pauses.push_back((due, now.mono));
        }
        match input {
            Some(In::Datagram { from, bytes }) => self.message(machine, now, *from, bytes),
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
