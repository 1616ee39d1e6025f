//! `faild`: nobody there, and somebody who is silent. And a real one.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use fail_client::{Client, Options, Reason, Record, Wanted};
use fail_conf::hcfile::check::Check;
use fail_core::watch::{Finding, Verdict};
use fail_wire::{Answer, Body, Code, Key, Marks, Name, Packet, Refusal, State, emit};

use crate::server::{folder, free_port, skipped, start};
use crate::{LIMIT, check, host, is, liar, value};

fn ask(port: u16, community: Option<PathBuf>, limit: Duration) -> Finding {
    let question = Check::Faild {
        service: Name::new("web").unwrap(),
        host: host("127.0.0.1", port),
        community,
        states: vec![State::Up],
    };
    check(question, limit)
}

#[test]
fn a_faild_that_is_not_there_refuses() {
    is(
        &ask(free_port(), None, LIMIT),
        Verdict::Bad,
        "no faild answers at 127.0.0.1",
    );
}

#[test]
fn a_silent_faild_is_given_up_at_the_deadline() {
    let silent = liar::udp(|_| Vec::new());
    let found = ask(silent.at.port(), None, Duration::from_millis(300));
    is(
        &found,
        Verdict::Bad,
        "waited for an answer of faild at 127.0.0.1",
    );
    let echo = liar::udp(|question| vec![question.to_vec(), vec![0; 2000]]);
    let found = ask(echo.at.port(), None, Duration::from_millis(300));
    is(&found, Verdict::Bad, "waited for an answer of faild");
}

/// A faild that answers at once, about this service, with the key of this community.
fn answers(about: &'static str, community: &'static str) -> Finding {
    let key = Key::new(community).unwrap();
    let liar = liar::udp(move |question| {
        let asked = Packet::read(question).unwrap();
        let record = Record {
            name: Name::new(about).unwrap(),
            state: State::Up,
            marks: Marks::default(),
            version: 1,
            age_ms: 0,
            last_change: 0,
            reason: Reason::new("it lies"),
        };
        let answer = Body::Answer(Answer {
            nonce: 1,
            more: false,
            records: vec![record],
        });
        vec![emit(Some(&key), asked.request(), &answer)]
    });
    ask(liar.at.port(), None, LIMIT)
}

#[test]
fn a_well_formed_answer_of_the_wrong_kind_is_not_believed() {
    is(&answers("web", "public"), Verdict::Good, "web is UP");
    let other = answers("db", "public");
    is(
        &other,
        Verdict::Bad,
        "the record asked for is not in its answer",
    );
    is(
        &answers("web", "private"),
        Verdict::Bad,
        "no answer from 127.0.0.1",
    );
}

#[test]
fn a_community_that_is_not_known_is_told_before_the_check_is_over() {
    let liar = liar::udp(|question| {
        let asked = Packet::read(question).unwrap();
        let no = Body::Refusal(Refusal::plain(Code::Community));
        vec![emit(None, asked.request(), &no)]
    });
    // Less than the client would wait for something better.
    let limit = Duration::from_millis(1_900);
    let found = ask(liar.at.port(), None, limit);
    is(&found, Verdict::Unknown, "it does not know this community");
}

#[test]
fn a_community_that_can_not_be_read_is_unknown() {
    let folder = folder("community");
    let found = ask(free_port(), Some(folder.join("none")), LIMIT);
    is(&found, Verdict::Unknown, "can not use the community file");
    std::fs::remove_dir_all(folder).unwrap();
}

/// Our own, where it is built.
fn program() -> Option<PathBuf> {
    let tests = std::env::current_exe().unwrap();
    let faild = tests.parent()?.parent()?.join("faild");
    let there = faild.exists();
    if !there {
        skipped("there is no faild (cargo build -p faild)");
    }
    there.then_some(faild)
}

#[test]
fn a_faild_is_asked_for_a_service() {
    let Some(faild) = program() else {
        return;
    };
    let folder = folder("faild");
    let port = free_port();
    let mut command = Command::new(faild);
    let state = folder.join("state");
    command.args(["-F", "-a", "127.0.0.1", "-p", &port.to_string(), "-s"]);
    command.arg(&state);
    // It is there when it says that it knows nothing.
    let nothing = "127.0.0.1 does not know web";
    let _server = start(command, folder, port, || {
        let found = ask(port, None, LIMIT);
        match found.why == nothing {
            true => fail_probe::good("ready"),
            false => found,
        }
    });
    is(&ask(port, None, LIMIT), Verdict::Bad, nothing);
    let at = format!("127.0.0.1:{port}").parse().unwrap();
    let mut client = Client::new(at, "public", Options::default()).unwrap();
    let mut set = |state, reason: &str| {
        let wanted = |_: &Record| Wanted {
            state: Some(state),
            set: Marks::default(),
            clear: Marks::default(),
            reason: Reason::new(reason),
        };
        client.change(&Name::new("web").unwrap(), wanted).unwrap();
    };
    set(State::Recover, "it comes");
    is(
        &ask(port, None, LIMIT),
        Verdict::Bad,
        "web is RECOVER on 127.0.0.1",
    );
    set(State::Up, "it came");
    let found = ask(port, None, LIMIT);
    assert!(found.verdict == Verdict::Good || found.verdict == Verdict::Warning);
    is(&found, found.verdict, "web is UP on 127.0.0.1");
    assert!(value(&found, "age") >= 0.0);
    set(State::Fail, "disk full");
    is(
        &ask(port, None, LIMIT),
        Verdict::Bad,
        "web is FAIL on 127.0.0.1",
    );
    let found = ask(port, None, LIMIT);
    assert!(found.why.ends_with(": disk full"), "{found:?}");
}
