//! Drills that are not begun, and change nothing.

use failover_tests::folder::Folder;
use failover_tests::program;
use failover_tests::terminal::Terminal;
use nix::sys::signal::Signal;

use super::ring::{QUICK, Ring, json};

fn pair() -> Ring {
    Ring::of(&[("hosta", QUICK), ("hostb", QUICK)])
}

/// Refused with this in its sentence, in JSON too, and the same with `--check`.
fn refused(ring: &Ring, names: &[&str]) {
    let before = ring.versions();
    for options in [&["--yes"][..], &["--check"]] {
        let sentence = ring.drill(options).failed(4);
        assert!(sentence.contains("nothing was changed"), "{sentence}");
        for name in names {
            assert!(sentence.contains(name), "{name}: {sentence}");
        }
        let outcome = ring.drill(&[options, &["-j"]].concat());
        assert_eq!(outcome.code, Some(4));
        let object = json(&outcome.out);
        assert_eq!(object["outcome"], "refused");
        let problems = object["problems"].to_string();
        assert!(
            names.iter().all(|name| problems.contains(name)),
            "{problems}"
        );
    }
    assert_eq!(ring.versions(), before);
}

#[test]
fn a_service_that_is_not_healthy_is_left_alone() {
    let ring = pair();
    let (a, b) = (&ring.0[0].faild, &ring.0[1].faild);
    b.failc(&["hold", "web", "new disk"]).done();
    refused(&ring, &[&ring.address(1), "RECOVER held (held: new disk)"]);
    // Two serve, and nobody does anything about it; both reasons are told.
    b.failc(&["web", "UP"]).done();
    refused(
        &ring,
        &["held", "it is UP on", &ring.address(0), &ring.address(1)],
    );
    b.failc(&["web", "RECOVER"]).done();
    b.failc(&["release", "web"]).done();
    ring.settles();

    a.failc(&["away", "web", "new kernel"]).done();
    ring.0[0].becomes("FAIL away");
    ring.0[1].becomes("UP");
    refused(&ring, &["FAIL away (away: new kernel)"]);
    a.failc(&["back", "web"]).done();
    ring.settles();

    b.failc(&["web", "FAIL", "disk full"]).done();
    refused(&ring, &["FAIL (disk full)"]);
    b.failc(&["web", "RECOVER"]).done();
    ring.settles();
    // What was wrong was wrong, and nothing else.
    ring.drill(&["--check"]).done();
}

#[test]
fn hosts_without_supervision_are_told() {
    let mut ring = pair();
    ring.0[1].failsh.signal(Signal::SIGKILL);
    ring.0[1].failsh.wait();
    ring.0[1].becomes("RECOVER unsupervised");
    refused(&ring, &["RECOVER unsupervised"]);
}

#[test]
fn a_faild_that_does_not_answer_is_named() {
    let mut ring = pair();
    let (gone, before) = (ring.address(1), ring.0[0].whole().version);
    ring.0[1].faild.kill();
    let options = ["--yes", "-t", "100ms"];
    let sentence = ring.drill(&options).failed(4);
    assert!(sentence.contains(&gone), "{sentence}");
    // The failsh here knows even more.
    let sentence = ring.drill_at(0, &options).failed(4);
    assert!(sentence.contains("hostb: no"), "{sentence}");
    assert_eq!(ring.0[0].whole().version, before);
}

#[test]
fn a_community_that_may_only_read_is_refused_before_anything_is_changed() {
    let folder = Folder::new();
    let rules = folder.write("communities", "* key RW\n* reader RO\n");
    let ring = Ring::with(&[("hosta", QUICK), ("hostb", QUICK)], &["-c", &rules]);
    let before = ring.versions();
    for options in [&["--yes"][..], &["--check"]] {
        let reader = [options, &["-c", "reader"]].concat();
        let sentence = ring.drill(&reader).failed(77);
        assert!(sentence.contains(&ring.address(0)), "{sentence}");
        assert!(sentence.contains("may not be wished away"), "{sentence}");
        let stranger = [options, &["-c", "stranger", "-t", "200ms"]].concat();
        let sentence = ring.drill(&stranger).failed(77);
        assert!(sentence.contains("community"), "{sentence}");
    }
    ring.drill(&["--check", "-c", "key"]).done();
    assert_eq!(ring.versions(), before);
}

#[test]
fn it_has_to_be_meant() {
    let ring = pair();
    let before = ring.versions();
    let sentence = ring.drill(&[]).failed(4);
    assert!(sentence.contains("--yes"), "{sentence}");
    assert_eq!(ring.versions(), before);
    let Some(terminal) = Terminal::open() else {
        return;
    };
    let line = format!("failc drill web {} {}", ring.address(0), ring.address(1));
    terminal.enter(&line);
    terminal.wait_for_end("Go on? [y/N]");
    terminal.enter("n");
    terminal.wait_for("it is not meant");
    assert_eq!(ring.versions(), before);
    terminal.enter("clear");
    terminal.enter(&line);
    terminal.wait_for_end("Go on? [y/N]");
    terminal.enter("y");
    terminal.wait_for("now: ");
    assert_ne!(ring.versions(), before);
    ring.settles();
}

#[test]
fn a_wrong_word_is_named() {
    for (line, code, named) in [
        ("--gap 1s web", 64, "--gap is for drill"),
        ("--within 1s watch web", 64, "--within is for drill"),
        ("--yes away web", 64, "--yes is for drill"),
        ("--gap soon drill web", 64, "soon"),
        ("--within 0 drill web", 64, "0"),
        ("--outage 1s drill web", 64, "--probe"),
        ("--probe web drill web", 64, "tcp:host:port"),
        ("--check --yes drill web", 64, "--yes"),
        ("--no-back --handback 1s drill web", 64, "--handback"),
        ("drill web hosta", 64, "two hosts"),
        ("drill web 127.0.0.1 127.0.0.1", 64, "the same host"),
        ("drill web 127.0.0.1 a:b:c", 64, "a:b:c"),
        ("drill web 127.0.0.1 nosuch.invalid", 68, "nosuch.invalid"),
        (
            "--probe tcp:nosuch.invalid:1 drill web 127.0.0.1 127.0.0.2",
            68,
            "nosuch.invalid",
        ),
    ] {
        let mut command = program::command("failc");
        command.args(line.split(' '));
        let sentence = program::run(command).failed(code);
        assert!(sentence.contains(named), "{line}: {sentence}");
        assert_eq!(sentence.matches('\n').count(), 1, "{line}: {sentence}");
    }
    // Two names of one faild.
    let ring = pair();
    let mut command = program::command("failc");
    let twin = format!("[::ffff:127.0.0.1]:{}", ring.0[0].faild.address.port());
    command.args(["--yes", "drill", "web", &ring.address(0), &twin]);
    let sentence = program::run(command).failed(64);
    assert!(sentence.contains("the same faild"), "{sentence}");
    // No failsh to ask, and nobody named.
    let mut command = program::command("failc");
    command.args(["-m", "127.0.0.1:9", "drill", "web"]);
    let sentence = program::run(command).failed(69);
    assert!(sentence.contains("name the hosts"), "{sentence}");
}
