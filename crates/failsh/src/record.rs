//! `--record`: the machine is made so that what it is told is written to a file first.

use std::path::Path;

use fail_cli::{Failure, exit};
use fail_core::plan::Plan;
use fail_replay::header::BEGINNING;
use fail_replay::{Origin, PlanStart, Put, Recorded, Sink};
use fail_rt::log::Log;
use fail_rt::tape::{self, Tape};
use fail_rt::{clock, reason};

/// The machine, recorded to this file if there is one.
pub fn begin(
    start: &PlanStart,
    file: Option<&Path>,
    max: u64,
    log: &Log,
) -> Result<Recorded<Plan>, Failure> {
    let sink = file.map(|path| sink(path, max, log)).transpose()?;
    let os = |e| {
        Failure::new(
            exit::OSERR,
            format!("can not record: {}", reason::words(&e)),
        )
    };
    let origin = Origin {
        host: clock::host_name(),
        boot: clock::boot_id().map_err(os)?,
        release: env!("CARGO_PKG_VERSION").to_string(),
        secret: clock::seed().map_err(os)?,
    };
    let plan = start.recorded(&origin, sink);
    plan.map_err(|e| Failure::new(exit::DATA, e))
}

/// Where the lines go.
fn sink(path: &Path, max: u64, log: &Log) -> Result<Sink, Failure> {
    let refused = |e| Failure::new(exit::CANTCREAT, e);
    let file = tape::create(path, BEGINNING).map_err(refused)?;
    let tape = Tape::new(file, path, max, log);
    let mut tape = tape.map_err(|e| {
        let why = reason::words(&e);
        Failure::new(exit::OSERR, format!("can not start a thread: {why}"))
    })?;
    Ok(Box::new(move |put| match put {
        Put::Before(lines) => tape.put_first(lines),
        Put::After(lines) => tape.put(lines),
        Put::Stop(why) => {
            tape.stop(why);
            false
        }
    }))
}
