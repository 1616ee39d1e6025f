//! The properties that a chaos run is held to, as the simulator has them, over what the
//! recordings say. Each violation has its moment, around which the story is told.
//!
//! *One server*: two hosts are UP at the same time only within T of a moment at which one did
//! not hear the other, had a program that did not run or was late itself, or was held. T is
//! longer where scripts of these two hosts took longer, at about that time.
//! *Settled*: at rest the highest is UP, no other, and it alone has the address. *Hand-back*:
//! a master that can serve in a calm world does so in time. *Jobs*: never two scripts of a
//! service at once on a host. *FAIL stays*: nothing is started in FAIL, and nobody leaves it
//! before his time. *Replay*: each recording says the same again.

use std::collections::BTreeMap;

use fail_core::job::Task;
use fail_core::plan::CANCEL_GRACE;
use fail_core::time::{Mono, Span};
use fail_replay::life::{Held, Life};
use fail_wire::{Name, State};

use super::diary::{Calm, Diary, Stretch};
use super::evidence::HostEvidence;
use super::settings::{RETRY, SCRIPT_MS, SERVICES, bounds, host_name, rank};

#[cfg(test)]
mod tests;

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which property.
    pub property: &'static str,
    /// When.
    pub at: Mono,
    /// What.
    pub text: String,
}

/// Looks away from so much: two hosts are not asked at the same moment.
const BLINK: Span = Span::from_millis(50);

/// All that does not hold.
pub fn check(hosts: &[HostEvidence], diary: &Diary) -> Vec<Violation> {
    let mut found = Vec::new();
    for (place, service) in SERVICES.iter().enumerate() {
        // Both are legal names.
        let Ok(name) = Name::new(service) else {
            continue;
        };
        let t = |pair: [usize; 2], both| bounds(longest_script(hosts, diary, &pair, both)).stop;
        found.extend(one_server(hosts, diary, &name, t));
        for calm in &diary.calms {
            found.extend(settled(hosts, calm, place, &name));
            let bound = |pair: [usize; 2], both| {
                bounds(longest_script(hosts, diary, &pair, both)).hand_back
            };
            found.extend(hand_back(hosts, diary, calm, place, &name, bound));
        }
    }
    for (no, host) in hosts.iter().enumerate() {
        for life in &host.lives {
            found.extend(jobs(no, life));
            found.extend(fail_stays(no, life, diary));
        }
        found.extend(truth(no, host));
        found.extend(host.bad.iter().map(|text| Violation {
            property: "replay",
            at: Mono(0),
            text: text.clone(),
        }));
    }
    let wrong = diary.wrong.iter();
    let wrong = wrong.map(|(at, property, text)| Violation {
        property,
        at: *at,
        text: text.clone(),
    });
    found.extend(wrong);
    found.sort_by_key(|violation| violation.at);
    found
}

/// The longest that a script of these hosts took from its order to its end that ran in this
/// stretch or shortly before it, without the time in which its failsh stood still or was late;
/// never less than scripts may take.
pub fn longest_script(
    hosts: &[HostEvidence],
    diary: &Diary,
    these: &[usize],
    (from, to): Stretch,
) -> Span {
    let least = Span::from_millis(SCRIPT_MS);
    // As long as anything may take that was begun before.
    let from = Mono(from.0.saturating_sub(bounds(least).hand_back.0));
    let mut longest = least;
    for no in these {
        let Some(host) = hosts.get(*no) else { continue };
        let stopped = diary.stopped.get(no).into_iter();
        let stopped = stopped.flat_map(|spell| spell.stretches());
        let idle: Vec<Stretch> = stopped.chain(host.late.iter().copied()).collect();
        let services = host.lives.iter().flat_map(|life| life.services.values());
        for script in services.flat_map(|service| &service.scripts) {
            let Some((ended, _)) = &script.ended else {
                continue;
            };
            if script.ordered <= to && *ended >= from {
                longest = longest.max(without((script.ordered, *ended), &idle));
            }
        }
    }
    longest
}

/// How long a stretch is without what of it lies in others.
fn without((from, to): Stretch, others: &[Stretch]) -> Span {
    let mut others: Vec<Stretch> = others.to_vec();
    others.sort();
    let (mut left, mut at) = (Span::ZERO, from);
    for (begin, end) in others {
        left.0 += (begin.min(to) - at).0;
        at = at.max(end.min(to));
    }
    Span(left.0 + (to - at).0)
}

/// When a host held a service for this.
fn spells(host: &HostEvidence, name: &Name, state: State) -> Vec<Stretch> {
    let services = host.lives.iter().filter_map(|life| life.services.get(name));
    let held = services.flat_map(|service| &service.states);
    let held = held.filter(|held| held.what == Some(state));
    held.map(|held| (held.from, held.to)).collect()
}

/// From where on a stretch is covered by no excuse, each of which lasts so much longer than itself.
fn uncovered(stretch: Stretch, excuses: &[Stretch], longer: Span) -> Option<Stretch> {
    let mut excuses: Vec<Stretch> = excuses.to_vec();
    excuses.sort();
    let (mut from, to) = stretch;
    for (begin, end) in excuses {
        if begin > from {
            break;
        }
        from = from.max(Mono(end.0.saturating_add(longer.0)));
    }
    (to > from).then_some((from, to))
}

/// What excuses this host for whatever it did.
fn excuses(no: usize, host: &HostEvidence, diary: &Diary, name: &Name) -> Vec<Stretch> {
    let broken = diary.broken.get(&no).into_iter();
    let held = diary.held.get(&(no, name.to_string())).into_iter();
    let spells = broken.chain(held).flat_map(|spell| spell.stretches());
    spells.chain(host.late.iter().copied()).collect()
}

fn one_server(
    hosts: &[HostEvidence],
    diary: &Diary,
    name: &Name,
    t: impl Fn([usize; 2], Stretch) -> Span,
) -> Vec<Violation> {
    let mut found = Vec::new();
    for (a, host) in hosts.iter().enumerate() {
        for (b, other) in hosts.iter().enumerate().skip(a + 1) {
            let mut excused = excuses(a, host, diary, name);
            excused.extend(excuses(b, other, diary, name));
            for (ear, of) in [(host, b), (other, a)] {
                excused.extend(ear.deaf.get(&of).into_iter().flatten());
            }
            let others = spells(other, name, State::Up);
            for (from, to) in spells(host, name, State::Up) {
                for (begin, end) in &others {
                    let both = (from.max(*begin), to.min(*end));
                    if both.1 <= both.0 {
                        continue;
                    }
                    let t = t([a, b], both);
                    if let Some((since, until)) =
                        uncovered(both, &excused, t).filter(|bare| bare.1 - bare.0 > BLINK)
                    {
                        found.push(Violation {
                            property: "one server",
                            at: since,
                            text: format!(
                                "{name}: {} and {} are both UP for {} with no excuse of the last {t}",
                                host_name(a), host_name(b), until - since
                            ),
                        });
                    }
                }
            }
        }
    }
    found
}

/// What a failsh of the host held the service for.
fn state(host: &HostEvidence, name: &Name, at: Mono) -> Option<State> {
    host.lives.iter().find_map(|life| life.state(name, at))
}

fn settled(hosts: &[HostEvidence], calm: &Calm, place: usize, name: &Name) -> Vec<Violation> {
    let mut found = Vec::new();
    // Twice: when the hosts said so, and at the end.
    for at in [
        calm.settled,
        Mono(calm.end.0.saturating_sub(Span::from_millis(500).0)).max(calm.settled),
    ] {
        let first = rank(place, hosts.len())[0];
        for (no, host) in hosts.iter().enumerate() {
            let up = state(host, name, at) == Some(State::Up);
            let owns = host.owned.iter().rev().find(|(since, _)| *since <= at);
            let owns = owns.is_some_and(|(_, owns)| owns[place]);
            if up != (no == first) || owns != up {
                found.push(Violation {
                    property: "settled",
                    at,
                    text: format!(
                        "{name}: at rest {} is {}and {} the address",
                        host_name(no),
                        if up { "UP " } else { "not UP " },
                        if owns { "has" } else { "has not" }
                    ),
                });
            }
        }
    }
    found
}

fn hand_back(
    hosts: &[HostEvidence],
    diary: &Diary,
    calm: &Calm,
    place: usize,
    name: &Name,
    bound: impl Fn([usize; 2], Stretch) -> Span,
) -> Vec<Violation> {
    let mut since = calm.mended;
    for (no, host) in hosts.iter().enumerate() {
        let deaf = host.deaf.values().flatten().copied();
        for (from, to) in excuses(no, host, diary, name).into_iter().chain(deaf) {
            if from < calm.end && to > since {
                since = to;
            }
        }
    }
    let ranks = rank(place, hosts.len());
    let ready = spells(&hosts[ranks[0]], name, State::Recover);
    let mut found = Vec::new();
    for (from, to) in ready {
        for lower in &ranks[1..] {
            for (begin, end) in spells(&hosts[*lower], name, State::Up) {
                let (begin, end) = (from.max(begin).max(since), to.min(end).min(calm.end));
                let bound = bound([ranks[0], *lower], (begin, end));
                if end > begin && end - begin > bound {
                    found.push(Violation {
                        property: "hand-back",
                        at: end,
                        text: format!(
                            "{name}: {} waits for {} while {} serves; at most {bound}",
                            host_name(ranks[0]),
                            end - begin,
                            host_name(*lower)
                        ),
                    });
                }
            }
        }
    }
    found
}

fn jobs(no: usize, life: &Life) -> Vec<Violation> {
    let mut found = Vec::new();
    for (name, service) in &life.services {
        for pair in service.scripts.windows(2) {
            let (one, next) = (&pair[0], &pair[1]);
            // One that does not end is given up.
            let given_up = one.cancelled.map(|at| at + CANCEL_GRACE);
            let over = one.ended.as_ref().map(|(at, _)| *at).or(given_up);
            if over.is_none_or(|over| over > next.ordered) {
                found.push(Violation {
                    property: "jobs",
                    at: next.ordered,
                    text: format!(
                        "{name}: {} is ordered on {} while {} still runs",
                        next.task,
                        host_name(no),
                        one.task
                    ),
                });
            }
        }
    }
    found
}

fn fail_stays(no: usize, life: &Life, diary: &Diary) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut add = |at: Mono, text: String| {
        found.push(Violation {
            property: "FAIL stays",
            at,
            text,
        })
    };
    for (name, service) in &life.services {
        for script in service
            .scripts
            .iter()
            .filter(|script| script.task == Task::Start)
        {
            if life.state(name, script.ordered) == Some(State::Fail) {
                add(
                    script.ordered,
                    format!("{name}: {} starts it in FAIL", host_name(no)),
                );
            }
        }
        for pair in service.states.windows(2) {
            let [fail, next]: &[Held<Option<State>>; 2] = match pair.try_into() {
                Ok(pair) => pair,
                Err(_) => continue,
            };
            let leaves = fail.what == Some(State::Fail)
                && matches!(next.what, Some(State::Up | State::Recover));
            let typed = diary.typed.iter().any(|(at, host, service)| {
                // A failc waits, and what it said is seen a while later.
                let near = next.from.0.abs_diff(at.0) < Span::from_secs(10).0;
                *host == no && service == name.as_str() && near
            });
            // A restarted failsh or faild brings the failures of an earlier time.
            let fresh = fail.from - life.from < Span::from_secs(2);
            if leaves && !typed && !fresh && fail.to + BLINK < fail.from + RETRY {
                add(
                    next.from,
                    format!(
                        "{name}: {} leaves FAIL after {}",
                        host_name(no),
                        fail.to - fail.from
                    ),
                );
            }
        }
    }
    found
}

/// What the scripts themselves wrote: with which failsh, which service, which task, and whether
/// it begins or ends.
fn truth(no: usize, host: &HostEvidence) -> Vec<Violation> {
    let mut open: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut found = Vec::new();
    for line in &host.truth {
        let words: Vec<&str> = line.split(' ').collect();
        let [at, pid, service, task, edge] = words[..] else {
            continue;
        };
        if edge == "end" {
            open.remove(&(pid, service));
        } else if let Some(other) = open.insert((pid, service), task) {
            // Hundredths of a second.
            let at: u64 = at.replace('.', "").parse().unwrap_or(0);
            found.push(Violation {
                property: "jobs",
                at: Mono(at * 10_000_000),
                text: format!(
                    "{service}: {task} begins on {} within {other}",
                    host_name(no)
                ),
            });
        }
    }
    found
}
