//! A watch, and a world in which checks take a hundredth of a second unless the story says
//! otherwise.

use std::collections::{BTreeMap, BTreeSet};

use fail_wire::Name;
use fail_wire::health::TargetView;

use crate::machine::Machine;
use crate::time::{Mono, Now, Span, Wall};
use crate::watch::{
    Acted, Event, Finding, In, Line, Out, Pace, Report, State, Target, Targets, Verdict, Watch,
};

pub fn ms(n: u64) -> Span {
    Span::from_millis(n)
}

pub fn s(n: u64) -> Span {
    Span::from_secs(n)
}

pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A target with one check, and one line that is told of everything.
pub fn target(text: &str, depends: &[&str]) -> Target {
    Target {
        name: name(text),
        depends: depends.iter().map(|on| name(on)).collect(),
        need: None,
        checks: 1,
        unknown: vec![],
        pace: Pace::default(),
        windows: vec![],
        lines: vec![line(&Event::ALL)],
    }
}

pub fn group(text: &str, depends: &[&str], need: usize) -> Target {
    Target {
        checks: 0,
        need: Some(need),
        ..target(text, depends)
    }
}

pub fn line(on: &[Event]) -> Line {
    Line {
        what: String::new(),
        shown: String::new(),
        on: on.iter().copied().collect(),
        every: None,
        limit: None,
        newest: false,
        timeout: s(10),
    }
}

/// How a check or an action ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Play {
    /// After so long.
    Ends(Span),
    /// Not at all.
    Hangs,
}

pub struct Story {
    pub watch: Watch,
    pub now: Now,
    /// Who is found bad, and why.
    pub bad: BTreeMap<String, &'static str>,
    /// What is found instead of good and bad.
    pub verdicts: BTreeMap<(String, usize), Verdict>,
    pub checks: BTreeMap<String, Play>,
    pub acts: BTreeMap<(String, usize), Play>,
    /// Actions that fail.
    pub fails: BTreeSet<(String, usize)>,
    /// Actions that nobody gets.
    pub lost: BTreeSet<(String, usize)>,
    pending: BTreeMap<(Mono, u64), In>,
    /// Everything that was asked: when, whom.
    pub asked: Vec<(Mono, String)>,
    /// Everything that was to be done: when, by which line, what.
    pub told: Vec<(Mono, usize, Report)>,
    pub log: Vec<String>,
    pub shown: Vec<Name>,
    pub dropped: usize,
    pub forgotten: usize,
    pub keeps: usize,
    pub running: usize,
}

impl Story {
    pub fn new(targets: Vec<Target>) -> Story {
        let mut story = Story::empty();
        story.reload(targets);
        story
    }

    pub fn empty() -> Story {
        Story {
            watch: Watch::new(),
            now: Now {
                mono: Mono(1_000_000_000_000),
                wall: Wall(1_800_000_000_000),
            },
            bad: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            checks: BTreeMap::new(),
            acts: BTreeMap::new(),
            fails: BTreeSet::new(),
            lost: BTreeSet::new(),
            pending: BTreeMap::new(),
            asked: vec![],
            told: vec![],
            log: vec![],
            shown: vec![],
            dropped: 0,
            forgotten: 0,
            keeps: 0,
            running: 0,
        }
    }

    pub fn reload(&mut self, targets: Vec<Target>) {
        self.give(In::Targets(Targets::new(targets).unwrap()));
    }

    pub fn give(&mut self, input: In) {
        self.watch.handle(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(out) = self.watch.poll() {
            match out {
                Out::Check {
                    number,
                    target,
                    check,
                    deadline,
                } => {
                    let target = target.to_string();
                    self.running += 1;
                    self.asked.push((self.now.mono, target.clone()));
                    let play = self.checks.get(&target).copied();
                    if let Play::Ends(after) = play.unwrap_or(Play::Ends(ms(10))) {
                        // Seen at its end, when it is given.
                        let finding = self.finding(&target, check);
                        let at = (self.now.mono + after).min(deadline);
                        self.pending
                            .insert((at, number), In::Found { number, finding });
                    }
                }
                Out::Act {
                    number,
                    line,
                    report,
                    ..
                } => {
                    let key = (report.target.to_string(), line);
                    let play = self.acts.get(&key).copied();
                    if let Play::Ends(after) = play.unwrap_or(Play::Ends(ms(10))) {
                        let acted = match self.fails.contains(&key) {
                            true => Acted::Failed("no such thing".to_string()),
                            false if self.lost.contains(&key) => {
                                Acted::Undelivered("nobody is there".to_string())
                            }
                            false => Acted::Done,
                        };
                        let at = self.now.mono + after;
                        self.pending
                            .insert((at, number), In::Acted { number, acted });
                    }
                    self.told.push((self.now.mono, line, report));
                }
                Out::Drop(number) => {
                    self.dropped += 1;
                    self.running -= 1;
                    self.pending.retain(|(_, no), _| *no != number);
                }
                Out::Forget(number) => {
                    self.forgotten += 1;
                    self.pending.retain(|(_, no), _| *no != number);
                }
                Out::Log(text) => self.log.push(text),
                Out::Shown(names) => self.shown.extend(names),
                Out::Keep => self.keeps += 1,
            }
        }
    }

    fn finding(&self, target: &str, check: usize) -> Finding {
        let verdict = self.verdicts.get(&(target.to_string(), check)).copied();
        let (verdict, why) = match (verdict, self.bad.get(target)) {
            (Some(verdict), _) => (verdict, verdict.word()),
            (None, Some(why)) => (Verdict::Bad, *why),
            (None, None) => (Verdict::Good, "fine"),
        };
        Finding {
            verdict,
            why: why.to_string(),
            took: ms(10),
            figures: vec![],
        }
    }

    /// To this moment, without anything happening on the way: hc does not run.
    pub fn jump(&mut self, span: Span) {
        self.now.mono = self.now.mono + span;
        self.now.wall = Wall(self.now.wall.0 + span.as_millis() as i64);
    }

    /// The next thing that happens, if it is not after this.
    fn step(&mut self, end: Mono) -> bool {
        let arrives = self.pending.first_key_value().map(|((at, _), _)| *at);
        let due = self.watch.deadline();
        let Some(next) = arrives.into_iter().chain(due).min().filter(|at| *at <= end) else {
            return false;
        };
        self.jump(next - self.now.mono);
        if due.is_some_and(|due| due <= self.now.mono) {
            self.watch.expire(self.now);
            assert!(self.watch.deadline().is_none_or(|at| at > self.now.mono));
            self.drain();
        } else if let Some((_, input)) = self.pending.pop_first() {
            if matches!(input, In::Found { .. }) {
                self.running -= 1;
            }
            self.give(input);
        }
        true
    }

    pub fn run(&mut self, span: Span) {
        let end = self.now.mono + span;
        while self.step(end) {}
        self.jump(end - self.now.mono);
    }

    /// Until this is so, with a limit; how long that took.
    pub fn run_until(&mut self, what: &str, is: impl Fn(&Story) -> bool) -> Span {
        let begun = self.now.mono;
        while !is(self) {
            let end = begun + s(3_600);
            assert!(self.step(end), "within an hour: {what}\n{:#?}", self.log);
        }
        self.now.mono - begun
    }

    pub fn view(&self, target: &str) -> TargetView {
        self.watch.view(&name(target)).unwrap()
    }

    pub fn state(&self, target: &str) -> String {
        self.view(target).state
    }

    pub fn until_state(&mut self, target: &str, state: State) -> Span {
        let what = format!("{target} is {state:?}");
        self.run_until(&what, |story| story.state(target) == state.word())
    }

    /// All are up, and what was told until then is forgotten.
    pub fn all_up(mut self) -> Story {
        self.run_until("all are up", |story| {
            let mut targets = story.watch.targets().iter();
            targets.all(|target| story.state(target.name.as_str()) == "up")
        });
        self.run(s(30));
        self.forget();
        self
    }

    pub fn forget(&mut self) {
        self.told.clear();
        self.asked.clear();
        self.log.clear();
        self.shown.clear();
    }

    /// What line 0 of each target was told: `www down`.
    pub fn news(&self) -> Vec<String> {
        let told = self.told.iter().filter(|(_, line, _)| *line == 0);
        told.map(|(_, _, report)| format!("{} {}", report.target, report.event.word()))
            .collect()
    }

    pub fn asked(&self, target: &str) -> usize {
        self.asked.iter().filter(|(_, name)| name == target).count()
    }
}
