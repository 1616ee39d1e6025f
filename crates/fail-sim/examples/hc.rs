//! Runs many seeds of the box of hc and says how fast and what was seen; a seed that violates a
//! property is shown with the end of its trace. `scripts/sim --hc` runs it.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use fail_sim::hc::{Options, run};

const USAGE: &str = "usage: hc [--seed first] [--seeds n] [--seconds n] [--trace] [--first]";

/// What is asked for.
struct Wanted {
    options: Options,
    seeds: u64,
    /// The first violation is enough.
    first: bool,
}

fn wanted() -> Option<Wanted> {
    let mut wanted = Wanted {
        options: Options::seed(1),
        seeds: 1000,
        first: false,
    };
    let (mut seed, mut seeds) = (None, None);
    let mut args = std::env::args().skip(1);
    while let Some(option) = args.next() {
        match option.as_str() {
            "--trace" => wanted.options.all_lines = true,
            "--first" => wanted.first = true,
            "--seed" => seed = Some(args.next()?.parse().ok()?),
            "--seeds" => seeds = Some(args.next()?.parse().ok()?),
            "--seconds" => wanted.options.seconds = args.next()?.parse().ok()?,
            _ => return None,
        }
    }
    wanted.options.seed = seed.unwrap_or(1);
    wanted.seeds = seeds.unwrap_or(if seed.is_some() { 1 } else { 1000 });
    Some(wanted)
}

fn main() -> ExitCode {
    let Some(wanted) = wanted() else {
        eprintln!("{USAGE}");
        return ExitCode::from(64);
    };
    let (began, mut lived, mut failed) = (Instant::now(), 0.0, 0);
    let (mut tally, mut kinds) = (BTreeMap::new(), BTreeMap::new());
    let mut options = wanted.options;
    let first = options.seed;
    for seed in first..first + wanted.seeds {
        options.seed = seed;
        let report = run(options);
        lived += report.lived as f64 / 3.6e12;
        for (what, times) in &report.tally {
            *tally.entry(*what).or_insert(0) += times;
        }
        let Some(violation) = &report.violation else {
            if options.all_lines {
                report.lines.iter().for_each(|line| println!("{line}"));
            }
            continue;
        };
        failed += 1;
        *kinds.entry(violation.property).or_insert(0) += 1;
        if failed == 1 || options.all_lines {
            println!("seed {seed}: {:#?}", report.setup);
            report.lines.iter().for_each(|line| println!("{line}"));
        }
        let at = violation.at as f64 / 1e9;
        println!(
            "seed {seed}: {:?} at {at:.6} s: {}",
            violation.property, violation.text
        );
        println!(
            "again: scripts/sim --hc --seed {seed} --seconds {} --trace\n",
            options.seconds
        );
        if wanted.first {
            break;
        }
    }
    let minutes = began.elapsed().as_secs_f64() / 60.0;
    let mut most: Vec<(u64, &str)> = tally.iter().map(|(what, n)| (*n, *what)).collect();
    most.sort_unstable_by_key(|(n, _)| std::cmp::Reverse(*n));
    let most: Vec<String> = most.iter().map(|(n, what)| format!("{n} {what}")).collect();
    println!("seen: {}", most.join(", "));
    println!(
        "{} seeds from {first}: {failed} failed {kinds:?}, {lived:.1} virtual hours in {:.1} s, \
         {:.1} virtual hours a minute on one core",
        wanted.seeds,
        minutes * 60.0,
        lived / minutes
    );
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
