//! Orders of calls on a watch: findings and ends of actions that are right, late, doubled or of
//! nobody; files of any shape and pace, windows, what is said to have been kept, and time.
//!
//! What is asserted beyond that nothing panics, debug assertions of the watch included:
//!
//! * numbers grow; each check and action is of a target and a line of the file that holds, and
//!   is dropped, forgotten or answered once; a line does one thing at a time; no more checks are
//!   under way than [`limits::CHECKS_MAX`], and no more reports wait than
//!   [`limits::ACTS_WAITING_MAX`];
//! * an answer to nothing changes nothing: nothing is wanted, and the deadline is the same;
//! * whatever a check or an action has said, a line of the log is one line, and reasons keep
//!   their limits;
//! * what is shown names targets of the file, each once in a turn, and its history and its
//!   availability keep their limits;
//! * a watch that is restored from what was kept within a week knows the same, and says nothing of
//!   it;
//! * after `expire` the deadline lies ahead.

use std::collections::{BTreeMap, BTreeSet};

use fail_core::limits;
use fail_core::machine::Machine;
use fail_core::time::{Mono, Now, Span, Wall};
use fail_core::watch::{
    Acted, Backoff, Event, Figure, Finding, Flap, In, Kept, Limit, Line, Out, Pace, Past, State,
    Target, Targets, Verdict, Watch,
};
use fail_wire::Name;

use crate::Choices;

/// Steps of one run.
const STEPS_MAX: usize = 300;

/// What was kept longer ago says nothing any more.
const KEPT_MAX_MS: i64 = 7 * 86_400_000;

const NAMES: [&str; 6] = ["www", "router", "db", "ä", "t-5", "x"];

struct Stage {
    watch: Watch,
    now: Now,
    number: u64,
    checks: BTreeMap<u64, Name>,
    /// Whose, and which line: its place may be another after a reload.
    acts: BTreeMap<u64, (Name, Line)>,
    /// Numbers that nobody waits for any more.
    past: Vec<u64>,
}

/// Any order of calls.
pub fn watch(data: &[u8]) {
    let mut from = Choices::new(data);
    let mut stage = Stage {
        watch: Watch::new(),
        now: Now {
            mono: Mono(from.number()),
            wall: Wall(from.number() as i64),
        },
        number: 0,
        checks: BTreeMap::new(),
        acts: BTreeMap::new(),
        past: vec![0, 1, u64::MAX],
    };
    if from.flag() {
        let kept = (0..from.below(4)).map(|_| kept(&mut from)).collect();
        stage.give(In::Restore(kept));
    }
    stage.give(In::Targets(targets(&mut from)));
    for _ in 0..STEPS_MAX {
        if from.is_over() {
            break;
        }
        step(&mut from, &mut stage);
    }
    stage.restored();
}

fn step(from: &mut Choices, stage: &mut Stage) {
    match from.below(20) {
        0..=5 => {
            let numbers: Vec<u64> = stage.checks.keys().copied().collect();
            if !numbers.is_empty() {
                let number = numbers[from.below(numbers.len())];
                stage.checks.remove(&number);
                stage.past.push(number);
                let finding = finding(from);
                stage.give(In::Found { number, finding });
            }
        }
        6 | 7 => {
            let numbers: Vec<u64> = stage.acts.keys().copied().collect();
            if !numbers.is_empty() {
                let number = numbers[from.below(numbers.len())];
                stage.acts.remove(&number);
                stage.past.push(number);
                let acted = acted(from);
                stage.give(In::Acted { number, acted });
            }
        }
        8 => stage.answer_to_nothing(from),
        9..=12 => stage.pass_to_deadline(),
        13 | 14 => {
            let ms = from.pick(&[0, 1, 500, 1_000, 3_000, 60_000, 700_000, 86_400_000 * 9]);
            stage.pass(Span::from_millis(ms));
        }
        15 => {
            let window = from.pick(&["night", "day", "never"]).to_string();
            let open = from.flag();
            stage.give(In::Window { window, open });
        }
        16 | 17 => stage.give(In::Ask(name(from))),
        18 => {
            let targets = targets(from);
            stage.give(In::Targets(targets));
        }
        _ => {
            // The clock on the wall says whatever it likes.
            stage.now.wall = Wall(from.number() as i64);
            let kept = vec![kept(from)];
            stage.give(In::Restore(kept));
        }
    }
}

#[expect(clippy::expect_used, reason = "all of these are names")]
fn name(from: &mut Choices) -> Name {
    Name::new(from.pick(&NAMES)).expect("a name")
}

fn span(from: &mut Choices) -> Span {
    match from.below(5) {
        0 => Span(from.number()),
        _ => Span::from_millis(from.pick(&[1_000, 10, 200, 5_000, 60_000, 3_600_000])),
    }
}

fn some<T>(from: &mut Choices, make: impl Fn(&mut Choices) -> T) -> Option<T> {
    from.once_in(3).then(|| make(from))
}

fn targets(from: &mut Choices) -> Targets {
    let count = from.below(6);
    let targets = (0..count).map(|_| target(from)).collect();
    // Two of one name, a circle or a dependency on nothing are no file.
    Targets::new(targets).unwrap_or_default()
}

fn target(from: &mut Choices) -> Target {
    let pace = Pace {
        interval: span(from),
        retry: span(from),
        timeout: span(from),
        rise: from.below(4) as u32,
        fall: from.below(4) as u32,
        backoff: some(from, |from| Backoff {
            initial: span(from),
            factor: from.half(),
            maximum: span(from),
        }),
        flap: some(from, |from| Flap {
            changes: from.half(),
            within: span(from),
        }),
        renotify: some(from, span),
    };
    let called = name(from);
    let depends = (0..from.below(3)).map(|_| name(from)).collect();
    let need = some(from, |from| from.below(4));
    let checks = from.below(4);
    Target {
        name: called,
        depends,
        need,
        checks,
        unknown: vec![Verdict::Good; checks / 2],
        pace,
        windows: match from.once_in(3) {
            true => vec!["night".to_string(), "day".to_string()],
            false => vec![],
        },
        lines: (0..from.below(3)).map(|_| line(from)).collect(),
    }
}

fn line(from: &mut Choices) -> Line {
    let on = Event::ALL
        .into_iter()
        .filter(|_| !from.once_in(3))
        .collect();
    Line {
        what: from.below(3).to_string(),
        shown: String::new(),
        on,
        every: some(from, span),
        limit: some(from, |from| Limit {
            count: from.half(),
            within: span(from),
        }),
        newest: from.flag(),
        timeout: span(from),
    }
}

fn text(from: &mut Choices) -> String {
    match from.below(8) {
        0 => "ä\n\x1b[2J".repeat(from.below(300)),
        _ => from.text(12),
    }
}

fn finding(from: &mut Choices) -> Finding {
    let verdicts = [
        Verdict::Good,
        Verdict::Bad,
        Verdict::Warning,
        Verdict::Unknown,
    ];
    let figures = if from.once_in(8) { from.below(100) } else { 0 };
    let figure = |from: &mut Choices| Figure {
        name: text(from),
        value: f64::from_bits(from.number()),
        unit: text(from),
        warn: String::new(),
        bad: String::new(),
        min: None,
        max: Some(f64::NAN),
    };
    Finding {
        verdict: from.pick(&verdicts),
        why: text(from),
        took: span(from),
        figures: (0..figures).map(|_| figure(from)).collect(),
    }
}

fn acted(from: &mut Choices) -> Acted {
    match from.below(4) {
        0 => Acted::Failed(text(from)),
        1 => Acted::Undelivered(text(from)),
        _ => Acted::Done,
    }
}

fn kept(from: &mut Choices) -> Kept {
    let states = [
        State::Down,
        State::Up,
        State::Pending,
        State::Dependency,
        State::Maintenance,
    ];
    Kept {
        target: name(from),
        state: from.pick(&states),
        since: from.number() as i64,
        why: text(from),
        flapping: from.once_in(3),
        warning: some(from, |from| from.number() as i64),
        at: from.number() as i64,
        changes: vec![],
        available: Past {
            minutes: vec![(from.half(), from.half(), from.half())],
            hours: vec![],
        },
        lines: vec![],
    }
}

fn is_clean(text: &str, most: usize) -> bool {
    text.len() <= most && !text.chars().any(char::is_control)
}

impl Stage {
    fn give(&mut self, input: In) {
        self.watch.handle(self.now, input);
        self.drain();
    }

    fn pass(&mut self, span: Span) {
        self.now.mono = self.now.mono + span;
        let ms = i64::try_from(span.as_millis()).unwrap_or(0);
        self.now.wall = Wall(self.now.wall.0.saturating_add(ms));
        let due = self.watch.deadline().is_some_and(|at| at <= self.now.mono);
        // At the end of time there is nothing ahead.
        if due && self.now.mono.0 < u64::MAX / 2 {
            self.watch.expire(self.now);
            let ahead = self.watch.deadline().is_none_or(|at| at > self.now.mono);
            assert!(ahead, "the deadline lies ahead");
            self.drain();
        }
    }

    fn pass_to_deadline(&mut self) {
        let Some(at) = self.watch.deadline() else {
            return;
        };
        self.pass((at.max(self.now.mono)) - self.now.mono);
    }

    fn answer_to_nothing(&mut self, from: &mut Choices) {
        let number = self.past[from.below(self.past.len())];
        if self.checks.contains_key(&number) || self.acts.contains_key(&number) {
            return;
        }
        // Unless it was hc that stood still, or a moment later it is woken up all the same.
        let before = self.watch.clone().deadline();
        let still = before.is_none_or(|at| at >= self.now.mono);
        let input = match from.flag() {
            true => In::Found {
                number,
                finding: finding(from),
            },
            false => In::Acted {
                number,
                acted: acted(from),
            },
        };
        self.watch.handle(self.now, input);
        if still {
            assert_eq!(self.watch.poll(), None, "an answer to nothing");
            // A heartbeat comes so long after whatever comes in.
            let after = self.watch.deadline();
            assert!(
                after >= before,
                "an answer to nothing: {before:?} {after:?}"
            );
        }
        self.drain();
    }

    /// How many checks and lines this target has in the file that holds.
    fn lines_of(&self, name: &Name) -> (usize, usize) {
        let mut targets = self.watch.targets().iter();
        let target = targets.find(|target| target.name == *name);
        target.map_or((0, 0), |target| (target.checks, target.lines.len()))
    }

    fn fresh(&mut self, number: u64) {
        assert!(number > self.number, "numbers grow");
        self.number = number;
    }

    fn drain(&mut self) {
        let mut shown = BTreeSet::new();
        while let Some(out) = self.watch.poll() {
            match out {
                Out::Check {
                    number,
                    target,
                    check,
                    deadline,
                } => {
                    self.fresh(number);
                    assert!(check < self.lines_of(&target).0, "{target}: check {check}");
                    assert!(deadline >= self.now.mono);
                    self.checks.insert(number, target);
                }
                Out::Drop(number) => {
                    assert!(self.checks.remove(&number).is_some(), "it was asked");
                    self.past.push(number);
                }
                Out::Act {
                    number,
                    line,
                    report,
                    deadline,
                } => {
                    self.fresh(number);
                    let target = report.target;
                    assert!(line < self.lines_of(&target).1, "{target}: line {line}");
                    assert!(deadline >= self.now.mono);
                    assert!(is_clean(&report.why, limits::FINDING_BYTES_MAX));
                    let all = self.watch.targets();
                    let mut all = all.iter().filter(|of| of.name == target);
                    let lines = all.next().map_or(&[][..], |of| &of.lines);
                    let key = (target, lines[line].clone());
                    let alike = lines.iter().filter(|of| **of == key.1).count();
                    let open = self.acts.values().filter(|of| **of == key).count();
                    assert!(
                        open < alike,
                        "{}: line {line} does two things at once",
                        key.0
                    );
                    self.acts.insert(number, key);
                }
                Out::Forget(number) => {
                    assert!(self.acts.remove(&number).is_some(), "it was begun");
                    self.past.push(number);
                }
                Out::Log(text) => assert!(is_clean(&text, 4 * limits::FINDING_BYTES_MAX)),
                Out::Shown(names) => {
                    for name in names {
                        self.look_at(&name);
                        assert!(shown.insert(name), "once in a turn");
                    }
                }
                Out::Keep => {}
            }
        }
        assert!(self.checks.len() <= limits::CHECKS_MAX);
        assert_eq!(self.watch.health().running, self.checks.len());
    }

    fn look_at(&self, name: &Name) {
        let view = self.watch.view(name);
        assert!(view.is_some(), "{name} is in the file");
        let Some(view) = view else { return };
        assert!(view.changes.len() <= limits::CHANGES_MAX);
        for check in &view.checks {
            assert!(is_clean(&check.why, limits::FINDING_BYTES_MAX));
            assert!(check.figures.len() <= limits::FIGURES_MAX);
        }
        let shares = [view.available.hour, view.available.day, view.available.week];
        for share in shares.into_iter().flatten() {
            assert!((0.0..=100.0).contains(&share), "{name}: {share} %");
        }
    }

    /// It ends, and is there again.
    fn restored(&self) {
        let kept = self.watch.kept();
        for kept in &kept {
            for line in &kept.lines {
                assert!(line.waiting.len() <= limits::ACTS_WAITING_MAX + 1);
            }
        }
        let mut again = Watch::new();
        again.handle(self.now, In::Restore(kept.clone()));
        again.handle(self.now, In::Targets(self.watch.targets().clone()));
        for (kept, again) in kept.iter().zip(again.kept()) {
            assert_eq!(kept.target, again.target);
            let ago = self.now.wall.0.saturating_sub(kept.at);
            let tells = kept.at == 0 || ago <= KEPT_MAX_MS;
            // A group is judged at once, and what is worked on may have been kept quiet.
            if tells && self.lines_of(&kept.target).0 > 0 {
                assert_eq!((kept.state, &kept.why), (again.state, &again.why));
            }
        }
    }
}
