//! A changed policy on what really happened: `failsh --replay --policy` on a recording, and
//! `failc reload --dry-run` on what a running failsh remembers; and `failc reload`.

use std::fs;
use std::process::Command;

use fail_cli::exit;
use failover_tests::faild::Faild;
use failover_tests::failsh::{Failsh, REST};
use failover_tests::folder::Folder;
use failover_tests::program::{self, Outcome};
use failover_tests::wait;
use nix::sys::signal::Signal;
use serde_json::Value;

fn shadow(recording: &str, policy: &str, options: &[&str]) -> Outcome {
    let mut command = program::command("failsh");
    command.args(["--replay", recording, "-f", policy]);
    program::run({
        command.args(options);
        command
    })
}

fn reload(failsh: &Failsh, options: &[&str]) -> Outcome {
    let mut command: Command = program::command("failc");
    command.args(["reload", "--socket", &failsh.folder.file("socket")]);
    program::run({
        command.args(options);
        command
    })
}

/// A host that took over from another one, which died, and a service that nobody else has.
fn taken_over(rank: &str) -> (String, Folder, u16) {
    let mut other = Faild::start(&[]);
    other.failc(&["web", "UP", "by the test"]).done();
    let port = other.address.port();
    let folder = Folder::new();
    let policy = policy(port, rank, "100ms");
    let mut failsh = Failsh::on(Faild::start(&[]), folder, &policy, |_| {});
    failsh
        .log
        .wait_for("yield: a master can serve; masters hosta=UP");
    // While its start is published, the reason of a wish has no place in the record.
    failsh.wait_for_lines(1, "service own: keep");
    failsh.faild.failc(&["hold", "own", "for the test"]).done();
    failsh.log.wait_for("service own: held: for the test");
    failsh.faild.failc(&["release", "own"]).done();
    failsh.wait_for_lines(2, "service own: keep");
    let file = failsh.folder.file("failsh.rec");
    lives_on(&file);
    other.kill();
    failsh.log.wait_for("service web: RECOVER -> UP");
    lives_on(&file);
    assert_eq!(failsh.end(Signal::SIGTERM), Some(0));
    let folder = std::mem::replace(&mut failsh.folder, Folder::new());
    (file, folder, port)
}

/// Waits for some rounds more.
fn lives_on(file: &str) {
    let lines = || fs::read_to_string(file).unwrap().lines().count();
    let before = lines();
    wait::until("a hundred lines more", lines, |now| *now > before + 100);
}

/// Waits until so many seconds are remembered.
fn remembers(failsh: &Failsh, seconds: f64) {
    let span = || {
        let out = reload(failsh, &["--dry-run"]).out;
        let words: Vec<&str> = out.split_whitespace().collect();
        words[words.len() - 2].parse::<f64>().unwrap()
    };
    wait::until("failsh to remember more", span, |span| *span > seconds);
}

fn policy(port: u16, rank: &str, interval: &str) -> String {
    format!(
        "failhost hosta address 127.0.0.1 port {port}
         failsvc web {rank} start {{after 20; return UP}} stop {{return RECOVER}} interval {interval}
         failsvc own start {{return UP}} {REST}"
    )
}

#[test]
fn a_changed_policy_is_judged_on_a_recording() {
    let (file, folder, port) = taken_over("masters hosta");
    let tried = |name: &str, text: &str, options: &[&str]| {
        let new = folder.write(name, text);
        shadow(&file, &new, options)
    };
    let same = tried("same.tcl", &policy(port, "masters hosta", "100ms"), &[]);
    assert_eq!(same.code, Some(0), "{}{}", same.out, same.err);
    assert!(
        same.out.contains("\nthe same decisions: 2 services in "),
        "{}",
        same.out
    );
    // Alone it would not have waited for anybody.
    let rank = policy(port, "", "100ms");
    let alone = tried("alone.tcl", &rank, &[]);
    assert_eq!(alone.code, Some(3), "{}", alone.out);
    for words in [
        "  web  then: start ",
        " s later (start: no master can serve; masters hosta=unreachable)\n",
        "  now:  start (start: no master can serve)\n",
    ] {
        assert!(alone.out.contains(words), "no {words:?} in {}", alone.out);
    }
    assert!(alone.out.contains(" moments are NOT the same: 2 services"));
    assert!(!alone.out.contains("  own  "), "{}", alone.out);
    let gone = tried(
        "gone.tcl",
        &format!("failsvc own start {{return UP}} {REST}"),
        &[],
    );
    assert_eq!(gone.code, Some(3));
    let words = "  now:  nothing (the service is not in the policy)";
    assert!(gone.out.contains(words), "{}", gone.out);
    let text = policy(port, "masters {hosta hostx}", "100ms");
    let unknown = tried("unknown.tcl", &text, &[]);
    let note = "note: host hostx was never asked: it is taken for one that does not answer\n";
    assert!(unknown.out.contains(note), "{}", unknown.out);
    let json = tried("alone.tcl", &rank, &["--json"]);
    let report: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.code, &report["same"]), (Some(3), &Value::Bool(false)));
    let moment = &report["moments"][0];
    assert_eq!(moment["service"], "web");
    assert!(moment["then"]["why"].is_string() && moment["now"]["what"].is_string());
    let bad = tried("bad.tcl", "failsvc web start {return UP}\n", &[]).failed(exit::DATA);
    assert!(bad.contains("bad.tcl:1: "), "{bad}");
}

#[test]
fn the_kept_recording_of_a_switch_over_shows_what_a_longer_interval_costs() {
    let file = failover_tests::tree::path("tests/golden/recordings/failsh-takes-over.rec");
    let file = file.display().to_string();
    let folder = Folder::new();
    let policy = |interval: &str| {
        let rest = "start {exec true; return UP} stop {return RECOVER}";
        folder.write(
            "new.tcl",
            format!(
                "failhost hosta community any
                 failsvc web masters hosta interval {interval} {rest}
                 failsvc svc masters hosta interval 300ms community other {rest}"
            ),
        )
    };
    let same = shadow(&file, &policy("200ms"), &[]);
    assert_eq!(same.code, Some(0), "{}", same.out);
    let slow = shadow(&file, &policy("2s"), &[]);
    assert_eq!(slow.code, Some(3));
    // All of it is made of what was recorded: the same on every machine.
    let lines: Vec<&str> = slow.out.lines().skip(1).collect();
    let pad = " ".repeat(17);
    let expected = [
        "       2.152  web  then: start (start: no master can serve; masters hosta=unreachable)",
        "now:  nothing (yield: a master can serve; masters hosta=UP)",
        "       2.155  web  then: UP (start: no master can serve; masters hosta=unreachable)",
        "now:  nothing (yield: a master can serve; masters hosta=UP)",
        "2 moments are NOT the same: 2 services in 3.181 s",
    ];
    assert_eq!(lines.len(), expected.len(), "{}", slow.out);
    for (line, words) in lines.iter().zip(expected) {
        assert_eq!(
            line.strip_prefix(&pad).unwrap_or(line).trim_start(),
            words.trim_start()
        );
    }
}

/// The kept recording of a switch-over and the policy that it was made with, edited.
fn kept(folder: &Folder, edit: impl Fn(String) -> String) -> (String, String) {
    let file = failover_tests::tree::path("tests/golden/recordings/failsh-takes-over.rec");
    let file = folder.write("edited.rec", edit(fs::read_to_string(file).unwrap()));
    let rest = "start {exec true; return UP} stop {return RECOVER}";
    let policy = folder.write(
        "same.tcl",
        format!(
            "failhost hosta community any
             failsvc web masters hosta interval 200ms {rest}
             failsvc svc masters hosta interval 300ms community other {rest}"
        ),
    );
    (file, policy)
}

#[test]
fn what_this_build_does_not_do_as_recorded_is_said_first_and_ends_with_3() {
    let folder = Folder::new();
    let (file, policy) = kept(&folder, |text| {
        let edited = text.replacen("no master can serve", "no master can Serve", 1);
        assert_ne!(edited, text);
        edited
    });
    let half = shadow(&file, &policy, &[]);
    assert_eq!(half.code, Some(3), "{}", half.out);
    let lines: Vec<&str> = half.out.lines().collect();
    assert!(
        lines[1].starts_with("NOT the same: this build decides otherwise than the recorded one"),
        "{}",
        half.out
    );
    assert!(
        lines[2].starts_with("the same decisions until then: 2 services in "),
        "{}",
        half.out
    );
    let json = shadow(&file, &policy, &["--json"]);
    let report: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.code, &report["same"]), (Some(3), &Value::Bool(false)));
    assert!(report["left_out_from_line"].is_u64(), "{}", json.out);
    // One that ends early is not all of what happened, and is that.
    let (file, policy) = kept(&folder, |text| format!("{text}{{\"at\":1"));
    let cut = shadow(&file, &policy, &[]);
    assert_eq!(cut.code, Some(0), "{}", cut.out);
    let second = cut.out.lines().nth(1).unwrap();
    assert_eq!(
        second,
        "the recording is not whole: the last line is not whole, as after a kill"
    );
}

#[test]
fn a_recording_of_a_stranger_gives_no_orders_to_a_terminal_and_ends() {
    let folder = Folder::new();
    let (file, policy) = kept(&folder, |text| {
        let end = "{\"end\":\"\\u001b]0;x\\u0007\"}\n";
        let edit = |text: String, key: &str| {
            let key = format!("\"{key}\":\"");
            text.replacen(&key, &format!("{key}\\u001b[2J\\u009b1m\\u202e"), 1)
        };
        format!("{}{end}", edit(edit(text, "host"), "release"))
    });
    let plain = program::run({
        let mut command = program::command("failsh");
        command.args(["--replay", &file]);
        command
    });
    for said in [plain, shadow(&file, &policy, &[])] {
        assert!(said.out.contains("]0;x"), "{said:?}");
        let odd = |c: char| c != '\n' && c.is_control() || c == '\u{202e}';
        assert!(!said.out.contains(odd), "{:?}", said.out);
    }
    // The last moment is far ahead.
    let late = format!("{{\"at\":{},\"wall\":2,\"expire\":true}}\n", u64::MAX);
    let (file, policy) = kept(&folder, |text| text + &late);
    let bad = shadow(&file, &policy, &[]).failed(exit::DATA);
    assert!(
        bad.contains("more than 30 days after what was before it"),
        "{bad}"
    );
}

#[test]
fn what_is_of_rehearsals_only_is_refused_with_a_recording() {
    let folder = Folder::new();
    let (file, policy) = kept(&folder, |text| text);
    for options in [&["--seed", "3"][..], &["--full"], &["--html"]] {
        let said = shadow(&file, &policy, options).failed(exit::USAGE);
        assert!(said.contains(options[0]), "{said}");
        let mut plain = program::command("failsh");
        plain.args(["--replay", &file]).args(options);
        program::run(plain).failed(exit::USAGE);
    }
}

#[test]
fn a_running_failsh_tries_a_policy_on_what_it_remembers() {
    let mut other = Faild::start(&[]);
    other.failc(&["web", "UP", "by the test"]).done();
    let port = other.address.port();
    let failsh = Failsh::serving(&policy(port, "masters hosta", "100ms"));
    failsh
        .log
        .wait_for("yield: a master can serve; masters hosta=UP");
    remembers(&failsh, 1.0);
    other.kill();
    failsh.log.wait_for("service web: RECOVER -> UP");
    remembers(&failsh, 2.5);
    let same = reload(&failsh, &["--dry-run"]);
    assert_eq!(same.code, Some(0), "{}{}", same.out, same.err);
    assert!(
        same.out.starts_with("the same decisions: 2 services in "),
        "{}",
        same.out
    );
    failsh.write(&policy(port, "", "100ms"));
    let other_rank = reload(&failsh, &["--dry-run"]);
    assert_eq!(
        other_rank.code,
        Some(3),
        "{}{}",
        other_rank.out,
        other_rank.err
    );
    assert!(
        other_rank.out.contains("  web  then: "),
        "{}",
        other_rank.out
    );
    let json = reload(&failsh, &["--dry-run", "--json"]).out;
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["same"], false);
    // Nothing of that is in force.
    assert!(
        failsh
            .log
            .all()
            .iter()
            .all(|line| !line.contains("policy read again"))
    );
    failsh.write("failsvc web start {return UP}\n");
    for options in [&["--dry-run"][..], &[]] {
        let bad = reload(&failsh, options).failed(exit::DATA);
        assert!(
            bad.contains("p.tcl:1: ") && bad.ends_with("; the old policy stays\n"),
            "{bad}"
        );
    }
    failsh.write(&policy(port, "masters hosta", "200ms"));
    let done = reload(&failsh, &[]).done();
    assert_eq!(
        done,
        "policy read again: 0 services new, 1 changed, 0 gone, 1 as before\n"
    );
    failsh.log.wait_for("the policy is in force");
}

#[test]
fn who_can_not_reload_is_told_why() {
    let failsh = Failsh::serving(&format!("failsvc web start {{return UP}} {REST}"));
    failsh.log.wait_for("service web: RECOVER -> UP");
    let of = |options: &[&str]| {
        let mut command = program::command("failc");
        command.args(options);
        program::run(command)
    };
    let nobody = of(&["reload", "--socket", "/nowhere/at/all"]).failed(exit::UNAVAILABLE);
    assert!(
        nobody.contains("no failsh answers at /nowhere/at/all: no such file"),
        "{nobody}"
    );
    let of_others = of(&["web", "--dry-run"]).failed(exit::USAGE);
    assert!(
        of_others.contains("--dry-run is of reload only"),
        "{of_others}"
    );
    let quiet = reload(&failsh, &["-q"]).failed(exit::USAGE);
    assert!(quiet.contains("reload can not be --quiet"), "{quiet}");
}
