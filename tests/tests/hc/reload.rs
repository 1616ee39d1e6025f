//! An Hcfile that is read again, and a hc that is started again: nothing is said twice.

use std::process::Stdio;

use fail_wire::health::Update;
use failover_tests::disk::Disk;
use failover_tests::hc::{FAST, Hc, run};
use failover_tests::lines::Lines;
use failover_tests::program::{self, Running};
use failover_tests::{skipped, wait};

/// `bad` is down as long as `FOLDER/up` is not there.
fn text(more: &str) -> String {
    format!(
        "{FAST}load exec\nbad:\n exec test -e FOLDER/up\n \
         on change exec sh -c 'echo $HC_TARGET $HC_STATE >> FOLDER/told'\n{more}"
    )
}

fn told(hc: &Hc, lines: usize) -> String {
    wait::until(
        "what is told",
        || hc.read("told"),
        |told| told.lines().count() >= lines,
    )
}

#[test]
fn targets_go_on_as_they_are() {
    let hc = Hc::start(&text("other:\n exec true\n"), &[]);
    assert_eq!(told(&hc, 1), "bad down\n");
    let since = hc.wait_for("bad", |view| view.state == "down").since;
    hc.wait_for("other", |view| view.state == "up");
    let mut watch = hc.watch(&[]);
    watch.all();
    hc.reload(&text("new:\n exec true\n"));
    hc.log
        .wait_for("Hcfile read again: 1 target new, 0 changed, 1 gone, 1 as before");
    hc.log.wait_for("target new: pending -> up");
    let gone = watch.find(|update| matches!(update, Update::Gone { name } if name == "other"));
    assert!(gone.is_some());
    assert!(hc.target("other").is_none());
    let checked = hc.target("bad").unwrap().checked;
    let view = hc.wait_for("bad", |view| view.checked > checked);
    assert_eq!((view.state.as_str(), view.since), ("down", since));
    assert_eq!(hc.read("told"), "bad down\n");
    let hello = hc.watch(&[]).next();
    assert!(matches!(hello, Some(Update::Hello(hello)) if hello.file == 2));
}

#[test]
fn a_check_that_is_another_one_is_asked_at_once() {
    let slow = |check: &str| format!("load exec\nx:\n interval 10s\n rise 1\n fall 1\n {check}\n");
    let hc = Hc::start(&slow("exec true"), &[]);
    let next = hc.wait_for("x", |view| view.state == "up").next;
    hc.reload(&slow("exec false"));
    hc.log.wait_for("1 changed");
    let read = std::time::SystemTime::now();
    let read = read
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis();
    let down = hc.wait_for("x", |view| view.state == "down");
    // Before its turn, unless this host was so slow that its turn had come.
    let late = u128::try_from(next.unwrap()).unwrap() <= read;
    assert!(down.checked < next || late, "{down:?}");
}

#[test]
fn an_open_window_that_is_edited_stays_open() {
    let all_day = text(" maintenance 00:00-00:00\n");
    let halves = text(" maintenance 00:00-12:00\n maintenance 12:00-00:00\n");
    let hc = Hc::start(&all_day, &[]);
    hc.wait_for("bad", |view| {
        view.state == "maintenance" && view.checked.is_some()
    });
    let changes = hc.target("bad").unwrap().changes;
    hc.reload(&halves);
    hc.log
        .wait_for("Hcfile read again: 0 targets new, 1 changed");
    let checked = hc.target("bad").unwrap().checked;
    let view = hc.wait_for("bad", |view| view.checked > checked);
    assert_eq!(view.state, "maintenance");
    assert_eq!(view.changes, changes);
    assert_eq!(hc.read("told"), "");
}

#[test]
fn a_file_with_an_error_changes_nothing() {
    let hc = Hc::start(&text(""), &[]);
    told(&hc, 1);
    hc.reload("bad:\n htpp x\n exce y\n");
    let line = hc.log.wait_for("htpp");
    assert!(line.contains("Hcfile:2:2:"), "{line}");
    hc.log.wait_for("the Hcfile is broken, the old one holds");
    let broken = |hc: &Hc| {
        hc.watch(&[])
            .all()
            .into_iter()
            .find_map(|update| match update {
                Update::Health(health) => health.broken,
                _ => None,
            })
    };
    let public = broken(&hc).unwrap();
    let is = "Hcfile:2:2: a line is wrong, and 1 more error";
    assert!(public.ends_with(is), "{public}");
    // Words of the file are for who writes it: this one may be a password.
    hc.reload(&format!(
        "{}key:\n http http://h/ header=X-Key: SECRET\n",
        text("")
    ));
    hc.log.wait_for("SECRET");
    let is_check = |why: &Option<String>| {
        why.as_ref()
            .is_some_and(|why| why.contains("a check is wrong"))
    };
    let public = wait::until("what is wrong", || broken(&hc), is_check).unwrap();
    assert!(!public.contains("SECRET"), "{public}");
    assert_eq!(hc.target("bad").unwrap().state, "down");
    std::fs::write(hc.folder.file("up"), "").unwrap();
    hc.log.wait_for("target bad: down -> up");
    hc.reload(&text(""));
    hc.log.wait_for("1 as before");
    assert_eq!(broken(&hc), None);
    // As whoever writes it anew leaves it for a moment.
    hc.reload("");
    hc.log.wait_for("Hcfile: there is no target in it");
    assert_eq!(hc.target("bad").unwrap().state, "up");
}

#[test]
fn nothing_is_said_again_after_a_restart_and_what_changed_meanwhile_is() {
    let hc = Hc::start(&text(""), &[]);
    told(&hc, 1);
    let (_, folder) = hc.end();
    let state = folder.file("state");
    let options = ["-s", state.as_str()];
    // Without a state file it says so once more; from here on there is one.
    let hc = Hc::within(folder, &text(""), &options);
    assert_eq!(told(&hc, 2), "bad down\nbad down\n");
    // One that is under way at the end is begun again.
    let at_rest = |hc: &Hc| drop(hc.wait_for("bad", |view| !view.actions[0].runs));
    at_rest(&hc);
    let (code, folder) = hc.end();
    assert_eq!(code, Some(0));
    let hc = Hc::within(folder, &text(""), &options);
    let view = hc.wait_for("bad", |view| view.checked.is_some());
    assert_eq!((view.state.as_str(), view.changes.len()), ("down", 1));
    // It is killed: what it has said was saved meanwhile.
    std::fs::write(hc.folder.file("up"), "").unwrap();
    assert_eq!(told(&hc, 3), "bad down\nbad down\nbad up\n");
    at_rest(&hc);
    let up = || {
        let state = hc.read("state");
        state.contains("\"state\":\"up\"") && state.contains("\"waiting\":[]")
    };
    wait::until("the state file", up, |up| *up);
    hc.signal(nix::sys::signal::Signal::SIGKILL);
    let (_, folder) = hc.end();
    let hc = Hc::within(folder, &text(""), &options);
    let view = hc.wait_for("bad", |view| view.checked.is_some());
    assert_eq!(view.state, "up");
    std::fs::remove_file(hc.folder.file("up")).unwrap();
    assert_eq!(told(&hc, 4), "bad down\nbad down\nbad up\nbad down\n");
}

#[test]
fn what_an_hc_was_writing_when_it_was_killed_is_removed() {
    let folder = failover_tests::folder::Folder::new();
    // The first number that no process can have, and that of one that lives.
    let lives = format!("state.new-{}", std::process::id());
    for name in ["state.new-4194305", &lives, "state.new-x"] {
        folder.write(name, "{");
    }
    let state = folder.file("state");
    let hc = Hc::within(folder, &text(""), &["-s", &state]);
    // It may be writing one of its own by now.
    let names = hc.folder.names();
    let is_there = |name: &str| names.iter().any(|is| is == name);
    assert!(!is_there("state.new-4194305"), "{names:?}");
    assert!(is_there(&lives) && is_there("state.new-x"), "{names:?}");
}

#[test]
fn a_damaged_state_file_is_set_aside() {
    let folder = failover_tests::folder::Folder::new();
    let state = folder.write("state", "{\"version\":1,\"kept\":[{\"target\":");
    let hc = Hc::within(folder, &text(""), &["-s", &state]);
    hc.log.wait_for("can not be used");
    told(&hc, 1);
    let names = hc.folder.names();
    assert!(
        names.iter().any(|name| name.starts_with("state.damaged-")),
        "{names:?}"
    );
}

#[test]
fn what_is_no_state_file_is_left_alone() {
    let folder = failover_tests::folder::Folder::new();
    let names = [folder.file("Hcfile"), folder.file("passwords")];
    std::os::unix::fs::symlink("/etc/passwd", &names[1]).unwrap();
    for name in &names {
        let options = ["-F", "-D", "none", "-s", name];
        let sentence = run(&folder, &text(""), &options).failed(73);
        // Who is not root is told of the link before it is read.
        let why = ["is not a state file", "is not taken for a state file"];
        assert!(why.iter().any(|why| sentence.contains(why)), "{sentence}");
    }
    assert_eq!(folder.names(), ["Hcfile", "passwords"]);
}

#[test]
fn a_state_file_that_others_may_have_written_is_not_believed() {
    let folder = failover_tests::folder::Folder::new();
    let state = folder.write("state", "{\"version\":1,\"kept\":[]}");
    let options = ["-F", "-D", "none", "-s", &state];
    let may = |mode| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&state, mode).unwrap();
    };
    may(0o620);
    let sentence = run(&folder, &text(""), &options).failed(73);
    let why = format!("{state} is not taken for a state file: others may write it");
    assert!(sentence.contains(&why), "{sentence}");
    may(0o600);
    if std::os::unix::fs::chown(&state, Some(65_534), None).is_err() {
        return skipped("not root, so no file of another user");
    }
    let sentence = run(&folder, &text(""), &options).failed(73);
    assert!(sentence.contains("it belongs to user 65534"), "{sentence}");
}

#[test]
fn on_a_disk_that_may_only_be_read_it_checks_as_well() {
    let folder = failover_tests::folder::Folder::new();
    let home = folder.file("home");
    std::fs::create_dir(&home).unwrap();
    let Some(disk) = Disk::new(&home, 64) else {
        return;
    };
    disk.run(&format!("mount -o remount,ro {home}"));
    let command = disk.within(&program::command("hc"));
    let hc = Hc::by(
        command,
        folder,
        &text(""),
        &["-s", &format!("{home}/state")],
    );
    let all = hc.log.all();
    let said = "read-only file system";
    assert!(all.iter().any(|line| line.contains(said)), "{all:?}");
    told(&hc, 1);
}

#[test]
fn on_a_full_disk_it_checks_and_says_that_nothing_is_kept() {
    let folder = failover_tests::folder::Folder::new();
    let home = folder.file("home");
    std::fs::create_dir(&home).unwrap();
    let Some(disk) = Disk::new(&home, 64) else {
        return;
    };
    disk.fill();
    let command = disk.within(&program::command("hc"));
    let state = format!("{home}/state");
    let hc = Hc::by(command, folder, &text(""), &["-s", &state]);
    let said = "no space left on device";
    let all = hc.log.all();
    assert!(all.iter().any(|line| line.contains(said)), "{all:?}");
    told(&hc, 1);
    disk.clear();
    hc.log.wait_for("the state file is written again");
    let seen = || std::fs::read_to_string(disk.seen("state")).unwrap_or_default();
    wait::until("its state", seen, |text| text.contains("\"down\""));
    // It is its own, though there was no room for the lock when it was started.
    let mut second = disk.within(&program::command("hc"));
    second.args(["-F", "-D", "none", "-s", &state, "-f"]);
    second.arg(hc.folder.file("Hcfile")).stderr(Stdio::piped());
    let mut second = Running::start(&mut second);
    let log = Lines::of(second.0.stderr.take().unwrap());
    log.wait_for(&format!("is in use by process {}", hc.pid()));
    let (code, _) = hc.end();
    let left = || std::fs::exists(disk.seen("state.lock")).unwrap();
    assert_eq!((code, left()), (Some(0), false));
}
