//! Whether what was expected held: the expectations of a scenario, and those that always hold,
//! against what was played.
//!
//! Everything here is about lengths of time in which something is so (`spans`); nothing of it
//! looks at the machines.

use std::collections::BTreeMap;

use fail_core::glob;
use fail_wire::Name;

use crate::ledger::Aside;
use crate::limits::{BROKEN_MAX, ENTRIES_MAX};
use crate::report::{Report, Shown, Verdict};
use crate::scenario::{Count, Expect, Hold, MS, SECOND, Scenario, Trouble, What, Where};
use crate::spans::{self, Spans};
use crate::world::Played;

/// Two hosts that both serve for no longer than this are on their way to one, however short
/// the interval is.
const OVERLAP_MIN: u64 = SECOND;

/// Puts every expectation to the test. `calm`: those after an act only count where nothing else
/// is the matter, as in a rehearsal by chance.
pub fn judge(scenario: &Scenario, played: Played, calm: bool) -> Report {
    let Played {
        mut report,
        aside,
        ranks,
        apart,
        rounds,
        given_up,
    } = played;
    let mut verdicts = Vec::new();
    if let Some(why) = given_up {
        let end = report.length;
        report.notes.push(format!(
            "the rehearsal is given up at {}, and only what was until then is judged: {why}",
            seconds(end)
        ));
        verdicts.push(always(
            "the rehearsal is played to its end",
            vec![(end, why)],
        ));
    }
    if let Some(at) = aside.cut {
        report.notes.push(format!(
            "the timeline is cut at {}, after {ENTRIES_MAX} lines (ENTRIES_MAX); all of it is judged",
            seconds(at)
        ));
    }
    if !calm {
        verdicts.push(always(
            "the hosts agree on their ranks",
            ranks.into_iter().map(|text| (0, text)).collect(),
        ));
        if scenario.allow.ranks {
            tell(&mut report.notes, verdicts.pop());
        }
    }
    if !scenario.allow.errors {
        let text = "no script fails unless the scenario lets a command fail";
        verdicts.push(always(text, aside.errors.clone()));
    }
    if !calm {
        let notes = unknown_things(&report, scenario);
        report.notes.extend(notes);
        if scenario.expects.is_empty() {
            let text = "nothing is expected here but what always is: add expect or never";
            report.notes.push(text.to_string());
        }
    }
    let own: Vec<Expect> = if scenario.allow.overlap {
        Vec::new()
    } else {
        overlaps(&report, &rounds)
    };
    let judge = Judge {
        report: &report,
        aside: &aside,
        apart: &apart,
        scenario,
        calm,
    };
    verdicts.extend(own.iter().map(|expect| judge.one(expect)));
    verdicts.extend(scenario.expects.iter().map(|expect| judge.one(expect)));
    report.verdicts = verdicts;
    report
}

/// What always holds, unless the scenario allows it.
fn always(text: &str, mut broken: Vec<(u64, String)>) -> Verdict {
    let more = broken.len().saturating_sub(BROKEN_MAX);
    broken.truncate(BROKEN_MAX);
    Verdict {
        text: text.to_string(),
        line: 0,
        held: broken.is_empty(),
        tested: 1,
        broken,
        more,
        measured: String::new(),
    }
}

fn tell(notes: &mut Vec<String>, verdict: Option<Verdict>) {
    let broken = verdict.into_iter().flat_map(|verdict| verdict.broken);
    notes.extend(broken.map(|(_, text)| format!("allowed: {text}")));
}

/// Things of which something is expected and that no host ever had.
fn unknown_things(report: &Report, scenario: &Scenario) -> Vec<String> {
    let mut notes = Vec::new();
    for expect in &scenario.expects {
        if let What::Thing(name) = &expect.what {
            if !report.things.iter().any(|track| track.thing == *name) {
                notes.push(format!("line {}: no host ever had \"{name}\"", expect.line));
            }
        }
    }
    notes
}

/// That no service serves on two hosts for longer than its rounds take, and no address is on
/// two: of an address nobody knows the service, so the longest round counts.
fn overlaps(report: &Report, rounds: &BTreeMap<Name, u64>) -> Vec<Expect> {
    let never = |what: What, name: String, round: Option<u64>| {
        let longer = round.unwrap_or(0).max(OVERLAP_MIN);
        let long = seconds(longer);
        Expect {
            text: format!(
                "never {name} on 2 hosts for more than {long} unless degraded, or scripts run"
            ),
            line: 0,
            what,
            hold: Hold::Never(Where::Hosts(2), longer, Some(Trouble::Degraded)),
        }
    };
    let services = report.services.iter().filter_map(|service| {
        let name = Name::new(service).ok()?;
        let round = rounds.get(&name).copied();
        let text = format!("{service} UP");
        Some(never(What::State(name, Shown::Up), text, round))
    });
    let mut things: Vec<&str> = report.things.iter().map(|t| t.thing.as_str()).collect();
    things.retain(|thing| thing.starts_with("address "));
    things.dedup();
    let longest = rounds.values().copied().max();
    let things = things.into_iter().map(|thing| {
        let what = What::Thing(thing.to_string());
        never(what, format!("thing {{{thing}}}"), longest)
    });
    services.chain(things).collect()
}

struct Judge<'a> {
    report: &'a Report,
    aside: &'a Aside,
    apart: &'a Spans,
    scenario: &'a Scenario,
    calm: bool,
}

/// What a test of one expectation has found.
#[derive(Default)]
struct Found {
    tested: u32,
    broken: Vec<(u64, String)>,
    /// How often more it did not hold.
    more: usize,
    /// The longest that was seen where it held, and what was allowed.
    longest: Option<(u64, u64)>,
}

impl Found {
    fn wrong(&mut self, at: u64, text: String) {
        if self.broken.len() < BROKEN_MAX {
            self.broken.push((at, text));
        } else {
            self.more += 1;
        }
    }

    fn well(&mut self, took: u64, of: u64) {
        let longest = self.longest.map_or(took, |(longest, _)| longest.max(took));
        self.longest = Some((longest, of));
    }
}

impl Judge<'_> {
    fn one(&self, expect: &Expect) -> Verdict {
        let mut found = Found::default();
        match &expect.hold {
            Hold::Within(host, within, after) => {
                self.within(expect, *host, *within, after, &mut found);
            }
            Hold::Moment(host, at) => self.moment(expect, *host, *at, &mut found),
            Hold::Settled(count, after, unless) => {
                self.settled(expect, *count, *after, *unless, &mut found);
            }
            Hold::Never(place, longer, unless) => {
                self.never(expect, place, *longer, *unless, &mut found);
            }
        }
        found.broken.sort();
        Verdict {
            text: expect.text.clone(),
            line: expect.line,
            held: found.broken.is_empty(),
            tested: found.tested,
            broken: found.broken,
            more: found.more,
            measured: found.longest.map_or(String::new(), |(longest, of)| {
                format!("{} of {}", seconds(longest), seconds(of))
            }),
        }
    }

    fn name(&self, host: usize) -> &str {
        &self.scenario.hosts[host].name
    }

    /// When it is so on a host.
    fn on(&self, what: &What, host: usize) -> Spans {
        let name = self.name(host);
        match what {
            What::State(service, state) => {
                let mut tracks = self.report.tracks.iter();
                let track = tracks.find(|t| t.service == service.as_str() && t.host == name);
                let spans = track.into_iter().flat_map(|track| &track.spans);
                let fits = spans.filter(|span| span.state == *state);
                spans::joined(fits.map(|span| (span.from, span.to)))
            }
            What::Thing(thing) => {
                let mut tracks = self.report.things.iter();
                let track = tracks.find(|t| t.thing == *thing && t.host == name);
                track.map_or(Spans::new(), |track| {
                    spans::joined(track.spans.iter().copied())
                })
            }
            What::Command(pattern) => {
                let run = self.aside.commands.iter();
                let fits = run.filter(|(_, on, line)| *on == host && glob::matches(pattern, line));
                fits.map(|(at, ..)| (*at, *at)).collect()
            }
        }
    }

    /// The times at which what is so on each of the hosts changes, with how many there are then.
    fn counts(&self, what: &What) -> Vec<(u64, u64, Vec<usize>)> {
        let all: Vec<Spans> = (0..self.scenario.hosts.len())
            .map(|host| self.on(what, host))
            .collect();
        spans::overlay(&all, self.report.length)
    }

    /// Time that does not count.
    fn trouble(&self, unless: Option<Trouble>) -> Spans {
        let end = self.report.length;
        match unless {
            None => Spans::new(),
            Some(Trouble::Partitioned) => self.apart.clone(),
            Some(Trouble::Degraded) => {
                let acts = self.report.acts.iter();
                spans::joined(acts.map(|act| (act.from, act.to.unwrap_or(end))))
            }
        }
    }

    /// Time in which somebody begins or ends to serve.
    fn work(&self) -> Spans {
        let end = self.report.length;
        let work = self.report.tracks.iter().flat_map(|track| &track.work);
        let work = work.filter(|work| work.task != "check");
        spans::joined(work.map(|work| (work.from, work.to.unwrap_or(end))))
    }

    fn happened(&self, pattern: &str) -> Vec<u64> {
        if pattern == "start" {
            return vec![0];
        }
        let acts = self.report.acts.iter();
        let fits = acts.filter(|act| glob::matches(pattern, &act.text));
        fits.map(|act| act.from).collect()
    }

    /// Whether something else is the matter around an act.
    fn disturbed(&self, at: u64, within: u64) -> bool {
        const BEFORE: u64 = 30 * SECOND;
        let end = self.report.length;
        let others = self.report.acts.iter().filter(|act| act.from != at);
        let mut near =
            others.filter(|act| act.from <= at + within && act.to.unwrap_or(end) + BEFORE >= at);
        near.next().is_some()
    }

    fn within(&self, expect: &Expect, host: usize, within: u64, after: &str, found: &mut Found) {
        let spans = self.on(&expect.what, host);
        let command = matches!(expect.what, What::Command(_));
        for at in self.happened(after) {
            let until = at + within;
            if until > self.report.length || self.calm && self.disturbed(at, within) {
                continue;
            }
            found.tested += 1;
            // A command that ran before does not count, a state that is there already does.
            let first = spans.iter().find(|(from, to)| match command {
                true => *from >= at,
                false => *to > at || (*from >= at && from == to),
            });
            match first.filter(|(from, _)| *from <= until) {
                Some((from, _)) => found.well(from.saturating_sub(at), within),
                None => {
                    let what = self.told(&expect.what, host, until);
                    let late = match first {
                        Some((from, _)) => format!("; it came {} after it", seconds(from - at)),
                        None => String::new(),
                    };
                    let text = format!("{} after \"{after}\" {what}{late}", seconds(within));
                    found.wrong(until, text);
                }
            }
        }
    }

    fn moment(&self, expect: &Expect, host: usize, at: u64, found: &mut Found) {
        if self.calm || at > self.report.length {
            return;
        }
        found.tested = 1;
        let spans = self.on(&expect.what, host);
        if !spans.iter().any(|(from, to)| *from <= at && at < *to) {
            found.wrong(at, self.told(&expect.what, host, at));
        }
    }

    fn settled(
        &self,
        expect: &Expect,
        count: Count,
        after: u64,
        unless: Option<Trouble>,
        found: &mut Found,
    ) {
        let end = self.report.length;
        // What is done and what ends are both a beginning.
        let mut moved: Vec<u64> = vec![0];
        for act in &self.report.acts {
            moved.push(act.from);
            moved.extend(act.to);
        }
        moved.sort_unstable();
        moved.push(end + after);
        let quiet: Spans = moved
            .windows(2)
            .map(|pair| (pair[0] + after, pair[1].min(end)))
            .filter(|(from, to)| from < to)
            .collect();
        let quiet = spans::without(&quiet, &self.trouble(unless));
        found.tested = u32::try_from(quiet.len()).unwrap_or(u32::MAX);
        let counts = self.counts(&expect.what);
        for (from, to) in quiet {
            let wrong = counts.iter().find(|(begin, until, hosts)| {
                *begin < to && *until > from && !count.fits(hosts.len())
            });
            if let Some((begin, _, hosts)) = wrong {
                let at = from.max(*begin);
                found.wrong(at, self.who(&expect.what, hosts));
            }
        }
    }

    fn never(
        &self,
        expect: &Expect,
        place: &Where,
        longer: u64,
        unless: Option<Trouble>,
        found: &mut Found,
    ) {
        let counts = self.counts(&expect.what);
        let is = |hosts: &[usize]| match place {
            Where::Hosts(0) => hosts.is_empty(),
            Where::Hosts(n) => hosts.len() >= *n,
            Where::Host(host) => hosts.contains(host),
        };
        let bad = counts.iter().filter(|(_, _, hosts)| is(hosts));
        let command = matches!(expect.what, What::Command(_));
        let bad = match (&expect.what, place) {
            // A command takes no time here.
            (What::Command(_), Where::Host(host)) => self.on(&expect.what, *host),
            _ => spans::joined(bad.map(|(from, to, _)| (*from, *to))),
        };
        let mut bad = spans::without(&bad, &self.trouble(unless));
        if expect.line == 0 {
            bad = spans::without(&bad, &self.work());
        }
        found.tested = 1;
        for (from, to) in bad {
            let long = to - from;
            if long <= longer && !command {
                found.well(long, longer);
                continue;
            }
            let at = from + longer;
            let hosts = counts
                .iter()
                .find(|(begin, until, hosts)| *begin <= at && at < *until && is(hosts));
            let who = hosts.map_or(String::new(), |(_, _, hosts)| self.who(&expect.what, hosts));
            let text = match command {
                true => "it was run".to_string(),
                false => format!("{who} for {}", seconds(long)),
            };
            found.wrong(at, text);
        }
    }

    /// What is so instead, on a host.
    fn told(&self, what: &What, host: usize, at: u64) -> String {
        let name = self.name(host);
        match what {
            What::State(service, _) => {
                let mut tracks = self.report.tracks.iter();
                let track = tracks.find(|t| t.service == service.as_str() && t.host == name);
                let span = track.and_then(|track| {
                    let mut spans = track.spans.iter();
                    spans.find(|span| span.from <= at && (at < span.to || span.to == at))
                });
                match span {
                    Some(span) if span.why.is_empty() => {
                        format!("{service} is {} on {name}", span.state.word())
                    }
                    Some(span) => {
                        format!("{service} is {} on {name}: {}", span.state.word(), span.why)
                    }
                    None => format!("{service} is not known on {name}"),
                }
            }
            What::Thing(thing) => format!("{name} does not have {thing}"),
            What::Command(_) => format!("{name} has run no such command"),
        }
    }

    fn who(&self, what: &What, hosts: &[usize]) -> String {
        let names: Vec<&str> = hosts.iter().map(|host| self.name(*host)).collect();
        let names = match names.as_slice() {
            [] => "no host".to_string(),
            names => names.join(" and "),
        };
        match what {
            What::State(service, state) => format!("{service} was {} on {names}", state.word()),
            What::Thing(thing) => format!("{thing} was on {names}"),
            What::Command(_) => names,
        }
    }
}

/// A length of time for people: three digits after the point are enough.
pub fn seconds(ns: u64) -> String {
    let ms = ns / MS;
    match (ms / 1_000, ms % 1_000) {
        (0, 0) if ns > 0 => "0.001s".to_string(),
        (s, 0) => format!("{s}s"),
        (s, ms) => format!("{s}.{}s", format!("{ms:03}").trim_end_matches('0')),
    }
}
