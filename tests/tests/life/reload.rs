//! SIGHUP: a good policy takes the place of the old one, a bad one changes nothing, and a script
//! that runs meanwhile ends where it began.

use std::fs;

use failover_tests::failsh::{Failsh, REST};
use failover_tests::wait;
use nix::sys::signal::Signal;

/// A service that is served at once.
fn service(name: &str) -> String {
    format!("failsvc {name} start {{return UP}} {REST}\n")
}

fn reload(failsh: &Failsh, readings: usize) {
    failsh.signal(Signal::SIGHUP);
    failsh.wait_for_lines(readings, "policy read again: ");
}

#[test]
fn a_good_policy_takes_over_and_leaves_the_others_alone() {
    let failsh = Failsh::start(&(service("a") + &service("b") + &service("c")));
    failsh.wait_for_lines(3, "RECOVER -> UP");
    let changed = format!("failsvc c start {{return UP}} {REST} timeout 7\n");
    failsh.write(&(service("b") + &changed + &service("d")));
    reload(&failsh, 1);
    failsh
        .log
        .wait_for("policy read again: 1 service new, 1 changed, 1 gone, 1 as before");
    failsh.log.wait_for("new: d; changed: c; gone: a");
    failsh.log.wait_for("service d: RECOVER -> UP");
    assert_eq!(failsh.count("RECOVER -> UP"), 4, "{:?}", failsh.log.all());
    // Left as it is, and nobody supervises it any more.
    let left = failsh.wait_for_state("a", "unsupervised");
    assert!(left.contains("UP"), "{left}");
    assert!(!failsh.state("b").contains("unsupervised"));
}

#[test]
fn a_bad_policy_changes_nothing_and_says_where_it_is_bad() {
    let failsh = Failsh::start(&service("web"));
    failsh.log.wait_for("service web: RECOVER -> UP");
    failsh.write("failsvc web start {return UP} stop {return RECOVER}\nfailsvc web intervall 1\n");
    failsh.signal(Signal::SIGHUP);
    let line = failsh.log.wait_for("the old policy stays");
    for word in [&failsh.folder.file("p.tcl:2: "), "intervall"] {
        assert!(line.contains(word), "{line}");
    }
    fs::remove_file(failsh.folder.file("p.tcl")).unwrap();
    failsh.signal(Signal::SIGHUP);
    failsh.wait_for_lines(2, "the old policy stays");
    failsh.write("failhost other address no-such-host.invalid\nfailsvc web start {return UP} stop {return RECOVER} masters other\n");
    failsh.signal(Signal::SIGHUP);
    failsh.wait_for_lines(3, "the old policy stays");
    let state = failsh.state("web");
    assert!(
        state.contains("UP") && !state.contains("unsupervised"),
        "{state}"
    );
    // It is not deaf since.
    failsh.write(&service("web"));
    reload(&failsh, 1);
    assert_eq!(failsh.count("RECOVER -> "), 1);
}

#[test]
fn a_script_that_runs_ends_in_the_old_mind() {
    let slow = |word: &str| {
        format!(
            "set word {word}
             proc begin {{}} {{
                 close [open FOLDER/began w]
                 while {{![file exists FOLDER/go]}} {{exec true; after 10}}
                 set file [open FOLDER/said w]
                 puts $file $::word
                 close $file
                 return UP
             }}
             failsvc web start begin {REST}\n"
        )
    };
    let failsh = Failsh::start(&slow("old"));
    failsh.wait_for_file("began");
    failsh.write(&slow("new"));
    reload(&failsh, 1);
    reload(&failsh, 2);
    failsh.folder.write("go", "");
    failsh.log.wait_for("service web: RECOVER -> UP");
    assert_eq!(failsh.read("said").trim(), "old");
    assert_eq!(failsh.count("running start"), 1, "{:#?}", failsh.log.all());
}

#[test]
fn who_asks_while_it_is_read_gets_one_more() {
    let failsh = Failsh::start("");
    failsh.log.wait_for("is ready");
    let policy = "close [open FOLDER/reading a]; while {![file exists FOLDER/go]} {after 1}";
    failsh.write(policy);
    failsh.signal(Signal::SIGHUP);
    failsh.wait_for_file("reading");
    for count in 1..=3 {
        failsh.signal(Signal::SIGHUP);
        failsh.wait_for_lines(count, "it is read once more after that");
    }
    failsh.folder.write("go", "");
    failsh.wait_for_lines(2, "policy read again: ");
    assert_eq!(failsh.count("reading the policy again"), 2);
}

#[test]
fn a_script_stuck_in_an_old_mind_does_not_hold_up_the_end() {
    let mut failsh = Failsh::start(&format!(
        "failsvc web start {{close [open FOLDER/began w]; while 1 {{}}}} {REST}"
    ));
    failsh.wait_for_file("began");
    failsh.write(&service("other"));
    reload(&failsh, 1);
    failsh.log.wait_for("service other: RECOVER -> UP");
    assert_eq!(failsh.end(Signal::SIGTERM), Some(0));
}

/// How many of something the process has.
fn count(failsh: &Failsh, what: &str) -> usize {
    let path = format!("/proc/{}/{what}", failsh.running.pid());
    fs::read_dir(path).map_or(0, Iterator::count)
}

fn rss_kb(failsh: &Failsh) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", failsh.running.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let words = line.unwrap_or_default().split_whitespace();
    words
        .take(1)
        .map(|number| number.parse::<u64>().unwrap())
        .sum()
}

/// `FAILOVER_RELOADS=1000` for the long one.
#[test]
fn reading_the_same_policy_many_times_changes_nothing_and_keeps_nothing() {
    let wanted = std::env::var("FAILOVER_RELOADS").ok();
    let wanted: usize = wanted.map_or(200, |count| count.parse().unwrap());
    // Programs and scripts run all the time: one service that fails and is set back by hand
    // would be a transition, so the load is what a script starts and never ends with.
    let load = format!("failsvc load timeout 1h start {{while 1 {{exec true; after 5}}}} {REST}\n");
    let policy: String = ["a", "b", "c", "d"].map(service).concat() + &load;
    let failsh = Failsh::start(&policy);
    failsh.wait_for_lines(4, "RECOVER -> UP");
    failsh.log.wait_for("service load: running start");
    let measure = || {
        (
            count(&failsh, "task"),
            count(&failsh, "fd"),
            rss_kb(&failsh),
        )
    };
    let mut first = None;
    let changes = failsh.count(" -> ");
    let (begin, warm) = (std::time::Instant::now(), wanted / 4);
    for n in 1..=wanted {
        reload(&failsh, n);
        if n == warm {
            first = Some(measure());
        }
    }
    let took = begin.elapsed();
    assert_eq!(failsh.count(" -> "), changes);
    assert_eq!(failsh.count("5 as before"), wanted);
    let first = first.unwrap();
    // The last thread may not have ended yet, and a program that runs just now has pipes.
    let kept = |now: &(usize, usize, u64)| now.0 <= first.0 + 1 && now.1 <= first.1 + 1;
    let last = wait::until("threads and descriptors to go", measure, kept);
    println!(
        "{wanted} readings in {took:?}; threads, descriptors, kB: {first:?} after {warm}, {last:?} at the end"
    );
    assert!(last.2 < first.2 + 8_000, "memory: {first:?}, {last:?}");
}
