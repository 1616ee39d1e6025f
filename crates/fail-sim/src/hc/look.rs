//! The watch is watched: sees everything that happens in the world, believes nobody, and
//! reports the first property that does not hold. What each means stands where it is looked at:
//! `still`, `pace`, `lines`, `told`, `flaps`,
//! `warned`.

use std::collections::{BTreeMap, VecDeque};

use fail_core::watch::{CHECK_GRACE, Flap, Verdict};

use super::bounds;
use super::setup::{Setup, name, number};
use super::told::{Doing, News, Told};
use super::warned::Warned;
use super::world::Scene;

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    /// Nobody is called down whose dependency was down before.
    OneMessage,
    /// Nobody is called up whose dependency was down before it was found good.
    UpAlone,
    /// Its mirror: who is down, and what it depends on is not, is called down in time.
    Told,
    /// When all was still for long enough, what is shown and was said is how it is.
    SaidTruth,
    /// Its mirror: nothing is said that was never true.
    NeverTrue,
    /// Nothing is said before it was found so often in a row as `rise` and `fall` say.
    Grounds,
    /// A line of a target does one thing at a time, and each check is asked once at a time.
    OneAtATime,
    /// Its mirror: what was begun ends, or is given up.
    Ends,
    /// What is said of a target begins where what was said last has ended.
    Order,
    /// Nobody is asked too often.
    Pace,
    /// Its mirror: nobody is forgotten.
    Polled,
    /// What is hidden is not asked.
    Hidden,
    /// A line is told what it is about, in order, and nothing else.
    Heard,
    /// Its mirror: all of that.
    Missed,
    /// A line that is in a new file as it was goes on.
    GoesOn,
    /// Its mirror: what another line does nobody waits for.
    Gone,
    /// Limits of lines are kept.
    Limits,
    /// Their mirror: what they leave out is counted.
    Counts,
    /// Nothing is said of what flaps.
    FlapQuiet,
    /// Its mirror: it is said that it flaps if it does, and only then.
    FlapSaid,
    /// That it warns is said when so many rounds in a row have found that, and that it is over
    /// when so many have not.
    WarnedTruth,
    /// Its mirror: both are said as soon as that is so.
    WarnedSaid,
    /// Nothing is said of what is worked on, nor of a group because of it.
    Maintenance,
    /// A wish is as was said last.
    WishTrue,
    /// One that was done is not done again before something else is said.
    WishOnce,
    /// Their mirror: in the end each wish is done that is true.
    Wish,
    /// The machine holds its own invariants.
    Panic,
}

/// A property that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub property: Property,
    /// When, in nanoseconds.
    pub at: u64,
    /// What was seen.
    pub text: String,
}

/// A round of checks, as it is seen from outside.
#[derive(Debug, Clone, Default)]
pub(super) struct Round {
    pub open: usize,
    /// When the first bad finding was there.
    pub bad: Option<u64>,
    /// There was a warning.
    pub warns: bool,
}

/// A check under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Check {
    pub target: usize,
    pub check: usize,
    pub begun: u64,
    pub deadline: u64,
}

/// What is known of one target.
#[derive(Debug, Clone, Default)]
pub(super) struct Each {
    pub round: Round,
    /// The first bad finding after the last good round.
    pub first_bad: Option<u64>,
    /// The first good finding after the last bad round.
    pub first_good: Option<u64>,
    /// Whether it was so at some time since the other was said.
    pub was_up: bool,
    pub was_down: bool,
    /// Good and bad rounds in a row, and the most of each since the other was said.
    pub row: (bool, u32),
    pub best: [u32; 2],
    /// Bad rounds that hc may have counted or not, as it stood still.
    pub doubtful: u32,
    /// It, or what it really or by the file depends on, has changed.
    pub disturbed: u64,
    // What was said.
    pub last: Option<bool>,
    pub repeats: bool,
    /// The same as its lines must have it, and how often it was another.
    pub said: Option<bool>,
    pub epoch: u64,
    pub lines: Vec<Told>,
    pub news: VecDeque<News>,
    /// Its lines are to be looked at, whether there is news or not.
    pub renewed: bool,
    // How often it was asked.
    pub rounds: u64,
    pub extras: u64,
    pub counted: u64,
    pub asked: u64,
    pub visible: u64,
    pub hidden: bool,
    // Changes of what is shown.
    pub flips: VecDeque<u64>,
    pub flipped: u64,
    pub known: Option<bool>,
    pub unsure: bool,
    pub flapping: bool,
    /// It was said that it flaps, and not yet what it came to.
    pub flapped: bool,
    pub warned: Warned,
    pub calm: bool,
    // As it was in the file that held before.
    pub worked_on: bool,
    pub flap: Option<Flap>,
}

/// Who watches.
#[derive(Debug)]
pub struct Look {
    /// The first property that did not hold.
    pub violation: Option<Violation>,
    pub(super) each: Vec<Each>,
    /// Checks under way.
    pub(super) checks: BTreeMap<u64, Check>,
    /// Actions under way.
    pub(super) acts: BTreeMap<u64, Doing>,
    /// For each file, how long until all is known of a target.
    pub(super) known: [Vec<u64>; 2],
    /// Who depends on whom, through all others.
    pub(super) above: Vec<Vec<usize>>,
}

impl Look {
    /// Watches this world.
    pub fn new(setup: &Setup) -> Look {
        let count = setup.targets.len();
        let known = |other| (0..count).map(|n| bounds::known(setup, other, n)).collect();
        let mut above: Vec<Vec<usize>> = Vec::new();
        for n in 0..count {
            let mut all = Vec::new();
            let files = [false, true].map(|other| setup.target(other, n));
            let depends = files
                .into_iter()
                .flatten()
                .flat_map(|target| &target.depends);
            for on in depends.map(number) {
                all.push(on);
                all.extend(&above[on]);
            }
            all.sort_unstable();
            all.dedup();
            above.push(all);
        }
        let each = Each {
            was_up: true,
            ..Each::default()
        };
        Look {
            violation: None,
            each: vec![each; count],
            checks: BTreeMap::new(),
            acts: BTreeMap::new(),
            known: [known(false), known(true)],
            above,
        }
    }

    pub(super) fn violated(&mut self, property: Property, at: u64, text: String) {
        let violation = Violation { property, at, text };
        self.violation.get_or_insert(violation);
    }

    /// The machine found itself broken.
    pub fn panicked(&mut self, at: u64, text: String) {
        self.violated(Property::Panic, at, text);
    }

    /// It serves now, or does not.
    pub fn changed(&mut self, scene: &Scene, changed: &[usize]) {
        for n in changed {
            let each = &mut self.each[*n];
            match scene.truth.0[*n].up {
                true => each.was_up = true,
                false => each.was_down = true,
            }
            self.disturb(scene.at, *n);
        }
    }

    /// All that depend on it may be other than they were.
    pub(super) fn disturb(&mut self, at: u64, n: usize) {
        for (m, above) in self.above.iter().enumerate() {
            if m == n || above.contains(&n) {
                (self.each[m].disturbed, self.each[m].calm) = (at, false);
            }
        }
    }

    /// hc asks.
    pub fn asked(&mut self, scene: &Scene, n: usize, check: usize, no: u64, deadline: u64) {
        let twice = |of: &Check| (of.target, of.check) == (n, check);
        if self.checks.values().any(twice) {
            let text = format!("t-{n}: check {check} is asked twice at once");
            self.violated(Property::OneAtATime, scene.at, text);
        }
        let under_way = Check {
            target: n,
            check,
            begun: scene.at,
            deadline,
        };
        self.checks.insert(no, under_way);
        if check == 0 {
            self.each[n].round = Round::default();
            self.pace_round(scene, n);
        }
        self.each[n].round.open += 1;
    }

    /// A check is answered.
    pub fn answered(&mut self, scene: &Scene, number: u64, verdict: Verdict) {
        let Some(Check {
            target: n, begun, ..
        }) = self.checks.remove(&number)
        else {
            return;
        };
        let each = &mut self.each[n];
        if verdict >= Verdict::Unknown {
            each.round.bad.get_or_insert(scene.at);
        }
        each.round.warns |= verdict == Verdict::Warning;
        each.round.open = each.round.open.saturating_sub(1);
        if each.round.open > 0 {
            return;
        }
        let is_good = each.round.bad.is_none();
        let doubtful = !is_good && begun < scene.disturbed.max(scene.halted);
        let view = scene.watch.as_ref().and_then(|watch| watch.view(&name(n)));
        let up = view.is_some_and(|view| view.state == "up");
        let warns = each.round.warns;
        each.warned.round(begun, up, is_good, doubtful, warns);
        if doubtful {
            each.doubtful += 1;
            // It is asked anew at once.
            each.extras += 1;
        } else {
            each.row = match each.row {
                (was, count) if was == is_good => (was, count + 1),
                _ => (is_good, 1),
            };
            let best = &mut each.best[usize::from(is_good)];
            *best = each.row.1.max(*best);
        }
        if is_good {
            each.first_good.get_or_insert(scene.at);
        } else if !doubtful {
            each.first_good = None;
        }
        match each.round.bad {
            None => each.first_bad = None,
            Some(at) if each.first_bad.is_none() => {
                each.first_bad = Some(at);
                // What it depends on is asked because of it, each once.
                for on in self.above[n].clone() {
                    self.each[on].extras += 2;
                }
            }
            Some(_) => {}
        }
    }

    /// hc waits for it no longer: it was given up, or nobody wants to know.
    pub fn dropped(&mut self, scene: &Scene, number: u64) {
        let deadline = self.checks.get(&number).map(|check| check.deadline);
        if deadline.is_some_and(|deadline| scene.at >= deadline + CHECK_GRACE.0) {
            return self.answered(scene, number, Verdict::Unknown);
        }
        self.checks.remove(&number);
    }

    /// hc is no more.
    pub fn killed(&mut self, scene: &Scene) {
        self.killed_lines(scene);
        self.checks.clear();
    }

    /// And there again.
    pub fn boot(&mut self, scene: &Scene) {
        for each in &mut self.each {
            each.first_bad = None;
            each.forget_flaps();
            each.warned.forget(scene.at);
            each.visible = scene.at;
            each.asked = scene.at;
            each.extras += 4;
            each.calm = false;
        }
        self.reload(scene);
    }

    /// Another file holds. Who is not in it is forgotten.
    pub fn reload(&mut self, scene: &Scene) {
        for n in 0..self.each.len() {
            self.count_anew(scene, n);
            self.reload_lines(scene, n);
            self.reload_quiet(scene, n);
            let each = &mut self.each[n];
            each.warned.forget(scene.at);
            each.first_good = None;
            each.extras += 4;
            each.visible = scene.at;
            each.calm = false;
            let target = scene.setup.target(scene.other, n);
            // A group has no warnings.
            each.warned.said &= target.is_none_or(|target| target.checks > 0);
            if target.is_none() {
                *each = Each {
                    was_up: true,
                    was_down: true,
                    extras: each.extras,
                    counted: scene.at,
                    epoch: each.epoch + 1,
                    ..Each::default()
                };
            }
        }
    }

    /// Whether it is worked on, and what flapping is, may be another in this file.
    fn reload_quiet(&mut self, scene: &Scene, n: usize) {
        let target = scene.setup.target(scene.other, n);
        let flap = target.and_then(|target| target.pace.flap);
        let worked_on = scene.open && scene.setup.in_window(scene.other, n);
        let each = &mut self.each[n];
        if std::mem::replace(&mut each.worked_on, worked_on) != worked_on {
            each.forget_flaps();
        }
        if std::mem::replace(&mut each.flap, flap) != flap && each.flapping {
            each.flapping = false;
            each.flips.clear();
        }
    }

    /// The window has opened or closed.
    pub fn window(&mut self, scene: &Scene) {
        for n in 0..self.each.len() {
            if scene.setup.in_window(scene.other, n) {
                let each = &mut self.each[n];
                each.worked_on = scene.open;
                each.forget_flaps();
                each.warned.window(scene.at);
                each.extras += 2;
                self.disturb(scene.at, n);
            }
        }
    }

    /// All may be asked so often more.
    pub fn extra_all(&mut self, more: u64) {
        self.each.iter_mut().for_each(|each| each.extras += more);
    }

    /// hc has done a turn.
    pub fn turn(&mut self, scene: &Scene) {
        self.look_pace(scene);
        self.look_still(scene);
        self.look_told(scene);
        self.look_warned(scene);
        self.look_ends(scene);
    }

    /// All is over.
    pub fn end(&mut self, scene: &Scene) {
        for each in &mut self.each {
            (each.calm, each.renewed) = (false, true);
        }
        self.turn(scene);
        self.look_wishes(scene);
    }
}
