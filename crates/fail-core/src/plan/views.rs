//! What a failsh shows of itself, as the values of the monitor stream.
//!
//! A view is made when somebody asks for it and changes nothing. What is waited for, and
//! until when, is in `waits`; here is the rest.

use fail_wire::monitor::{
    CheckView, HealthView, HearView, HostView, Note, Pause, PeerView, RetryView, ScriptView,
    ServiceView,
};
use fail_wire::{Hear, Marks, Name, Record};

use super::Plan;
use super::check::Checks;
use super::duty::Duty;
use super::notes::Memo;
use crate::policy::Service;
use crate::time::{Mono, Now, Span};

impl Plan {
    /// A service as it is now, without its settings; nothing if it is not in the policy.
    pub fn service_view(&self, now: Now, name: &Name) -> Option<ServiceView> {
        let (duty, service) = (self.duties.get(name)?, self.service(name)?);
        let nothing = Memo::default();
        let memo = self.notes.services.get(name).unwrap_or(&nothing);
        let record = duty.local.as_ref().map(|(record, _)| record);
        let waits = self.waits(now, name, duty, service);
        let until = waits.as_ref().and_then(|waits| waits.until);
        let console = service.console.iter();
        let journal = memo.journal.iter();
        Some(ServiceView {
            name: name.to_string(),
            state: duty.believed.map(|state| state.word().to_string()),
            since: since(now, duty, record),
            marks: marks(duty, record),
            reason: record.map_or(String::new(), |record| record.reason.to_string()),
            why: match duty.why.as_str() {
                "" => "not known yet: the first answers are awaited".to_string(),
                why => why.to_string(),
            },
            waiting: waits.map(|waits| waits.what),
            until: until.map(|until| wall(now, until)),
            script: duty.job.as_ref().map(|job| ScriptView {
                task: job.task.word().to_string(),
                since: job.since.wall.0,
                until: wall(now, job.deadline),
            }),
            peers: peers(service, memo),
            check: service.check.as_ref().map(|_| check(&duty.checks)),
            retry: self.retry_at(name).map(|at| RetryView {
                failures: duty.retries.failures,
                at: wall(now, at),
            }),
            settings: Default::default(),
            console: console
                .map(|(option, until)| (option.clone(), until.map(|until| until.0)))
                .collect(),
            journal: journal
                .map(|note| Note {
                    at: note.at.0,
                    kind: note.kind.word().to_string(),
                    text: note.text.clone(),
                })
                .collect(),
        })
    }

    /// A host as it is now; nothing if it is not in the policy.
    pub fn host_view(&self, now: Now, name: &Name) -> Option<HostView> {
        let link = self.hosts.get(name)?;
        let way = self.health.hosts.get(name).cloned().unwrap_or_default();
        let known = |at: Option<Mono>| at.map(|at| wall(now, at));
        let report = self.hears.hosts.get(name);
        let report = report.and_then(|ear| ear.report.as_ref());
        let hears = report.into_iter().flat_map(|(hears, _)| hears);
        let view = |hear: &Hear| HearView {
            host: hear.name.to_string(),
            reachable: hear.reachable,
        };
        let met = self.met.get(name).copied().unwrap_or_default();
        let since = way.reachable.map_or(met, |_| way.since);
        Some(HostView {
            name: name.to_string(),
            address: link.addr.map(|addr| addr.to_string()),
            reachable: way.reachable,
            since: wall(now, since),
            last_call: known(way.called),
            last_answer: known(way.answered),
            trip_us: link.trip().map(micros),
            lost_permille: way.lost_permille(),
            hint: link.hint.clone(),
            hears: hears.map(view).collect(),
            heard: report.map(|(_, at)| wall(now, *at)),
        })
    }

    /// How well this failsh does its own work.
    pub fn health_view(&self, _now: Now) -> HealthView {
        let scripts = self.duties.values().filter(|duty| duty.job.is_some());
        let scripts = scripts.count() + self.traps.count();
        let pauses = self.health.pauses.iter().map(|(at, span)| Pause {
            at: at.0,
            ms: span.as_millis(),
        });
        HealthView {
            late_p50_us: micros(self.health.late(50)),
            late_p99_us: micros(self.health.late(99)),
            late_max_us: micros(self.stats.late_max),
            doubts: self.stats.doubted,
            pauses: pauses.collect(),
            sent: self.stats.sent,
            dropped: self.stats.dropped,
            scripts: u32::try_from(scripts).unwrap_or(u32::MAX),
            scripts_run: self.jobs,
            faild: self.health.local.reachable,
        }
    }

    /// The services of the policy.
    pub fn service_names(&self) -> impl Iterator<Item = &Name> {
        self.duties.keys()
    }

    /// The other hosts of the policy.
    pub fn host_names(&self) -> impl Iterator<Item = &Name> {
        self.hosts.keys()
    }
}

fn check(checks: &Checks) -> CheckView {
    let (last, said) = checks.last.clone().unzip();
    CheckView {
        good: checks.good,
        bad: checks.bad,
        last: last.map(|at| at.wall.0),
        said: said.unwrap_or_default(),
    }
}

/// A moment as people tell it.
fn wall(now: Now, at: Mono) -> i64 {
    let millis = |span: Span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    let wall = now.wall.0.saturating_add(millis(at - now.mono));
    wall.saturating_sub(millis(now.mono - at))
}

pub(super) fn micros(span: Span) -> u64 {
    span.0 / 1_000
}

/// Since when the service is in its state. A failsh that found it so was started later; the
/// record knows better then, unless a wish has changed it since.
fn since(now: Now, duty: &Duty, record: Option<&Record>) -> i64 {
    let since = wall(now, duty.since);
    let same = |record: &&Record| {
        duty.believed == Some(record.state) && !record.marks.has(Marks::UNPUBLISHED)
    };
    let changed = record.filter(same).map(|record| record.last_change);
    changed
        .filter(|at| *at > 0)
        .map_or(since, |at| since.min(at))
}

/// The marks of the local record. Wishes are believed while the local faild is silent.
fn marks(duty: &Duty, record: Option<&Record>) -> Vec<String> {
    let known = match record {
        Some(record) => record.marks,
        None => {
            let held = if duty.held { Marks::HELD } else { Marks(0) };
            let away = if duty.away { Marks::AWAY } else { Marks(0) };
            held.with(away)
        }
    };
    words(known)
}

fn words(marks: Marks) -> Vec<String> {
    marks.words().map(String::from).collect()
}

/// What the other hosts said last, masters first.
fn peers(service: &Service, memo: &Memo) -> Vec<PeerView> {
    let masters = service.masters.iter().map(|host| (host, "master"));
    let slaves = service.slaves.iter().map(|host| (host, "slave"));
    let view = |(host, role): (&Name, &str)| {
        let said = memo.peers.get(host);
        let record = said.and_then(Option::as_ref);
        PeerView {
            host: host.to_string(),
            role: role.to_string(),
            state: record.map(|record| record.state.word().to_string()),
            reachable: said.map(Option::is_some),
            marks: record.map_or(Vec::new(), |record| words(record.marks)),
            reason: record.map_or(String::new(), |record| record.reason.to_string()),
            since: record.map(|record| record.last_change).filter(|at| *at > 0),
        }
    };
    masters.chain(slaves).map(view).collect()
}
