//! The pictures of failstat: hosts side by side, figures, colours, and what fits a window.

use std::net::UdpSocket;

use failover_tests::faild::Faild;
use failover_tests::program::{self, Outcome};
use failover_tests::terminal::Terminal;
use failover_tests::wait;
use serde_json::Value;

/// Quick to give up.
fn failstat(words: &[&str]) -> Outcome {
    let mut command = program::command("failstat");
    command.args(["-n", "2", "-t", "50ms"]).args(words);
    program::run(command)
}

/// The words of each line.
fn words(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .map(|l| l.split_whitespace().collect())
        .collect()
}

#[test]
fn a_service_that_is_up_on_two_hosts_at_once_is_pointed_out_first() {
    let (one, other) = (Faild::start(&[]), Faild::start(&[]));
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let hosts = [one.address, other.address, silent.local_addr().unwrap()];
    let [a, b, c] = hosts.map(|host| host.to_string());
    one.failc(&["dns", "FAIL"]).done();
    one.failc(&["hold", "dns"]).done();
    one.failc(&["web", "UP"]).done();
    let outcome = failstat(&["-x", &a, &b, &c]);
    assert_eq!(outcome.code, Some(69), "{outcome:?}");
    assert!(!outcome.out.contains("at once"), "{outcome:?}");

    other.failc(&["web", "UP"]).done();
    other.failc(&["mail", "FAIL"]).done();
    let outcome = failstat(&["-x", &a, &b, &c]);
    let lines: Vec<&str> = outcome.out.lines().collect();
    assert_eq!(lines[0], format!("web is UP on 2 hosts at once: {a}, {b}"));
    assert!(
        lines[1].starts_with(&format!("{c}: no answer from ")),
        "{lines:?}"
    );
    let rows = words(&outcome.out);
    assert_eq!(rows[2], ["SERVICE", &a, &b, &c]);
    assert_eq!(rows[3][..2], ["web", "UP"]);
    assert_eq!(rows[4][..3], ["dns", "FAIL", "h"]);
    assert_eq!(rows[5][..3], ["mail", "-", "FAIL"]);
    for row in &rows[3..6] {
        assert_eq!(row[row.len() - 2..], ["no", "answer"]);
    }
    assert!(lines[6].contains("h held"), "{lines:?}");

    // The same host by two names is one host.
    let port = one.address.port().to_string();
    let out = failstat(&["-x", "-p", &port, "127.0.0.1", "localhost"]).done();
    assert!(!out.contains("at once"), "{out}");
}

#[test]
fn counters_and_limits_of_several_hosts_stand_side_by_side() {
    let (one, other) = (Faild::start(&[]), Faild::start(&[]));
    one.failc(&["web", "UP"]).done();
    let (a, b) = (one.address.to_string(), other.address.to_string());
    let out = failstat(&["--stats", &a, &b]).done();
    let rows = words(&out);
    assert_eq!(rows[0], ["COUNTER", &a, &b]);
    assert!(rows.contains(&vec!["services", "now", "1", "0"]), "{out}");
    let out = failstat(&["--limits", &a, &b]).done();
    let rows = words(&out);
    assert_eq!(rows[0], ["LIMIT", &a, &b]);
    let limit = fail_core::limits::SERVICES_MAX.to_string();
    assert!(rows.contains(&vec!["services", &limit, &limit]), "{out}");
    // All limits that the code has, and nothing else.
    let json: Value = serde_json::from_str(&failstat(&["-j", "--limits", &a]).done()).unwrap();
    let shown = json["hosts"][0]["limits"].as_object().unwrap();
    assert_eq!(json["hosts"][0]["host"], *a);
    for (name, value) in fail_core::node::LIMITS {
        assert_eq!(shown[name], value, "{name}");
    }
    assert_eq!(shown.len(), fail_core::node::LIMITS.len());

    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let c = silent.local_addr().unwrap().to_string();
    let outcome = failstat(&["--stats", &a, &c]);
    assert_eq!(outcome.code, Some(69), "{outcome:?}");
    assert!(outcome.out.starts_with(&format!("{c}: no answer from ")));
    let outcome = failstat(&["--stats", "-j", &a, &c]);
    let json: Value = serde_json::from_str(&outcome.out).unwrap();
    assert!(json["hosts"][0]["counters"].is_object(), "{json}");
    assert!(json["hosts"][1]["error"].is_string(), "{json}");
}

#[test]
fn views_that_exclude_each_other_are_refused_in_one_sentence() {
    for line in ["-x -j", "-x --stats", "-x --limits", "--stats --limits"] {
        let options: Vec<&str> = line.split(' ').collect();
        let why = failstat(&options).failed(64);
        assert!(why.contains("cannot be used with"), "{line}: {why}");
        assert_eq!(why.lines().count(), 1, "{line}: {why}");
    }
}

/// Runs failstat in the terminal with this before it, and gives what is seen when it is done.
fn coloured(terminal: &Terminal, before: &str, faild: &Faild, options: &str) -> String {
    terminal.enter("clear");
    terminal.wait_for_end("$");
    let address = faild.address;
    terminal.enter(&format!(
        "{before} failstat {options} {address}; echo d''one"
    ));
    terminal.wait_for("\ndone");
    terminal.colours()
}

#[test]
fn colours_are_there_on_a_terminal_that_has_them_and_nowhere_else() {
    let faild = Faild::start(&[]);
    faild.failc(&["dns", "FAIL"]).done();
    faild.failc(&["mail", "RECOVER"]).done();
    faild.failc(&["web", "UP"]).done();
    let Some(terminal) = Terminal::open() else {
        return;
    };
    for options in ["", "-x"] {
        let seen = coloured(&terminal, "", &faild, options);
        for painted in ["\x1b[31mFAIL", "\x1b[2mRECOVER", "\x1b[32mUP"] {
            assert!(
                seen.contains(painted),
                "{options}: {painted:?} not in {seen:?}"
            );
        }
        for before in ["NO_COLOR=1", "TERM=dumb"] {
            let seen = coloured(&terminal, before, &faild, options);
            assert!(!seen.contains('\x1b'), "{before} {options}: {seen:?}");
        }
        // An empty one is as none.
        let seen = coloured(&terminal, "NO_COLOR=", &faild, options);
        assert!(seen.contains("\x1b[32mUP"), "{seen:?}");
    }
    assert!(!faild.failstat(&[]).done().contains('\x1b'));
}

#[test]
fn a_watched_table_is_cut_to_the_window_and_says_what_is_missing() {
    let faild = Faild::start(&[]);
    for n in 0..40 {
        let reason = format!("a reason that is longer than the window is wide, number {n}");
        faild.failc(&["-q", &format!("s{n:02}"), "FAIL", &reason]);
    }
    faild.failc(&[
        "-q",
        "s00",
        "FAIL",
        "短い理由です、短い理由です、短い理由です、短い理由です",
    ]);
    let Some(terminal) = Terminal::open() else {
        return;
    };
    terminal.enter(&format!("failstat -w=50ms {}", faild.address));
    // The head, 21 services and what is not shown; the cursor has the last line.
    let screen = terminal.wait_for("(19 more lines have no room here)");
    let lines: Vec<&str> = screen.lines().collect();
    assert_eq!(lines.len(), 23, "{screen}");
    assert!(lines[0].starts_with("HOST "), "{screen}");
    assert!(
        lines[2].contains(" s01 ") && lines[2].ends_with('>'),
        "{screen}"
    );
    assert!(lines[1].ends_with('>'), "{screen}");
    // The window is another one, and so is the picture.
    terminal.tmux(&["resize-window", "-x", "40", "-y", "10"]);
    let screen = terminal.wait_for("(33 more lines have no room here)");
    assert!(screen.starts_with("HOST "), "{screen}");
    wait::until(
        "lines of 40 columns",
        || terminal.screen(),
        |screen| {
            screen
                .lines()
                .nth(2)
                .is_some_and(|line| line.len() == 40 && line.ends_with('>'))
        },
    );
    terminal.press("C-c");
    terminal.wait_for_end("$");
}
