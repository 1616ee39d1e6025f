//! failmon as its users have it: the real program on real failshs.

mod cost;
mod plain;
mod terminal;
mod web;

use std::process::{Command, Stdio};

use failover_tests::lines::Lines;
use failover_tests::program::{self, Running};

/// A command of failmon that looks at these.
fn failmon(words: &[&str], targets: &[&str]) -> Command {
    let mut command = program::command("failmon");
    command.args(words).args(targets);
    command
}

/// One that goes on, and what it prints.
fn running(mut command: Command) -> (Running, Lines) {
    let mut running = Running::start(command.stdout(Stdio::piped()));
    let out = running.0.stdout.take().unwrap();
    (running, Lines::of(out))
}
