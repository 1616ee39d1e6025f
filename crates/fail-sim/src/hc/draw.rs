//! A world from a seed.

use std::collections::BTreeSet;

use fail_core::time::Span;
use fail_core::watch::{Backoff, Event, Flap, Limit, Line, Pace, Target};

use super::setup::{Act, Own, SEE, Setup, Style, WINDOW, name, number};
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

/// The line that is told of everything.
fn see() -> Line {
    Line {
        what: SEE.to_string(),
        shown: String::new(),
        on: Event::ALL.into(),
        every: None,
        limit: None,
        newest: false,
        timeout: Span::from_secs(5),
    }
}

/// What a line is about: often of one event only.
fn events(rng: &mut Rng, newest: bool) -> BTreeSet<Event> {
    use Event::{Change, Down, Flapping, Renotify, Up};
    if newest {
        // hc adds `change` where it is not said, to be told; the core must do without.
        return match rng.between(0, 19) {
            0..=5 => [Change].into(),
            6..=8 => [Down, Change].into(),
            9 => [Up, Change].into(),
            10..=12 => [Down].into(),
            13 | 14 => [Up].into(),
            15 | 16 => [Down, Up].into(),
            17 => [Down, Renotify].into(),
            18 => [Change, Renotify].into(),
            _ => [Flapping, Change].into(),
        };
    }
    match rng.between(0, 9) {
        0..=4 => [rng.pick(&Event::ALL)].into(),
        5..=7 => [rng.pick(&Event::ALL), rng.pick(&Event::ALL)].into(),
        8 => [Down, Up].into(),
        _ => Event::ALL.into(),
    }
}

/// Any other line. Its words say all of it, as those of an Hcfile do.
fn line(rng: &mut Rng) -> Line {
    let newest = rng.per_mille(400);
    let limited = !newest && rng.per_mille(500);
    let every = (limited && rng.per_mille(600)).then(|| ms(rng, 5_000, 60_000));
    let limit = (limited && rng.per_mille(600)).then(|| Limit {
        count: rng.between(1, 3) as u32,
        within: ms(rng, 20_000, 120_000),
    });
    let mut line = Line {
        what: String::new(),
        shown: String::new(),
        on: events(rng, newest),
        every,
        limit,
        newest,
        timeout: Span::from_secs(rng.pick(&[2, 5, 60])),
    };
    let on: Vec<&str> = line.on.iter().map(|event| event.word()).collect();
    let kind = match newest {
        true => "wish",
        false => rng.pick(&["quick", "slow"]),
    };
    let limits = line.every.map(|every| every.0 / MS);
    let within = line.limit.map(|limit| (limit.count, limit.within.0 / MS));
    line.what = format!(
        "on {} {kind} {} {limits:?} {within:?} {}",
        on.join(","),
        rng.between(0, 1_000_000),
        line.timeout.0 / SECOND
    );
    line
}

fn lines(rng: &mut Rng) -> Vec<Line> {
    let mut lines: Vec<Line> = (0..rng.between(1, 5)).map(|_| line(rng)).collect();
    let place = rng.between(0, lines.len() as u64) as usize;
    lines.insert(place, see());
    lines
}

/// The same lines, edited.
fn edited(rng: &mut Rng, lines: &[Line]) -> Vec<Line> {
    if rng.per_mille(300) {
        return lines.to_vec();
    }
    let mut edited = Vec::new();
    for old in lines {
        let what = rng.weighted(&[(6, 0), (2, 1), (2, 2), (2, 3)]);
        if old.what != SEE && what == 1 {
            continue;
        }
        if what == 2 {
            edited.push(line(rng));
        }
        let mut new = old.clone();
        if old.what != SEE && what == 3 {
            new.on = events(rng, new.newest);
            let on: Vec<&str> = new.on.iter().map(|event| event.word()).collect();
            let words: Vec<&str> = old.what.split(' ').skip(2).collect();
            new.what = format!("on {} {}", on.join(","), words.join(" "));
        }
        edited.push(new);
    }
    if rng.per_mille(400) {
        shuffle(rng, &mut edited);
    }
    edited
}

fn shuffle<T>(rng: &mut Rng, all: &mut [T]) {
    for n in (1..all.len()).rev() {
        all.swap(n, rng.between(0, n as u64) as usize);
    }
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
        // What is not found out would hide how it really is.
        unknown: vec![],
        pace: pace(rng),
        windows: match rng.per_mille(300) {
            true => vec![WINDOW.to_string()],
            false => vec![],
        },
        lines: lines(rng),
    }
}

/// The other file: who is needed by nobody may be missing, and all else may be edited.
fn other(rng: &mut Rng, targets: &[Target]) -> Vec<Target> {
    let needed: BTreeSet<usize> = targets
        .iter()
        .flat_map(|target| &target.depends)
        .map(number)
        .collect();
    let mut other: Vec<Target> = Vec::new();
    for (n, target) in targets.iter().enumerate() {
        if !needed.contains(&n) && rng.per_mille(300) {
            continue;
        }
        let mut target = target.clone();
        if rng.per_mille(500) {
            edit_pace(rng, &mut target.pace);
        }
        if target.checks > 0 && rng.per_mille(300) {
            target.checks = rng.between(1, 2) as usize;
        }
        if rng.per_mille(400) {
            edit_depends(rng, &mut target, &other);
        }
        if rng.per_mille(250) {
            target.windows = match target.windows.is_empty() {
                true => vec![WINDOW.to_string()],
                false => vec![],
            };
        }
        target.lines = edited(rng, &target.lines);
        other.push(target);
    }
    if rng.per_mille(300) {
        shuffle(rng, &mut other);
    }
    other
}

/// Some of how it is checked.
fn edit_pace(rng: &mut Rng, was: &mut Pace) {
    let new = pace(rng);
    match rng.between(0, 4) {
        0 => was.backoff = new.backoff,
        1 => was.flap = new.flap,
        2 => was.renotify = new.renotify,
        3 => (was.rise, was.fall) = (new.rise, new.fall),
        _ => *was = new,
    }
}

/// What it depends on, and how many of those it needs; a target may become a group, and a
/// group a target.
fn edit_depends(rng: &mut Rng, target: &mut Target, before: &[Target]) {
    if rng.per_mille(300) && target.depends.len() > 1 {
        target.depends.pop();
    }
    if rng.per_mille(400) && !before.is_empty() {
        let on = &before[rng.between(0, before.len() as u64 - 1) as usize];
        if !target.depends.contains(&on.name) {
            target.depends.push(on.name.clone());
        }
    }
    let all = target.depends.len();
    target.need = (all > 1 && rng.per_mille(500)).then(|| rng.between(1, all as u64) as usize);
    if all > 0 && rng.per_mille(150) {
        target.checks = match target.checks {
            0 => 1,
            _ => 0,
        };
    }
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
        let what = rng.weighted(&[(3, 0), (4, 1), (2, 2), (3, 3), (2, 4), (2, 5), (3, 6)]);
        let act = match what {
            0 => Act::Stall(rng.between(100, 12_000) * MS),
            1 => {
                other = !other || rng.per_mille(300);
                if rng.per_mille(200) {
                    // And back again, at once.
                    acts.push((at + rng.between(0, 3_000) * MS, Act::Reload(!other)));
                }
                Act::Reload(other)
            }
            2 => Act::Restart(rng.between(1, 20_000) * MS),
            5 => {
                // The file is edited while hc is not there.
                let down = rng.between(1_000, 20_000);
                other = !other;
                acts.push((at + rng.between(0, down - 1) * MS, Act::Reload(other)));
                Act::Restart(down * MS)
            }
            // Within this no check is given up so often that it counts all the same.
            6 => Act::Halt(rng.between(100, 6_000) * MS),
            3 => {
                open = !open;
                Act::Window(open)
            }
            _ => Act::Ask(rng.between(0, count as u64 - 1) as usize),
        };
        acts.push((at, act));
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
            gasps: rng.per_mille(150),
            acts,
            storm,
        }
    }
}
