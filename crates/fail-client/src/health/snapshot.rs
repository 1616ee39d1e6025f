//! What one hc has shown so far.
//!
//! As [`crate::snapshot::Snapshot`] for a failsh: it takes one update after the other and is the
//! whole picture at each moment, it outlives a connection, and everything has a limit.

use std::collections::{BTreeMap, BTreeSet};

use fail_wire::health::{HealthView, Hello, TargetView, Update};
use serde::Serialize;

use crate::snapshot::{THING, fits};

/// Targets of one hc. It has 10,000 at most; a later version may take more.
pub const TARGETS_MAX: usize = 20_000;

/// Dependencies of one target, and its checks, changes, actions, and figures of a check. It
/// has 1,000 of the first at most.
pub const PARTS_MAX: usize = 2_000;

/// Bytes of all its targets. 10,000 with three checks and a hundred changes are half of it.
pub const BYTES_MAX: usize = 256 << 20;

/// Everything that a hc has shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Snapshot {
    /// Who speaks; nothing: nobody has yet.
    pub hello: Option<Hello>,
    /// So many milliseconds is its clock before ours.
    pub ahead_ms: i64,
    /// How it does its own work.
    pub health: Option<HealthView>,
    /// By their names.
    pub targets: BTreeMap<String, TargetView>,
    /// Everything was told once.
    #[serde(skip)]
    pub ready: bool,
    /// How many bytes each target has.
    #[serde(skip)]
    weights: BTreeMap<String, usize>,
    /// And all of them.
    #[serde(skip)]
    bytes: usize,
    /// What has been told since the stream began, until it is ready.
    #[serde(skip)]
    told: Option<BTreeSet<String>>,
}

impl Snapshot {
    /// Takes an update that came at this moment, in milliseconds since 1970 on our own clock.
    ///
    /// # Errors
    /// It shows more than anything can be.
    pub fn apply(&mut self, update: Update, now_ms: i64) -> Result<(), String> {
        match update {
            Update::Hello(hello) => {
                self.ahead_ms = hello.now.saturating_sub(now_ms);
                self.hello = Some(hello);
                self.ready = false;
                self.told = Some(BTreeSet::new());
            }
            Update::Target(view) => {
                fits("parts of one target", parts(&view), PARTS_MAX)?;
                if !self.targets.contains_key(&view.name) {
                    fits("targets", self.targets.len() + 1, TARGETS_MAX)?;
                }
                self.weigh(&view)?;
                if let Some(told) = &mut self.told {
                    told.insert(view.name.clone());
                }
                self.targets.insert(view.name.clone(), *view);
            }
            Update::Health(view) => self.health = Some(view),
            Update::Gone { name } => {
                self.targets.remove(&name);
                self.bytes -= self.weights.remove(&name).unwrap_or(0);
            }
            Update::Ready => {
                if let Some(told) = self.told.take() {
                    self.targets.retain(|name, _| told.contains(name));
                    self.weights.retain(|name, _| told.contains(name));
                    self.bytes = self.weights.values().sum();
                }
                self.ready = true;
            }
            Update::Refused { .. } | Update::Unknown => {}
        }
        Ok(())
    }

    /// How long ago by our clock that was by its clock, in milliseconds; never less than none.
    pub fn ago(&self, at: i64, now_ms: i64) -> u64 {
        let there = now_ms.saturating_add(self.ahead_ms);
        u64::try_from(there.saturating_sub(at)).unwrap_or(0)
    }

    fn weigh(&mut self, view: &TargetView) -> Result<(), String> {
        let before = self.weights.get(&view.name).copied().unwrap_or(0);
        let bytes = weight(view);
        let all = self.bytes - before + bytes;
        fits("bytes", all, BYTES_MAX)?;
        self.bytes = all;
        self.weights.insert(view.name.clone(), bytes);
        Ok(())
    }
}

/// The longest of its lists.
fn parts(view: &TargetView) -> usize {
    let figures = view.checks.iter().map(|check| check.figures.len());
    let lists = [
        view.depends.len(),
        view.blocked.len(),
        view.checks.len(),
        view.changes.len(),
        view.actions.len(),
    ];
    figures.chain(lists).max().unwrap_or(0)
}

fn weight(view: &TargetView) -> usize {
    let names = view.depends.iter().chain(&view.blocked);
    let names = names.map(|name| THING + name.len());
    let checks = view.checks.iter().map(|check| {
        let verdict = check.verdict.as_ref().map_or(0, String::len);
        let figures = check.figures.iter().map(|figure| {
            let texts = [&figure.name, &figure.unit, &figure.warn, &figure.bad];
            THING + texts.iter().map(|text| text.len()).sum::<usize>()
        });
        THING + check.line.len() + check.why.len() + verdict + figures.sum::<usize>()
    });
    let changes = view
        .changes
        .iter()
        .map(|change| THING + change.from.len() + change.to.len() + change.why.len());
    let actions = view
        .actions
        .iter()
        .map(|action| THING + action.line.len() + action.failed.as_ref().map_or(0, String::len));
    let lists = names.chain(checks).chain(changes).chain(actions);
    // The name stands in two more maps.
    3 * (THING + view.name.len()) + view.state.len() + view.why.len() + lists.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fail_wire::health::ChangeView;

    fn target(name: &str) -> TargetView {
        TargetView {
            name: name.to_string(),
            ..TargetView::default()
        }
    }

    fn say(shown: &mut Snapshot, view: TargetView) -> Result<(), String> {
        shown.apply(Update::Target(Box::new(view)), 0)
    }

    fn hello(now: i64) -> Update {
        Update::Hello(Hello {
            now,
            ..Hello::default()
        })
    }

    #[test]
    fn a_stream_that_begins_again_loses_only_what_it_does_not_tell_any_more() {
        let mut shown = Snapshot::default();
        shown.apply(hello(1_500), 1_000).unwrap();
        say(&mut shown, target("www")).unwrap();
        say(&mut shown, target("dns")).unwrap();
        shown.apply(Update::Ready, 0).unwrap();
        assert!(shown.ready);
        shown.apply(hello(1_500), 1_000).unwrap();
        say(&mut shown, target("www")).unwrap();
        assert!(!shown.ready && shown.targets.len() == 2);
        shown.apply(Update::Ready, 0).unwrap();
        assert_eq!(shown.targets.keys().collect::<Vec<_>>(), ["www"]);
        // Its clock is half a second ahead of ours.
        assert_eq!(
            (shown.ago(1_500, 2_000), shown.ago(9_000, 2_000)),
            (1_000, 0)
        );
        let name = "www".to_string();
        shown.apply(Update::Gone { name }, 0).unwrap();
        assert!(shown.targets.is_empty() && shown.bytes == 0);
        for at in [i64::MIN, i64::MAX] {
            shown.ago(at, i64::MAX);
            shown.apply(hello(at), i64::MIN).unwrap();
        }
    }

    #[test]
    fn nobody_can_fill_the_memory() {
        let mut shown = Snapshot::default();
        let full = (0..=TARGETS_MAX).find_map(|n| say(&mut shown, target(&format!("t{n}"))).err());
        assert_eq!(full.unwrap(), "it shows more than 20000 targets");
        // What it knows already may still change.
        say(&mut shown, target("t0")).unwrap();
        let mut wide = target("t0");
        wide.changes = vec![ChangeView::default(); PARTS_MAX + 1];
        let wide = say(&mut shown, wide).unwrap_err();
        assert_eq!(wide, "it shows more than 2000 parts of one target");
        let long = (0..TARGETS_MAX).find_map(|n| {
            let mut view = target(&format!("t{n}"));
            view.why = "x".repeat(3 << 20);
            say(&mut shown, view).err()
        });
        assert_eq!(long.unwrap(), "it shows more than 268435456 bytes");
        let kept: usize = shown.targets.values().map(|view| view.why.len()).sum();
        assert!(kept <= BYTES_MAX);
    }
}
