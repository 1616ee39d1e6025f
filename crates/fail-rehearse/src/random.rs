//! Rehearsals in which things happen by chance, and the shortest story that breaks an
//! expectation.
//!
//! A story is a list of acts, as in a scenario. Each seed draws one; a story that breaks
//! something is made shorter as long as it still breaks the same, and printed as statements
//! that can be put into a scenario.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use fail_core::time::Span;
use fail_sim::rng::Rng;
use fail_tcl::PolicyError;

use crate::judge::judge;
use crate::limits::SHRINKS_MAX;
use crate::report::{Chance, Story};
use crate::scenario::Program;
use crate::scenario::{Act, At, Ends, MS, Random, Rule, SECOND, Scenario, Verb};
use crate::world::{How, play};

/// The words of what may happen by chance.
pub const CHOICES: [&str; 11] = [
    "away",
    "command",
    "crash",
    "deafen",
    "delay",
    "freeze",
    "kill",
    "loss",
    "partition",
    "reload",
    "set",
];

/// Plays so many seeds, from `first` on, on both cores if there are two.
///
/// # Errors
/// A policy that can not be read.
pub fn try_seeds(
    scenario: &Scenario,
    random: &Random,
    program: &str,
    first: u64,
) -> Result<Chance, PolicyError> {
    let services = services(scenario, program)?;
    let next = AtomicU64::new(0);
    let done = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    // The lowest seed that broke something counts, whoever was faster.
    let worst: Mutex<Option<Result<u64, PolicyError>>> = Mutex::new(None);
    let cores = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(16);
    thread::scope(|scope| {
        for _ in 0..cores {
            let work = || {
                while !stop.load(Ordering::Relaxed) {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= random.seeds {
                        return;
                    }
                    let seed = first + n;
                    let acts = draw(scenario, random, &services, seed);
                    let broken = broken(scenario, random, program, seed, &flat(&acts));
                    done.fetch_add(1, Ordering::Relaxed);
                    let found = match broken {
                        Ok(None) => continue,
                        Ok(Some(_)) => Ok(seed),
                        Err(error) => Err(error),
                    };
                    stop.store(true, Ordering::Relaxed);
                    let mut worst = worst.lock().unwrap_or_else(PoisonError::into_inner);
                    let lower = match (&*worst, &found) {
                        (None, _) | (Some(Ok(_)), Err(_)) => true,
                        (Some(Ok(before)), Ok(seed)) => seed < before,
                        (Some(Err(_)), _) => false,
                    };
                    if lower {
                        *worst = Some(found);
                    }
                }
            };
            // A Tcl that nests deeply needs more stack than a thread usually has.
            let builder = thread::Builder::new().stack_size(fail_tcl::STACK_BYTES);
            // Without a second thread the first one does it all.
            if builder.spawn_scoped(scope, work).is_err() {
                work();
            }
        }
    });
    let seeds = done.load(Ordering::Relaxed);
    let worst = worst.into_inner().unwrap_or_else(PoisonError::into_inner);
    let story = match worst {
        None => None,
        Some(Err(error)) => return Err(error),
        Some(Ok(seed)) => Some(shortest(scenario, random, program, &services, seed)?),
    };
    Ok(Chance {
        seeds,
        lived: seeds.saturating_mul(length(random)),
        story,
    })
}

/// What the policies serve, from the first moment of a rehearsal.
fn services(scenario: &Scenario, program: &str) -> Result<Vec<String>, PolicyError> {
    let how = How {
        brief: true,
        ..How::new(program, scenario.seed, 10 * SECOND)
    };
    Ok(play(scenario, &[], how)?.report.services)
}

/// Things happen for so long, and then everything must settle.
fn length(random: &Random) -> u64 {
    random.length + 60 * SECOND
}

/// Which expectations a story breaks; nothing: none.
fn broken(
    scenario: &Scenario,
    random: &Random,
    program: &str,
    seed: u64,
    acts: &[At],
) -> Result<Option<Vec<String>>, PolicyError> {
    let how = How {
        brief: true,
        ..How::new(program, seed, length(random))
    };
    let report = judge(scenario, play(scenario, acts, how)?, true);
    let broken = report.verdicts.iter().filter(|verdict| !verdict.held);
    let broken: Vec<String> = broken.map(|verdict| verdict.text.clone()).collect();
    Ok((!broken.is_empty()).then_some(broken))
}

/// Takes acts away as long as the same expectation breaks.
fn shortest(
    scenario: &Scenario,
    random: &Random,
    program: &str,
    services: &[String],
    seed: u64,
) -> Result<Story, PolicyError> {
    let mut story = draw(scenario, random, services, seed);
    let all = flat(&story);
    let before = all.len();
    let first = broken(scenario, random, program, seed, &all)?.unwrap_or_default();
    let same = |story: &Acts| -> Result<bool, PolicyError> {
        let now = broken(scenario, random, program, seed, &flat(story))?.unwrap_or_default();
        Ok(now.iter().any(|text| first.contains(text)))
    };
    let (mut tries, mut piece) = (0, story.len().div_ceil(2).max(1));
    loop {
        let mut shorter = false;
        let mut at = 0;
        while at < story.len() && tries < SHRINKS_MAX {
            let mut less = story.clone();
            less.drain(at..(at + piece).min(story.len()));
            tries += 1;
            if same(&less)? {
                story = less;
                shorter = true;
            } else {
                at += piece;
            }
        }
        if piece == 1 && !shorter || tries >= SHRINKS_MAX {
            break;
        }
        piece = (piece / 2).max(1);
    }
    let acts = flat(&story);
    let how = How::new(program, seed, length(random));
    let report = judge(scenario, play(scenario, &acts, how)?, true);
    let told = acts
        .iter()
        .map(|at| format!("at {} {}", Span(at.at), at.text));
    Ok(Story {
        seed,
        statements: told.collect(),
        before,
        report: Box::new(report),
    })
}

/// A story: things that happen, each with how it is put right again.
type Acts = Vec<Vec<At>>;

/// All of it, in order of time.
fn flat(story: &Acts) -> Vec<At> {
    let mut acts: Vec<At> = story.iter().flatten().cloned().collect();
    acts.sort_by_key(|at| at.at);
    acts
}

/// The story of a seed.
fn draw(scenario: &Scenario, random: &Random, services: &[String], seed: u64) -> Acts {
    let mut rng = Rng::new(!seed);
    let mut story = Vec::new();
    // All hosts have come up by then.
    let mut at = 15 * SECOND;
    loop {
        at += rng.between(500, 20_000) * MS;
        if at >= random.length {
            break;
        }
        let weights = CHOICES.map(|word| {
            let weight = match word {
                "crash" | "partition" => 8,
                "kill" | "freeze" | "command" => 4,
                _ => 2,
            };
            // A stop that fails leaves what it should have ended: no policy survives that, so
            // whoever wants it says so.
            let usual = random.acts.is_empty() && word != "command";
            let allowed = usual || random.acts.iter().any(|act| act == word);
            (if allowed { weight } else { 0 }, word)
        });
        let word = rng.weighted(&weights);
        let mut acts = Vec::new();
        one(
            scenario,
            &mut rng,
            services,
            word,
            at,
            random.length,
            &mut acts,
        );
        story.push(acts);
    }
    story
}

/// One thing that happens, and how it is put right again.
fn one(
    scenario: &Scenario,
    rng: &mut Rng,
    services: &[String],
    word: &str,
    at: u64,
    end: u64,
    acts: &mut Vec<At>,
) {
    let count = scenario.hosts.len();
    let host = rng.between(0, count as u64 - 1) as usize;
    let long = rng.between(100, 15_000) * MS;
    let long = long.min(end - at).max(MS);
    let name = |host: usize| scenario.hosts[host].name.as_str();
    let mut add = |at: u64, text: String, act: Act| acts.push(At { at, act, text });
    let lasts = format!("for {}", Span(long));
    let others: Vec<usize> = (0..count).filter(|other| *other != host).collect();
    let names: Vec<&str> = others.iter().map(|other| name(*other)).collect();
    let names = names.join(" ");
    let to = |from: usize| others.iter().map(move |other| (from, *other));
    match word {
        "crash" => {
            add(at, format!("crash {}", name(host)), Act::Crash(host));
            add(
                at + long,
                format!("return {}", name(host)),
                Act::Return(host),
            );
        }
        "kill" => {
            let (program, called) = match rng.per_mille(500) {
                true => (Program::Faild, "faild"),
                false => (Program::Failsh, "failsh"),
            };
            let text = format!("kill {called} {}", name(host));
            add(at, text, Act::Kill(program, host));
            let text = format!("start {called} {}", name(host));
            add(at + long, text, Act::Start(program, host));
        }
        "freeze" => {
            let text = format!("freeze {} {lasts}", name(host));
            add(at, text, Act::Freeze(host, Some(long)));
        }
        "partition" if count > 1 => {
            let ways = to(host).flat_map(|(a, b)| [(a, b), (b, a)]).collect();
            let text = format!("partition {{{}}} {{{names}}} {lasts}", name(host));
            add(at, text, Act::Cut(ways, Some(long)));
        }
        "deafen" if count > 1 => {
            let ways = to(host).map(|(a, b)| (b, a)).collect();
            let text = format!("deafen {} to {{{names}}} {lasts}", name(host));
            add(at, text, Act::Cut(ways, Some(long)));
        }
        "loss" | "delay" => {
            let pairs = (0..count).flat_map(|a| (0..count).map(move |b| (a, b)));
            let ways: Vec<_> = pairs.filter(|(a, b)| a != b).collect();
            if word == "loss" {
                let loss = rng.between(5, 40);
                let text = format!("loss {loss}% {lasts}");
                add(at, text, Act::Loss(loss * 10, ways, Some(long)));
            } else {
                let delay = rng.between(1, 50) * MS;
                let text = format!("delay {} {lasts}", Span(delay));
                add(at, text, Act::Delay(delay, ways, Some(long)));
            }
        }
        "reload" => add(
            at,
            format!("reload {}", name(host)),
            Act::Reload(host, Vec::new()),
        ),
        "away" | "set" if !services.is_empty() => {
            let n = rng.between(0, services.len() as u64 - 1) as usize;
            let Ok(service) = fail_wire::Name::new(&services[n]) else {
                return;
            };
            let on = format!("{service} on {}", name(host));
            if word == "away" {
                let act = Act::Say(Verb::Away, service.clone(), host);
                add(at, format!("away {on}"), act);
                let act = Act::Say(Verb::Back, service, host);
                add(at + long, format!("back {on}"), act);
            } else {
                // Somebody repairs what is FAIL.
                let state = fail_wire::State::Recover;
                let act = Act::Say(Verb::Set(state), service.clone(), host);
                add(at, format!("set {service} RECOVER on {}", name(host)), act);
            }
        }
        "command" => {
            let rule = Rule {
                pattern: "*".to_string(),
                hosts: vec![host],
                takes: None,
                prints: None,
                ends: Some(Ends::Exit(1, "by chance".to_string())),
                times: Some(1),
                lasts: None,
            };
            let text = format!("command * on {} fails {{by chance}} once", name(host));
            add(at, text, Act::Command(rule));
        }
        _ => {}
    }
}
