//! The settings of one service, drawn: each that `failsvc` knows, in sizes that a run of a
//! minute can show. And how the hosts differ: links, clocks, versions.

use fail_core::event::EventKind;
use fail_core::policy::{Confirm, Lonely, On, Retry, Service, Trap};
use fail_core::time::Span;

use std::collections::BTreeMap;

use super::{BAD, DRIFT_MAX, FAR, HOSTS_MAX, MS, NAMES, Net, PERFECT, Svc, legal};
use crate::rng::Rng;
use crate::skew::Skew;

/// Short intervals cost most and show least, so they are rare.
const INTERVALS_MS: [(u64, u64); 5] = [(5, 50), (15, 100), (25, 250), (25, 500), (30, 1000)];

/// The second service turns the ranks round, so that two hosts share the work.
pub(super) fn svc(rng: &mut Rng, n: usize, hosts: usize, script_max: u64) -> Svc {
    let mut rank: Vec<usize> = (0..hosts).collect();
    if n == 1 {
        rank.reverse();
    }
    let delay = rng.weighted(&[(70, 0), (15, 500), (15, 2000)]);
    let name = legal(NAMES[n % NAMES.len()]);
    let mut settings = Service {
        interval: Span::from_millis(rng.weighted(&INTERVALS_MS)),
        start: Some("start".to_string()),
        stop: Some("stop".to_string()),
        reclaim: rng.per_mille(500).then(|| "reclaim".to_string()),
        timeout: Span(2 * script_max + rng.between(100, 1500) * MS),
        delay: Span::from_millis(delay),
        confirm: Confirm {
            times: rng.weighted(&[(10, 0), (20, 1), (20, 2), (50, 4)]),
            spacing: rng
                .per_mille(300)
                .then(|| Span::from_millis(rng.between(5, 60))),
        },
        lonely: rng.weighted(&[(85, Lonely::Stop), (15, Lonely::Keep)]),
        failback: rng.per_mille(800),
        community: rng.per_mille(250).then(|| format!("key-of-{name}")),
        ..Service::default()
    };
    if rng.per_mille(500) {
        checks(rng, &mut settings);
    }
    if rng.per_mille(400) {
        settings.retry = Some(retry(rng));
    }
    let other = other(rng, &settings);
    Svc {
        name,
        rank,
        settings,
        other,
    }
}

fn checks(rng: &mut Rng, settings: &mut Service) {
    settings.check = Some("check".to_string());
    settings.check_interval = Span::from_millis(rng.between(50, 1000));
    settings.check_recover = rng.per_mille(400);
    settings.rise = rng.pick(&[1, 2, 3]);
    settings.fall = rng.pick(&[1, 2, 3]);
}

fn retry(rng: &mut Rng) -> Retry {
    let initial = rng.between(100, 1500);
    Retry {
        initial: Span::from_millis(initial),
        factor_milli: rng.pick(&[1000, 1500, 2000]),
        maximum: Span::from_millis(initial * rng.between(1, 3)),
    }
}

/// What the settings are after an administrator has changed them: all those that one host
/// may have otherwise than the next.
fn other(rng: &mut Rng, settings: &Service) -> Service {
    let mut other = Service {
        interval: match rng.per_mille(400) {
            true => settings.interval.part(2).max(Span::from_millis(25)),
            false => settings.interval,
        },
        reclaim: rng.per_mille(500).then(|| "reclaim".to_string()),
        timeout: Span(settings.timeout.0 + rng.between(0, 500) * MS),
        lonely: rng.pick(&[Lonely::Stop, Lonely::Keep]),
        retry: rng.per_mille(500).then(|| retry(rng)),
        ..settings.clone()
    };
    if settings.check.is_some() {
        checks(rng, &mut other);
    }
    other
}

/// What is run when something happens.
pub(super) fn traps(rng: &mut Rng) -> Vec<Trap> {
    let count = rng.weighted(&[(50, 0), (25, 1), (25, 2)]);
    let trap = |rng: &mut Rng| Trap {
        pattern: rng.pick(&["*", "*", "d*", "web"]).to_string(),
        on: rng.pick(&[On::Any, On::Any, On::Change, On::Event(EventKind::Takeover)]),
        script: "trap".to_string(),
    };
    (0..count).map(|_| trap(rng)).collect()
}

/// In one run of four some ways are otherwise than those back.
pub(super) fn links(rng: &mut Rng) -> BTreeMap<(usize, usize), Net> {
    let count = rng.weighted(&[(75, 0), (10, 1), (10, 3), (5, 6)]);
    let link = |rng: &mut Rng| {
        let from = rng.between(0, HOSTS_MAX as u64 - 1) as usize;
        let to = (from + rng.between(1, HOSTS_MAX as u64 - 1) as usize) % HOSTS_MAX;
        // Most runs have two or three hosts.
        let (from, to) = match rng.per_mille(500) {
            true => (from % 2, 1 - from % 2),
            false => (from, to),
        };
        ((from, to), rng.pick(&[FAR, FAR, BAD, PERFECT]))
    };
    (0..count).map(|_| link(rng)).collect()
}

/// In half of all runs each clock has a speed of its own.
pub(super) fn drifts(rng: &mut Rng) -> [i64; HOSTS_MAX] {
    let drifts = rng.per_mille(500);
    let most = rng.pick(&[50, 500, DRIFT_MAX]);
    std::array::from_fn(|_| match drifts {
        true => rng.between(0, 2 * most as u64) as i64 - most,
        false => 0,
    })
}

/// In one run of four some daemons are of another version, from the beginning to the end.
pub(super) fn skews(rng: &mut Rng) -> [(Skew, Skew); HOSTS_MAX] {
    let mixed = rng.per_mille(250);
    let one = |rng: &mut Rng| match mixed {
        true => rng.pick(&[Skew::Today, Skew::Today, Skew::Past, Skew::Future]),
        false => Skew::Today,
    };
    std::array::from_fn(|_| (one(rng), one(rng)))
}
