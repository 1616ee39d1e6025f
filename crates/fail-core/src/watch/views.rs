//! What is shown of a target. The lines of its checks and actions are known to who has read
//! the Hcfile, and are left empty here.

use fail_wire::Name;
use fail_wire::health::{ActionView, ChangeView, CheckView, FigureView, TargetView};

use super::Watch;
use super::acts::Deed;
use super::entry::Entry;
use super::timers::What;
use super::words::{Change, Figure, Finding, State, Verdict};
use crate::time::Mono;

impl State {
    /// As it is shown.
    pub const fn word(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Up => "up",
            State::Down => "down",
            State::Dependency => "dependency",
            State::Maintenance => "maintenance",
        }
    }
}

impl Verdict {
    /// As it is shown.
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Good => "good",
            Verdict::Warning => "warning",
            Verdict::Unknown => "unknown",
            Verdict::Bad => "bad",
        }
    }
}

impl Watch {
    /// What is shown of this target; nothing if there is none of this name.
    pub fn view(&self, name: &Name) -> Option<TargetView> {
        let slot = *self.places.get(name)?;
        let entry = &self.entries[slot];
        let names = |slots: &[usize]| {
            let names = slots.iter().map(|slot| self.entries[*slot].name());
            names.map(Name::to_string).collect()
        };
        let mut times = entry.times.clone();
        times.enter(self.now.mono, entry.shown_up());
        let (streak, wanted) = entry.streak();
        let next = self.timers.at((slot, What::Round)).or(entry.queued);
        Some(TargetView {
            name: name.to_string(),
            state: entry.state().word().to_string(),
            warning: entry.warning && entry.base == State::Up,
            flapping: entry.flapping,
            // Who has the Hcfile knows.
            quiet: false,
            since: entry.since.ms(),
            why: entry.why.clone(),
            depends: entry.target.depends.iter().map(Name::to_string).collect(),
            need: entry.target.need,
            blocked: names(&entry.blocked),
            streak,
            wanted,
            checked: entry.checked.map(|wall| wall.0),
            next: next.map(|at| self.wall(at)),
            checks: entry.findings.iter().map(check).collect(),
            changes: entry.changes.iter().map(change).collect(),
            available: times.shares(),
            actions: entry.deeds.iter().map(action).collect(),
        })
    }

    /// What the clock on the wall says then, as far as that is known now.
    fn wall(&self, at: Mono) -> i64 {
        let later = i64::try_from((at - self.now.mono).as_millis()).unwrap_or(i64::MAX);
        self.now.wall.0.saturating_add(later)
    }
}

impl Entry {
    /// How many findings in a row are against the state, and how many change it.
    fn streak(&self) -> (u32, u32) {
        let pace = &self.target.pace;
        match self.run {
            Some(run) if !self.is_settled() => {
                (run.count, if run.good { pace.rise } else { pace.fall })
            }
            _ if self.base == State::Up => (0, pace.fall),
            _ => (0, pace.rise),
        }
    }
}

fn check(finding: &Option<Finding>) -> CheckView {
    let Some(finding) = finding else {
        return CheckView::default();
    };
    CheckView {
        line: String::new(),
        verdict: Some(finding.verdict.word().to_string()),
        why: finding.why.clone(),
        took: finding.took.0 as f64 / 1e6,
        figures: finding.figures.iter().map(figure).collect(),
    }
}

fn figure(figure: &Figure) -> FigureView {
    FigureView {
        name: figure.name.clone(),
        value: figure.value,
        unit: figure.unit.clone(),
        warn: figure.warn.clone(),
        bad: figure.bad.clone(),
        min: figure.min,
        max: figure.max,
    }
}

fn change(change: &Change) -> ChangeView {
    ChangeView {
        at: change.at,
        from: change.from.word().to_string(),
        to: change.to.word().to_string(),
        why: change.why.clone(),
    }
}

fn action(deed: &Deed) -> ActionView {
    ActionView {
        line: String::new(),
        at: deed.begun.map(|wall| wall.0),
        runs: deed.runs(),
        failed: deed.failed.clone(),
        left_out: deed.left_out_all,
    }
}
