//! What a service manager hears of faild.

use std::fs;
use std::time::Duration;

use failover_tests::ears::Ears;
use failover_tests::faild::Faild;
use failover_tests::folder::Folder;
use failover_tests::{program, wait};
use nix::sys::signal::Signal;

/// Long enough for a busy machine: a turn of the loop is late by less.
const WATCHDOG: Duration = Duration::from_millis(1_000);

fn start(ears: &Ears, watchdog: Option<Duration>, options: &[&str]) -> Faild {
    let mut command = program::command("faild");
    ears.tell(&mut command, watchdog);
    Faild::with(command, options)
}

#[test]
fn it_hears_of_the_start_the_services_each_reading_and_the_end() {
    let folder = Folder::new();
    let rules = folder.write("communities", "* public RW\n");
    for ears in [Ears::at(&folder), Ears::hidden()] {
        let mut faild = start(&ears, None, &["-c", &rules]);
        ears.wait_for("READY=1");
        ears.wait_for("STATUS=0 services");
        faild.failc(&["web", "UP"]).done();
        ears.wait_for("STATUS=1 service");
        faild.failc(&["dns", "UP"]).done();
        ears.wait_for("STATUS=2 services");
        for (content, said) in [("* public RW\n", "read again"), ("x\n", "stay in force")] {
            folder.write("communities", content);
            faild.signal(Signal::SIGHUP);
            let reloading = ears.wait_for("RELOADING=1\nMONOTONIC_USEC=");
            let usec = reloading.rsplit_once('=').unwrap().1;
            assert!(usec.parse::<u64>().unwrap() > 0, "{reloading}");
            ears.wait_for("READY=1");
            faild.log.wait_for(said);
        }
        folder.write("communities", "* public RW\n");
        faild.signal(Signal::SIGTERM);
        ears.wait_for("STOPPING=1");
        assert_eq!(faild.end(), Some(0));
        assert!(!ears.is_fed(Duration::ZERO), "nobody asked for that");
    }
}

#[test]
fn it_is_ready_in_the_background_too() {
    let folder = Folder::new();
    let ears = Ears::at(&folder);
    let pid_file = folder.file("pid");
    let mut command = program::command("faild");
    ears.tell(&mut command, None);
    command.args(["-p", "0", "-a", "127.0.0.1", "-r", &pid_file]);
    program::run(command).done();
    ears.wait_for("READY=1");
    let pid = fs::read_to_string(&pid_file).unwrap();
    let pid = nix::unistd::Pid::from_raw(pid.trim().parse().unwrap());
    nix::sys::signal::kill(pid, Signal::SIGTERM).unwrap();
    ears.wait_for("STOPPING=1");
}

#[test]
fn the_watchdog_is_fed_by_a_loop_that_turns_and_by_no_other() {
    let folder = Folder::new();
    let ears = Ears::at(&folder);
    let faild = start(&ears, Some(WATCHDOG), &[]);
    ears.wait_for("READY=1");
    for _ in 0..4 {
        assert!(ears.is_fed(WATCHDOG), "it is well and says nothing");
    }
    faild.signal(Signal::SIGSTOP);
    let stopped = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", faild.pid()));
        stat.unwrap_or_default().contains(" T ")
    };
    wait::until("it to stop", stopped, |stopped| *stopped);
    ears.forget();
    assert!(!ears.is_fed(2 * WATCHDOG));
    faild.signal(Signal::SIGCONT);
    assert!(ears.is_fed(WATCHDOG));
}

#[test]
fn a_disk_that_fails_is_in_the_status_until_it_is_well_again() {
    let folder = Folder::new();
    let ears = Ears::at(&folder);
    let home = folder.file("home");
    fs::create_dir(&home).unwrap();
    let state = format!("{home}/state");
    let faild = start(&ears, Some(WATCHDOG), &["-s", &state]);
    ears.wait_for("STATUS=0 services");
    // Something that no rename replaces.
    fs::remove_file(&state).unwrap();
    fs::create_dir(&state).unwrap();
    faild.failc(&["web", "UP"]).failed(74);
    let status = ears.wait_for("STATUS=1 service; changes are in memory only: ");
    assert!(status.contains(&state), "{status}");
    for _ in 0..2 {
        assert!(ears.is_fed(WATCHDOG), "it answers");
    }
    fs::remove_dir(&state).unwrap();
    assert_eq!(ears.wait_for("STATUS="), "STATUS=1 service");
    faild.log.wait_for("the state file is written again");
}

#[test]
fn a_manager_that_can_not_be_told_is_no_reason_not_to_run() {
    let mut command = program::command("faild");
    command.env("NOTIFY_SOCKET", "nonsense");
    let faild = Faild::with(command, &[]);
    faild.log.wait_for("the service manager is told nothing");
    faild.failc(&["web"]).done();
}
