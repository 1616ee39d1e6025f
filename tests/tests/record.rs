//! `--record` and `--replay` with the real programs: what happened to a pair of hosts is
//! replayed to the same, also after a kill; a change is told; no community is in the files.

use std::fs;
use std::os::unix::fs::MetadataExt;

use fail_cli::exit;
use fail_replay::{Life, Reader};
use fail_wire::{Key, Name, State};
use failover_tests::disk::Disk;
use failover_tests::faild::{Faild, nobody};
use failover_tests::failsh::{Failsh, REST};
use failover_tests::folder::Folder;
use failover_tests::program::{self, Outcome};
use failover_tests::{tree, wait};
use nix::sys::signal::Signal;

const SHARED: &str = "4f1c-shared-by-hosts";
const OWN: &str = "77aa-of-the-service";

fn replay(file: &str) -> Outcome {
    let mut command = program::command("failsh");
    command.args(["--replay", file]);
    program::run(command)
}

/// A recorded faild, one service of which has a community of its own.
fn faild(folder: &Folder) -> Faild {
    let rules = format!("* {SHARED} RW\nweb {OWN} RW\n");
    let communities = folder.write("communities", rules);
    let record = folder.file("faild.rec");
    Faild::start(&["-c", &communities, "--record", &record])
}

fn host(faild: Faild, folder: Folder, policy: &str) -> Failsh {
    Failsh::on(faild, folder, policy, |command| {
        command.args(["-c", SHARED]);
    })
}

/// Two hosts, hosta the master, each with two services. It serves before the other comes, who
/// would start them too if its faild did not know of them yet.
fn pair() -> (Failsh, Failsh) {
    let folders = [Folder::new(), Folder::new()];
    let failds = [faild(&folders[0]), faild(&folders[1])];
    let ports = [failds[0].address.port(), failds[1].address.port()];
    let policy = |other: &str, port: u16, rank: &str| {
        let dns = "start {exec true; return UP}";
        format!(
            "failhost {other} address 127.0.0.1 port {port} community {SHARED}
             failsvc web {rank} {other} community {OWN} start {{return UP}} {REST}
             failsvc dns {rank} {other} {dns} {REST}
             failtrap * up {{nosuch {OWN} {SHARED}}}"
        )
    };
    let ([folder_a, folder_b], [faild_a, faild_b]) = (folders, failds);
    let a = host(faild_a, folder_a, &policy("hostb", ports[1], "slaves"));
    for (service, community) in [("web", OWN), ("dns", SHARED)] {
        let ask = || a.faild.failc(&["-c", community, service]).out;
        wait::until(service, ask, |said| said.contains("UP"));
    }
    let b = host(faild_b, folder_b, &policy("hosta", ports[0], "masters"));
    (a, b)
}

fn files(host: &Failsh) -> [String; 2] {
    ["faild.rec", "failsh.rec"].map(|name| host.folder.file(name))
}

fn wait_for(host: &Failsh, service: &str, text: &str) {
    host.log.wait_for(&format!("service {service}: {text}"));
}

/// Waits until this is in the recording of its failsh. A kill loses nothing, says the tape, but
/// what a disk that is slower than 2 ms has not got yet.
fn wait_for_record(host: &Failsh, text: &str) {
    let [_, failsh] = files(host);
    wait::until(text, || replay(&failsh).out, |told| told.contains(text));
}

#[test]
fn a_switch_over_of_a_pair_is_replayed_to_the_same_after_kills() {
    let (mut a, mut b) = pair();
    b.log.wait_for("is ready");
    wait_for_record(&a, "  dns  RECOVER -> UP");
    a.kill();
    a.faild.kill();
    for service in ["web", "dns"] {
        wait_for(&b, service, "RECOVER -> UP");
    }
    wait_for_record(&b, "  dns  a trap runs: up");
    b.kill();
    b.faild.kill();
    for host in [&a, &b] {
        for file in files(host) {
            let text = fs::read_to_string(&file).unwrap();
            for secret in [SHARED, OWN, "exec", "return UP"] {
                assert!(!text.contains(secret), "{secret} is in {file}");
            }
            let mode = fs::metadata(&file).unwrap().mode();
            assert_eq!(mode & 0o777, 0o600);
            let out = replay(&file).done();
            assert!(out.contains("\nthe same: "), "{out}");
        }
    }
    let [faild, failsh] = files(&b);
    let out = replay(&failsh).done();
    for words in [
        "  hosta  unreachable, asked",
        "  web  running start (start: no master can serve; masters hosta=unreachable)",
        "  web  start ended with UP",
        "  dns  RECOVER -> UP",
        "  dns  a trap runs: up",
    ] {
        assert!(out.contains(words), "no {words:?} in {out}");
    }
    let out = replay(&faild).done();
    assert!(out.contains("  dns  RECOVER"), "{out}");
    one_server(&a, &b);
    edited(&failsh);
    cut(&failsh);
}

/// What a checker of several hosts needs: never were both up.
fn one_server(a: &Failsh, b: &Failsh) {
    let life = |host: &Failsh| {
        let [_, file] = files(host);
        let mut reader = Reader::open(file.as_ref()).unwrap();
        Life::read(&mut reader).unwrap()
    };
    let (a, b) = (life(a), life(b));
    assert_eq!(a.boot, b.boot, "one clock");
    let hosta = Name::new("hosta").unwrap();
    assert_eq!(b.hears[&hosta].last().unwrap().what, Some(false));
    for name in ["web", "dns"].map(|name| Name::new(name).unwrap()) {
        let up = |life: &Life| {
            let states = life.services[&name].states.iter();
            let up = states.filter(|held| held.what == Some(State::Up));
            let spans: Vec<_> = up.map(|held| (held.from, held.to)).collect();
            assert_eq!(spans.len(), 1, "{name}: {spans:?}");
            spans[0]
        };
        assert!(up(&a).1 <= up(&b).0, "{name}: both served");
        let scripts = &b.services[&name].scripts;
        assert_eq!(scripts.len(), 1);
        assert_eq!(scripts[0].ended.as_ref().unwrap().1, Ok(State::Up));
    }
}

/// A planted change is told, with what came then and what comes now.
fn edited(file: &str) {
    let text = fs::read_to_string(file).unwrap();
    let line = text
        .lines()
        .position(|line| line.contains("\"run\""))
        .unwrap();
    let edited = text.replacen("no master can serve", "no master can sing", 1);
    let planted = format!("{file}.edited");
    fs::write(&planted, edited).unwrap();
    let outcome = replay(&planted);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    let said = format!("{planted}:{line}: NOT the same, after ");
    for words in [said.as_str(), "  recorded: {", "can sing", "  now:      {"] {
        assert!(
            outcome.out.contains(words),
            "no {words:?} in {}",
            outcome.out
        );
    }
}

/// As kill -9 leaves it, as a bad disk does, and as a later version may.
fn cut(file: &str) {
    let text = fs::read_to_string(file).unwrap();
    let end = text.trim_end().rfind('\n').unwrap() + 20;
    let cut = format!("{file}.cut");
    fs::write(&cut, &text[..end]).unwrap();
    let out = replay(&cut).done();
    assert!(out.contains("the last line is not whole, as after a kill; it is left out"));
    assert!(out.contains("\nthe same: "), "{out}");
    fs::write(&cut, text.replacen("\"expire\":true", "\"expire\":tr", 1)).unwrap();
    let err = replay(&cut).err;
    assert!(
        err.starts_with(&format!("failsh: {cut}:2: it makes no sense: ")),
        "{err}"
    );
    assert_eq!(err.lines().count(), 1, "{err}");
    fs::write(&cut, text.replacen("\"version\":1", "\"version\":7", 1)).unwrap();
    let err = replay(&cut).failed(exit::DATA);
    assert!(err.contains(":1: a recording of version 7, and this program reads version 1; replay"));
    fs::write(&cut, "failsvc web\n").unwrap();
    let err = replay(&cut).failed(exit::DATA);
    assert!(
        err.ends_with(":1: this is no recording of faild or failsh\n"),
        "{err}"
    );
    let err = replay(&format!("{file}.not")).failed(exit::IOERR);
    assert!(
        err.ends_with(".not: can not be read: no such file or directory\n"),
        "{err}"
    );
}

#[test]
fn a_policy_read_again_changes_by_hand_and_a_release_are_replayed() {
    let folder = Folder::new();
    let faild = faild(&folder);
    let web = format!("failsvc web community {OWN} start {{return UP}} {REST}");
    let mut failsh = host(faild, folder, &web);
    failsh.log.wait_for("service web: RECOVER -> UP");
    let new = "third-community";
    failsh.write(&format!(
        "{web}
         failhost hostb address 127.0.0.1 port 9 community {new}
         failsvc dns slaves hostb check {{fail hold web \"look at it\"; return UP}} \
                     start {{return UP}} checkinterval 100ms {REST}"
    ));
    failsh.signal(Signal::SIGHUP);
    failsh
        .log
        .wait_for("service dns: nothing -> UP (found running)");
    failsh.log.wait_for("service web: held");
    assert_eq!(failsh.end(Signal::SIGTERM), Some(0));
    failsh.faild.signal(Signal::SIGHUP);
    failsh.faild.log.wait_for("read again");
    assert_eq!(failsh.faild.end(), Some(0));
    for name in ["failsh.rec", "faild.rec"] {
        let file = failsh.folder.file(name);
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains(new) && !text.contains(OWN) && !text.contains(SHARED));
        let id = Key::new(new).unwrap().id();
        assert!(!text.contains(&id.to_string()));
        let out = replay(&file).done();
        assert!(out.contains("\nthe same: "), "{out}");
    }
    let out = replay(&failsh.folder.file("failsh.rec")).done();
    assert!(out.contains("  web  by hand: hold (look at it)"), "{out}");
    assert!(out.contains("  -  the policy is in force"), "{out}");
}

#[test]
fn an_earlier_recording_is_kept_once_and_what_is_none_is_left_alone() {
    let mut failsh = Failsh::with(&format!("failsvc web start {{return UP}} {REST}"), |c| {
        c.arg("--record").arg("/dev/null");
    });
    let said = failsh
        .log
        .wait_for("can not record to /dev/null: there is something");
    assert!(said.contains("that is no recording; remove it or name another file"));
    assert_eq!(failsh.running.wait(), Some(i32::from(exit::CANTCREAT)));
    let folder = Folder::new();
    let file = folder.file("faild.rec");
    for n in 0..3 {
        let mut faild = Faild::start(&["--record", &file]);
        faild.failc(&["web", "UP", &format!("life {n}")]).done();
        assert_eq!(faild.end(), Some(0));
    }
    let out = |file: &str| replay(file).done();
    assert!(out(&file).contains("(life 2)"));
    assert!(out(&format!("{file}.old")).contains("(life 1)"));
    assert_eq!(folder.names(), ["faild.rec", "faild.rec.old"]);
}

#[test]
fn faild_records_in_its_sandbox_as_its_user() {
    let Some(user) = nobody() else { return };
    let folder = Folder::new();
    nix::unistd::chown(folder.path(), Some(user.uid), None).unwrap();
    let file = folder.file("faild.rec");
    let mut faild = Faild::start(&["-u", "nobody", "--record", &file]);
    faild.failc(&["web", "UP", "by hand"]).done();
    faild.kill();
    let data = fs::metadata(&file).unwrap();
    assert_eq!(
        (data.uid(), data.mode() & 0o777),
        (user.uid.as_raw(), 0o600)
    );
    assert!(
        replay(&file)
            .done()
            .contains("  web  FAIL unpublished (unknown) -> UP (by hand)")
    );
}

#[test]
fn a_full_disk_and_the_largest_size_end_the_recording_and_nothing_else() {
    let folder = Folder::new();
    let file = folder.file("faild.rec");
    let mut faild = Faild::start(&["--record", &file, "--record-max", "64k"]);
    let ends = "faild.rec: the recording ends: it has its largest size, 65536 bytes";
    let change = |faild: &Faild| {
        faild.failc(&["web", "UP", "once more"]).done();
        faild.log.all().iter().any(|line| line.contains(ends))
    };
    wait::until("the recording to end", || change(&faild), |over| *over);
    faild.failc(&["web"]).done();
    assert_eq!(faild.end(), Some(0));
    let out = replay(&file).done();
    assert!(out.contains("the recording ends there: it has its largest size, 65536 bytes"));
    assert!(fs::metadata(&file).unwrap().len() <= 65_536);
    let at = folder.file("disk");
    fs::create_dir(&at).unwrap();
    let Some(disk) = Disk::new(&at, 64) else {
        return;
    };
    let command = disk.within(&program::command("faild"));
    let mut faild = Faild::with(command, &["--record", &folder.file("disk/faild.rec")]);
    let ends = "the recording ends: no space left on device";
    let change = |faild: &Faild| {
        faild.failc(&["web", "UP", "once more"]).done();
        faild.log.all().iter().any(|line| line.contains(ends))
    };
    wait::until("the disk to be full", || change(&faild), |over| *over);
    faild.failc(&["web"]).done();
    assert_eq!(faild.end(), Some(0));
}

/// A switch-over that was recorded once is decided so for ever, or it is recorded anew, and the
/// commit says why.
#[test]
fn the_recordings_that_are_kept_are_replayed_to_the_same() {
    let kept = tree::list(&tree::path("tests/golden/recordings"));
    assert!(kept.len() >= 2, "the recordings are gone");
    for file in kept {
        let outcome = replay(&file.display().to_string());
        assert_eq!(outcome.code, Some(0), "{}", outcome.out);
        assert!(outcome.out.lines().count() > 5, "{}", outcome.out);
    }
}
