//! Runs many seeds and says how fast and what was seen; a seed that violates a property is
//! shown with the end of its trace, or shrunk to a short story. `scripts/sim` runs it.

use std::process::ExitCode;
use std::time::Instant;

use fail_sim::shrink::shrink;
use fail_sim::story::Story;
use fail_sim::tell::tell;
use fail_sim::watch::Violation;
use fail_sim::world::Tally;
use fail_sim::{Options, run};

const USAGE: &str = "usage: sim [--seed first] [--seeds n | --hours n] [--hosts n] [--seconds n] \
                     [--trace] [--shrink] [--first] [--story file]";

/// What is asked for.
struct Wanted {
    options: Options,
    seeds: Option<u64>,
    hours: Option<f64>,
    shrink: bool,
    /// The first violation is enough.
    first: bool,
    story: Option<String>,
}

fn wanted() -> Option<Wanted> {
    let mut wanted = Wanted {
        options: Options::seed(1),
        seeds: None,
        hours: None,
        shrink: false,
        first: false,
        story: None,
    };
    let environment = std::env::var("SEED").ok();
    if let Some(seed) = environment.and_then(|text| text.parse().ok()) {
        (wanted.options.seed, wanted.seeds) = (seed, Some(1));
    }
    let mut one = None;
    let mut args = std::env::args().skip(1);
    while let Some(option) = args.next() {
        match option.as_str() {
            "--trace" => wanted.options.all_lines = true,
            "--shrink" => wanted.shrink = true,
            "--first" => wanted.first = true,
            "--story" => wanted.story = Some(args.next()?),
            "--hours" => wanted.hours = Some(args.next()?.parse().ok().filter(|h| *h > 0.0)?),
            "--seeds" => wanted.seeds = Some(args.next()?.parse().ok()?),
            "--seed" => one = Some(args.next()?.parse().ok()?),
            "--hosts" => wanted.options.hosts = Some(args.next()?.parse().ok()?),
            "--seconds" => wanted.options.seconds = args.next()?.parse().ok()?,
            _ => return None,
        }
    }
    if let Some(seed) = one {
        wanted.options.seed = seed;
        let many = wanted.hours.is_some() || wanted.seeds.is_some();
        wanted.seeds = wanted.seeds.or((!many).then_some(1));
    }
    Some(wanted)
}

fn main() -> ExitCode {
    let Some(wanted) = wanted() else {
        eprintln!("{USAGE}");
        return ExitCode::from(64);
    };
    match &wanted.story {
        Some(file) => one_story(&wanted, file),
        None => many(&wanted),
    }
}

fn one_story(wanted: &Wanted, file: &str) -> ExitCode {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
    let story = match text.and_then(|text| text.parse::<Story>()) {
        Ok(story) => story,
        Err(error) => {
            eprintln!("sim: {file}: {error}");
            return ExitCode::from(65);
        }
    };
    if wanted.shrink {
        return shorter(&story, wanted.options);
    }
    let report = story.run(Options {
        all_lines: true,
        ..wanted.options
    });
    match wanted.options.all_lines {
        true => report.lines.iter().for_each(|line| println!("{line}")),
        false => println!("{}", tell(&report)),
    }
    println!("trace {:016x}", report.hash);
    match report.violation {
        Some(violation) => failed(&violation),
        None => ExitCode::SUCCESS,
    }
}

fn failed(violation: &Violation) -> ExitCode {
    let at = violation.at as f64 / 1e9;
    println!("{:?} at {at:.6} s: {}", violation.property, violation.text);
    ExitCode::FAILURE
}

/// The shortest story that shows the same.
fn shorter(story: &Story, options: Options) -> ExitCode {
    let Some((short, report, runs)) = shrink(story, options) else {
        println!("seed {}: every property holds", story.seed);
        return ExitCode::SUCCESS;
    };
    let (from, to) = (story.acts.len(), short.acts.len());
    println!("The shortest story that was found, in {runs} runs: {to} acts of {from}.\n");
    println!("{}", tell(&report));
    println!("To run it again, give this to scripts/sim --story:\n\n{short}");
    ExitCode::FAILURE
}

fn many(wanted: &Wanted) -> ExitCode {
    let (began, mut lived, mut failed, mut seeds) = (Instant::now(), 0.0, 0, 0);
    let (mut tally, mut kinds) = (Tally::new(), std::collections::BTreeMap::new());
    let mut options = wanted.options;
    let first = options.seed;
    let most = wanted.seeds.or(wanted.hours.is_none().then_some(1000));
    while most.is_none_or(|most| seeds < most) && wanted.hours.is_none_or(|hours| lived < hours) {
        options.seed = first + seeds;
        seeds += 1;
        let report = run(options);
        lived += report.lived as f64 / 3.6e12;
        for (what, times) in &report.tally {
            *tally.entry(what).or_default() += times;
        }
        let Some(violation) = &report.violation else {
            if options.all_lines && !wanted.shrink {
                report.lines.iter().for_each(|line| println!("{line}"));
            }
            continue;
        };
        failed += 1;
        *kinds.entry(violation.property).or_insert(0) += 1;
        println!("seed {}: {:#?}", options.seed, report.setup);
        report.lines.iter().for_each(|line| println!("{line}"));
        print!("seed {}: ", options.seed);
        self::failed(violation);
        let (seed, seconds) = (options.seed, options.seconds);
        println!("again: scripts/sim --seed {seed} --seconds {seconds} --trace\n");
        if wanted.shrink {
            shorter(&Story::of(&options), options);
        }
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
        "{seeds} seeds from {first}: {failed} failed {kinds:?}, {lived:.1} virtual hours in {:.1} s, \
         {:.1} virtual hours a minute on one core",
        minutes * 60.0,
        lived / minutes
    );
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
