//! `failsh --release`: what is served here is stopped, others may take over, failsh ends.

use std::process::{Command, Stdio};

use fail_cli::exit;
use failover_tests::faild::Faild;
use failover_tests::failsh::{Failsh, REST};
use failover_tests::program::{self, Outcome, Running};
use nix::sys::signal::Signal;

fn release(failsh: &Failsh) -> Command {
    let mut command = program::command("failsh");
    command.args(["--release", "--socket", &failsh.folder.file("socket")]);
    command
}

fn ended(failsh: &mut Failsh) {
    assert_eq!(failsh.running.wait(), Some(0));
    assert!(!failsh.exists("pid"), "the pid file is left");
}

#[test]
fn a_host_that_is_released_serves_nothing_and_the_next_failsh_begins_anew() {
    let other = Faild::start(&[]);
    other.failc(&["later", "UP", "by the test"]).done();
    let port = other.address.port();
    let mut failsh = Failsh::serving(&format!(
        "failhost b address 127.0.0.1 port {port}
         failsvc web start {{return UP}} stop {{after 500; return RECOVER}} interval 100ms
         failsvc later masters b start {{return UP}} {REST}
         failsvc broken start {{return FAIL}} {REST}
         failsvc held start {{return UP}} {REST}"
    ));
    for (service, state) in [("web", "UP"), ("later", "RECOVER"), ("held", "UP")] {
        failsh.wait_for_state(service, state);
    }
    failsh.wait_for_state("broken", "FAIL");
    failsh.faild.failc(&["hold", "held"]).done();
    failsh.log.wait_for("service held: held");
    let outcome = program::run(release(&failsh));
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    ended(&mut failsh);
    for service in ["web", "later"] {
        let state = failsh.state(service);
        assert!(
            state.contains("FAIL") && state.contains("unpublished"),
            "{state}"
        );
    }
    assert!(failsh.state("held").contains("UP"));
    assert!(!failsh.state("broken").contains("unpublished"));
    failsh.start_again();
    failsh.log.wait_for("service web: RECOVER -> UP");
    assert!(failsh.state("broken").contains("FAIL"));
}

#[test]
fn what_can_not_be_stopped_is_named() {
    let mut failsh = Failsh::serving(&format!(
        "failsvc web start {{return UP}} stop {{error \"it does not want to\"}} interval 100ms
         failsvc fine start {{return UP}} {REST}"
    ));
    failsh.wait_for_state("web", "UP");
    failsh.wait_for_state("fine", "UP");
    let Outcome { code, err, .. } = program::run(release(&failsh));
    assert_eq!(code, Some(i32::from(exit::TEMPFAIL)), "{err}");
    for words in [
        "not everything could be released",
        "web",
        "it does not want to",
    ] {
        assert!(err.contains(words), "{err}");
    }
    assert!(!err.contains("fine"), "{err}");
    ended(&mut failsh);
    let state = failsh.state("web");
    assert!(
        state.contains("FAIL") && !state.contains("unpublished"),
        "{state}"
    );
    assert!(failsh.state("fine").contains("unpublished"));
}

#[test]
fn who_asks_meanwhile_waits_with_the_others_and_the_policy_stays() {
    let mut failsh = Failsh::serving(
        "failsvc web interval 100ms start {return UP} stop {
             close [open FOLDER/stopping w]
             while {![file exists FOLDER/go]} {after 5}
             return RECOVER
         }",
    );
    failsh.wait_for_state("web", "UP");
    let mut first = Running::start(release(&failsh).stdin(Stdio::null()));
    failsh.wait_for_file("stopping");
    let mut second = Running::start(release(&failsh).stdin(Stdio::null()));
    failsh.log.wait_for("somebody else waits for it, too");
    failsh.signal(Signal::SIGHUP);
    failsh
        .log
        .wait_for("this host is being released; the old policy stays");
    failsh.folder.write("go", "");
    assert_eq!((first.wait(), second.wait()), (Some(0), Some(0)));
    ended(&mut failsh);
}

#[test]
fn the_end_does_not_wait_for_a_release() {
    let mut failsh = Failsh::serving(
        "failsvc web interval 100ms start {return UP} stop {
             close [open FOLDER/stopping w]
             exec sleep 30
         }",
    );
    failsh.wait_for_state("web", "UP");
    let mut first = Running::start(release(&failsh).stderr(Stdio::null()));
    failsh.wait_for_file("stopping");
    assert_eq!(failsh.end(Signal::SIGTERM), Some(0));
    assert_eq!(first.wait(), Some(i32::from(exit::UNAVAILABLE)));
    assert!(failsh.state("web").contains("UP"));
}

#[test]
fn a_host_without_failsh_says_so() {
    let folder = failover_tests::folder::Folder::new();
    let mut command = program::command("failsh");
    command.args(["--release", "--socket", &folder.file("socket")]);
    let why = program::run(command).failed(exit::UNAVAILABLE);
    assert!(why.contains("no failsh answers"), "{why}");
}
