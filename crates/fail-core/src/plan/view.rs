//! What this host knows of the others, turned into what the rule needs and into words.

use std::collections::BTreeMap;

use fail_wire::{Marks, Name, Record, State};

use crate::decide::Verdict;
use crate::policy::Service;
use crate::time::Mono;

/// What a host said of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// Nothing: it did not answer.
    pub said: Option<(State, Marks)>,
    /// When the question was asked, not when the answer came: it is at least as old.
    pub asked: Mono,
    /// How long ago the record changed, when it was asked for.
    pub age_ms: u64,
}

impl Seen {
    /// What is in an answer; nothing: there was none.
    pub fn of(record: Option<&Record>, asked: Mono) -> Seen {
        Seen {
            said: record.map(|record| (record.state, record.marks)),
            asked,
            age_ms: record.map_or(0, |record| record.age_ms),
        }
    }

    /// A master stands in the way if it serves, or if its failsh will bring it up. One that
    /// could serve but will not (nobody supervises it, it is held, it is sent away) does not.
    /// But whoever is already starting will serve, whatever people have wished since.
    /// Who serves and does not give way for less waits until one of them does serve.
    fn as_master(&self, gives_way: bool) -> State {
        let will_not = Marks::UNSUPERVISED.with(Marks::HELD).with(Marks::AWAY);
        match self.said {
            Some((State::Recover, marks)) if is_starting(marks) => State::Recover,
            Some((State::Recover, _)) if !gives_way => State::Fail,
            Some((State::Recover, marks)) if marks.has(will_not) => State::Fail,
            Some((state, _)) => state,
            None => State::Fail,
        }
    }

    /// Whether it could be why this host does not serve.
    pub fn stands_in_the_way(&self) -> bool {
        self.as_master(true) != State::Fail
    }

    /// A slave that is about to serve is waited for like one that serves; if we serve
    /// already, it will have served for a moment by the time it gives way.
    fn as_slave(&self, local: State) -> State {
        match self.said {
            Some((State::Recover, marks)) if local != State::Fail && is_starting(marks) => {
                State::Up
            }
            Some((state, _)) => state,
            None => State::Fail,
        }
    }

    /// Whether somebody has published this record since `ours` changed.
    pub fn is_younger(&self, ours: &Record) -> bool {
        let published = |(_, marks): (State, Marks)| !marks.has(Marks::UNPUBLISHED);
        self.said.is_some_and(published) && self.age_ms < ours.age_ms
    }

    fn word(&self) -> &'static str {
        match self.said {
            None => "unreachable",
            Some((_, marks)) if marks.has(Marks::UNREADABLE) => "unreadable",
            Some((State::Recover, marks)) if is_starting(marks) => "starting",
            Some((State::Recover, marks)) if marks.has(Marks::UNSUPERVISED) => {
                "RECOVER(unsupervised)"
            }
            Some((State::Recover, marks)) if marks.has(Marks::HELD) => "RECOVER(held)",
            Some((state, _)) => state.word(),
        }
    }
}

fn is_starting(marks: Marks) -> bool {
    marks.has(Marks::STARTING) && !marks.has(Marks::UNSUPERVISED)
}

/// What the hosts of one service said, as the rule takes it.
pub(super) struct Views {
    pub masters: Vec<State>,
    pub slaves: Vec<State>,
}

impl Views {
    /// Nothing unless every host has answered or been given up.
    pub fn of(service: &Service, seen: &BTreeMap<Name, Seen>, local: State) -> Option<Views> {
        let gives_way = service.failback || local != State::Up;
        let masters = service
            .masters
            .iter()
            .map(|host| Some(seen.get(host)?.as_master(gives_way)));
        let slaves = service
            .slaves
            .iter()
            .map(|host| Some(seen.get(host)?.as_slave(local)));
        Some(Views {
            masters: masters.collect::<Option<_>>()?,
            slaves: slaves.collect::<Option<_>>()?,
        })
    }
}

/// Why the rule says what it says, in words; `failed` is why the local state is `FAIL`.
pub(super) fn explain(
    verdict: Verdict,
    service: &Service,
    seen: &BTreeMap<Name, Seen>,
    failed: Option<&str>,
) -> String {
    let list = |title: &str, hosts: &[Name]| {
        let words = hosts
            .iter()
            .filter_map(|host| Some(format!(" {host}={}", seen.get(host)?.word())));
        let words: String = words.collect();
        if words.is_empty() {
            words
        } else {
            format!("; {title}{words}")
        }
    };
    let hosts = list("masters", &service.masters) + &list("slaves", &service.slaves);
    let mut masters = service.masters.iter().filter_map(|host| seen.get(host));
    let could = masters.any(Seen::stands_in_the_way);
    let because = match verdict {
        Verdict::Stop | Verdict::Yield => "a master can serve",
        Verdict::Idle => "it can not be brought up here",
        Verdict::Wait => "a slave has not given way yet",
        Verdict::Keep if could => "failback no, and no master serves",
        Verdict::Contest if could => "failback no, and no master serves, but a slave serves too",
        Verdict::Start | Verdict::Keep => "no master can serve",
        Verdict::Contest => "no master can serve, but a slave serves too",
    };
    let failed = match failed {
        Some(reason) if verdict == Verdict::Idle => format!(" ({reason})"),
        Some(reason) => format!(", and it can not be brought up here ({reason})"),
        None => String::new(),
    };
    format!("{}: {because}{failed}{hosts}", verdict.word())
}
