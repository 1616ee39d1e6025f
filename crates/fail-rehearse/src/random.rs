//! Rehearsals in which things happen by chance, and the shortest story that breaks an
//! expectation.
//!
//! A story is a list of acts, as in a scenario. Each seed draws one; a story that breaks
//! something is made shorter as long as it still breaks the same, and printed as statements
//! that can be put into a scenario.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use fail_core::time::Span;
use fail_sim::rng::Rng;
use fail_tcl::PolicyError;

use crate::judge::judge;
use crate::limits::{BLOCK, BROKEN_SEEDS_MAX, DRAWS_MAX, SHRINKS_MAX};
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

/// What is rehearsed by chance.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// What it says of chance.
    pub random: &'a Random,
    /// By which name this program was called.
    pub program: &'a str,
    /// What the policies serve.
    pub services: &'a [String],
}

/// What came of a seed: the expectations that it broke, and how often each one of the scenario
/// was put to the test.
struct Tried {
    broken: Vec<String>,
    tested: Vec<u32>,
    given_up: bool,
}

/// The texts of what happens by chance, as far as somebody looks ahead.
pub fn happens(
    scenario: &Scenario,
    random: &Random,
    services: &[String],
    first: u64,
) -> Vec<String> {
    let seeds = (0..random.seeds.min(DRAWS_MAX)).map(|n| first.wrapping_add(n));
    let mut acts: Vec<String> = seeds
        .flat_map(|seed| flat(&draw(scenario, random, services, seed)))
        .map(|at| at.text)
        .collect();
    acts.sort_unstable();
    acts.dedup();
    acts
}

/// Does it for all numbers below `count`, on all cores, and gives what came of them in order.
fn on_all_cores<T: Send>(count: u64, work: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let next = AtomicU64::new(0);
    let done: Mutex<BTreeMap<u64, T>> = Mutex::default();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores.min(16) {
            let work = || {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        return;
                    }
                    let value = work(n);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.insert(n, value);
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
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.into_values().collect()
}

impl Given<'_> {
    /// Plays the seeds from `first` on, block by block until all are played or enough have
    /// broken something, and looks for the shortest story. Gives also how often each
    /// expectation of the scenario was put to the test. The same seed gives the same.
    ///
    /// # Errors
    /// A policy that can not be read.
    pub fn try_seeds(&self, first: u64) -> Result<(Chance, Vec<u32>), PolicyError> {
        let mut tested = vec![0u32; self.scenario.expects.len()];
        let mut broken: Vec<u64> = Vec::new();
        let (mut seeds, mut given_up) = (0, false);
        while seeds < self.random.seeds && broken.len() < BROKEN_SEEDS_MAX && !given_up {
            let block = BLOCK.min(self.random.seeds - seeds);
            let seed = |n: u64| first.wrapping_add(seeds + n);
            let tried = on_all_cores(block, |n| self.play(seed(n), &flat(&self.draw(seed(n)))));
            for (n, tried) in (0..).zip(tried) {
                let tried = tried?;
                for (all, one) in tested.iter_mut().zip(&tried.tested) {
                    *all = all.saturating_add(*one);
                }
                given_up |= tried.given_up;
                if !tried.broken.is_empty() {
                    broken.push(seed(n));
                }
            }
            seeds += block;
        }
        let tried = &broken[..broken.len().min(BROKEN_SEEDS_MAX)];
        // One that has no end takes too long to be played again and again.
        let most = if given_up { 0 } else { SHRINKS_MAX };
        let shorter = on_all_cores(tried.len() as u64, |n| {
            let seed = tried[n as usize];
            Ok((self.shrink(seed, most)?, seed))
        });
        let shorter: Vec<(Acts, u64)> = shorter.into_iter().collect::<Result<_, PolicyError>>()?;
        let shortest = shorter
            .into_iter()
            .min_by_key(|(story, seed)| (flat(story).len(), *seed));
        let story = shortest.map(|(story, seed)| self.tell(&story, seed));
        let chance = Chance {
            seeds,
            lived: seeds.saturating_mul(length(self.random)),
            broken_seeds: broken.len() as u64,
            story: story.transpose()?,
        };
        Ok((chance, tested))
    }

    fn draw(&self, seed: u64) -> Acts {
        draw(self.scenario, self.random, self.services, seed)
    }

    fn play(&self, seed: u64, acts: &[At]) -> Result<Tried, PolicyError> {
        let how = How {
            brief: true,
            ..How::new(self.program, seed, length(self.random))
        };
        let played = play(self.scenario, acts, how)?;
        let given_up = played.given_up.is_some();
        let report = judge(self.scenario, played, true);
        let verdicts = report.verdicts;
        let mine = &verdicts[verdicts.len() - self.scenario.expects.len()..];
        Ok(Tried {
            tested: mine.iter().map(|verdict| verdict.tested).collect(),
            given_up,
            broken: verdicts
                .into_iter()
                .filter(|verdict| !verdict.held)
                .map(|verdict| verdict.text)
                .collect(),
        })
    }

    /// Takes acts away as long as the same expectation breaks, in so many rehearsals at most.
    fn shrink(&self, seed: u64, most: usize) -> Result<Acts, PolicyError> {
        let mut story = self.draw(seed);
        if most == 0 {
            return Ok(story);
        }
        let first = self.play(seed, &flat(&story))?.broken;
        let same = |story: &Acts| -> Result<bool, PolicyError> {
            let now = self.play(seed, &flat(story))?.broken;
            Ok(now.iter().any(|text| first.contains(text)))
        };
        let (mut tries, mut piece) = (0, story.len().div_ceil(2).max(1));
        loop {
            let mut shorter = false;
            let mut at = 0;
            while at < story.len() && tries < most {
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
            if piece == 1 && !shorter || tries >= most {
                return Ok(story);
            }
            piece = (piece / 2).max(1);
        }
    }

    /// Plays it again with all that there is to tell.
    fn tell(&self, story: &Acts, seed: u64) -> Result<Story, PolicyError> {
        let acts = flat(story);
        let how = How::new(self.program, seed, length(self.random));
        let report = judge(self.scenario, play(self.scenario, &acts, how)?, true);
        let told = acts
            .iter()
            .map(|at| format!("at {} {}", Span(at.at), at.text));
        Ok(Story {
            seed,
            statements: told.collect(),
            before: flat(&self.draw(seed)).len(),
            report: Box::new(report),
        })
    }
}

/// Things happen for so long, and then everything must settle.
fn length(random: &Random) -> u64 {
    random.length + 60 * SECOND
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
    let mut add = |at: u64, text: String, act: Act| {
        acts.push(At {
            at,
            act,
            text,
            line: 0,
        });
    };
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
                line: 0,
            };
            let text = format!("command * on {} fails {{by chance}} once", name(host));
            add(at, text, Act::Command(rule));
        }
        _ => {}
    }
}
