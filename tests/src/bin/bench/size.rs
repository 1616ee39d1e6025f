//! The memory of a faild with a full table, and how soon it answers when it is started with one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::Plan;
use crate::fill::{self, Kind};
use crate::server::Server;
use crate::table::{count, heading, median, row};

/// Prints the figures. Takes a faild that has a full table, and its state file.
pub fn measure(plan: &Plan, (typical, state): (Server, PathBuf)) -> io::Result<()> {
    let services = plan.tables[plan.tables.len() - 1];
    let longest = plan.folder.join("longest.state");
    let filled = Server::faild(plan, Some(&longest))?;
    fill::services(&filled, Kind::Longest, 0..services)?;

    let title = format!(
        "Memory and start-up with {} services",
        count(services as f64)
    );
    heading(
        &title,
        &["state file kB", "resident MB", "at most MB", "start ms"],
    );
    started(plan, "no service at all, no state file", None)?;
    let services = [
        ("typical names and reasons", typical, state),
        ("the longest names and reasons", filled, longest),
    ];
    for (what, server, state) in services {
        line(what, &server, Some(&state), f64::NAN)?;
        server.end();
        started(plan, "  started with its state file", Some(&state))?;
    }
    println!("  (start: from before the program is run until its first answer)");
    Ok(())
}

/// Starts it several times.
fn started(plan: &Plan, what: &str, state: Option<&Path>) -> io::Result<()> {
    let mut times = Vec::new();
    for _ in 1..plan.rounds {
        let server = Server::faild(plan, state)?;
        times.push(server.start.as_secs_f64() * 1e3);
        server.end();
    }
    let server = Server::faild(plan, state)?;
    times.push(server.start.as_secs_f64() * 1e3);
    line(what, &server, state, median(times))?;
    server.end();
    Ok(())
}

fn line(what: &str, server: &Server, state: Option<&Path>, start: f64) -> io::Result<()> {
    let bytes = state.map(fs::metadata).transpose()?;
    let bytes = bytes.map(|data| count(data.len() as f64 / 1e3));
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid()))?;
    let memory = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        format!("{:.1}", kilobytes.unwrap_or(f64::NAN) / 1024.0)
    };
    let none = "-".to_string();
    row(
        what,
        &[
            bytes.unwrap_or(none.clone()),
            memory("VmRSS:"),
            memory("VmHWM:"),
            if start.is_nan() {
                none
            } else {
                format!("{start:.1}")
            },
        ],
    );
    Ok(())
}
