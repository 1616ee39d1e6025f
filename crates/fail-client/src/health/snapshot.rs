//! What one hc has shown so far.
//!
//! As [`crate::snapshot::Snapshot`] for a failsh: it takes one update after the other and is the
//! whole picture at each moment, it outlives a connection, and everything has a limit.

use std::collections::{BTreeMap, BTreeSet};

use fail_wire::NAME_BYTES_MAX;
use fail_wire::health::{HealthView, Hello, TargetView, Update};
use serde::Serialize;

use crate::snapshot::{THING, fits};

/// Targets of one hc. It has 10,000 at most; a later version may take more.
pub const TARGETS_MAX: usize = 20_000;

/// Dependencies of one target. It has 1,000 at most.
pub const DEPENDS_MAX: usize = 2_000;

/// Dependencies of all targets together: each is a line of a tree. An Hcfile has 100,000 at most,
/// and of a new one all may be told before those of the old one are gone.
pub const LINKS_MAX: usize = 200_000;

/// Changes of one target. It has 100 at most.
pub const CHANGES_MAX: usize = 200;

/// Checks of one target, its actions, what it waits for, and figures of a check. It has 64 at
/// most.
pub const PARTS_MAX: usize = 128;

/// Bytes of a word: a state, or a verdict.
pub const WORD_BYTES_MAX: usize = 64;

/// Bytes of a reason. It has 512, or some more where letters are shown by their codes.
pub const WHY_BYTES_MAX: usize = 4 << 10;

/// Bytes of the words of a figure. It has 128.
pub const FIGURE_BYTES_MAX: usize = 512;

/// Bytes of a line of the Hcfile. It has 65,536, and some more where something is left out.
pub const LINE_BYTES_MAX: usize = 128 << 10;

/// Bytes of what it says of itself, or of its Hcfile.
pub const SELF_BYTES_MAX: usize = 64 << 10;

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
    /// How much each target has.
    #[serde(skip)]
    weights: BTreeMap<String, Weight>,
    /// And all of them.
    #[serde(skip)]
    all: Weight,
    /// What has been told since the stream began, until it is ready.
    #[serde(skip)]
    told: Option<BTreeSet<String>>,
}

/// What a target takes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Weight {
    bytes: usize,
    links: usize,
}

impl std::ops::AddAssign for Weight {
    fn add_assign(&mut self, more: Weight) {
        self.bytes += more.bytes;
        self.links += more.links;
    }
}

impl std::ops::SubAssign for Weight {
    fn sub_assign(&mut self, less: Weight) {
        self.bytes -= less.bytes;
        self.links -= less.links;
    }
}

impl Snapshot {
    /// Takes an update that came at this moment, in milliseconds since 1970 on our own clock.
    ///
    /// # Errors
    /// It shows more than anything can be.
    pub fn apply(&mut self, update: Update, now_ms: i64) -> Result<(), String> {
        can_be(&update)?;
        match update {
            Update::Hello(hello) => {
                self.ahead_ms = hello.now.saturating_sub(now_ms);
                self.hello = Some(hello);
                self.ready = false;
                self.told = Some(BTreeSet::new());
            }
            Update::Target(view) => {
                if !self.targets.contains_key(&view.name) {
                    fits("targets", self.targets.len() + 1, TARGETS_MAX)?;
                }
                self.weigh(&view)?;
                if let Some(told) = &mut self.told {
                    told.insert(view.name.clone());
                }
                self.targets.insert(view.name.clone(), *view);
            }
            Update::Health(view) => {
                self.health = Some(view);
            }
            Update::Gone { name } => {
                self.targets.remove(&name);
                self.all -= self.weights.remove(&name).unwrap_or_default();
                // Or names without end would fill the memory.
                if let Some(told) = &mut self.told {
                    told.remove(&name);
                }
            }
            Update::Ready => {
                if let Some(told) = self.told.take() {
                    self.targets.retain(|name, _| told.contains(name));
                    self.weights.retain(|name, _| told.contains(name));
                    self.all = Weight::default();
                    self.weights.values().for_each(|weight| self.all += *weight);
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

    /// How many bytes its targets take, about.
    pub fn bytes(&self) -> usize {
        self.all.bytes
    }

    fn weigh(&mut self, view: &TargetView) -> Result<(), String> {
        let weight = Weight {
            bytes: bytes(view),
            links: view.depends.len(),
        };
        let mut all = self.all;
        all -= self.weights.get(&view.name).copied().unwrap_or_default();
        all += weight;
        fits("bytes", all.bytes, BYTES_MAX)?;
        fits("dependencies", all.links, LINKS_MAX)?;
        self.all = all;
        self.weights.insert(view.name.clone(), weight);
        Ok(())
    }
}

/// Whether an update is one that a hc can send; it is not much larger than its line then, which
/// it may be by far before.
///
/// # Errors
/// It shows more than anything can be.
pub fn can_be(update: &Update) -> Result<(), String> {
    match update {
        Update::Hello(hello) => {
            let texts = [&hello.program, &hello.version, &hello.host];
            let bytes = texts.map(String::len).iter().sum();
            fits("bytes of itself", bytes, SELF_BYTES_MAX)
        }
        Update::Target(view) => can_be_target(view),
        Update::Health(view) => {
            let bytes = view.broken.as_ref().map_or(0, String::len);
            fits("bytes of its Hcfile", bytes, SELF_BYTES_MAX)
        }
        Update::Gone { .. } | Update::Ready | Update::Refused { .. } | Update::Unknown => Ok(()),
    }
}

/// Whether each part of it is as long as it can be at most.
fn can_be_target(view: &TargetView) -> Result<(), String> {
    fits(
        "dependencies of one target",
        view.depends.len(),
        DEPENDS_MAX,
    )?;
    fits("changes of one target", view.changes.len(), CHANGES_MAX)?;
    let lists = [view.blocked.len(), view.checks.len(), view.actions.len()];
    let parts = view.checks.iter().map(|check| check.figures.len());
    let parts = parts.chain(lists).max().unwrap_or(0);
    fits("parts of one target", parts, PARTS_MAX)?;
    let names = [&view.name].into_iter().chain(&view.depends);
    let names = &mut names.chain(&view.blocked);
    longest("bytes in a name", names, NAME_BYTES_MAX)?;
    let changes = view
        .changes
        .iter()
        .flat_map(|change| [&change.from, &change.to]);
    let words = view
        .checks
        .iter()
        .filter_map(|check| check.verdict.as_ref());
    let words = &mut [&view.state].into_iter().chain(words).chain(changes);
    longest("bytes in a word", words, WORD_BYTES_MAX)?;
    let whys = [&view.why].into_iter();
    let whys = whys.chain(view.checks.iter().map(|check| &check.why));
    let whys = whys.chain(view.changes.iter().map(|change| &change.why));
    let failed = view
        .actions
        .iter()
        .filter_map(|action| action.failed.as_ref());
    longest("bytes in a reason", &mut whys.chain(failed), WHY_BYTES_MAX)?;
    let figures = view.checks.iter().flat_map(|check| &check.figures);
    let figures = figures.flat_map(|f| [&f.name, &f.unit, &f.warn, &f.bad]);
    longest("bytes in a figure", &mut { figures }, FIGURE_BYTES_MAX)?;
    let lines = view.checks.iter().map(|check| &check.line);
    let lines = lines.chain(view.actions.iter().map(|action| &action.line));
    longest("bytes in a line", &mut { lines }, LINE_BYTES_MAX)
}

/// Whether none of these texts is longer than that.
fn longest(
    what: &str,
    texts: &mut dyn Iterator<Item = &String>,
    most: usize,
) -> Result<(), String> {
    fits(what, texts.map(String::len).max().unwrap_or(0), most)
}

fn bytes(view: &TargetView) -> usize {
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
    use fail_wire::health::{ActionView, ChangeView, CheckView, FigureView};

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
        assert!(shown.targets.is_empty() && shown.all == Weight::default());
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
        wide.changes = vec![ChangeView::default(); CHANGES_MAX + 1];
        let wide = say(&mut shown, wide).unwrap_err();
        assert_eq!(wide, "it shows more than 200 changes of one target");
        let long = (0..TARGETS_MAX).find_map(|n| {
            let mut view = target(&format!("t{n}"));
            let line = "x".repeat(LINE_BYTES_MAX);
            let check = CheckView {
                line,
                ..CheckView::default()
            };
            view.checks = vec![check; 30];
            say(&mut shown, view).err()
        });
        assert_eq!(long.unwrap(), "it shows more than 268435456 bytes");
        let checks = shown.targets.values().flat_map(|view| &view.checks);
        let kept: usize = checks.map(|check| check.line.len()).sum();
        assert!(kept <= BYTES_MAX);
    }

    #[test]
    fn who_comes_and_goes_is_not_remembered() {
        let mut shown = Snapshot::default();
        shown.apply(hello(0), 0).unwrap();
        say(&mut shown, target("x")).unwrap();
        let name = "x".to_string();
        shown.apply(Update::Gone { name }, 0).unwrap();
        assert_eq!(shown.told, Some(BTreeSet::new()));
    }

    #[test]
    fn dependencies_have_an_end_all_together() {
        let mut shown = Snapshot::default();
        let wide = |n: usize| TargetView {
            depends: vec!["x".to_string(); DEPENDS_MAX],
            ..target(&format!("t{n}"))
        };
        for n in 0..LINKS_MAX / DEPENDS_MAX {
            say(&mut shown, wide(n)).unwrap();
        }
        let error = say(&mut shown, wide(100)).unwrap_err();
        assert_eq!(error, "it shows more than 200000 dependencies");
        // What it knows already may still change, and what has gone has left its room.
        say(&mut shown, wide(0)).unwrap();
        let name = "t0".to_string();
        shown.apply(Update::Gone { name }, 0).unwrap();
        say(&mut shown, wide(100)).unwrap();
    }

    #[test]
    fn no_text_is_longer_than_a_hc_has_it() {
        let long = |bytes: usize| "x".repeat(bytes + 1);
        let check = |check: CheckView| TargetView {
            checks: vec![check],
            ..target("t")
        };
        let figure = FigureView {
            warn: long(FIGURE_BYTES_MAX),
            ..FigureView::default()
        };
        let change = ChangeView {
            to: long(WORD_BYTES_MAX),
            ..ChangeView::default()
        };
        let action = ActionView {
            failed: Some(long(WHY_BYTES_MAX)),
            ..ActionView::default()
        };
        for (view, what) in [
            (target(&long(NAME_BYTES_MAX)), "64 bytes in a name"),
            (
                TargetView {
                    blocked: vec![long(NAME_BYTES_MAX)],
                    ..target("t")
                },
                "64 bytes in a name",
            ),
            (
                TargetView {
                    state: long(WORD_BYTES_MAX),
                    ..target("t")
                },
                "64 bytes in a word",
            ),
            (
                TargetView {
                    changes: vec![change],
                    ..target("t")
                },
                "64 bytes in a word",
            ),
            (
                TargetView {
                    why: long(WHY_BYTES_MAX),
                    ..target("t")
                },
                "4096 bytes in a reason",
            ),
            (
                TargetView {
                    actions: vec![action],
                    ..target("t")
                },
                "4096 bytes in a reason",
            ),
            (
                check(CheckView {
                    figures: vec![figure],
                    ..CheckView::default()
                }),
                "512 bytes in a figure",
            ),
            (
                check(CheckView {
                    line: long(LINE_BYTES_MAX),
                    ..CheckView::default()
                }),
                "131072 bytes in a line",
            ),
        ] {
            let error = say(&mut Snapshot::default(), view).unwrap_err();
            assert_eq!(error, format!("it shows more than {what}"));
        }
    }
}
