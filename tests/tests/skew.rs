//! Two versions of the suite live together while hosts are updated: today's faild with clients
//! of tomorrow, today's programs with a faild of yesterday, of tomorrow, and of the day after,
//! which does not speak their version any more. Those failds are in Python.

use std::net::SocketAddr;
use std::process::Stdio;

use fail_cli::exit;
use failover_tests::faild::Faild;
use failover_tests::failsh::{self, Failsh, REST};
use failover_tests::folder::Folder;
use failover_tests::lines::Lines;
use failover_tests::program::{self, Outcome, Running};
use failover_tests::python;
use serde_json::{Value, json};

/// A faild of another version.
struct Other {
    _running: Running,
    address: SocketAddr,
    /// What it is asked, a line each.
    asked: Lines,
}

impl Other {
    /// Starts it, if there is Python.
    fn start(mode: &str) -> Option<Other> {
        if !python::is_there() {
            return None;
        }
        let mut command = python::command("tests/python/faild.py");
        command.arg(mode).stdout(Stdio::piped());
        let mut running = Running::start(&mut command);
        let asked = Lines::of(running.0.stdout.take().unwrap());
        let line = asked.wait_for("answering on ");
        let word = line.rsplit(' ').next().unwrap();
        Some(Other {
            _running: running,
            address: word.trim_end_matches("/udp").parse().unwrap(),
            asked,
        })
    }

    /// Asks it with one of today's tools.
    fn failc(&self, words: &[&str]) -> Outcome {
        let mut command = program::command("failc");
        command.args(["-t", "300ms", "-s", &self.address.to_string()]);
        command.args(words);
        program::run(command)
    }

    fn failstat(&self, words: &[&str]) -> Outcome {
        let mut command = program::command("failstat");
        command.args(["-t", "300ms"]).args(words);
        command.arg(self.address.to_string());
        program::run(command)
    }

    /// A line of a policy that makes it the master of a service.
    fn as_master(&self, service: &str) -> String {
        format!(
            "failhost hostb address 127.0.0.1 port {}\n\
             failsvc {service} masters hostb start {{return UP}} {REST}\n",
            self.address.port()
        )
    }
}

#[test]
fn a_faild_answers_clients_of_later_versions_or_says_what_it_does_not_know() {
    if !python::is_there() {
        return;
    }
    let mut faild = Faild::start(&[]);
    let port = faild.address.port().to_string();
    let out = python::run("tests/python/future.py", &[&port]).done();
    let mut said = out.lines().map(|line| {
        let value: Value = serde_json::from_str(line).unwrap();
        let what = value["what"].as_str().unwrap().to_string();
        (what, value["answer"].clone())
    });
    let mut next = |what: &str| {
        let (is, answer) = said.next().expect("it says as much as is asked");
        assert_eq!(is, what, "{answer}");
        answer
    };

    // What is added to a message that it knows is skipped.
    let answer = next("query");
    assert_eq!(answer["records"][0]["reason"], "unknown", "{answer}");
    let answer = next("change");
    let record = &answer["records"][0];
    assert_eq!(
        (&answer["type"], &record["state"]),
        (&json!("answer"), &json!("UP"))
    );
    assert_eq!(record["marks"], json!(["held"]), "{record}");
    assert_eq!(record["reason"], "from the future");
    // It has asked for the cookie only.
    let answer = next("subscribe");
    assert_eq!(
        (&answer["type"], &answer["left_ms"]),
        (&json!("notify"), &json!(0))
    );
    let answer = next("report");
    assert_eq!(answer["hears"][0]["host"], "hostb", "{answer}");
    let answer = next("history");
    assert_eq!(
        answer["entries"][0]["reason"], "from the future",
        "{answer}"
    );
    let answer = next("figures");
    assert!(answer["figures"].as_array().unwrap().len() > 5, "{answer}");
    let answer = next("forget");
    assert_eq!(answer["records"][0]["reason"], "unknown", "{answer}");

    for _ in 0..3 {
        let answer = next("a type that nobody knows");
        assert_eq!(
            (&answer["code"], &answer["signed"]),
            (&json!(2), &json!(true))
        );
    }
    for _ in 0..4 {
        assert_eq!(next("an answer that nobody asked for"), Value::Null);
    }
    for _ in 0..4 {
        for what in ["another version"; 2] {
            let answer = next(what);
            assert_eq!((&answer["code"], &answer["detail"]), (&json!(1), &json!(1)));
            assert_eq!(
                (&answer["signed"], &answer["key_id"]),
                (&json!(false), &json!(0))
            );
        }
        assert_eq!(next("an answer in another version"), Value::Null);
    }
    assert_eq!(said.next(), None);
    assert!(faild.runs());
}

#[test]
fn the_tools_read_and_change_a_faild_of_an_earlier_and_of_a_later_version() {
    for mode in ["past", "future"] {
        let Some(other) = Other::start(mode) else {
            return;
        };
        assert_eq!(
            other.failc(&["web"]).done(),
            "web FAIL unpublished (unknown)\n"
        );
        let done = other.failc(&["web", "UP", "for a test"]).done();
        assert!(done.starts_with("web UP for "), "{mode}: {done}");
        assert_eq!(other.failc(&["-q", "hold", "web"]).code, Some(0), "{mode}");
        let text = other.failc(&["-j", "web"]).done();
        let record: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(record["marks"], json!(["held"]), "{mode}: {record}");
        assert_eq!(
            (&record["reason"], &record["version"]),
            (&json!("for a test"), &json!(2))
        );

        for n in 0..30 {
            other
                .failc(&["-q", &format!("service-{n:02}"), "UP"])
                .done();
        }
        let table = other.failstat(&[]).done();
        assert_eq!(table.lines().count(), 32, "{mode}: {table}");
        assert!(table.contains(" web "), "{mode}: {table}");

        // What it does not do is said, and nothing else happens.
        for verb in ["forget", "history"] {
            let sentence = other.failc(&[verb, "web"]).failed(exit::PROTOCOL);
            let why = "refuses: it does not know this type of message\n";
            assert!(sentence.ends_with(why), "{mode}: {sentence}");
        }
        other.asked.wait_for("forget");
        assert!(
            other.failc(&["web"]).done().starts_with("web UP held"),
            "{mode}"
        );
    }
}

#[test]
fn a_failsh_lives_with_other_hosts_of_an_earlier_and_of_a_later_version() {
    for mode in ["past", "future"] {
        let Some(other) = Other::start(mode) else {
            return;
        };
        other.failc(&["web", "UP"]).done();
        let failsh = Failsh::start(&other.as_master("web"));
        failsh.log.wait_for("masters hostb=UP");
        failsh.wait_for_state("web", "RECOVER");
        // It is not told of changes there, and asks.
        other.asked.wait_for("subscribe");
        other.failc(&["web", "FAIL", "broken"]).done();
        failsh.wait_for_state("web", "UP");
        other.failc(&["web", "RECOVER", "mended"]).done();
        failsh.wait_for_state("web", "RECOVER");
        let log = failsh.log.all();
        let alarm = log.iter().find(|line| line.contains("refuse"));
        assert_eq!(alarm, None, "{mode}");
    }
}

#[test]
fn a_failsh_publishes_in_a_local_faild_of_an_earlier_and_of_a_later_version() {
    for mode in ["past", "future"] {
        let Some(other) = Other::start(mode) else {
            return;
        };
        let folder = Folder::new();
        let policy = format!("failsvc web start {{return UP}} {REST}");
        let mut command = program::command("failsh");
        command
            .args(["-F", "-s", &other.address.to_string()])
            .args(["-f", &folder.write("p.tcl", policy)])
            .args(failsh::APART)
            .stderr(Stdio::piped());
        let mut failsh = Running::start(&mut command);
        let log = Lines::of(failsh.0.stderr.take().unwrap());
        log.wait_for("service web: RECOVER -> UP");
        other.asked.wait_for("report");
        // A wish that is left there by others is seen.
        other.failc(&["away", "web"]).done();
        log.wait_for("service web: UP -> FAIL");
        other.failc(&["back", "web"]).done();
        let said = other.failc(&["web"]).done();
        assert!(
            said.starts_with("web ") && !said.contains("away"),
            "{mode}: {said}"
        );
    }
}

#[test]
fn who_does_not_speak_our_version_any_more_is_told_from_one_who_is_silent() {
    let Some(other) = Other::start("next") else {
        return;
    };
    let why = "does not speak this version of the protocol: it speaks version 2, this program \
               version 1";
    for words in [
        &["web"][..],
        &["web", "UP"],
        &["hold", "web"],
        &["history", "web"],
    ] {
        let sentence = other.failc(words).failed(exit::PROTOCOL);
        assert!(sentence.contains(why), "{words:?}: {sentence}");
        assert!(sentence.contains("without proof"), "{words:?}: {sentence}");
    }
    let outcome = other.failstat(&[]);
    assert_eq!(outcome.code, Some(i32::from(exit::PROTOCOL)), "{outcome:?}");
    assert!(outcome.out.contains(why), "{outcome:?}");
    // Anybody on the way could have said so: to failsh that host is dead, and the log says what
    // was heard from there.
    let failsh = Failsh::start(&other.as_master("web"));
    let line = failsh.log.wait_for("host hostb: unreachable");
    assert!(line.contains(why), "{line}");
    failsh.wait_for_state("web", "UP");
}
