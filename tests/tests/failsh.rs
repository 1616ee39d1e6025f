//! failsh as a process: how it starts, how it ends whatever its scripts do, and what scripts
//! that misbehave can take from the others.

use std::time::{Duration, Instant};

use failover_tests::faild::Faild;
use failover_tests::failsh::Failsh;
use failover_tests::wait;
use nix::sys::signal::Signal;

/// The longest end: TERM, KILL and some slack.
const END_MAX: Duration = Duration::from_secs(8);

/// Tells it to end; gives its exit code, or nothing: the signal ended it.
fn end(failsh: &mut Failsh, signal: Signal) -> Option<i32> {
    let then = Instant::now();
    let code = failsh.end(signal);
    let took = then.elapsed();
    assert!(took < END_MAX, "it ended after {took:?}");
    code
}

const REST: &str = "stop {return RECOVER} interval 200ms";

#[test]
fn a_script_that_waits_for_a_program_does_not_hold_up_the_end() {
    let sleep = format!("sleep 30.{}", std::process::id());
    for (signal, program) in [
        (Signal::SIGTERM, sleep.clone()),
        (
            Signal::SIGTERM,
            format!("sh -c {{trap \"\" TERM; {sleep}}}"),
        ),
    ] {
        let policy = format!(
            "failsvc web start {{close [open FOLDER/began w]; exec {program}; return UP}} {REST}"
        );
        let mut failsh = Failsh::start(&policy);
        failsh.wait_for_file("began");
        assert!(failsh.exists("pid"));
        assert_eq!(end(&mut failsh, signal), Some(0), "{program}");
    }
}

#[test]
fn a_script_that_never_gives_way_does_not_hold_up_the_end() {
    for script in [
        "while 1 {}",
        "while 1 {catch {after 1}}",
        "gets [open {|sleep 7}]",
    ] {
        let mut failsh = Failsh::start(&format!(
            "failsvc web start {{close [open FOLDER/began w]; {script}}} {REST}"
        ));
        failsh.wait_for_file("began");
        assert_eq!(end(&mut failsh, Signal::SIGTERM), Some(0), "{script}");
    }
}

#[test]
fn a_policy_that_never_ends_is_ended_by_a_signal_and_leaves_nothing() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut failsh = Failsh::start("close [open FOLDER/began w]; while 1 {}");
        failsh.wait_for_file("began");
        assert_eq!(end(&mut failsh, signal), None);
    }
}

#[test]
fn a_script_that_floods_the_log_loses_its_lines_and_nothing_else() {
    let mut failsh = Failsh::start(&format!(
        "failsvc quiet start {{return UP}} {REST}
         failsvc noisy timeout 3s start {{while 1 {{fail log info x}}}} {REST}"
    ));
    let then = Instant::now();
    failsh.log.wait_for("service noisy: running start");
    let mut looks = 0;
    let quiet = |looks: &mut u32| {
        *looks += 1;
        let quiet = failsh.state("quiet");
        assert!(!quiet.contains("unsupervised"), "look {looks}: {quiet}");
        failsh.state("noisy")
    };
    let noisy = wait::until(
        "the end of the flood",
        || quiet(&mut looks),
        |noisy| noisy.contains("FAIL"),
    );
    assert!(noisy.contains("timed out after 3s"), "{noisy}");
    let took = then.elapsed();
    assert!(took < Duration::from_secs(15), "it took {took:?}");
    failsh.log.wait_for("lines of scripts that are lost");
    assert_eq!(end(&mut failsh, Signal::SIGTERM), Some(0));
}

#[test]
fn the_time_of_a_script_counts_from_its_first_line() {
    let failsh = Failsh::start(&format!(
        "failsvc busy timeout 4s start {{close [open FOLDER/busy w]; while 1 {{}}}} {REST}
         failsvc other timeout 1s delay 1 start {{return UP}} {REST}"
    ));
    failsh.log.wait_for("service busy: running start");
    failsh.log.wait_for("service busy: RECOVER -> FAIL");
    failsh.log.wait_for("service other: RECOVER -> UP");
    let lines = failsh.log.all();
    let failed = lines
        .iter()
        .find(|line| line.contains("service other") && line.contains("FAIL"));
    assert_eq!(failed, None);
}

#[test]
fn a_script_that_waits_for_a_program_is_not_to_blame_for_one_that_runs_in_a_circle() {
    let failsh = Failsh::start(&format!(
        "failsvc good timeout 1s start {{exec true; after 100; exec true; return UP}} {REST}
         failsvc hog timeout 4s start {{while 1 {{}}}} {REST}"
    ));
    failsh.log.wait_for("service hog: RECOVER -> FAIL");
    failsh.log.wait_for("service good: RECOVER -> UP");
    let bad = |line: &&String| line.contains("service good") && line.contains("timed out");
    assert_eq!(failsh.log.all().iter().find(bad), None);
}

#[test]
fn a_policy_without_services_is_worth_a_warning() {
    let mut failsh = Failsh::start("# nothing yet");
    failsh.log.wait_for("the policy has no service");
    failsh.log.wait_for("is ready");
    assert_eq!(end(&mut failsh, Signal::SIGTERM), Some(0));
}

#[test]
fn an_address_that_was_found_at_the_start_is_used_at_once() {
    let other = Faild::start(&[]);
    let failsh = Failsh::start(&format!(
        "failhost b address localhost port {}
         failsvc web masters b start {{return UP}} {REST}",
        other.address.port()
    ));
    failsh.log.wait_for("host b: its address is 127.0.0.1");
    failsh.log.wait_for("is ready");
}
