//! What a reader wants to know of expectations: which did not hold, what they are about, and
//! what happened around the moment when one did not hold. Text and HTML are made of it.

use std::collections::BTreeSet;

use super::limits::{AFTER, AFTER_NS, BEFORE};
use crate::report::{Chance, Entry, Kind, Report, Verdict};

/// What came of an expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It did not hold.
    Broken,
    /// It was never put to the test.
    Untested,
    /// It held.
    Held,
}

impl Outcome {
    /// What came of this one.
    pub fn of(verdict: &Verdict) -> Outcome {
        match verdict {
            Verdict { tested: 0, .. } => Outcome::Untested,
            Verdict { held: false, .. } => Outcome::Broken,
            _ => Outcome::Held,
        }
    }

    /// Those of which this came.
    pub fn among(self, report: &Report) -> Vec<&Verdict> {
        let verdicts = report.verdicts.iter();
        verdicts.filter(|one| Outcome::of(one) == self).collect()
    }
}

/// What came of all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    /// There was nothing to expect.
    Nothing,
    /// All held.
    Held,
    /// Nothing was broken, and something was never put to the test.
    Untested,
    /// Something did not hold.
    Broken,
}

impl Whole {
    /// Of this report.
    pub fn of(report: &Report) -> Whole {
        let story = report.chance.as_ref().and_then(|c| c.story.as_ref());
        let some = |outcome: Outcome| !outcome.among(report).is_empty();
        match (story.is_some() || some(Outcome::Broken), report.held()) {
            (true, _) => Whole::Broken,
            _ if report.verdicts.is_empty() => Whole::Nothing,
            (false, true) => Whole::Held,
            (false, false) => Whole::Untested,
        }
    }
}

/// Whether the service is one that the verdict is about; one that names none is about all.
pub fn is_about(report: &Report, verdict: &Verdict, service: &str) -> bool {
    let words: Vec<&str> = verdict.text.split([' ', '{', '}', '"']).collect();
    let named = |name: &str| words.contains(&name);
    named(service) || !report.services.iter().any(|name| named(name))
}

/// The lines of a timeline that tell the story, without what it is made of.
pub struct Story<'a> {
    report: &'a Report,
    failed: BTreeSet<(u64, &'a str, &'a str)>,
}

impl<'a> Story<'a> {
    /// Of this rehearsal.
    pub fn new(report: &'a Report) -> Story<'a> {
        let ends = report.tracks.iter().flat_map(|track| {
            let failed = track.work.iter().filter(|work| work.failed);
            let ends = failed.filter_map(|work| work.to);
            ends.map(|to| (to, track.host.as_str(), track.service.as_str()))
        });
        Story {
            report,
            failed: ends.collect(),
        }
    }

    /// Whether the line tells of a script that failed: it ended at that very moment.
    pub fn is_failure(&self, entry: &Entry) -> bool {
        let (Some(host), Some(service)) = (&entry.host, &entry.service) else {
            return false;
        };
        entry.kind == Kind::Script && self.failed.contains(&(entry.at, host, service))
    }

    /// Whether the line stands in a short timeline.
    pub fn has(&self, entry: &Entry) -> bool {
        match entry.kind {
            Kind::Act | Kind::State | Kind::Violation => true,
            Kind::Script => self.is_failure(entry),
            Kind::Command | Kind::Thing | Kind::Event | Kind::Log => false,
        }
    }

    /// The lines around a moment at which this did not hold, from which one sees why.
    pub fn around(&self, verdict: &Verdict, at: u64) -> Vec<&'a Entry> {
        let mut words = verdict.text.split_whitespace().skip(1);
        let subject = match words.next() {
            Some("thing") => Some(Kind::Thing),
            Some("command") => Some(Kind::Command),
            _ => None,
        };
        let tells = |entry: &&Entry| {
            let service = entry.service.as_deref();
            let fits = service.is_none_or(|name| is_about(self.report, verdict, name));
            let told = self.has(entry) && entry.kind != Kind::Violation;
            fits && (told || Some(entry.kind) == subject)
        };
        let lines: Vec<&Entry> = self.report.entries.iter().filter(tells).collect();
        let split = lines.partition_point(|entry| entry.at <= at);
        let late = at.saturating_add(AFTER_NS);
        let (before, after) = lines.split_at(split);
        let after = after.iter().take_while(|entry| entry.at <= late);
        let before = &before[split.saturating_sub(BEFORE)..];
        before.iter().chain(after.take(AFTER)).copied().collect()
    }
}

/// Where it stands in the scenario; some hold without a word.
pub fn line(verdict: &Verdict) -> String {
    match verdict.line {
        0 => "always".to_string(),
        line => format!("line {line}"),
    }
}

/// How often it was put to the test, and what was measured.
pub fn tested(verdict: &Verdict) -> String {
    let times = match verdict.tested {
        1 => "once".to_string(),
        times => format!("{times} times"),
    };
    match verdict.measured.as_str() {
        "" => times,
        measured => format!("{times}, {measured}"),
    }
}

/// What is not listed.
pub fn more(times: usize) -> String {
    match times {
        1 => "1 more time".to_string(),
        times => format!("{times} more times"),
    }
}

/// The rehearsals by chance, in one line.
pub fn chance(chance: &Chance) -> String {
    let lived = super::time::moment(chance.lived);
    let rehearsals = match chance.seeds {
        1 => "1 rehearsal".to_string(),
        seeds => format!("{seeds} rehearsals"),
    };
    match &chance.story {
        None => format!("Everything held in {rehearsals}, {lived} of their time."),
        Some(story) => format!(
            "{} of {rehearsals} broke what was expected. The shortest story is of seed {}: of its \
             {} acts these are enough, put into the scenario:",
            chance.broken_seeds, story.seed, story.before
        ),
    }
}

/// The whole in one line of numbers.
pub fn counts(report: &Report) -> String {
    let some = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    };
    let of = |outcome: Outcome| outcome.among(report).len();
    let work = || report.tracks.iter().flat_map(|track| &track.work);
    let chance = report.chance.as_ref().map_or(String::new(), |chance| {
        format!(
            "; by chance {} of {} broke",
            chance.broken_seeds, chance.seeds
        )
    });
    let states = report.entries.iter().filter(|one| one.kind == Kind::State);
    format!(
        "{} held, {} did not, {} never tested; {}, {}, {} ({} failed) in {}{chance}",
        of(Outcome::Held),
        of(Outcome::Broken),
        of(Outcome::Untested),
        some(report.acts.len(), "act"),
        some(states.count(), "state change"),
        some(work().count(), "script"),
        work().filter(|work| work.failed).count(),
        super::time::moment(report.length),
    )
}
