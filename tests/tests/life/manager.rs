//! What a service manager hears of failsh.

use std::fs;
use std::time::{Duration, Instant};

use failover_tests::ears::Ears;
use failover_tests::failsh::{Failsh, REST};
use failover_tests::folder::Folder;
use nix::sys::signal::Signal;

fn start(ears: &Ears, watchdog: Option<Duration>, policy: &str) -> Failsh {
    Failsh::with(policy, |command| ears.tell(command, watchdog))
}

#[test]
fn it_hears_of_the_start_the_state_each_reading_and_the_end() {
    let folder = Folder::new();
    for ears in [Ears::at(&folder), Ears::hidden()] {
        let mut failsh = start(
            &ears,
            None,
            &format!(
                "failhost b address 127.0.0.1 port 9
                 failsvc web slaves b start {{return UP}} {REST}
                 # Nobody else may speak for failsh.
                 set file [open FOLDER/env w]
                 puts $file [array names env NOTIFY_SOCKET][exec env]
                 close $file"
            ),
        );
        ears.wait_for("READY=1");
        ears.wait_for("STATUS=1 service: 1 UP; 1 host unreachable");
        assert!(!failsh.read("env").contains("NOTIFY_SOCKET"));
        failsh.signal(Signal::SIGHUP);
        let reloading = ears.wait_for("RELOADING=1\nMONOTONIC_USEC=");
        let usec = reloading.rsplit_once('=').unwrap().1;
        assert!(usec.parse::<u64>().unwrap() > 0, "{reloading}");
        ears.wait_for("READY=1");
        failsh.write("nonsense");
        failsh.signal(Signal::SIGHUP);
        ears.wait_for("RELOADING=1");
        ears.wait_for("READY=1");
        failsh.log.wait_for("the old policy stays");
        failsh.signal(Signal::SIGTERM);
        ears.wait_for("STOPPING=1");
        assert_eq!(failsh.running.wait(), Some(0));
        assert!(!ears.is_fed(Duration::ZERO), "nobody asked for that");
    }
}

/// Long enough for a busy machine: a turn of the loop is late by less.
const WATCHDOG: Duration = Duration::from_millis(1_000);

#[test]
fn the_watchdog_is_fed_only_while_scripts_can_run() {
    let folder = Folder::new();
    let ears = Ears::at(&folder);
    let failsh = start(
        &ears,
        Some(WATCHDOG),
        &format!(
            "failsvc web timeout 5 start {{
                 while {{![file exists FOLDER/go]}} {{after 5}}
                 close [open FOLDER/busy w]
                 while 1 {{}}
             }} {REST}"
        ),
    );
    ears.wait_for("READY=1");
    for _ in 0..4 {
        assert!(ears.is_fed(WATCHDOG), "it is well and says nothing");
    }
    failsh.folder.write("go", "");
    failsh.wait_for_file("busy");
    // What was answered before counts once more.
    ears.forget();
    ears.is_fed(WATCHDOG);
    let silent = Instant::now();
    assert!(!ears.is_fed(2 * WATCHDOG), "no script can run");
    failsh.log.wait_for("service web: RECOVER -> FAIL");
    assert!(ears.is_fed(2 * WATCHDOG), "it is well again");
    println!("silent for {:?}", silent.elapsed());
}

#[test]
fn the_watchdog_is_not_fed_by_a_process_that_stands_still() {
    let folder = Folder::new();
    let ears = Ears::at(&folder);
    let failsh = start(
        &ears,
        Some(WATCHDOG),
        &format!("failsvc web start {{return UP}} {REST}"),
    );
    failsh.log.wait_for("service web: RECOVER -> UP");
    assert!(ears.is_fed(WATCHDOG));
    failsh.signal(Signal::SIGSTOP);
    let stat = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", failsh.running.pid()));
        stat.unwrap_or_default().contains(" T ")
    };
    failover_tests::wait::until("it to stop", stat, |stopped| *stopped);
    ears.forget();
    assert!(!ears.is_fed(2 * WATCHDOG));
    failsh.signal(Signal::SIGCONT);
    assert!(ears.is_fed(WATCHDOG));
}

#[test]
fn the_watchdog_of_somebody_else_is_not_fed() {
    let folder = Folder::new();
    let ears = Ears::at(&folder);
    let policy = format!("failsvc web start {{return UP}} {REST}");
    let failsh = Failsh::with(&policy, |command| {
        command.env("NOTIFY_SOCKET", &ears.name);
        command
            .env("WATCHDOG_USEC", "200000")
            .env("WATCHDOG_PID", "1");
    });
    failsh.log.wait_for("service web: RECOVER -> UP");
    assert!(!ears.is_fed(WATCHDOG));
}
