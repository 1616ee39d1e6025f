//! hc with targets that go down and up, and with checks that hang, fork and flood.

use std::net::TcpListener;
use std::process::Command;

use failover_tests::ears::Ears;
use failover_tests::faild::free_port;
use failover_tests::folder::Folder;
use failover_tests::hc::{FAST, Hc, run};
use failover_tests::program;
use failover_tests::{skipped, wait};
use nix::sys::signal::Signal;

/// A server, and its port, which nobody else gets when it is gone.
fn port() -> (TcpListener, u16) {
    let port = free_port("127.0.0.1");
    (TcpListener::bind(("127.0.0.1", port)).unwrap(), port)
}

/// Processes whose command line has this word.
fn processes(word: &str) -> Vec<String> {
    let found = Command::new("pgrep").args(["-f", word]).output().unwrap();
    let text = String::from_utf8(found.stdout).unwrap();
    text.lines().map(str::to_string).collect()
}

#[test]
fn a_server_that_goes_is_told_of_and_so_is_that_it_is_back() {
    let (listener, port) = port();
    let hc = Hc::start(
        &format!(
            "{FAST}load tcp\nserver:\n tcp 127.0.0.1:{port}\n on change exec sh -c 'echo \
             $HC_TARGET $HC_EVENT $HC_FROM $HC_STATE $HC_HIDES $HC_LEFT_OUT \"$HC_WHY\" \
             >> FOLDER/told'\n"
        ),
        &[],
    );
    hc.log.wait_for("target server: pending -> up");
    drop(listener);
    let line = hc.log.wait_for("target server: up -> down");
    assert!(line.contains("refused"), "{line}");
    let again = TcpListener::bind(("127.0.0.1", port)).unwrap();
    hc.log.wait_for("target server: down -> up");
    let told = wait::until("both", || hc.read("told"), |told| told.lines().count() == 2);
    assert!(
        told.starts_with("server change up down 0 0 connection refused"),
        "{told}"
    );
    assert!(told.contains("\nserver change down up 0 0 "), "{told}");
    let view = hc.wait_for("server", |view| view.state == "up");
    assert_eq!(view.checks[0].verdict.as_deref(), Some("good"));
    assert_eq!(view.actions[0].failed, None);
    assert!(
        view.changes.len() >= 3 && view.available.hour.is_some(),
        "{view:?}"
    );
    drop(again);
    assert_eq!(hc.end().0, Some(0));
}

#[test]
fn below_a_dead_router_nothing_is_said() {
    let (listener, port) = port();
    let mut text = format!("{FAST}load tcp\nrouter:\n tcp 127.0.0.1:{port}\n");
    for n in 0..50 {
        text += &format!("web-{n}: router\n tcp 127.0.0.1:{port}\n");
    }
    let hc = Hc::start(&text, &[]);
    let up = |hc: &Hc, n: u32| hc.wait_for(&format!("web-{n}"), |view| view.state == "up");
    (0..50).for_each(|n| drop(up(&hc, n)));
    drop(listener);
    hc.log.wait_for("target router: up -> down");
    let view = hc.wait_for("web-7", |view| view.state == "dependency");
    assert_eq!(view.blocked, ["router"]);
    for n in 0..50 {
        hc.wait_for(&format!("web-{n}"), |view| view.state == "dependency");
    }
    let downs = hc.log.all();
    let downs = downs.iter().filter(|line| line.contains("-> down"));
    assert_eq!(downs.count(), 1);
}

#[test]
fn checks_that_hang_fork_or_flood_harm_nobody() {
    // Words that no other process has in its command line.
    let id = std::process::id();
    let (hangs, forks) = (format!("4242.1{id}"), format!("4343.1{id}"));
    let (_listener, port) = port();
    let hc = Hc::start(
        &format!(
            "{FAST}load tcp exec nagios\n\
             good:\n tcp 127.0.0.1:{port}\n\
             hangs:\n timeout 300ms\n exec sh -c \"trap '' TERM; sleep {hangs} & wait; sleep {hangs}\"\n\
             forks:\n exec sh -c \"sleep {forks} & sleep {forks} > /dev/null 2>&1 & exit 0\"\n\
             floods:\n timeout 60s\n nagios sh -c \"echo 'fine | size=1GB'; head -c 1000000000 /dev/zero; exit 1\"\n"
        ),
        &[],
    );
    hc.log.wait_for("target good: pending -> up");
    let line = hc.log.wait_for("target hangs: pending -> down");
    assert!(line.contains("did not end within 300ms"), "{line}");
    hc.log.wait_for("target forks: pending -> up");
    let flood = hc.wait_for("floods", |view| view.checks[0].verdict.is_some());
    assert_eq!(
        flood.checks[0].verdict.as_deref(),
        Some("warning"),
        "{flood:?}"
    );
    assert_eq!(
        (flood.checks[0].figures[0].value, flood.state.as_str()),
        (1.0, "up")
    );
    // It goes on meanwhile.
    let since = hc.wait_for("good", |view| view.state == "up").checked;
    hc.wait_for("good", |view| view.checked > since);
    // Between two rounds nothing is left of one that forks.
    wait::until("none is left", || processes(&forks), Vec::is_empty);
    let status = std::fs::read_to_string(format!("/proc/{}/status", hc.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    assert!(peak < 100_000, "{peak} kB");
    assert_eq!(hc.end().0, Some(0));
    wait::until("hc leaves none", || processes(&hangs), Vec::is_empty);
}

#[test]
fn at_the_end_no_program_is_left() {
    let id = std::process::id();
    let word = format!("4545.1{id}");
    let hc = Hc::start(
        &format!(
            "{FAST}load exec\nslow:\n timeout 1m\n exec sh -c \"touch FOLDER/began; sleep {word}\"\n\
             bad:\n exec false\n on down exec sh -c \"touch FOLDER/acted; sleep {word}\"\n"
        ),
        &[],
    );
    let there = |name: &str| std::path::Path::new(&hc.folder.file(name)).exists();
    wait::until(
        "both run",
        || there("began") && there("acted"),
        |both| *both,
    );
    assert!(processes(&word).len() >= 2);
    let log = hc.log.clone();
    assert_eq!(hc.end().0, Some(0));
    assert_eq!(processes(&word), Vec::<String>::new());
    let given_up = |line: &String| line.contains("although programs");
    assert!(!log.all().iter().any(given_up), "{:?}", log.all());
}

#[test]
fn what_is_being_worked_on_is_checked_and_nothing_is_said() {
    let hc = Hc::start(
        &format!(
            "{FAST}load exec\nworked-on:\n maintenance 00:00-00:00\n exec false\n \
             on down,change exec sh -c 'echo $HC_TARGET >> FOLDER/told'\n\
             bad:\n exec false\n on down exec sh -c 'echo $HC_TARGET >> FOLDER/told'\n"
        ),
        &[],
    );
    let view = hc.wait_for("worked-on", |view| view.checks[0].verdict.is_some());
    assert_eq!(view.state, "maintenance");
    let told = wait::until("the other", || hc.read("told"), |told| !told.is_empty());
    assert_eq!(told, "bad\n");
}

#[test]
fn faildebug_sets_a_level() {
    let hc = Hc::start(
        &format!("{FAST}load exec\ngood:\n exec true\n"),
        &["-D", "0"],
    );
    let line = hc.log.wait_for("debug: listening on 127.0.0.1:");
    let address = line.rsplit(' ').next().unwrap().to_string();
    let faildebug = |words: &[&str]| {
        let mut command = program::command("faildebug");
        command.arg(&address).args(words);
        program::run(command)
    };
    let listed = faildebug(&[]).done();
    for facility in ["watch", "probe", "action", "monitor", "file", "state"] {
        assert!(listed.contains(facility), "{listed}");
    }
    faildebug(&["watch", "1"]).done();
    hc.log.wait_for("sets watch to 1");
    hc.log.wait_for("target good: good");
    let wrong = faildebug(&["-c", "wrong", "watch", "2"]);
    assert_ne!(wrong.code, Some(0));
}

#[test]
fn the_service_manager_is_told() {
    let ears = Ears::hidden();
    let mut command = program::command("hc");
    ears.tell(&mut command, Some(std::time::Duration::from_secs(2)));
    let good = format!("{FAST}load exec\ngood:\n exec true\n");
    let hc = Hc::by(command, Folder::new(), &good, &[]);
    ears.wait_for("READY=1");
    ears.wait_for("STATUS=1 target: 1 up");
    ears.wait_for("WATCHDOG=1");
    hc.reload("good:\n htpp x\n");
    ears.wait_for("RELOADING=1");
    ears.wait_for("READY=1");
    let status = "STATUS=1 target: 1 up; the Hcfile is broken, the old one holds: ";
    let status = ears.wait_for(status);
    assert!(status.ends_with("Hcfile:2:2: a line is wrong"), "{status}");
    hc.reload(&good);
    ears.wait_for("STATUS=1 target: 1 up");
    hc.signal(Signal::SIGTERM);
    ears.wait_for("STOPPING=1");
}

#[test]
fn in_the_background_it_has_a_pid_file_and_refuses_a_second_one() {
    let folder = Folder::new();
    let (pid_file, state) = (folder.file("pid"), folder.file("state"));
    let options = ["-D", "none", "-r", &pid_file, "-s", &state];
    let text = format!("{FAST}load exec\ngood:\n exec true\n");
    let started = run(&folder, &text, &options);
    // Where there is no syslog it says so.
    let said = |line: &str| !line.starts_with("hc: no syslog at /dev/log: ");
    assert_eq!(started.code, Some(0), "{started:?}");
    assert!(!started.err.lines().any(said), "{started:?}");
    let pid: i32 = std::fs::read_to_string(&pid_file)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let second = run(&folder, &text, &["-F", "-D", "none", "-s", &state]).failed(73);
    assert!(second.contains("is another hc running?"), "{second}");
    let second = run(&folder, &text, &["-F", "-D", "none", "-r", &pid_file]).failed(73);
    assert!(
        second.contains(&format!("held by process {pid}")),
        "{second}"
    );
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGTERM).unwrap();
    let there = || std::path::Path::new(&pid_file).exists();
    wait::until("the end", there, |there| !there);
    assert_eq!(folder.names(), ["Hcfile", "state"]);
}

/// Sets how many files a process may open; false: this host has no program for that.
fn files(pid: i32, soft: &str) -> bool {
    let mut command = std::process::Command::new("prlimit");
    command.args(["--pid", &pid.to_string(), &format!("--nofile={soft}:")]);
    command.status().is_ok_and(|status| status.success())
}

#[test]
fn who_is_well_stays_up_while_this_host_has_no_descriptors() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let text = format!(
        "{FAST}fall = 1\nload tcp exec\nport:\n tcp 127.0.0.1:{port}\nprogram:\n exec true\n"
    );
    let hc = Hc::start(&text, &[]);
    for name in ["port", "program"] {
        hc.log.wait_for(&format!("target {name}: pending -> up"));
    }
    if !files(hc.pid(), "4") {
        return skipped("there is no prlimit");
    }
    hc.log.wait_for("this host holds checks up: ");
    assert!(files(hc.pid(), "1000"));
    // Both are asked again, and have never been anything else.
    for name in ["port", "program"] {
        let before = hc.target(name).unwrap().checked;
        let view = hc.wait_for(name, |view| view.checked > before);
        assert!(
            view.changes.iter().all(|change| change.to == "up"),
            "{view:?}"
        );
    }
}
