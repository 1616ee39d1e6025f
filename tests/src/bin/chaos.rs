//! Chaos in network namespaces, with the real programs and a checker; `scripts/chaos` builds
//! and runs it. `--storm seconds` makes storms longer or shorter; `--broken` gives the hosts
//! stop scripts that forget the address, to see that this is found.
//!
//! Exit code: 0 all held; 1 something did not; 64 a bad argument; 77 it can not be had here.

#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use failover_tests::chaos::{Options, report::report, run};

/// Nobody waits for more.
const MINUTES_MAX: f64 = 1_440.0;

/// Its head is the help of both.
const SCRIPT: &str = include_str!("../../../scripts/chaos");

/// The head of the script, as it prints it.
fn help() -> String {
    let head = SCRIPT
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('#'));
    let plain = head.map(|line| line.strip_prefix("# ").unwrap_or(&line[1..]));
    plain.map(|line| format!("{line}\n")).collect()
}

fn main() -> ExitCode {
    if std::env::args().any(|word| word == "--help" || word == "-h") {
        print!("{}", help());
        return ExitCode::SUCCESS;
    }
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("chaos: {why}; see scripts/chaos --help");
            return ExitCode::from(64);
        }
    };
    let leave = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        if let Err(error) = signal_hook::flag::register(signal, Arc::clone(&leave)) {
            eprintln!("chaos: no handler of signal {signal}: {error}");
            return ExitCode::FAILURE;
        }
    }
    let Some(outcome) = run(&options, &leave) else {
        return ExitCode::from(77);
    };
    print!("{}", report(&options, &outcome));
    match outcome.violations.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        time: Duration::from_secs(60),
        storm: Duration::from_secs(12),
        hosts: 3,
        seed: u64::from(std::process::id()),
        broken: false,
    };
    while let Some(word) = words.next() {
        if word == "--broken" {
            options.broken = true;
            continue;
        }
        let value = words
            .next()
            .ok_or_else(|| format!("{word} needs a value"))?;
        let bad = |what: &str| format!("{word} {value}: this is not {what}");
        match word.as_str() {
            "--minutes" => {
                let minutes: Option<f64> = value.parse().ok();
                let minutes = minutes.filter(|minutes| (0.0..=MINUTES_MAX).contains(minutes));
                let minutes = minutes.ok_or_else(|| bad("a number of minutes up to a day"))?;
                options.time = Duration::from_secs_f64(minutes * 60.0);
            }
            "--storm" => {
                let seconds: Option<u64> = value
                    .parse()
                    .ok()
                    .filter(|seconds| (1..=600).contains(seconds));
                options.storm =
                    Duration::from_secs(seconds.ok_or_else(|| bad("1 to 600 seconds"))?);
            }
            "--hosts" => {
                let hosts = value.parse().ok().filter(|hosts| (2..=8).contains(hosts));
                options.hosts = hosts.ok_or_else(|| bad("2 to 8"))?;
            }
            "--seed" => options.seed = value.parse().map_err(|_| bad("a number"))?,
            _ => return Err(format!("\"{word}\" is not an argument")),
        }
    }
    Ok(options)
}
