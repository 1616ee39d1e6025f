//! Runs many seeds and says how fast; a seed that violates a property is shown with the end
//! of its trace and the command that shows it again. `scripts/sim` runs it.

use std::process::ExitCode;
use std::time::Instant;

use fail_sim::{Options, run};

const USAGE: &str = "usage: sim [--seeds n] [--seed first] [--hosts n] [--seconds n] [--trace]";

fn main() -> ExitCode {
    let mut options = Options::seed(1);
    let mut seeds = 1000;
    if let Some(seed) = std::env::var("SEED")
        .ok()
        .and_then(|text| text.parse().ok())
    {
        (options.seed, seeds) = (seed, 1);
    }
    let mut args = std::env::args().skip(1);
    while let Some(option) = args.next() {
        if option == "--trace" {
            options.all_lines = true;
            continue;
        }
        let Some(value) = args.next().and_then(|text| text.parse::<u64>().ok()) else {
            eprintln!("{USAGE}");
            return ExitCode::from(64);
        };
        match option.as_str() {
            "--seeds" => seeds = value,
            "--seed" => (options.seed, seeds) = (value, if seeds == 1000 { 1 } else { seeds }),
            "--hosts" => options.hosts = usize::try_from(value).ok(),
            "--seconds" => options.seconds = value,
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::from(64);
            }
        }
    }
    all(options, seeds)
}

fn all(mut options: Options, seeds: u64) -> ExitCode {
    let (began, mut lived, mut failed) = (Instant::now(), 0.0, 0);
    let first = options.seed;
    for seed in first..first + seeds {
        options.seed = seed;
        let report = run(options);
        lived += report.lived as f64 / 3.6e12;
        if options.all_lines || report.violation.is_some() {
            println!("seed {seed}: {:#?}", report.setup);
            report.lines.iter().for_each(|line| println!("{line}"));
        }
        if let Some(violation) = report.violation {
            failed += 1;
            let at = violation.at as f64 / 1e9;
            println!(
                "seed {seed}: {:?} at {at:.6} s: {}",
                violation.property, violation.text
            );
            println!(
                "again: scripts/sim --seed {seed} --seconds {} --trace\n",
                options.seconds
            );
        }
    }
    let minutes = began.elapsed().as_secs_f64() / 60.0;
    println!(
        "{seeds} seeds from {first}: {failed} failed, {lived:.1} virtual hours in {:.1} s, {:.1} virtual hours a minute",
        minutes * 60.0,
        lived / minutes
    );
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
