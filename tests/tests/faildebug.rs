//! faildebug and the debug port of a real failsh, and of a faild: who may, what changes, what is
//! refused.

use std::net::UdpSocket;
use std::process::Stdio;
use std::time::Duration;

use fail_cli::exit;
use failover_tests::faild::Faild;
use failover_tests::folder::Folder;
use failover_tests::lines::Lines;
use failover_tests::program::{self, Outcome, Running};

/// A failsh with a debug port of its own and the community `secret`.
struct Failsh {
    _running: Running,
    log: Lines,
    port: String,
    _folder: Folder,
}

fn failsh(options: &[&str]) -> Failsh {
    let folder = Folder::new();
    let mut command = program::command("failsh");
    command.args(["-F", "-f", &folder.write("empty.tcl", "")]);
    command.args(["-c", "secret", "-s", "127.0.0.1:9", "-D", "0"]);
    command
        .args(["-m", "none", "--socket", "none"])
        .args(options);
    let mut running = Running::start(command.stderr(Stdio::piped()));
    let log = Lines::of(running.0.stderr.take().unwrap());
    let line = log.wait_for("debug: listening on 127.0.0.1:");
    log.wait_for("is ready");
    let (_, port) = line.trim().rsplit_once(':').unwrap();
    Failsh {
        _running: running,
        log,
        port: port.to_string(),
        _folder: folder,
    }
}

fn faildebug(failsh: &Failsh, words: &[&str]) -> Outcome {
    let mut command = program::command("faildebug");
    command
        .args(["-p", &failsh.port, "-t", "300ms"])
        .args(words);
    program::run(command)
}

#[test]
fn a_level_is_set_and_the_log_tells_more() {
    let failsh = failsh(&[]);
    let listed = faildebug(&failsh, &["-c", "secret"]).done();
    assert!(
        listed.lines().all(|line| line.starts_with("failsh ")),
        "{listed}"
    );
    assert!(listed.contains(" plan         0\n"), "{listed}");

    let set = faildebug(&failsh, &["-c", "secret", "net", "2"]).done();
    assert_eq!(
        set.split_whitespace().collect::<Vec<_>>(),
        ["failsh", "net", "2"]
    );
    failsh.log.wait_for("sets net to 2");
    let listed = faildebug(&failsh, &["-c", "secret", "localhost"]).done();
    assert!(listed.contains(" net          2\n"), "{listed}");
    assert!(listed.contains(" plan         0\n"), "{listed}");
}

#[test]
fn the_levels_of_the_command_line_are_where_it_begins() {
    let failsh = failsh(&["-d", "plan"]);
    let listed = faildebug(&failsh, &["-c", "secret"]).done();
    assert!(listed.contains(" plan         1\n"), "{listed}");
}

#[test]
fn strangers_and_bad_words_change_nothing() {
    let failsh = failsh(&[]);
    let before = faildebug(&failsh, &["-c", "secret"]).done();
    let why = faildebug(&failsh, &["plan", "2"]).failed(exit::NOPERM);
    assert!(why.contains("does not know this community"), "{why}");
    let why = faildebug(&failsh, &["-c", "secret", "nope", "1"]).failed(exit::USAGE);
    assert!(why.contains("no debug facility of that name"), "{why}");
    let why = faildebug(&failsh, &["-c", "secret", "plan", "3"]).failed(exit::USAGE);
    assert!(why.contains("\"3\""), "{why}");

    // Garbage gets nothing back, and does not keep the next one from being answered.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .connect(format!("127.0.0.1:{}", failsh.port))
        .unwrap();
    for length in [0, 1, 47, 48, 700, 1400] {
        socket.send(&vec![0xa5; length]).unwrap();
    }
    assert_eq!(faildebug(&failsh, &["-c", "secret"]).done(), before);
    // It has been looked at by now, since the later one was answered.
    socket
        .set_read_timeout(Some(Duration::from_millis(1)))
        .unwrap();
    assert!(socket.recv(&mut [0; 1500]).is_err());
}

#[test]
fn nobody_there_is_said_so() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    let mut command = program::command("faildebug");
    command.args(["-p", &port, "-t", "50ms", "-n", "2"]);
    let why = program::run(command).failed(exit::UNAVAILABLE);
    assert!(why.contains("no answer from 127.0.0.1:"), "{why}");
}

#[test]
fn a_faild_answers_on_its_own_port_to_who_may_change_everything() {
    let folder = Folder::new();
    let rules = "* master RW\n* reader RO\nweb some RW\n";
    let faild = Faild::start(&["-c", &folder.write("communities", rules)]);
    let port = faild.address.port().to_string();
    let ask = |community: &str, words: &[&str]| {
        let mut command = program::command("faildebug");
        command.args(["-p", &port, "-t", "300ms", "-c", community]);
        program::run({
            command.args(words);
            command
        })
    };
    let listed = ask("master", &[]).done();
    assert!(
        listed.lines().all(|line| line.starts_with("faild ")),
        "{listed}"
    );
    let set = ask("master", &["access", "1"]).done();
    let words: Vec<&str> = set.split_whitespace().collect();
    assert_eq!(words, ["faild", "access", "1"]);
    assert!(ask("master", &[]).done().contains(" access       1\n"));
    let at = faild.address.to_string();
    assert!(ask("master", &[&at]).done().contains(" access       1\n"));
    for community in ["reader", "some"] {
        let why = ask(community, &["access", "0"]).failed(exit::NOPERM);
        assert!(why.contains("may only read"), "{community}: {why}");
    }
    let why = ask("master", &["nope", "1"]).failed(exit::USAGE);
    assert!(why.contains("no debug facility of that name"), "{why}");
    assert!(ask("master", &[]).done().contains(" access       1\n"));
}
