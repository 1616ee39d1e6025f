//! The monitor of hc: what it shows, to whom, and what it does not.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use fail_wire::health::Update;
use failover_tests::hc::{FAST, Hc};
use failover_tests::wait;

#[test]
fn everything_is_told_once_and_then_news() {
    let hc = Hc::start(
        &format!(
            "{FAST}load exec\nx:\n exec test -e FOLDER/up\ny: x\n exec true\nz:\n exec true\n"
        ),
        &[],
    );
    let mut watch = hc.watch(&[]);
    let all = watch.all();
    assert!(matches!(&all[0], Update::Hello(hello) if hello.program == "hc" && hello.file == 1));
    let names: Vec<&str> = all
        .iter()
        .filter_map(|update| match update {
            Update::Target(view) => Some(view.name.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["x", "y", "z"]);
    assert!(matches!(&all[4], Update::Health(health) if health.targets == 3));
    std::fs::write(hc.folder.file("up"), "").unwrap();
    let up = watch.find(
        |update| matches!(update, Update::Target(view) if view.name == "x" && view.state == "up"),
    );
    assert!(up.is_some());
    let mut some = hc.watch(&["y"]);
    let of_others = |update: &Update| matches!(update, Update::Target(view) if view.name != "y");
    some.all();
    // What was under way when it asked may still come: at most one of each.
    let late = some.by_ref().take(20).filter(of_others).count();
    assert!(late <= 2, "{late}");
}

#[test]
fn too_many_are_refused_and_one_who_does_not_read_harms_nobody() {
    let hc = Hc::start(&format!("{FAST}load exec\nx:\n exec true\n"), &[]);
    let mut sleepers: Vec<_> = (0..8).map(|_| hc.watch(&[])).collect();
    sleepers.iter_mut().for_each(|watch| drop(watch.all()));
    let refused = hc.watch(&[]).next();
    let Some(Update::Refused { reason }) = refused else {
        panic!("{refused:?}")
    };
    assert!(reason.contains("CLIENTS_EACH_MAX"), "{reason}");
    sleepers.truncate(7);
    let served = || matches!(hc.watch(&[]).next(), Some(Update::Hello(_)));
    wait::until("a place", served, |served| *served);
    let checked = hc.wait_for("x", |view| view.state == "up").checked;
    hc.wait_for("x", |view| view.checked > checked);
}

#[test]
fn who_says_nonsense_is_told_so() {
    let hc = Hc::start(&format!("{FAST}load exec\nx:\n exec true\n"), &[]);
    let mut stream = TcpStream::connect(hc.monitor).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    let last = lines.last().unwrap();
    assert!(
        last.contains("\"refused\"") && last.contains("not understood"),
        "{last}"
    );
}

#[test]
fn secrets_are_neither_shown_nor_logged() {
    let hc = Hc::start(
        &format!(
            "{FAST}load http\nx:\n http http://127.0.0.1:1/?key=SECRET header=\"Auth: SECRET\" \
             auth=FOLDER/login\n on down webhook http://127.0.0.1:1/SECRET auth=FOLDER/token\n"
        ),
        &[
            "-d", "watch", "-d", "probe", "-d", "probe", "-d", "action", "-d", "action",
        ],
    );
    hc.folder.write("login", "me:SECRET\n");
    hc.folder.write("token", "SECRET\n");
    let view = hc.wait_for("x", |view| view.actions[0].failed.is_some());
    let shown = format!("{view:?}");
    assert!(!shown.contains("SECRET"), "{shown}");
    assert!(view.checks[0].line.contains("auth="), "{shown}");
    let log = hc.log.all().join("\n");
    assert!(!log.contains("SECRET"), "{log}");
}
