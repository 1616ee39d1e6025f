//! Changes per second, each on the disk before it is acknowledged: one sender after the answer
//! to his last, and many at once who share a write; beside a file of the same size that is
//! written in the same way, and nothing else.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::Plan;
use crate::fill::{self, Kind, SENDERS};
use crate::server::Server;
use crate::table::{count, heading, median, quantile, row};

/// Prints the figures. Gives the faild, which then has a full table, and its state file.
pub fn measure(plan: &Plan) -> io::Result<(Server, PathBuf)> {
    let state = plan.folder.join("typical.state");
    let server = Server::faild(plan, Some(&state))?;
    let mut filled = 0;
    for size in plan.tables {
        fill::services(&server, Kind::Typical, filled..size)?;
        filled = size;
        at_this_size(plan, &server, &state, size)?;
    }
    Ok((server, state))
}

/// What one round of one way to change something was: microseconds until each was on disk.
struct Round {
    each: Vec<f64>,
    per_second: f64,
}

fn at_this_size(plan: &Plan, server: &Server, state: &Path, size: usize) -> io::Result<()> {
    let content = fs::read(state)?;
    let beside = plan.folder.join("alone");
    let mut rounds: [Vec<Round>; 3] = Default::default();
    for _ in 0..plan.rounds {
        rounds[0].push(alone(plan, &beside, &content)?);
        rounds[1].push(changes(server, 1, plan.time)?);
        rounds[2].push(changes(server, SENDERS, plan.time)?);
    }
    let title = format!(
        "Changes of {} services, each on disk before its answer: {} kB on {}",
        count(size as f64),
        count(content.len() as f64 / 1e3),
        file_system(&plan.folder)
    );
    heading(
        &title,
        &["per second", "median ms", "99 % ms", "of the file"],
    );
    let rate = |of: &Vec<Round>| median(of.iter().map(|round| round.per_second).collect());
    let names = [
        "the file alone: written, synced, renamed".to_string(),
        "faild, one sender".to_string(),
        format!("faild, {SENDERS} senders at once"),
    ];
    for (what, of) in names.iter().zip(&rounds) {
        let each: Vec<f64> = of.iter().flat_map(|round| round.each.clone()).collect();
        row(
            what,
            &[
                count(rate(of)),
                format!("{:.2}", median(each.clone()) / 1e3),
                format!("{:.2}", quantile(each, 0.99) / 1e3),
                format!("{:.2}", rate(of) / rate(&rounds[0])),
            ],
        );
    }
    Ok(())
}

/// The same steps as a state file takes, as often as they can be done, on the core of faild.
fn alone(plan: &Plan, path: &Path, content: &[u8]) -> io::Result<Round> {
    let temp = path.with_extension("new");
    let replace = || {
        let mut file = File::create_new(&temp)?;
        file.write_all(content)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&temp, path)?;
        File::open(&plan.folder)?.sync_all()
    };
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            plan.cores.as_server()?;
            timed(plan.time, replace)
        });
        let ended = thread.join();
        ended.unwrap_or_else(|_| Err(io::Error::other("the writer panicked")))
    })
}

/// So many senders, each of whom changes a service of his own, again and again.
fn changes(server: &Server, senders: usize, time: Duration) -> io::Result<Round> {
    let rounds = fill::together(server, Kind::Typical, senders, |no, mut sender| {
        let mut version = sender.read(no)?.version;
        timed(time, || {
            version = sender.change(no, version)?;
            Ok(())
        })
    })?;
    Ok(Round {
        per_second: rounds.iter().map(|round| round.per_second).sum(),
        each: rounds.into_iter().flat_map(|round| round.each).collect(),
    })
}

fn timed(time: Duration, mut act: impl FnMut() -> io::Result<()>) -> io::Result<Round> {
    let (began, mut each) = (Instant::now(), Vec::new());
    while each.is_empty() || began.elapsed() < time {
        let now = Instant::now();
        act()?;
        each.push(now.elapsed().as_secs_f64() * 1e6);
    }
    Ok(Round {
        per_second: each.len() as f64 / began.elapsed().as_secs_f64(),
        each,
    })
}

/// What is mounted there: `ext4 on /dev/vda`.
fn file_system(folder: &Path) -> String {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (device, point, kind) = (words.next()?, words.next()?, words.next()?);
        folder
            .starts_with(point)
            .then_some((point.len(), device, kind))
    });
    match mounts.max_by_key(|(length, ..)| *length) {
        Some((_, device, kind)) => format!("{kind} on {device}"),
        None => "an unknown file system".to_string(),
    }
}
