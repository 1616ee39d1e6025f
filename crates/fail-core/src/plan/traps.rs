//! Events: told to monitors, and to the traps that wait for them.
//!
//! A trap is a script that nobody waits for. Each gets a number like every other script, 30
//! seconds, then an error, and is given up a little later. What comes faster than anybody can
//! want to know is counted instead, and the next one says how many there were. Nothing that a
//! trap does or fails to do changes a decision.

use std::collections::{BTreeMap, VecDeque};

use fail_wire::Name;

use super::notes::cut;
use super::{CANCEL_GRACE, Out, Plan};
use crate::event::{Event, EventKind};
use crate::glob;
use crate::job::{Fired, JobNo, ScriptError};
use crate::limits;
use crate::log::Level;
use crate::policy::On;
use crate::time::{Mono, Now, Span};

/// The longest that a trap may take.
pub const TRAP_TIMEOUT: Span = Span::from_secs(30);

/// What is under way, what waits, and how often there was the like lately.
#[derive(Debug, Clone, Default)]
pub(super) struct Traps {
    running: BTreeMap<JobNo, Running>,
    waiting: VecDeque<(Event, String)>,
    rates: BTreeMap<Source, Rate>,
    /// Since when so many were lost that it was worth a line.
    crowded: Option<Mono>,
}

/// Where an event goes, its kind, and whose it is: to a trap by its place in the policy, or
/// to the monitors.
type Source = (Option<usize>, EventKind, Name);

/// A trap that runs.
#[derive(Debug, Clone)]
struct Running {
    label: String,
    /// When it is cancelled, and when it is given up after that.
    deadline: Mono,
    began: bool,
    cancelled: bool,
}

/// How often something was let pass in the present window, and how often since then not.
#[derive(Debug, Clone, Default)]
struct Rate {
    since: Mono,
    passed: u32,
    suppressed: u64,
}

impl Rate {
    /// Whether one more passes: then how many did not before it.
    fn pass(&mut self, now: Mono) -> Option<u64> {
        if self.is_silent(now) {
            (self.since, self.passed) = (now, 0);
        }
        if self.passed >= limits::RATE_MAX {
            self.suppressed += 1;
            return None;
        }
        self.passed += 1;
        Some(std::mem::take(&mut self.suppressed))
    }

    fn is_silent(&self, now: Mono) -> bool {
        now - self.since >= Span::from_secs(limits::RATE_WINDOW_S)
    }
}

impl Traps {
    /// The next moment at which one has had its time.
    pub fn deadline(&self) -> Option<Mono> {
        self.running.values().map(|trap| trap.deadline).min()
    }

    /// How many run.
    pub fn count(&self) -> usize {
        self.running.len()
    }

    /// A trap has its turn.
    pub fn began(&mut self, now: Mono, job: JobNo) {
        if let Some(trap) = self.running.get_mut(&job).filter(|trap| !trap.began) {
            trap.began = true;
            trap.deadline = now + TRAP_TIMEOUT;
        }
    }

    /// Time in which none of them could go on.
    pub fn stood_still(&mut self, span: Span, but: Option<JobNo>) {
        for (job, trap) in &mut self.running {
            if Some(*job) != but {
                trap.deadline = trap.deadline + span;
            }
        }
    }

    /// Whether an event may pass on; then with how many could not before it.
    fn pass(&mut self, now: Mono, source: Source, event: &Event) -> Option<Event> {
        if self.rates.len() >= limits::RATES_MAX {
            self.rates
                .retain(|_, rate| !rate.is_silent(now) || rate.suppressed > 0);
        }
        if self.rates.len() >= limits::RATES_MAX {
            self.rates.clear();
        }
        let suppressed = self.rates.entry(source).or_default().pass(now)?;
        let mut event = event.clone();
        if suppressed > 0 {
            event.data.push(("suppressed", suppressed.to_string()));
        }
        Some(event)
    }
}

impl Plan {
    /// Something has happened that traps and monitors want to know. Everybody is told
    /// whether the subject is a service or a host, its name, when it was, and a reason.
    pub(super) fn fire(
        &mut self,
        now: Now,
        kind: EventKind,
        subject: &Name,
        data: Vec<(&'static str, String)>,
    ) {
        let of_host = matches!(kind, EventKind::Reachable | EventKind::Unreachable);
        let what = if of_host { "host" } else { "service" };
        let mut all = vec![
            ("kind", what.to_string()),
            ("name", subject.to_string()),
            ("time", now.wall.0.to_string()),
        ];
        if !data.iter().any(|(key, _)| *key == "reason") {
            all.push(("reason", String::new()));
        }
        all.extend(data.into_iter().map(|(key, value)| (key, cut(&value))));
        let event = Event {
            kind,
            subject: subject.clone(),
            data: all,
        };
        let source = |trap| (trap, kind, subject.clone());
        if let Some(event) = self.traps.pass(now.mono, source(None), &event) {
            self.out.push_back(Out::Event(event));
        }
        for (index, trap) in self.policy.traps.iter().enumerate() {
            let wanted = match trap.on {
                On::Event(wanted) => wanted == kind,
                On::Change => kind.is_change(),
                On::Any => true,
            };
            if !wanted || !glob::matches(&trap.pattern, subject.as_str()) {
                continue;
            }
            if let Some(event) = self.traps.pass(now.mono, source(Some(index)), &event) {
                self.traps.waiting.push_back((event, trap.script.clone()));
            }
        }
        self.run_traps(now);
    }

    /// Orders those that wait, as many as may run; too many of them are not kept.
    fn run_traps(&mut self, now: Now) {
        while self.traps.running.len() < limits::TRAPS_RUNNING_MAX {
            let Some((event, script)) = self.traps.waiting.pop_front() else {
                return;
            };
            self.jobs += 1;
            let job = JobNo(self.jobs);
            let label = format!("trap {} {}", event.subject, event.kind);
            self.log(Level::Debug, "script", format!("running {label}"));
            let trap = Running {
                label,
                deadline: now.mono + TRAP_TIMEOUT,
                began: false,
                cancelled: false,
            };
            self.traps.running.insert(job, trap);
            self.out.push_back(Out::Trap(Fired { job, event, script }));
        }
        let waiting = &mut self.traps.waiting;
        if waiting.len() <= limits::TRAPS_WAITING_MAX {
            return;
        }
        // The latest are lost: the first ones tell how it began.
        waiting.truncate(limits::TRAPS_WAITING_MAX);
        let quiet = |at: Mono| now.mono - at < Span::from_secs(60);
        if !self.traps.crowded.is_some_and(quiet) {
            self.traps.crowded = Some(now.mono);
            let (run, wait) = (limits::TRAPS_RUNNING_MAX, limits::TRAPS_WAITING_MAX);
            let text = format!("traps are lost: {run} run and {wait} wait");
            self.log(Level::Warn, "script", text);
        }
    }

    /// Ends the traps that have had their time, and gives up those that do not end.
    pub(super) fn expire_traps(&mut self, now: Now) {
        let due = self.traps.running.iter();
        let due = due.filter(|(_, trap)| trap.deadline <= now.mono);
        for job in due.map(|(job, _)| *job).collect::<Vec<_>>() {
            let Some(trap) = self.traps.running.get_mut(&job) else {
                continue;
            };
            let why = match trap.cancelled {
                false if trap.began => format!("timed out after {TRAP_TIMEOUT}"),
                false => format!("did not get its turn within {TRAP_TIMEOUT}"),
                true => "given up".to_string(),
            };
            let text = format!("{}: {why}", trap.label);
            if trap.cancelled {
                self.traps.running.remove(&job);
            } else {
                trap.cancelled = true;
                trap.deadline = now.mono + CANCEL_GRACE;
            }
            self.log(Level::Error, "script", text);
            self.out.push_back(Out::Cancel { job, why });
        }
        self.run_traps(now);
    }

    /// A trap has ended. What went wrong is worth some lines in the log, and nothing else.
    pub(super) fn trapped(&mut self, now: Now, job: JobNo, error: Option<ScriptError>) {
        // One that was given up was complained of then.
        let Some(trap) = self.traps.running.remove(&job) else {
            return;
        };
        if let Some(error) = error.filter(|_| !trap.cancelled) {
            let label = trap.label;
            self.log(Level::Error, "script", format!("{label}: {error}"));
            for line in error.detail.lines().skip(1).take(20) {
                self.log(Level::Error, "script", format!("{label}:   {line}"));
            }
        }
        self.run_traps(now);
    }
}
