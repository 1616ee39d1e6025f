//! What hc's machine costs: so many targets, a tenth of them behind routers that die and come
//! back, asked each ten seconds for some virtual minutes. With `group`, half of them (1,000 at
//! most) make up a group that needs half of its own, and all others are behind it and fail
//! together, down after `fall` bad findings (3). With `layers`, they are in ten layers, each target behind ten of the layer before,
//! and so many of the first layer (one) die. Says the time for each check, with all that follows
//! from it.
//! `cargo run --release -p fail-sim --example hc-pace [targets [group [fall] | layers [dead]]]`

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::Instant;

use fail_core::limits::DEPENDS_MAX;
use fail_core::machine::Machine;
use fail_core::time::{Mono, Now, Span, Wall};
use fail_core::watch::{
    Acted, Event, Finding, In, Line, Out, Pace, Target, Targets, Verdict, Watch,
};
use fail_sim::rng::Rng;
use fail_wire::Name;

const MINUTES: u64 = 30;

fn target(name: &str, depends: &[String]) -> Option<Target> {
    let line = Line {
        what: String::new(),
        shown: String::new(),
        on: Event::ALL.into(),
        every: None,
        limit: None,
        newest: false,
        timeout: Span::from_secs(5),
    };
    let depends: Option<Vec<Name>> = depends.iter().map(|on| Name::new(on).ok()).collect();
    Some(Target {
        name: Name::new(name).ok()?,
        depends: depends?,
        need: None,
        checks: 1,
        unknown: vec![],
        pace: Pace::default(),
        windows: vec![],
        lines: vec![line],
    })
}

fn targets(count: usize) -> Option<Targets> {
    let routers = (count / 200).max(1);
    let mut all = Vec::new();
    for n in 0..routers {
        all.push(target(&format!("router-{n}"), &[])?);
    }
    for n in routers..count {
        let behind: &[String] = match n % 10 {
            0 => &[format!("router-{}", n % routers)],
            _ => &[],
        };
        all.push(target(&format!("host-{n}"), behind)?);
    }
    Targets::new(all).ok()
}

/// A group, what it is made of, and what is behind it.
fn grouped(count: usize, fall: u32) -> Option<Targets> {
    let members = (count / 2).min(DEPENDS_MAX);
    let names: Vec<String> = (0..members).map(|n| format!("member-{n}")).collect();
    let mut all = Vec::new();
    for name in &names {
        all.push(target(name, &[])?);
    }
    all.push(Target {
        need: Some(members / 2),
        checks: 0,
        ..target("group", &names)?
    });
    for n in members..count {
        let mut behind = target(&format!("behind-{n}"), &["group".to_string()])?;
        behind.pace.fall = fall;
        all.push(behind);
    }
    Targets::new(all).ok()
}

/// Ten layers. Of those of the first layer that die each is called a router.
fn layered(count: usize, dead: usize) -> Option<Targets> {
    let (wide, mut dice) = ((count / 10).max(1), Rng::new(1));
    let name = |layer: usize, n: usize| match layer == 0 && n < dead {
        true => format!("router-{n}"),
        false => format!("layer-{layer}-{n}"),
    };
    let mut all = Vec::new();
    for (layer, n) in (0..10).flat_map(|layer| (0..wide).map(move |n| (layer, n))) {
        let mut behind = BTreeSet::new();
        while layer > 0 && behind.len() < wide.min(10) {
            behind.insert(name(layer - 1, dice.between(0, wide as u64 - 1) as usize));
        }
        let behind: Vec<String> = behind.into_iter().collect();
        all.push(target(&name(layer, n), &behind)?);
    }
    Targets::new(all).ok()
}

/// What comes, in the order of time.
type Coming = BTreeMap<(Mono, u64), In>;

fn do_all(watch: &mut Watch, now: Now, dead: bool, coming: &mut Coming) -> (u64, u64) {
    let (mut checks, mut shown) = (0, 0);
    while let Some(out) = watch.poll() {
        match out {
            Out::Check { number, target, .. } => {
                checks += 1;
                let is = |kind| target.as_str().starts_with(kind);
                let often = number % 3 == 0 && !is("layer");
                let bad = dead && (is("router") || is("behind") || often);
                let finding = Finding {
                    verdict: if bad { Verdict::Bad } else { Verdict::Good },
                    why: "status 200, 1.2 kB in 12 ms".to_string(),
                    took: Span::from_millis(12),
                    figures: vec![],
                };
                let at = now.mono + Span::from_millis(12);
                coming.insert((at, number), In::Found { number, finding });
            }
            Out::Act { number, .. } => {
                let acted = Acted::Done;
                coming.insert((now.mono, number), In::Acted { number, acted });
            }
            Out::Drop(number) => coming.retain(|(_, no), _| *no != number),
            Out::Shown(names) => shown += names.len() as u64,
            _ => {}
        }
    }
    (checks, shown)
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let number = |text: String| text.parse::<u32>().ok();
    let count = words.next().and_then(number).map(|count| count as usize);
    let count = count.unwrap_or(2_000);
    let targets = match words.next().as_deref() {
        Some("group") => grouped(count, words.next().and_then(number).unwrap_or(3)),
        Some("layers") => layered(count, words.next().and_then(number).unwrap_or(1) as usize),
        _ => targets(count),
    };
    let Some(targets) = targets else {
        return ExitCode::FAILURE;
    };
    let mut watch = Watch::new();
    let mut now = Now {
        mono: Mono(1_000_000_000_000),
        wall: Wall(0),
    };
    let end = now.mono + Span::from_secs(60 * MINUTES);
    let (mut coming, mut spent, mut longest) = (Coming::new(), 0.0f64, 0.0f64);
    let (mut checks, mut shown, mut turns) = (0, 0, 0);
    let mut input = Some(In::Targets(targets));
    while now.mono < end {
        let began = Instant::now();
        match input.take() {
            Some(input) => watch.handle(now, input),
            None => watch.expire(now),
        }
        // Two minutes well, one not.
        let dead = now.mono.0 / 60_000_000_000 % 3 == 2;
        let done = do_all(&mut watch, now, dead, &mut coming);
        let due = watch.deadline();
        let took = began.elapsed().as_secs_f64();
        (spent, longest) = (spent + took, longest.max(took));
        (checks, shown, turns) = (checks + done.0, shown + done.1, turns + 1);
        let arrives = coming.first_key_value().map(|((at, _), _)| *at);
        let Some(next) = due.into_iter().chain(arrives).min() else {
            break;
        };
        now.mono = next.max(now.mono);
        if arrives == Some(next) {
            input = coming.pop_first().map(|(_, input)| input);
        }
    }
    let began = Instant::now();
    let kept = watch.kept().len();
    let keeping = began.elapsed().as_secs_f64() * 1e3;
    println!(
        "{} targets, {MINUTES} virtual minutes: {checks} checks in {turns} turns, {spent:.2} s: \
         {:.2} us for each check, the longest turn {:.2} ms; {shown} shown; {kept} kept in \
         {keeping:.1} ms; late p99 {} ms",
        watch.targets().len(),
        spent * 1e6 / checks as f64,
        longest * 1e3,
        watch.health().late_p99,
    );
    ExitCode::SUCCESS
}
