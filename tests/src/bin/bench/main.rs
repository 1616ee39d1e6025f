//! What faild can do, measured on this machine: queries per second on one core beside a bare
//! echo, changes per second with fsync beside a file that is only written, memory and start-up
//! with a full table. `scripts/bench` builds and runs it; `scripts/flood` does for what a flood
//! does to others.
//!
//! Every figure stands beside one of the same run that shows what the machine could do at most,
//! so that ratios can be compared where seconds can not. A figure is the median of several
//! short rounds that take turns with those it is compared with.

#![forbid(unsafe_code)]

mod changes;
mod cores;
mod echo;
mod fill;
mod flood;
mod load;
mod queries;
mod server;
mod size;
mod table;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use cores::Cores;

/// How much is measured, and where.
pub struct Plan {
    /// How often each is measured.
    rounds: usize,
    /// How long each time.
    time: Duration,
    /// The services of which one is asked, and which are asked for all together.
    many: usize,
    /// Sizes of the table at which changes are measured; the last is the full table.
    tables: [usize; 3],
    /// Where the state files are.
    folder: PathBuf,
    /// The faild to measure.
    faild: PathBuf,
    cores: Cores,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        [echo::WORD, kind, answer] => echo::run(kind, answer),
        [] => plan(false).and_then(|plan| measure(&plan)),
        ["--smoke"] => plan(true).and_then(|plan| measure(&plan)),
        ["--flood", seconds] => under_flood(seconds),
        _ => {
            eprintln!("bench: the arguments are --smoke, or --flood and seconds or --smoke");
            return ExitCode::from(64);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Everything, or just enough to see that each part works.
fn plan(smoke: bool) -> io::Result<Plan> {
    let program = std::env::current_exe()?;
    let built = program.with_file_name("");
    let plan = Plan {
        rounds: 9,
        time: Duration::from_millis(300),
        many: 1_000,
        tables: [64, 1_000, 10_000],
        // On the disk that the programs were built on; /tmp may be memory.
        folder: built.join(format!("bench-{}", std::process::id())),
        faild: built.join("faild"),
        cores: Cores::choose()?,
    };
    Ok(match smoke {
        false => plan,
        true => Plan {
            rounds: 1,
            time: Duration::from_millis(30),
            many: 20,
            tables: [64, 80, 100],
            ..plan
        },
    })
}

fn under_flood(seconds: &str) -> io::Result<()> {
    let mut plan = plan(seconds == "--smoke")?;
    if let Ok(seconds) = seconds.parse() {
        plan.time = Duration::from_secs(seconds);
    }
    plan.cores.as_load()?;
    println!("{}", plan.cores);
    flood::measure(&plan)
}

fn measure(plan: &Plan) -> io::Result<()> {
    plan.cores.as_load()?;
    println!("{}", plan.cores);
    let load = std::fs::read_to_string("/proc/loadavg")?;
    println!(
        "Load average {}: what else runs here takes its part of all figures.",
        load.split(' ').next().unwrap_or_default()
    );
    std::fs::create_dir(&plan.folder)?;
    let done = queries::measure(plan)
        .and_then(|()| changes::measure(plan))
        .and_then(|full| size::measure(plan, full));
    std::fs::remove_dir_all(&plan.folder)?;
    done
}
