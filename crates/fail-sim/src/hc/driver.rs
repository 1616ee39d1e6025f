//! What hc wants done is done: checks and actions, each in its time; and the ways in which a
//! driver may be broken.

use fail_core::machine::Machine;
use fail_core::time::Span;
use fail_core::watch::{
    Acted, Event as Said, Finding, In, Line, Out, Report, Target, Targets, Verdict,
};

use super::Broken;
use super::setup::{Kind, Own, kind, number};
use super::world::{Event, World};
use crate::setup::SECOND;

/// What runs the checks stands still for less than this unseen, and every check is as it is.
const HALT_SEEN: u64 = SECOND * 6 / 10;

/// A check that says no.
pub(super) fn bad(why: &str) -> Finding {
    Finding {
        verdict: Verdict::Bad,
        why: why.to_string(),
        took: Span::ZERO,
        figures: Vec::new(),
    }
}

impl World {
    /// The targets as hc is told of them.
    pub(super) fn targets(&self) -> Targets {
        let mut targets = self.scene.setup.file(self.scene.other).to_vec();
        if self.broken == Broken::OldLines {
            for target in &mut targets {
                let n = number(&target.name);
                target.lines.clone_from(&self.scene.setup.targets[n].lines);
            }
        }
        targets
            .iter_mut()
            .for_each(|target| self.break_target(target));
        Targets::new(targets).unwrap_or_default()
    }

    fn break_target(&self, target: &mut Target) {
        match self.broken {
            Broken::HidesDepends if target.checks > 0 => {
                target.depends.clear();
                target.need = None;
            }
            Broken::NoLimits => {
                for line in &mut target.lines {
                    (line.every, line.limit) = (None, None);
                }
            }
            Broken::HearsAll | Broken::Deaf => {
                let see = |line: &&mut Line| kind(line) != Kind::See;
                for line in target.lines.iter_mut().filter(see) {
                    match self.broken {
                        Broken::Deaf => line.on = line.on.first().copied().into_iter().collect(),
                        _ => line.on = Said::ALL.into(),
                    }
                }
            }
            Broken::NewLines => {
                for line in &mut target.lines {
                    line.what.push_str(&self.reloads.to_string());
                }
            }
            Broken::Hasty => (target.pace.rise, target.pace.fall) = (1, 1),
            Broken::NoFlap => target.pace.flap = None,
            Broken::FlapsEarly => {
                let flap = target.pace.flap.iter_mut();
                flap.for_each(|flap| flap.changes = 2);
            }
            Broken::RestsEarly => {
                let flap = target.pace.flap.iter_mut();
                flap.for_each(|flap| flap.within = flap.within.part(4));
            }
            _ => {}
        }
    }

    /// What this check sees, at its end.
    pub(super) fn finding(&mut self, target: usize, was_up: bool) -> Finding {
        let style = self.scene.setup.styles[target];
        let up = match style.sees_begin {
            true => was_up,
            false => self.scene.truth.0[target].up,
        };
        let dice = &mut self.checks[target];
        let warning = dice.per_mille(50);
        let mut finding = match up {
            true if warning => Finding {
                verdict: Verdict::Warning,
                ..bad("slow")
            },
            true => Finding {
                verdict: Verdict::Good,
                ..bad("fine")
            },
            false if warning => Finding {
                verdict: Verdict::Unknown,
                ..bad("who knows")
            },
            false => bad("refused"),
        };
        self.spoilt[target] |= !up;
        finding.verdict = match self.broken {
            Broken::SwallowsBad => Verdict::Good,
            Broken::NeverGood if self.spoilt[target] => Verdict::Bad,
            Broken::Lies => Verdict::Bad,
            _ => finding.verdict,
        };
        finding
    }

    pub(super) fn found(&mut self, generation: u64, number: u64, target: usize, finding: Finding) {
        if generation != self.generation {
            return;
        }
        self.say(
            "check",
            &format!("t-{target} {number} {:?}", finding.verdict),
        );
        self.look.answered(&self.scene, number, finding.verdict);
        let mut finding = finding;
        finding.verdict = match (self.broken, finding.verdict) {
            (Broken::SwallowsWarnings, Verdict::Warning) => Verdict::Good,
            (Broken::InventsWarnings, Verdict::Good) => Verdict::Warning,
            (_, verdict) => verdict,
        };
        self.turn(Some(In::Found { number, finding }));
    }

    pub(super) fn acted(&mut self, generation: u64, number: u64, acted: Acted) {
        if generation != self.generation {
            return;
        }
        self.say("action", &format!("{number} {acted:?}"));
        self.look.acted(number, acted == Acted::Done);
        let acted = match self.broken {
            Broken::SwallowsFailures => Acted::Done,
            _ => acted,
        };
        self.turn(Some(In::Acted { number, acted }));
    }

    /// Before hc does anything else it is told that what runs the checks stands still, or did.
    pub(super) fn tell_halt(&mut self) {
        let Some((since, until)) = self.halted else {
            return;
        };
        let over = self.at >= until;
        if over {
            self.halted = None;
        }
        let seen = self.at.min(until) - since >= HALT_SEEN;
        let now = self.now();
        if let Some(watch) = self.scene.watch.as_mut().filter(|_| seen) {
            self.scene.halted = self.at;
            if self.broken != Broken::Unheard {
                watch.handle(now, In::Stalled(over.then_some(Span(until - since))));
                self.drain();
            }
        }
    }

    /// What ends while it stands still is told when it goes on. A check that was under way
    /// before may have missed its answer.
    pub(super) fn while_halted(&mut self, number: u64, target: usize, was_up: bool) {
        let Some((since, until)) = self.halted else {
            return;
        };
        let mut finding = self.finding(target, was_up);
        let before = self.look.checks.get(&number);
        let before = before.is_some_and(|check| check.begun < since);
        let missed = before && until - since >= HALT_SEEN && !self.scene.setup.gasps;
        if missed && self.late.per_mille(500) {
            finding = bad("no answer in time");
            self.seen("answers missed in a halt");
        }
        let event = Event::Late {
            generation: self.generation,
            number,
            target,
            finding,
        };
        // One after the other.
        let after = self.late.between(0, 20_000_000);
        self.later(until + after, event);
    }

    /// Does all that hc wants.
    pub(super) fn drain(&mut self) {
        let mut keep = false;
        while let Some(out) = self.scene.watch.as_mut().and_then(Machine::poll) {
            match out {
                Out::Check {
                    number: no,
                    target,
                    check,
                    deadline,
                } => {
                    let n = number(&target);
                    self.say("hc", &format!("asks t-{n} {check} as {no}"));
                    let deadline = deadline.0 - 1_000 * SECOND;
                    self.look.asked(&self.scene, n, check, no, deadline);
                    self.begin(n, no, deadline);
                }
                Out::Drop(number) => {
                    self.say("hc", &format!("drops {number}"));
                    if self.broken != Broken::ForgetsDrop {
                        self.look.dropped(&self.scene, number);
                    }
                }
                Out::Act {
                    number,
                    line,
                    report,
                    deadline,
                } => self.perform(number, line, report, deadline.0 - 1_000 * SECOND),
                Out::Forget(number) => {
                    self.say("hc", &format!("forgets {number}"));
                    if self.broken != Broken::ForgetsForget {
                        self.look.forgotten(&self.scene, number);
                    }
                }
                Out::Log(text) => self.say("log", &text),
                Out::Shown(names) => {
                    let shown: Vec<usize> = names.iter().map(number).collect();
                    self.look.shown(&self.scene, &shown);
                }
                Out::Keep => keep = true,
            }
        }
        if let Some(watch) = self.scene.watch.as_ref().filter(|_| keep) {
            self.kept = watch.kept();
        }
    }

    /// A check begins.
    fn begin(&mut self, n: usize, number: u64, deadline: u64) {
        self.seen("checks");
        let fact = self.scene.truth.0[n];
        if fact.own == Own::Lost {
            self.seen("checks that do not end");
            return;
        }
        let (least, most) = self.scene.setup.styles[n].takes;
        let takes = self.checks[n].between(least, most);
        let silent = !fact.up && fact.own != Own::Refuses;
        let end = if silent {
            deadline
        } else {
            (self.at + takes).min(deadline)
        };
        let event = Event::Answer {
            generation: self.generation,
            number,
            target: n,
            was_up: fact.up,
        };
        self.later(end, event);
    }

    /// An action begins.
    fn perform(&mut self, no: u64, line: usize, report: Report, deadline: u64) {
        let mut report = report;
        let n = number(&report.target);
        if self.broken == Broken::LosesCounts {
            report.left_out = 0;
        }
        let of = self.scene.setup.line(self.scene.other, n, line);
        let quick = of.is_some_and(|line| kind(line) != Kind::Slow);
        if of.is_some_and(|line| line.newest) && self.broken == Broken::TurnsWishes {
            report.good = !report.good;
        }
        let event = report.event.word();
        self.say(
            "hc",
            &format!("t-{n} line {line} {event} {} as {no}", report.good),
        );
        self.seen(match report.event {
            Said::Down => "downs said",
            Said::Up => "ups said",
            Said::Change => "changes said",
            Said::Warning => "warnings said",
            Said::Clear => "clears said",
            Said::Flapping => "flappings said",
            Said::Renotify => "renotifies said",
        });
        self.look.acts(&self.scene, no, line, &report, deadline);
        if self.broken == Broken::ActsTwice {
            self.look.acts(&self.scene, no, line, &report, deadline);
        }
        let style = self.scene.setup.styles[n];
        let calm = self.at >= self.scene.setup.storm;
        let dice = &mut self.acts[n];
        let (hangs, fails) = (dice.per_mille(style.hangs), dice.per_mille(style.fails));
        let takes = dice.between(1_000_000, 4 * SECOND);
        if hangs && !quick && !calm {
            self.seen("actions that hang");
            return;
        }
        let acted = match fails && !quick && !calm {
            true => Acted::Failed("it can not be done".to_string()),
            false => Acted::Done,
        };
        let event = Event::Acted {
            generation: self.generation,
            number: no,
            acted,
        };
        self.later(if quick { self.at } else { self.at + takes }, event);
    }
}
