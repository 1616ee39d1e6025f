//! What it costs to be looked at: the processor time of a failsh with 500 services and of those
//! who look. Measured by `scripts/watchers`; here only that one who is stopped costs nothing.

use std::process::Stdio;
use std::time::{Duration, Instant};

use failover_tests::failsh::Failsh;
use failover_tests::program::{self, Running};
use nix::sys::signal::Signal;

use super::{failmon, running};

/// So many services, each of which is checked once a second.
fn many(count: usize) -> Failsh {
    let service = "failsvc s$n interval 1s checkinterval 1s check {return UP} \
                   start {return UP} stop {return RECOVER}";
    let failsh = Failsh::serving(&format!(
        "for {{set n 0}} {{$n < {count}}} {{incr n}} {{{service}}}"
    ));
    // The first check finds that it runs already.
    failsh.wait_for_lines(count, "-> UP (found running)");
    failsh
}

/// The processor time that it has had.
fn spent(pid: u32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = text
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    // Linux counts in hundredths of a second for user space.
    Duration::from_millis(ticks * 10)
}

/// The processor time that each has in so long, in thousandths of it.
fn during(time: Duration, pids: &[u32]) -> Vec<u128> {
    let before: Vec<Duration> = pids.iter().map(|pid| spent(*pid)).collect();
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(left);
    }
    let after = pids.iter().map(|pid| spent(*pid));
    let permille = |(after, before): (Duration, Duration)| {
        (after - before).as_micros() * 1_000 / time.as_micros()
    };
    after.zip(before).map(permille).collect()
}

fn watchers(count: usize, words: &[&str], at: &str) -> Vec<Running> {
    let watcher = |_| {
        let mut command = failmon(words, &[at]);
        // Somebody reads what it prints, all of it.
        Running::start(command.stdout(Stdio::null()))
    };
    (0..count).map(watcher).collect()
}

#[test]
#[ignore = "a measurement; scripts/watchers runs it"]
fn what_five_watchers_of_500_services_cost() {
    let seconds = std::env::var("FAILOVER_WATCHERS_SECONDS").unwrap_or_default();
    let time = Duration::from_secs(seconds.parse().unwrap_or(20));
    let failsh = many(500);
    let at = failsh.monitor().to_string();
    let pid = failsh.running.0.id();
    let alone = during(time, &[pid]);
    println!(
        "failsh, 500 services, a check a second each: {} permille of a core",
        alone[0]
    );
    for words in [&["--json"][..], &["--serve", "0"]] {
        let watchers = watchers(5, words, &at);
        let pids: Vec<u32> = watchers.iter().map(|watcher| watcher.0.id()).collect();
        let all: Vec<u32> = [pid].into_iter().chain(pids.iter().copied()).collect();
        let used = during(time, &all);
        println!(
            "with 5 failmon {}: failsh {}, each failmon {:?}",
            words[0],
            used[0],
            &used[1..]
        );
        for watcher in &watchers {
            watcher.signal(Signal::SIGSTOP);
        }
        let used = during(time, &[pid]);
        println!("all of them stopped: failsh {}", used[0]);
        for watcher in &watchers {
            watcher.signal(Signal::SIGKILL);
        }
    }
}

#[test]
fn a_failmon_that_is_stopped_changes_nothing_for_failsh() {
    let failsh = many(100);
    let at = failsh.monitor().to_string();
    let (stopped, out) = running(failmon(&["--json"], &[&at]));
    out.wait_for("\"type\":\"ready\"");
    stopped.signal(Signal::SIGSTOP);
    // Everything goes on for those who read, and for the hosts.
    for round in 0..20 {
        let reason = format!("round {round}");
        let service = format!("s{round}");
        failsh.faild.failc(&["hold", &service, &reason]).done();
        failsh.wait_for_state(&service, "held");
        let look = || program::run(failmon(&["-1"], &[&at])).done();
        let row = format!("s{round} ");
        failover_tests::wait::until("another to see it", look, |text| {
            text.lines()
                .any(|line| line.starts_with(&row) && line.contains("UP held"))
        });
    }
    assert_eq!(failsh.count("asking anew"), 0, "{:?}", failsh.log.all());
    stopped.signal(Signal::SIGCONT);
    // It has lost nothing that is so now.
    out.wait_for("round 19");
}
