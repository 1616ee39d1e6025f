//! **Warned truth**: that a target warns is said when so many rounds in a row as `fall` says have
//! found a warning, and that it is over when so many as `rise` says have found none; each once,
//! and neither of what is not up. What is said of up and down takes the place of a warning.
//!
//! **Its mirror** (warned said): both are said when that is so, if anything may be said.

use fail_core::watch::{Event, Pace, Report};

use super::look::{Look, Property};
use super::setup::{SEE, name};
use super::world::Scene;

/// What is known of the warnings of a target.
#[derive(Debug, Clone, Default)]
pub(super) struct Warned {
    /// It was said, and not that it is over.
    pub said: bool,
    /// Good rounds in a row with a warning, or without: hc has counted no more.
    row: (bool, u32),
    /// The same: hc has counted no less, while it was up. Rounds that were begun since then.
    sure: u32,
    since: u64,
    /// With the first of them it may be said that it is up, and then nothing else.
    first: bool,
}

impl Warned {
    /// A round has ended of one that was shown to be up or not. hc has counted a doubtful one, or
    /// not.
    pub fn round(&mut self, begun: u64, up: bool, good: bool, doubtful: bool, warns: bool) {
        if !good {
            self.sure = 0;
            self.row.1 *= u32::from(doubtful);
            return;
        }
        if self.row.0 != warns {
            (self.row, self.sure) = ((warns, 0), 0);
        }
        self.row.1 += 1;
        if up && begun >= self.since && !std::mem::take(&mut self.first) {
            self.sure += 1;
        }
    }

    /// A window has opened or closed.
    pub fn window(&mut self, at: u64) {
        self.forget(at);
        self.first = true;
    }

    /// hc may have begun to count anew.
    pub fn forget(&mut self, at: u64) {
        (self.sure, self.since) = (0, at);
    }
}

/// How many in a row there must be.
fn wanted(pace: &Pace, warns: bool) -> u32 {
    match warns {
        true => pace.fall,
        false => pace.rise,
    }
}

impl Look {
    /// It is said that it warns, or that this is over.
    pub(super) fn look_warning(&mut self, scene: &Scene, n: usize, report: &Report) {
        let warns = report.event == Event::Warning;
        let files = [false, true].map(|other| scene.setup.target(other, n));
        let targets = files.into_iter().flatten();
        let least = targets.map(|target| wanted(&target.pace, warns)).min();
        let each = &mut self.each[n];
        let was = std::mem::replace(&mut each.warned.said, warns);
        let repeats = std::mem::take(&mut each.repeats);
        let enough = each.warned.row.0 == warns && each.warned.row.1 >= least.unwrap_or(0);
        let up = each.last != Some(false) && report.good;
        if !repeats && (was == warns || !enough || !up) {
            let word = report.event.word();
            let text = format!("t-{n}: {word} is said after {:?}", each.warned);
            self.violated(Property::WarnedTruth, scene.at, text);
        }
    }

    /// Is there a warning, or its end, of which nothing was said?
    pub(super) fn look_warned(&mut self, scene: &Scene) {
        let Some(watch) = &scene.watch else { return };
        for n in 0..self.each.len() {
            let Some(target) = scene.setup.target(scene.other, n) else {
                continue;
            };
            let each = &self.each[n];
            let warns = each.warned.row.0;
            let due = each.warned.sure >= wanted(&target.pace, warns) && target.checks > 0;
            // What is said now may wait for the end of what was said in the same moment.
            let mut acts = self.acts.values();
            let seeing = acts.any(|doing| doing.target == n && doing.what == SEE);
            let quiet = each.worked_on || each.flapped || seeing;
            if !due || quiet || each.warned.said == warns {
                continue;
            }
            if watch.view(&name(n)).is_some_and(|view| view.state == "up") {
                let text = format!("t-{n}: nobody says that {warns}: {:?}", each.warned);
                self.violated(Property::WarnedSaid, scene.at, text);
            }
        }
    }
}
