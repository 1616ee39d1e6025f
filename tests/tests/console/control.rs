//! The control socket by hand: what `failover-control(7)` says, and those who do not keep to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

use fail_core::limits::{CONSOLE_COMMANDS_MAX, CONSOLES_MAX};
use failover_tests::failsh::{Failsh, REST};
use failover_tests::wait::LIMIT;
use serde_json::{Value, json};

struct Console {
    stream: UnixStream,
    lines: BufReader<UnixStream>,
}

impl Console {
    fn open(failsh: &Failsh) -> Console {
        let stream = UnixStream::connect(failsh.folder.file("socket")).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap());
        Console { stream, lines }
    }

    /// One that has been greeted.
    fn greeted(failsh: &Failsh) -> Console {
        let mut console = Console::open(failsh);
        let hello = console.hears();
        assert_eq!(hello["hello"]["pid"], failsh.running.0.id());
        console
    }

    fn says(&mut self, text: &str) {
        self.stream
            .write_all(format!("{text}\n").as_bytes())
            .unwrap();
    }

    fn hears(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{line:?}: {e}"))
    }

    fn asks(&mut self, text: &str) -> Value {
        self.says(text);
        self.hears()
    }
}

fn failsh() -> Failsh {
    Failsh::serving(&format!("failsvc web start {{return UP}} {REST}"))
}

#[test]
fn requests_have_the_answers_of_the_page() {
    let failsh = failsh();
    let mut console = Console::greeted(&failsh);
    console.says(r#"{"id":1,"eval":"puts one; expr 1 + 1"}"#);
    assert_eq!(console.hears(), json!({"id": 1, "printed": "one\n"}));
    assert_eq!(console.hears(), json!({"id": 1, "code": 0, "result": "2"}));
    let bad = console.asks(r#"{"id":7,"eval":"error oops"}"#);
    assert_eq!(
        (&bad["id"], &bad["code"], &bad["result"]),
        (&json!(7), &json!(1), &json!("oops"))
    );
    assert!(
        bad["info"].as_str().unwrap().ends_with("(script line 1)"),
        "{bad}"
    );
    let words = console.asks(r#"{"id":2,"complete":"failsvc we"}"#);
    assert_eq!(words, json!({"id": 2, "from": 8, "words": ["web"]}));
    let left = console.asks(r#"{"id":3,"eval":"exit 9"}"#);
    assert_eq!(left, json!({"id": 3, "code": -1, "result": "9"}));
    // Several at once, and one of them is ended.
    console.says(r#"{"id":4,"eval":"vwait never"}"#);
    console.says(r#"{"id":5,"eval":"set ::go 1; expr 5","later":"fields"}"#);
    assert_eq!(console.hears(), json!({"id": 5, "code": 0, "result": "5"}));
    console.says(r#"{"id":6,"cancel":4}"#);
    assert_eq!(console.hears(), json!({"id": 6, "cancelled": true}));
    let ended = console.hears();
    assert_eq!(
        (&ended["id"], &ended["result"]),
        (&json!(4), &json!("interrupted"))
    );
    assert_eq!(
        console.asks(r#"{"id":8,"cancel":4}"#),
        json!({"id": 8, "cancelled": false})
    );
}

#[test]
fn what_is_no_request_is_answered_with_an_error() {
    let failsh = failsh();
    let mut console = Console::greeted(&failsh);
    for text in [
        "",
        "x",
        "{}",
        "[]",
        r#"{"id":1}"#,
        r#"{"id":-1,"eval":"x"}"#,
        r#"{"id":1,"evil":"x"}"#,
        r#"{"eval":"x"}"#,
        r#"{"id":1,"release":false}"#,
        "\u{0}\u{7}",
    ] {
        let answer = console.asks(text);
        assert!(answer["error"].is_string(), "{text:?}: {answer}");
    }
    console.says(r#"{"id":1,"eval":"vwait never"}"#);
    let twice = console.asks(r#"{"id":1,"eval":"expr 1"}"#);
    assert!(
        twice["error"].as_str().unwrap().contains("number 1"),
        "{twice}"
    );
    for id in 2..=CONSOLE_COMMANDS_MAX {
        console.says(&format!(r#"{{"id":{id},"eval":"vwait never"}}"#));
    }
    let full = console.asks(r#"{"id":99,"eval":"expr 1"}"#);
    assert!(
        full["error"]
            .as_str()
            .unwrap()
            .contains("CONSOLE_COMMANDS_MAX"),
        "{full}"
    );
    // Another console is not concerned.
    let mut other = Console::greeted(&failsh);
    assert_eq!(other.asks(r#"{"id":1,"eval":"expr 1"}"#)["result"], "1");
    // A line without end is too much.
    let line = "x".repeat(1 << 20) + "x";
    let _ = other.stream.write_all(line.as_bytes());
    assert!(other.hears()["error"].as_str().unwrap().contains("bytes"));
    assert_eq!(other.lines.read(&mut [0]).unwrap(), 0);
}

#[test]
fn one_too_many_is_told_which_limit_it_is() {
    let failsh = failsh();
    let consoles: Vec<_> = (0..CONSOLES_MAX)
        .map(|_| Console::greeted(&failsh))
        .collect();
    let mut refused = Console::open(&failsh);
    let sentence = refused.hears()["error"].to_string();
    assert!(sentence.contains("CONSOLES_MAX"), "{sentence}");
    drop(consoles);
}

#[test]
fn a_console_that_does_not_read_loses_output_and_holds_nobody_up() {
    let failsh = failsh();
    failsh.log.wait_for("service web: RECOVER -> UP");
    let mut deaf = Console::greeted(&failsh);
    let flood = "for {set i 0} {$i < 100000} {incr i} {puts [string repeat x 100]; if {$i % 1000 == 0} update}; expr 42";
    deaf.says(&json!({"id": 1, "eval": flood}).to_string());
    let mut other = Console::greeted(&failsh);
    for n in 0..50 {
        let answer = other.asks(&format!(r#"{{"id":{n},"eval":"expr {n}"}}"#));
        assert_eq!(answer["result"], n.to_string(), "{answer}");
    }
    let state = failsh.state("web");
    assert!(!state.contains("unsupervised"), "{state}");
    // What is left of it comes, with a word about what does not, and its end.
    let (mut printed, mut confessed) = (0, false);
    let ended = loop {
        let answer = deaf.hears();
        match answer["printed"].as_str() {
            Some(text) => {
                printed += text.len();
                confessed |= text.contains("lost");
            }
            None => break answer,
        }
    };
    assert_eq!(ended, json!({"id": 1, "code": 0, "result": "42"}));
    assert!(confessed || printed == 10_100_000, "{printed} bytes came");
}

#[test]
fn a_console_that_only_asks_is_sent_away_and_holds_nobody_up() {
    let failsh = failsh();
    failsh.log.wait_for("service web: RECOVER -> UP");
    let mut deaf = Console::greeted(&failsh);
    let noise = "x\n".repeat(32 << 10);
    let mut sent = 0;
    // Each of these lines is answered with a longer one.
    while deaf.stream.write_all(noise.as_bytes()).is_ok() {
        sent += noise.len();
        assert!(sent < 4 << 30, "it may ask for ever");
    }
    let mut other = Console::greeted(&failsh);
    assert_eq!(other.asks(r#"{"id":1,"eval":"expr 1"}"#)["result"], "1");
}
