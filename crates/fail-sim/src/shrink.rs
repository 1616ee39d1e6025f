//! The shortest story that still shows the same: acts are taken away, many at a time and then
//! one by one (delta debugging); hosts, services and settings are left out; what is left is
//! made shorter and rounder. Each try is a whole run, and what a story shows is the property
//! that does not hold.

use std::collections::BTreeSet;

use crate::acts::Happening;
use crate::setup::{MS, SECOND};
use crate::story::{Less, PLAIN, PLAIN_SERVICE, Story};
use crate::watch::Property;
use crate::{Options, Report};

/// Runs that are tried at most: a few minutes.
const RUNS_MAX: u32 = 2_000;

struct Shrinker {
    options: Options,
    property: Property,
    runs: u32,
    tried: BTreeSet<String>,
}

impl Shrinker {
    /// Whether this story still shows it.
    fn shows(&mut self, story: &Story) -> Option<u64> {
        if self.runs >= RUNS_MAX || !self.tried.insert(story.to_string()) {
            return None;
        }
        self.runs += 1;
        let violation = story.run(self.options).violation?;
        (violation.property == self.property).then_some(violation.at)
    }

    /// Takes the change if the story still shows it. What comes after the end is dropped.
    fn take(&mut self, story: &mut Story, change: impl FnOnce(&mut Story)) -> bool {
        let mut other = story.clone();
        change(&mut other);
        let Some(at) = (other != *story).then(|| self.shows(&other)).flatten() else {
            return false;
        };
        other.acts.retain(|act| act.at <= at);
        *story = other;
        true
    }

    /// Fewer acts.
    fn fewer(&mut self, story: &mut Story) -> bool {
        let before = story.acts.len();
        let mut size = story.acts.len().div_ceil(2).max(1);
        loop {
            let mut first = 0;
            while first < story.acts.len() {
                let end = (first + size).min(story.acts.len());
                if !self.take(story, |story| drop(story.acts.drain(first..end))) {
                    first += size;
                }
            }
            if size == 1 {
                return story.acts.len() < before;
            }
            size = size.div_ceil(2);
        }
    }

    /// A plainer cluster.
    fn plainer(&mut self, story: &mut Story) -> bool {
        let mut better = false;
        for hosts in 2..story.setup().hosts {
            if self.take(story, |story| story.hosts = Some(hosts)) {
                better = true;
                break;
            }
        }
        let names = story.setup().services;
        let names: Vec<_> = names.into_iter().map(|svc| svc.name).collect();
        for name in &names {
            if story.setup().services.len() > 1 {
                let less = Less::Without(name.clone());
                better |= self.take(story, |story| story.less.push(less));
            }
        }
        for what in PLAIN {
            if !story.less.contains(&Less::Plain(what)) {
                better |= self.take(story, |story| story.less.push(Less::Plain(what)));
            }
        }
        for name in names {
            for what in PLAIN_SERVICE {
                let less = Less::PlainService(name.clone(), what);
                let there = story.setup().knows(&name) && !story.less.contains(&less);
                if there && plain_changes(story, &less) {
                    better |= self.take(story, |story| story.less.push(less));
                }
            }
        }
        better
    }

    /// Shorter and rounder times.
    fn rounder(&mut self, story: &mut Story) -> bool {
        let mut better = false;
        for n in 0..story.acts.len() {
            for unit in [SECOND, 100 * MS] {
                better |= self.change(story, n, |act| act.at -= act.at % unit);
                better |= self.change(story, n, |act| {
                    if let Some(long) = act.act.long().filter(|long| **long > unit) {
                        *long = (*long / 2).next_multiple_of(unit);
                    }
                });
            }
        }
        let last = story.acts.last().map_or(0, |act| act.at);
        for seconds in [last / SECOND + 1, story.seconds / 2] {
            if seconds > last / SECOND && seconds < story.seconds {
                better |= self.take(story, |story| story.seconds = seconds);
            }
        }
        better
    }

    fn change(&mut self, story: &mut Story, n: usize, how: impl FnOnce(&mut Happening)) -> bool {
        if n >= story.acts.len() {
            return false;
        }
        self.take(story, |story| {
            how(&mut story.acts[n]);
            story.acts.sort_by_key(|act| act.at);
        })
    }
}

/// Whether this makes the cluster another one.
fn plain_changes(story: &Story, less: &Less) -> bool {
    let mut plain = story.clone();
    plain.less.push(less.clone());
    format!("{:?}", plain.setup()) != format!("{:?}", story.setup())
}

/// The shortest story found that shows the same property, with its run in full and how many
/// runs that took; nothing if the story shows none.
pub fn shrink(story: &Story, options: Options) -> Option<(Story, Report, u32)> {
    let quick = Options {
        all_lines: false,
        ..options
    };
    let violation = story.run(quick).violation?;
    let mut shrinker = Shrinker {
        options: quick,
        property: violation.property,
        runs: 0,
        tried: BTreeSet::new(),
    };
    let mut story = story.clone();
    story.acts.retain(|act| act.at <= violation.at);
    loop {
        let fewer = shrinker.fewer(&mut story);
        let plainer = shrinker.plainer(&mut story);
        let rounder = shrinker.rounder(&mut story);
        if !(fewer || plainer || rounder) {
            break;
        }
    }
    // What makes no difference any more need not be said.
    while let Some(n) = (0..story.less.len()).rev().find(|n| {
        let mut shorter = story.clone();
        let less = shorter.less.remove(*n);
        !plain_changes(&shorter, &less)
    }) {
        story.less.remove(n);
    }
    let full = Options {
        all_lines: true,
        ..options
    };
    let report = story.run(full);
    Some((story, report, shrinker.runs))
}
