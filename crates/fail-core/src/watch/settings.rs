//! What an Hcfile comes to: targets with what they depend on, in an order in which each
//! stands after those.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fail_wire::Name;

use super::words::{Event, Verdict};
use crate::time::Span;

/// One target. What its checks and actions are is known to who runs them; here they have
/// numbers, from 0, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Its name.
    pub name: Name,
    /// What it depends on.
    pub depends: Vec<Name>,
    /// How many of `depends` must be up; nothing: all.
    pub need: Option<usize>,
    /// How many checks it has. None: a group, which is up while enough of what it depends on is.
    pub checks: usize,
    /// What counts when hc does not get round to a check, by its number; `Unknown` for those
    /// beyond: it is not the other end's fault.
    pub unknown: Vec<Verdict>,
    /// How it is checked.
    pub pace: Pace,
    /// The maintenance windows that it is in, as the Hcfile prints them.
    pub windows: Vec<String>,
    /// What is done about it.
    pub lines: Vec<Line>,
}

/// How a target is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// From one check to the next.
    pub interval: Span,
    /// The same while it is not certain: a good one was bad last, a bad one good. At most
    /// `interval`.
    pub retry: Span,
    /// Within which a check must end.
    pub timeout: Span,
    /// Good ones in a row that make it up.
    pub rise: u32,
    /// Bad ones in a row that make it down.
    pub fall: u32,
    /// While it is down: asked less and less often.
    pub backoff: Option<Backoff>,
    /// What is changing too often.
    pub flap: Option<Flap>,
    /// Said again so often while it is down.
    pub renotify: Option<Span>,
}

impl Default for Pace {
    /// What holds when the Hcfile says nothing.
    fn default() -> Pace {
        Pace {
            interval: Span::from_secs(10),
            retry: Span::from_secs(2),
            timeout: Span::from_secs(5),
            rise: 2,
            fall: 3,
            backoff: None,
            flap: None,
            renotify: None,
        }
    }
}

/// A target that is down is asked after `initial`, and each time it is still down after
/// `factor` times as long, up to `maximum`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first.
    pub initial: Span,
    /// In hundredths: 150 is half as long again. At least 100.
    pub factor: u32,
    /// The longest.
    pub maximum: Span,
}

/// So many changes within so long are flapping; it has come to rest when there was none for
/// as long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flap {
    /// At least 2.
    pub changes: u32,
    /// Within which.
    pub within: Span,
}

/// One line `on …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its words, as the Hcfile prints them: one that says something else is another line.
    pub what: String,
    /// The same as everybody may see it, for the log; nothing is said of none.
    pub shown: String,
    /// What it is about.
    pub on: BTreeSet<Event>,
    /// At most once in so long.
    pub every: Option<Span>,
    /// At most so often in so long.
    pub limit: Option<Limit>,
    /// Only the newest counts: what waits behind one that runs is replaced by what comes
    /// later, and limits do not hold for it. So for wishes, which say how it is.
    pub newest: bool,
    /// How long it may take.
    pub timeout: Span,
}

/// So many within so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub count: u32,
    /// Within which.
    pub within: Span,
}

/// All targets, checked: every name is there once, no dependency is missing, none goes in a
/// circle.
#[derive(Debug, Clone, Default)]
pub struct Targets(Arc<[Target]>);

/// Why targets can not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Bad {
    /// Two of one name.
    #[error("target {0} is there twice")]
    Twice(Name),
    /// A dependency on nothing.
    #[error("target {target} depends on {on}, which is no target")]
    Missing {
        /// Which target.
        target: Name,
        /// On what.
        on: Name,
    },
    /// Each of these depends on the next, and the last on the first.
    #[error("targets depend on each other in a circle: {}", circle(.0))]
    Circle(Vec<Name>),
}

fn circle(names: &[Name]) -> String {
    let names = names.iter().chain(names.first());
    let names: Vec<&str> = names.map(Name::as_str).collect();
    names.join(" -> ")
}

impl Targets {
    /// Puts each target behind what it depends on, and otherwise keeps the order given.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn new(targets: Vec<Target>) -> Result<Targets, Bad> {
        let mut places = BTreeMap::new();
        for (place, target) in targets.iter().enumerate() {
            if places.insert(target.name.clone(), place).is_some() {
                return Err(Bad::Twice(target.name.clone()));
            }
        }
        for target in &targets {
            if let Some(on) = target.depends.iter().find(|on| !places.contains_key(*on)) {
                return Err(Bad::Missing {
                    target: target.name.clone(),
                    on: on.clone(),
                });
            }
        }
        let order = order(&targets, &places)?;
        let mut targets: Vec<Option<Target>> = targets.into_iter().map(Some).collect();
        let sorted: Vec<Target> = order.iter().filter_map(|n| targets[*n].take()).collect();
        Ok(Targets(sorted.into()))
    }

    /// Each behind what it depends on.
    pub fn iter(&self) -> impl Iterator<Item = &Target> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The places in an order in which each stands behind what it depends on. A walk with its
/// stack in a vector, so that a long chain does not end the program.
fn order(targets: &[Target], places: &BTreeMap<Name, usize>) -> Result<Vec<usize>, Bad> {
    let mut order = Vec::with_capacity(targets.len());
    let mut done = vec![false; targets.len()];
    // A look through a long way for each dependency would take minutes.
    let mut on_way = vec![false; targets.len()];
    for first in 0..targets.len() {
        // The way to here: each place with how many of its dependencies were looked at.
        let mut way = if done[first] {
            vec![]
        } else {
            vec![(first, 0)]
        };
        while let Some((place, looked)) = way.last_mut() {
            let place = *place;
            on_way[place] = true;
            match targets[place].depends.get(*looked) {
                None => {
                    (done[place], on_way[place]) = (true, false);
                    order.push(place);
                    way.pop();
                }
                Some(on) => {
                    *looked += 1;
                    let next = places[on];
                    if on_way[next] {
                        let circle = way.iter().skip_while(|(place, _)| *place != next);
                        let names = circle.map(|(n, _)| targets[*n].name.clone());
                        return Err(Bad::Circle(names.collect()));
                    }
                    if !done[next] {
                        way.push((next, 0));
                    }
                }
            }
        }
    }
    Ok(order)
}
