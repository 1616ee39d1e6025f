//! `faild`: nobody there, and somebody who is silent. A real one is asked in the tests of hc.

use std::time::Duration;

use fail_conf::hcfile::check::Check;
use fail_core::watch::{Finding, Verdict};
use fail_wire::{Name, State};

use crate::server::{folder, free_port};
use crate::{LIMIT, check, host, is, liar};

fn ask(port: u16, community: Option<std::path::PathBuf>, limit: Duration) -> Finding {
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

#[test]
fn a_community_that_can_not_be_read_is_unknown() {
    let folder = folder("community");
    let found = ask(free_port(), Some(folder.join("none")), LIMIT);
    is(&found, Verdict::Unknown, "can not use the password file");
    std::fs::remove_dir_all(folder).unwrap();
}
