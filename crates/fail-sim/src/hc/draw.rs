//! A world from a seed.

use std::collections::BTreeSet;

use fail_core::time::Span;
use fail_core::watch::{Backoff, Event, Flap, Limit, Line, Pace, Target};

use super::setup::{Act, Own, Setup, Style, WINDOW, name, number};
use crate::rng::Rng;
use crate::setup::SECOND;

/// Nothing of hc's own that disturbs it comes sooner after the last than this, so that it
/// knows how it is in between.
const DISTURBED: u64 = 20 * SECOND;

const MS: u64 = 1_000_000;

fn ms(rng: &mut Rng, low: u64, high: u64) -> Span {
    Span::from_millis(rng.between(low, high))
}

fn pace(rng: &mut Rng) -> Pace {
    let interval = ms(rng, 1_000, 15_000);
    let backoff = rng.per_mille(250).then(|| Backoff {
        initial: ms(rng, 500, 5_000),
        factor: rng.pick(&[100, 150, 200]) as u32,
        maximum: ms(rng, 5_000, 20_000),
    });
    let flap = rng.per_mille(400).then(|| Flap {
        changes: rng.between(3, 5) as u32,
        within: ms(rng, 20_000, 90_000),
    });
    Pace {
        interval,
        retry: ms(rng, 500, 3_000).min(interval),
        timeout: ms(rng, 500, 5_000).min(interval),
        rise: rng.between(1, 3) as u32,
        fall: rng.between(1, 3) as u32,
        backoff,
        flap,
        renotify: rng.per_mille(300).then(|| ms(rng, 10_000, 60_000)),
    }
}

fn lines(rng: &mut Rng) -> Vec<Line> {
    let plain = Line {
        what: String::new(),
        on: Event::ALL.into(),
        every: None,
        limit: None,
        newest: false,
        timeout: Span::from_secs(5),
    };
    let limit = Limit {
        count: rng.between(1, 3) as u32,
        within: ms(rng, 20_000, 120_000),
    };
    vec![
        plain.clone(),
        Line {
            on: [Event::Change].into(),
            newest: true,
            ..plain.clone()
        },
        Line {
            every: rng.per_mille(500).then(|| ms(rng, 5_000, 60_000)),
            limit: rng.per_mille(500).then_some(limit),
            ..plain.clone()
        },
        Line {
            on: [Event::Change].into(),
            ..plain
        },
    ]
}

fn target(rng: &mut Rng, n: usize) -> Target {
    let mut depends = BTreeSet::new();
    if n > 0 && rng.per_mille(700) {
        for _ in 0..rng.between(1, 3) {
            depends.insert(rng.between(0, n as u64 - 1) as usize);
        }
    }
    let group = !depends.is_empty() && rng.per_mille(200);
    let need = (depends.len() > 1 && rng.per_mille(500))
        .then(|| rng.between(1, depends.len() as u64) as usize);
    Target {
        name: name(n),
        depends: depends.into_iter().map(name).collect(),
        need,
        checks: match group {
            true => 0,
            false => rng.weighted(&[(3, 1), (1, 2)]),
        },
        pace: pace(rng),
        windows: match rng.per_mille(300) {
            true => vec![WINDOW.to_string()],
            false => vec![],
        },
        lines: lines(rng),
    }
}

/// The other file: who is needed by nobody may be missing, a dependency too, and the pace is
/// another. Lines, flapping and windows stay, so that what was counted goes on.
fn other(rng: &mut Rng, targets: &[Target]) -> Vec<Target> {
    let needed: BTreeSet<usize> = targets
        .iter()
        .flat_map(|target| &target.depends)
        .map(number)
        .collect();
    let mut other = Vec::new();
    for (n, target) in targets.iter().enumerate() {
        if !needed.contains(&n) && rng.per_mille(300) {
            continue;
        }
        let mut target = target.clone();
        if target.checks > 0 && rng.per_mille(500) {
            let was = target.pace;
            target.pace = Pace {
                flap: was.flap,
                renotify: was.renotify,
                ..pace(rng)
            };
            target.checks = rng.between(1, 2) as usize;
            if target.need.is_none() && rng.per_mille(300) {
                target.depends.pop();
            }
        }
        other.push(target);
    }
    other
}

fn style(rng: &mut Rng) -> Style {
    let slow = rng.pick(&[20, 200, 1_500]);
    Style {
        takes: (MS, slow * MS),
        sees_begin: rng.per_mille(500),
        hangs: rng.pick(&[0, 50, 300]),
        fails: rng.pick(&[0, 50, 300]),
    }
}

/// Targets fail and come back; the more they are needed, the more seldom.
fn owns(rng: &mut Rng, n: usize, storm: u64, acts: &mut Vec<(u64, Act)>) {
    let fast = rng.per_mille(200);
    let (mut at, mut ok) = (0, true);
    loop {
        at += match (fast, ok) {
            (true, _) => rng.between(2, 15) * SECOND,
            (false, true) => rng.between(10, 200) * SECOND,
            (false, false) => rng.between(2, 80) * SECOND,
        };
        at += rng.between(0, SECOND);
        if at >= storm {
            break;
        }
        ok = !ok;
        let own = match ok {
            true => Own::Ok,
            false => rng.weighted(&[(4, Own::Refuses), (4, Own::Silent), (1, Own::Lost)]),
        };
        acts.push((at, Act::Own(n, own)));
    }
}

/// What happens to hc itself.
fn disturbances(rng: &mut Rng, count: usize, storm: u64, acts: &mut Vec<(u64, Act)>) {
    if !rng.per_mille(600) {
        return;
    }
    let (mut at, mut other, mut open) = (0, false, false);
    loop {
        at += DISTURBED + rng.between(0, 120 * SECOND);
        if at >= storm {
            break;
        }
        let what = rng.weighted(&[(3, 0), (2, 1), (2, 2), (3, 3), (2, 4)]);
        acts.push((
            at,
            match what {
                0 => Act::Stall(rng.between(100, 12_000) * MS),
                1 => {
                    other = !other || rng.per_mille(300);
                    Act::Reload(other)
                }
                2 => Act::Restart(rng.between(1, 20_000) * MS),
                3 => {
                    open = !open;
                    Act::Window(open)
                }
                _ => Act::Ask(rng.between(0, count as u64 - 1) as usize),
            },
        ));
    }
}

impl Setup {
    /// The world of this seed, in which things happen for so long.
    pub fn draw(seed: u64, seconds: u64) -> Setup {
        // Seeds are often neighbours, and other dice fall by the same seed.
        let mut rng = Rng::new(Rng::new(!seed).roll() ^ 0x8c);
        let rng = &mut rng;
        let storm = seconds * SECOND;
        let count = rng.between(2, 12) as usize;
        let targets: Vec<Target> = (0..count).map(|n| target(rng, n)).collect();
        let mut soft = BTreeSet::new();
        let mut acts = Vec::new();
        for (n, target) in targets.iter().enumerate() {
            if target.checks == 0 {
                continue;
            }
            for on in &target.depends {
                if rng.per_mille(200) {
                    soft.insert((n, number(on)));
                }
            }
            owns(rng, n, storm, &mut acts);
        }
        disturbances(rng, count, storm, &mut acts);
        acts.push((storm, Act::Window(false)));
        acts.sort_by_key(|(at, _)| *at);
        Setup {
            other: other(rng, &targets),
            styles: (0..count).map(|_| style(rng)).collect(),
            targets,
            soft,
            acts,
            storm,
        }
    }
}
