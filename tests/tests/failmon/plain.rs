//! `-1`, `-l`, `--json`, `--record` and `--play`: what is printed, and what comes of bad words.

use std::io::Write;
use std::process::Stdio;

use failover_tests::faild::free_port;
use failover_tests::failsh::{Failsh, REST};
use failover_tests::folder::Folder;
use failover_tests::program;
use nix::sys::signal::Signal;
use serde_json::Value;

use super::{failmon, running};

fn web() -> Failsh {
    let failsh = Failsh::serving(&format!(
        "failhost hostb address 127.0.0.1 port 9\n\
         failsvc web slaves hostb start {{return UP}} {REST}\n\
         failsvc dns start {{error \"no disk\"}} {REST}\n"
    ));
    failsh.wait_for_lines(1, "RECOVER -> UP");
    failsh.wait_for_state("dns", "FAIL");
    failsh.wait_for_lines(1, "hostb: unreachable");
    failsh
}

/// A port of this host on which nobody listens.
fn nobody() -> String {
    format!("127.0.0.1:{}", free_port("127.0.0.1"))
}

#[test]
fn once_it_prints_everything_and_what_is_wrong_first() {
    let failsh = web();
    let at = failsh.monitor().to_string();
    let text = program::run(failmon(&["-1"], &[&at])).done();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], "ALARM: dns is served by nobody", "{text}");
    assert!(text.contains("warning: dns is FAIL on "), "{text}");
    assert!(text.contains("no disk"), "{text}");
    let row = |first: &str| lines.iter().find(|line| line.starts_with(first)).copied();
    assert!(row("web ").unwrap().contains(" UP "), "{text}");
    assert!(row("web ").unwrap().contains("unreachable"), "{text}");
    assert!(row("hostb ").unwrap().contains(" no "), "{text}");
    // The same as JSON.
    let whole = program::run(failmon(&["-1", "--json"], &[&at])).done();
    let whole: Value = serde_json::from_str(&whole).unwrap();
    assert_eq!(
        whole["targets"][0]["shown"]["services"]["web"]["state"],
        "UP"
    );
    assert_eq!(whole["alerts"][0]["text"], "dns is served by nobody");
    assert_eq!(whole["matrix"]["columns"][1]["host"], "hostb");
}

#[test]
fn who_does_not_answer_is_told_of_beside_who_does() {
    let failsh = web();
    let (at, nobody) = (failsh.monitor().to_string(), nobody());
    let said = program::run(failmon(&["-1"], &[&nobody, &at, "no-such-host.invalid"]));
    assert_eq!(said.code, Some(69), "{said:?}");
    let alarm = format!("ALARM: {nobody}: no failsh answers at {nobody}: connection refused");
    assert!(said.out.contains(&alarm), "{said:?}");
    let unknown = "ALARM: no-such-host.invalid: host \"no-such-host.invalid\" is unknown";
    assert!(said.out.contains(unknown), "{said:?}");
    assert!(said.out.contains("web "), "{said:?}");
}

#[test]
fn each_return_prints_the_state_as_it_is_then() {
    let failsh = web();
    let at = failsh.monitor().to_string();
    let mut command = failmon(&["-l"], &[&at]);
    command.stdin(Stdio::piped());
    let (mut lines, out) = running(command);
    let mut input = lines.0.stdin.take().unwrap();
    input.write_all(b"what stands before is nothing\n").unwrap();
    out.wait_for("web  ");
    failsh.faild.failc(&["hold", "web", "kernel update"]).done();
    failsh.wait_for_state("web", "held");
    // The state of now, though nobody has asked meanwhile.
    loop {
        let seen = out.all().len();
        input.write_all(b"\n").unwrap();
        let more = out.wait_for_count(seen + 1);
        if more.iter().any(|line| line.contains("UP held")) {
            break;
        }
    }
    drop(input);
    assert_eq!(lines.wait(), Some(0));
    // What is piped in and ended at once is answered all the same.
    let mut command = failmon(&["-l"], &[&at]);
    command.stdin(Stdio::piped());
    let (mut lines, out) = running(command);
    lines.0.stdin.take().unwrap().write_all(b"\n").unwrap();
    out.wait_for("UP held");
    assert_eq!(lines.wait(), Some(0));
}

#[test]
fn a_failsh_that_dies_and_returns_is_seen_again_and_played_again() {
    let mut failsh = Failsh::serving(&format!("failsvc web start {{return UP}} {REST}"));
    failsh.wait_for_lines(1, "RECOVER -> UP");
    let (at, folder) = (failsh.monitor(), Folder::new());
    let (target, file) = (at.to_string(), folder.file("night"));
    let (mut json, out) = running(failmon(&["--json", "--record", &file], &[&target]));
    out.wait_for("\"type\":\"ready\"");
    failsh.kill();
    out.wait_for("\"type\":\"lost\"");
    let port = at.port().to_string();
    failsh.serve_again(&port);
    let seen = || {
        let all = out.all();
        let lost = all
            .iter()
            .position(|line| line.contains("\"type\":\"lost\""));
        all[lost.unwrap()..]
            .iter()
            .any(|line| line.contains("\"type\":\"ready\""))
    };
    failover_tests::wait::until("the stream to begin again", seen, |seen| *seen);
    json.signal(Signal::SIGTERM);
    json.wait();
    let live = out.all();
    let played = program::run(failmon(
        &["--json", "--play", &file, "--speed", "1000"],
        &[],
    ))
    .done();
    let played: Vec<&str> = played.lines().collect();
    let kind = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["type"].as_str().unwrap().to_string()
    };
    let kinds: Vec<String> = played.iter().map(|line| kind(line)).collect();
    let first: Vec<String> = live.iter().map(|line| kind(line)).collect();
    // The last line may have been torn when it was ended.
    let common = kinds.len().min(first.len());
    assert!(common + 1 >= first.len(), "{live:?}\n{played:?}");
    assert_eq!(kinds[..common], first[..common]);
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn connections_and_updates_are_told_if_asked_for() {
    let (failsh, nobody) = (web(), nobody());
    let at = failsh.monitor().to_string();
    let said = program::run(failmon(
        &["-1", "-d", "link", "-d", "stream"],
        &[&at, &nobody],
    ));
    assert!(
        said.err
            .contains(&format!("failmon: {at}: connected to {at}\n")),
        "{said:?}"
    );
    assert!(
        said.err
            .contains(&format!("failmon: {nobody}: lost: no failsh")),
        "{said:?}"
    );
    assert!(
        said.err
            .contains(&format!("failmon: {at}: {{\"type\":\"hello\"")),
        "{said:?}"
    );
    let quiet = program::run(failmon(&["-1"], &[&at]));
    assert_eq!(quiet.err, "");
}

#[test]
fn bad_words_are_one_sentence() {
    let folder = Folder::new();
    let none = folder.file("none");
    folder.write("text", "no recording");
    let text = folder.file("text");
    let fails = |words: &[&str], code: u8, part: &str| {
        let said = program::run(failmon(words, &[])).failed(code);
        assert!(
            said.starts_with("failmon: ") && said.lines().count() == 1,
            "{said}"
        );
        assert!(said.contains(part), "{words:?}: {said}");
    };
    fails(&["-1", "--play", &none], 74, "no such file");
    fails(
        &["-1", "--play", &text],
        65,
        "line 1: this is no recording of failmon",
    );
    fails(&["-1", "--record", &text], 73, "file exists");
    fails(&["-1", "-l"], 64, "cannot be used with");
    fails(&["--speed", "2"], 64, "--play");
    fails(&["-1", "--token-file", &text], 64, "cannot be used with");
    fails(&["--play", &text, "--speed", "0"], 64, "0.01 to 1000");
    fails(&["-d", "all"], 64, "link, stream, web");
    fails(&["-p", "0"], 64, "\"0\" is not a port");
}
