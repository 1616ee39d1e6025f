//! Drills that something goes wrong with: the wish is taken back whatever happens.

use std::fs;
use std::process::Stdio;

use fail_wire::State;
use failover_tests::lines::Lines;
use failover_tests::program::Running;
use nix::sys::signal::Signal;

use super::ring::{QUICK, Ring, json};

/// Somebody whose start script ends when there is a file, or no folder for it any more: a failsh
/// that is killed ends no script.
const WAITS: &str = "start {exec sh -c {until [ -e FOLDER/go -o ! -d FOLDER ]; do sleep 0.02; done}; \
                     return UP} stop {return RECOVER}";

/// Begins a drill, and gives what it writes.
fn begin(ring: &Ring, options: &[&str]) -> (Running, Lines, Lines) {
    let mut command = ring.command(options);
    let mut drill = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let out = Lines::of(drill.0.stdout.take().unwrap());
    let err = Lines::of(drill.0.stderr.take().unwrap());
    (drill, out, err)
}

#[test]
fn who_is_interrupted_in_the_middle_takes_it_back() {
    let ring = Ring::of(&[("hosta", QUICK), ("hostb", WAITS)]);
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let (mut drill, out, err) = begin(&ring, &["-j", "--yes", "--gap", "1h"]);
        ring.0[0].becomes("FAIL away");
        ring.0[1].becomes("RECOVER starting");
        drill.signal(signal);
        // A start script that runs is not interrupted by a master that is back.
        ring.0[0].becomes("RECOVER");
        ring.0[1].folder.write("go", "");
        assert_eq!(drill.wait(), Some(3), "{signal}: {:?}", err.all());
        err.wait_for("is unfinished: it was interrupted");
        let object = json(&format!("{}\n", out.wait_for("unfinished")));
        assert_eq!(object["ways"].as_array().map(Vec::len), Some(0), "{object}");
        assert_eq!(object["objectives"][0]["met"], false, "{object}");
        assert_eq!(object["hosts"][0]["state"], "UP", "{object}");
        assert_eq!(object["hosts"][0]["marks"], json("[]\n"), "{object}");
        ring.settles();
        fs::remove_file(ring.0[1].folder.file("go")).unwrap();
    }
}

#[test]
fn what_takes_too_long_is_taken_back() {
    let ring = Ring::of(&[("hosta", QUICK), ("hostb", WAITS)]);
    let outcome = ring.drill(&["--yes", "--within", "700ms"]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert!(
        outcome
            .err
            .contains("no other host alone was UP within 700ms"),
        "{outcome:?}"
    );
    ring.0[0].becomes("RECOVER");
    ring.0[1].folder.write("go", "");
    ring.settles();
}

#[test]
fn what_does_not_stay_where_it_was_brought_ends_it() {
    let ring = Ring::of(&[("hosta", QUICK), ("hostb", QUICK)]);
    let (mut drill, _, err) = begin(&ring, &["--yes", "--stay", "1h"]);
    err.wait_for(&format!("{} has it", ring.address(1)));
    ring.0[1].faild.failc(&["web", "FAIL", "it broke"]).done();
    assert_eq!(drill.wait(), Some(3), "{:?}", err.all());
    err.wait_for("did not stay UP");
    err.wait_for("it broke");
    ring.0[0].becomes("UP");
}

#[test]
fn if_no_other_host_can_start_nobody_waits_for_it() {
    let fails = "start {error \"no disk\"} stop {return RECOVER}";
    let ring = Ring::of(&[("hosta", QUICK), ("hostb", fails)]);
    let outcome = ring.drill(&["--yes", "--within", "1h"]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert!(
        outcome.err.contains("no other host could start"),
        "{outcome:?}"
    );
    assert!(outcome.err.contains("no disk"), "{outcome:?}");
    ring.0[0].becomes("UP");
    ring.0[1].is_in(State::Fail);
}

#[test]
fn a_service_whose_stop_script_failed_is_not_brought_back() {
    let fails = "start {return UP} stop {error \"device busy\"}";
    let ring = Ring::of(&[("hosta", fails), ("hostb", QUICK)]);
    let outcome = ring.drill(&["--yes"]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert!(outcome.err.contains("the stop script of"), "{outcome:?}");
    // The way there was gone all the same.
    assert!(outcome.out.contains("\nthere "), "{outcome:?}");
    ring.0[0].becomes("FAIL");
    assert!(ring.0[0].whole().reason.as_str().contains("device busy"));
    ring.0[1].becomes("UP");
}

#[test]
fn a_host_that_fails_on_the_way_back_leaves_the_service_where_it_can_be_served() {
    let once = "start {if {[file exists FOLDER/on]} {error \"no disk\"}
                       close [open FOLDER/on w]; return UP} stop {return RECOVER}";
    let ring = Ring::of(&[("hosta", once), ("hostb", QUICK)]);
    let outcome = ring.drill(&["--yes"]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert!(
        outcome.err.contains("could not be started again"),
        "{outcome:?}"
    );
    assert!(outcome.err.contains("no disk"), "{outcome:?}");
    ring.0[0].becomes("FAIL");
    ring.0[1].becomes("UP");
}

#[test]
fn a_wish_that_can_not_be_taken_back_is_cried_out() {
    let ring = Ring::of(&[("hosta", QUICK), ("hostb", WAITS)]);
    let options = ["--yes", "-t", "100ms", "--within", "5s"];
    let (mut drill, _, err) = begin(&ring, &options);
    ring.0[0].becomes("FAIL away");
    let address = ring.address(0);
    // Stopped and not killed: nobody else gets its port and answers in its place.
    ring.0[0].faild.signal(Signal::SIGSTOP);
    // It would go on asking; nobody wants to wait.
    let lost = err.clone();
    drill.signal(Signal::SIGINT);
    drill.signal(Signal::SIGINT);
    assert_eq!(drill.wait(), Some(69), "{:?}", err.all());
    let said = lost.wait_for("THE WISH IS STILL THERE");
    assert!(
        said.contains(&format!("failc -s {address} back web")),
        "{said}"
    );
}

#[test]
fn a_faild_that_is_lost_on_the_other_side_ends_it() {
    let mut ring = Ring::of(&[("hosta", QUICK), ("hostb", WAITS), ("hostc", QUICK)]);
    let options = ["--yes", "-t", "100ms", "--within", "1h"];
    let (mut drill, out, err) = begin(&ring, &options);
    ring.0[0].becomes("FAIL away");
    let gone = ring.address(1);
    ring.0[1].faild.kill();
    assert_eq!(drill.wait(), Some(3), "{:?}", err.all());
    err.wait_for(&gone);
    out.wait_for(&format!("{gone} does not answer"));
    ring.0[0].becomes("UP");
}

#[test]
fn a_faild_that_comes_to_itself_is_told_that_the_wish_is_over() {
    let ring = Ring::of(&[("hosta", QUICK), ("hostb", QUICK)]);
    let options = ["--yes", "-t", "100ms", "--stay", "1h"];
    let (mut drill, out, err) = begin(&ring, &options);
    err.wait_for(" has it");
    ring.0[0].faild.signal(Signal::SIGSTOP);
    err.wait_for("the wish is taken back");
    ring.0[0].faild.signal(Signal::SIGCONT);
    assert_eq!(drill.wait(), Some(3), "{:?}", err.all());
    err.wait_for(&format!("{}: no answer", ring.address(0)));
    out.wait_for(&format!("now: {} UP", ring.address(0)));
    ring.settles();
}

#[test]
fn a_wish_that_somebody_else_made_meanwhile_is_left() {
    let ring = Ring::of(&[("hosta", QUICK), ("hostb", QUICK)]);
    let (mut drill, _, err) = begin(&ring, &["--yes", "--stay", "1h"]);
    err.wait_for(" has it");
    ring.0[0].faild.failc(&["away", "web", "new kernel"]).done();
    drill.signal(Signal::SIGTERM);
    assert_eq!(drill.wait(), Some(3), "{:?}", err.all());
    err.wait_for("somebody else wishes it away");
    err.wait_for("(away: new kernel)");
    ring.0[0].becomes("FAIL away");
    ring.0[1].becomes("UP");
}
