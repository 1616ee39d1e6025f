//! What came of a chaos run, in words: the sum, and for each violation its story.

use std::collections::BTreeMap;

use fail_core::time::{Mono, Span};

use super::fault::Kind;
use super::rest::addresses;
use super::settings::{SERVICES, host_name};
use super::world::{Options, Outcome};

/// The story around a violation begins so long before it.
const BEFORE: Span = Span::from_secs(12);

/// And ends so long after it.
const AFTER: Span = Span::from_secs(2);

/// Violations whose story is told; the others are only named.
const TOLD: usize = 5;

/// A fault that is over for so long has nothing to do with what comes.
const REMEMBERED: Span = Span::from_secs(3);

/// Everything that there is to say.
pub fn report(options: &Options, outcome: &Outcome) -> String {
    let mut text = sum(options, outcome);
    for (no, violation) in outcome.violations.iter().enumerate() {
        text += &format!("VIOLATION {}: {}\n", violation.property, violation.text);
        if no < TOLD && violation.at > Mono(0) {
            text += &story(outcome, violation.at);
        }
    }
    if let Some(folder) = &outcome.folder {
        text += &format!("recordings and logs are kept in {}\n", folder.display());
    }
    text
}

fn sum(options: &Options, outcome: &Outcome) -> String {
    let (diary, hosts) = (&outcome.diary, &outcome.hosts);
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for entry in &diary.entries {
        *kinds.entry(entry.kind).or_default() += 1;
    }
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| format!("{} {count}", kind.words()))
        .collect();
    let changes: usize = hosts
        .iter()
        .flat_map(|host| host.lives.iter().flat_map(|life| life.services.values()))
        .map(|service| service.states.len().saturating_sub(1))
        .sum();
    let turns: u64 = hosts
        .iter()
        .flat_map(|host| host.lives.iter().map(|life| life.replayed.turns))
        .sum();
    let recordings: usize = hosts.iter().map(|host| host.recordings).sum();
    let mut text = format!(
        "chaos: {:.1} minutes, {} hosts, seed {}, {} rounds at rest\n\
         {} faults: {}\n{changes} changes of state; {recordings} recordings, {turns} turns of failsh replayed\n",
        outcome.took.as_secs_f64() / 60.0,
        options.hosts,
        options.seed,
        diary.calms.len(),
        diary.entries.len(),
        kinds.join(", "),
    );
    for line in &outcome.without {
        text += &format!("{line}\n");
    }
    let longest: Vec<String> = longest(outcome)
        .into_iter()
        .map(|(kind, span)| format!("{} {} ms", kind.words(), span.as_millis()))
        .collect();
    text += &match longest.is_empty() {
        true => "no service was without a server, once it had one\n".to_string(),
        false => format!(
            "longest without a server, by the fault before: {}\n",
            longest.join(", ")
        ),
    };
    text + &format!(
        "again: scripts/chaos --minutes {:.1} --hosts {} --seed {}\n",
        options.time.as_secs_f64() / 60.0,
        options.hosts,
        options.seed
    )
}

/// The longest time in which no host had the address of a service, by the last fault before.
fn longest(outcome: &Outcome) -> BTreeMap<Kind, Span> {
    let mut longest = BTreeMap::new();
    for place in 0..SERVICES.len() {
        let mut changes: Vec<(Mono, usize, bool)> = Vec::new();
        for (no, host) in outcome.hosts.iter().enumerate() {
            changes.extend(host.owned.iter().map(|(at, owns)| (*at, no, owns[place])));
        }
        changes.sort();
        let mut owners = vec![false; outcome.hosts.len()];
        let (mut since, mut served) = (None, false);
        for (at, no, owns) in changes {
            owners[no] = owns;
            let any = owners.contains(&true);
            if let Some(from) = since.take_if(|_| any) {
                let faults = outcome.diary.entries.iter().filter(|entry| {
                    let over = entry.to.map(|to| to + REMEMBERED);
                    entry.from <= from && over.is_none_or(|over| over >= from)
                });
                if let Some(last) = faults.max_by_key(|entry| entry.from) {
                    let span: &mut Span = longest.entry(last.kind).or_default();
                    *span = (*span).max(at - from);
                }
            } else if !any && served {
                since = since.or(Some(at));
            }
            served = served || any;
        }
    }
    longest
}

/// What happened around a moment: faults, states, scripts, lateness.
pub fn story(outcome: &Outcome, at: Mono) -> String {
    let (from, to) = (Mono(at.0.saturating_sub(BEFORE.0)), at + AFTER);
    let mut lines: Vec<(Mono, String)> = Vec::new();
    for entry in &outcome.diary.entries {
        lines.push((entry.from, format!("-- {}", entry.text)));
        lines.extend(entry.to.map(|to| (to, format!("-- over: {}", entry.text))));
    }
    for calm in &outcome.diary.calms {
        lines.push((calm.mended, "-- all is mended".to_string()));
        lines.push((calm.settled, "-- all is at rest".to_string()));
    }
    for (no, host) in outcome.hosts.iter().enumerate() {
        let name = host_name(no);
        for life in &host.lives {
            lines.push((life.from, format!("{name} failsh begins")));
            lines.push((life.to, format!("{name} failsh: its last turn")));
            for (service, spans) in &life.services {
                for held in &spans.states {
                    let state = held
                        .what
                        .map_or("unknown".to_string(), |state| state.to_string());
                    lines.push((held.from, format!("{name} {service}: {state}")));
                }
                let real = spans
                    .scripts
                    .iter()
                    .filter(|script| script.task != fail_core::job::Task::Check);
                for script in real {
                    let task = script.task.word();
                    let runs = format!("{name} {service}: runs {task}: {}", script.reason);
                    lines.push((script.ordered, runs));
                    lines.extend(script.ended.as_ref().map(|(at, outcome)| {
                        let how = match outcome {
                            Ok(state) => format!("ends with {state}"),
                            Err(error) => format!("fails: {error}"),
                        };
                        (*at, format!("{name} {service}: {task} {how}"))
                    }));
                }
            }
        }
        for (other, stretches) in &host.deaf {
            for (from, to) in stretches {
                lines.push((*from, format!("{name} does not hear {}", host_name(*other))));
                lines.push((*to, format!("{name} hears {} again", host_name(*other))));
            }
        }
        lines.extend(
            host.late
                .iter()
                .map(|(from, to)| (*to, format!("{name} failsh was late by {}", *to - *from))),
        );
        for (at, owns) in &host.owned {
            lines.push((*at, format!("{name} has {}", addresses(owns))));
        }
    }
    lines.retain(|(when, _)| (from..=to).contains(when));
    lines.sort();
    let lines = lines.into_iter().map(|(when, text)| {
        let ms = when.0 as i128 - at.0 as i128;
        format!("{:>9.3} s  {text}\n", ms as f64 / 1e9)
    });
    lines.collect()
}
