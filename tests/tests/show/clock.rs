//! The clock of the host is set forward and back by an hour while everything runs: for the
//! programs of one pair of hosts and what they start, by `clock.c`. The clock that deadlines
//! go by is the real one, as it would be.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use failover_tests::folder::Folder;
use failover_tests::program::run;
use failover_tests::tree;

use super::calm::Pair;
use super::host::{Around, BOUND, Host};
use crate::netns::process::wait;

/// The library that stands before the system's.
fn library(folder: &Folder) -> String {
    let library = folder.file("clock.so");
    let mut command = Command::new("cc");
    command.args(["-shared", "-fPIC", "-Wall", "-Werror", "-o", &library]);
    command
        .arg(tree::path("tests/tests/show/clock.c"))
        .arg("-ldl");
    run(command).done();
    library
}

/// Sets the clock, and waits until the programs of both hosts go by it.
fn set(file: &Path, seconds: i64, pair: &Pair) {
    // As a whole, since it is read all the time.
    let new = file.with_extension("new");
    std::fs::write(&new, format!("{}\n", 1_000 * seconds)).unwrap();
    std::fs::rename(&new, file).unwrap();
    let real = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        i64::try_from(now.unwrap().as_millis()).unwrap()
    };
    for host in &pair.hosts {
        wait("its clock to be set", BOUND, || {
            let off = clock_of(host) - real();
            let apart = Duration::from_millis(off.abs_diff(1_000 * seconds));
            if apart < BOUND / 2 {
                Ok(())
            } else {
                Err(format!("off by {off} ms"))
            }
        });
    }
}

/// What the failsh of this host holds for now.
fn clock_of(host: &Host) -> i64 {
    let mut monitor =
        fail_client::monitor::Monitor::connect(&[host.monitor.unwrap()], BOUND).unwrap();
    let end = std::time::Instant::now() + BOUND;
    loop {
        if let fail_wire::monitor::Update::Hello(hello) = monitor.next(end).unwrap() {
            return hello.now;
        }
    }
}

#[test]
fn a_clock_that_is_set_forward_and_back_by_an_hour_changes_nothing() {
    let folder = Folder::new();
    let file = folder.path().join("clock");
    let environment = [
        ("LD_PRELOAD", library(&folder)),
        ("CLOCK_OFF", folder.write("clock", "0\n")),
    ];
    let around = Around {
        environment: environment
            .map(|(name, value)| (name.to_string(), value))
            .into(),
        ..Around::default()
    };
    let pair = Pair::with("200ms", &around, ["127.0.0.1", "127.0.0.2"]);
    for seconds in [3_600, 0, -3_600, 0] {
        set(&file, seconds, &pair);
        pair.goes_on(15);
        pair.is_as_it_was(&format!("the clock is off by {seconds} s"));
    }
}
