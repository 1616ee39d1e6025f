//! Disks that fail while faild runs: full, read-only, of a bad owner, gone, hanging. Each is
//! the same story: it is said once and in one sentence, queries go on, changes are in force and
//! refused as unsaved; and when the disk is well again everything is on it, with the next change
//! or without one.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use failover_tests::disk::Disk;
use failover_tests::ears::Ears;
use failover_tests::faild::{Faild, nobody};
use failover_tests::folder::Folder;
use failover_tests::program::{self, Running};
use nix::sys::signal::Signal;
use nix::unistd::{Uid, chown};

/// A disk that can be broken and mended.
struct Story<'a> {
    start: &'a dyn Fn() -> Faild,
    breaks: &'a dyn Fn(),
    mend: &'a dyn Fn(),
    /// Why a save fails.
    why: &'a str,
}

/// What is said of a save that failed.
const IN_MEMORY: &str = "changes are in memory only";

impl Story<'_> {
    fn tell(&self) {
        let mut faild = (self.start)();
        faild.failc(&["web", "UP"]).done();

        (self.breaks)();
        let sentence = faild.failc(&["dns", "UP"]).failed(74);
        let words = "in force, but could not be written to the state file";
        assert!(sentence.contains(words), "{sentence}");
        let line = faild.log.wait_for(IN_MEMORY);
        assert!(line.contains(self.why), "{line}");
        faild.failc(&["web", "RECOVER"]).failed(74);
        assert_eq!(faild.failc(&["-q", "dns"]).code, Some(0), "UP");
        assert_eq!(faild.failc(&["-q", "web"]).code, Some(1), "RECOVER");
        let all = faild.log.all();
        let said = all.iter().filter(|line| line.contains(IN_MEMORY));
        assert_eq!(said.count(), 1, "{all:#?}");

        (self.mend)();
        faild.failc(&["ntp", "UP"]).done();
        faild.log.wait_for("the state file is written again");
        self.dies_and_knows(&mut faild, &[("web", 1), ("dns", 0), ("ntp", 0)]);

        (self.breaks)();
        faild.failc(&["dns", "RECOVER"]).failed(74);
        (self.mend)();
        // Nobody changes anything: it tries again by itself.
        faild.log.wait_for("the state file is written again");
        self.dies_and_knows(&mut faild, &[("web", 1), ("dns", 1), ("ntp", 0)]);
        assert_eq!(faild.end(), Some(0));
    }

    /// Kills it, so that it knows only what is on disk.
    fn dies_and_knows(&self, faild: &mut Faild, states: &[(&str, i32)]) {
        faild.kill();
        *faild = (self.start)();
        for (service, code) in states {
            assert_eq!(faild.failc(&["-q", service]).code, Some(*code), "{service}");
        }
    }
}

/// A home in which it can be had, and the options of a faild there.
fn home() -> (Folder, String, String) {
    let folder = Folder::new();
    let home = folder.file("home");
    fs::create_dir(&home).unwrap();
    let state = format!("{home}/state");
    (folder, home, state)
}

fn on(disk: &Disk, state: &str) -> Faild {
    Faild::with(disk.within(&program::command("faild")), &["-s", state])
}

#[test]
fn a_full_disk() {
    let (_folder, home, state) = home();
    let Some(disk) = Disk::new(&home, 64) else {
        return;
    };
    Story {
        start: &|| on(&disk, &state),
        breaks: &|| disk.fill(),
        mend: &|| disk.clear(),
        why: "no space left on device",
    }
    .tell();
    let left: Vec<_> = fs::read_dir(disk.seen("")).unwrap().collect();
    assert_eq!(left.len(), 1, "only the state file: {left:?}");
}

#[test]
fn a_disk_that_becomes_read_only() {
    let (_folder, home, state) = home();
    let Some(disk) = Disk::new(&home, 64) else {
        return;
    };
    let (down, up) = (
        format!("mount --bind {home} {home}; mount -o remount,ro,bind {home}"),
        format!("umount {home}"),
    );
    Story {
        start: &|| on(&disk, &state),
        breaks: &|| disk.run(&down),
        mend: &|| disk.run(&up),
        why: "read-only file system",
    }
    .tell();
}

#[test]
fn a_directory_of_a_bad_owner() {
    let Some(nobody) = nobody() else { return };
    let (_folder, home, state) = home();
    let give = |to: Uid| chown(home.as_str(), Some(to), None).unwrap();
    give(nobody.uid);
    Story {
        start: &|| Faild::start(&["-s", &state, "-u", "nobody"]),
        breaks: &|| give(Uid::from_raw(0)),
        mend: &|| give(nobody.uid),
        why: "permission denied",
    }
    .tell();
}

#[test]
fn a_directory_that_is_removed_and_made_again() {
    let Some(nobody) = nobody() else { return };
    for (options, owner) in [
        (&["-u", "nobody"][..], nobody.uid),
        (&["--no-sandbox"], Uid::from_raw(0)),
    ] {
        let (_folder, home, state) = home();
        let give = || chown(home.as_str(), Some(owner), None).unwrap();
        give();
        Story {
            start: &|| Faild::start(&[&["-s", state.as_str()][..], options].concat()),
            breaks: &|| fs::remove_dir_all(&home).unwrap(),
            // What was in it before is in memory only.
            mend: &|| {
                fs::create_dir(&home).unwrap();
                give();
            },
            why: "no such file or directory",
        }
        .tell();
    }
}

#[test]
fn as_root_the_sandbox_knows_the_first_directory_only_and_says_what_to_do() {
    if !Uid::effective().is_root() {
        return failover_tests::skipped("needs root");
    }
    let (_folder, home, state) = home();
    let faild = Faild::start(&["-s", &state]);
    if faild.log.wait_for("sandbox: ").contains("not in force") {
        return failover_tests::skipped("this kernel has no Landlock");
    }
    fs::remove_dir_all(&home).unwrap();
    faild.failc(&["web", "UP"]).failed(74);
    faild.log.wait_for("no such file or directory");
    fs::create_dir(&home).unwrap();
    let line = faild.log.wait_for("has to be started again");
    assert!(line.contains("permission denied"), "{line}");
    assert!(line.contains(IN_MEMORY), "{line}");
    assert_eq!(faild.failc(&["-q", "web"]).code, Some(0));
}

/// How long each sync of the second save takes: longer than the 5 seconds after which that is
/// said.
const HANG: Duration = Duration::from_secs(9);

#[test]
fn a_disk_that_hangs_stops_neither_queries_nor_the_watchdog() {
    let (folder, _home, state) = home();
    if !program::can_trace() {
        return;
    }
    let ears = Ears::at(&folder);
    let mut command = Command::new("strace");
    // Counted for each thread: the first save of the one for the state file is two.
    let inject = format!("inject=fsync:delay_enter={}s:when=3", HANG.as_secs());
    command.args(["-D", "-f", "-o", "/dev/null", "-e", "trace=fsync", "-e"]);
    command.arg(inject).arg(program::path("faild"));
    let watchdog = Duration::from_secs(1);
    ears.tell(&mut command, Some(watchdog));
    let mut faild = Faild::with(command, &["-s", &state]);
    faild.failc(&["web", "UP"]).done();

    let mut command = program::command("failc");
    let address = faild.address.to_string();
    command.args(["-s", &address, "-t", "20s", "-n", "1", "dns", "UP"]);
    let mut asking = Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()));
    faild.log.wait_for("service dns: FAIL -> UP");
    assert_eq!(faild.failc(&["-q", "dns"]).code, Some(0), "it is in force");
    // Heard all the time, or there would be no room for what comes next.
    ears.wait_for("STATUS=2 services; the disk hangs");
    faild.log.wait_for("has not taken the state file in 5s");
    assert!(ears.is_fed(watchdog), "it answers");
    assert_eq!(faild.failc(&["-q", "web"]).code, Some(0));
    let early = asking.0.try_wait().unwrap();
    assert_eq!(early, None, "acknowledged before it was on disk");
    assert_eq!(ears.wait_for("STATUS="), "STATUS=2 services");
    assert_eq!(asking.wait(), Some(0));
    faild.log.wait_for("the state file is written again");
    faild.signal(Signal::SIGTERM);
    assert_eq!(faild.end(), Some(0));
}
