//! What becomes of a service when failsh ends, is killed, or is started again: the table in
//! failsh(8), row by row.

use failover_tests::failsh::Failsh;
use failover_tests::wait;
use nix::sys::signal::Signal;

/// Each script writes its name; start and stop wait for a file if there is one to wait for.
fn policy(wait_in: &str) -> String {
    format!(
        "proc note {{word}} {{set file [open FOLDER/trace a]; puts $file $word; close $file}}
         proc script {{word state}} {{
             note $word
             if {{$word in {{{wait_in}}}}} {{
                 while {{![file exists FOLDER/go]}} {{exec sleep 0.01}}
             }}
             return $state
         }}
         failsvc web interval 100ms start {{script start UP}} stop {{script stop RECOVER}}"
    )
}

fn traced(failsh: &Failsh, words: &str) {
    let trace = || failsh.read("trace").replace('\n', " ");
    let what = format!("scripts \"{words}\"");
    wait::until(&what, trace, |seen| seen.trim() == words);
}

/// Ends it as said; a signal that ends it at once leaves its pid file.
fn end(failsh: &mut Failsh, signal: Signal) {
    match signal {
        Signal::SIGKILL => failsh.kill(),
        signal => assert_eq!(failsh.end(signal), Some(0)),
    }
}

const ENDS: [Signal; 2] = [Signal::SIGTERM, Signal::SIGKILL];

#[test]
fn what_serves_goes_on_and_is_taken_over_as_it_is() {
    for signal in ENDS {
        let mut failsh = Failsh::start(&policy(""));
        // Not by its log: what has not been published yet is cleaned up by the next one.
        failsh.wait_for_state("web", "UP");
        end(&mut failsh, signal);
        let left = failsh.wait_for_state("web", "unsupervised");
        assert!(left.contains("UP"), "{left}");
        failsh.start_again();
        failsh.log.wait_for("is ready");
        let now = || failsh.state("web");
        wait::until("it to be supervised", now, |now| {
            !now.contains("unsupervised")
        });
        assert_eq!(failsh.count(" -> "), 0, "{:?}", failsh.log.all());
        traced(&failsh, "start");
    }
}

#[test]
fn a_start_that_was_broken_off_is_cleaned_up_first() {
    for signal in ENDS {
        let mut failsh = Failsh::start(&policy("start"));
        traced(&failsh, "start");
        assert!(failsh.state("web").contains("starting"));
        end(&mut failsh, signal);
        failsh.write(&policy(""));
        failsh.start_again();
        failsh.log.wait_for("service web: RECOVER -> UP");
        traced(&failsh, "start stop start");
    }
}

#[test]
fn a_stop_that_was_broken_off_is_run_again() {
    for signal in ENDS {
        let mut failsh = Failsh::start(&policy("stop"));
        failsh.log.wait_for("service web: RECOVER -> UP");
        failsh.faild.failc(&["away", "web", "by the test"]).done();
        traced(&failsh, "start stop");
        end(&mut failsh, signal);
        assert!(failsh.state("web").contains("UP"));
        failsh.write(&policy(""));
        failsh.start_again();
        failsh.wait_for_state("web", "FAIL");
        traced(&failsh, "start stop stop");
    }
}

#[test]
fn a_script_that_runs_while_the_policy_is_read_ends_with_the_old_text() {
    let failsh = Failsh::start(&policy("start"));
    traced(&failsh, "start");
    failsh.write(&policy("").replace("note $word", "note new-$word"));
    failsh.signal(Signal::SIGHUP);
    failsh.log.wait_for("policy read again: ");
    failsh.folder.write("go", "");
    failsh.log.wait_for("service web: RECOVER -> UP");
    failsh.faild.failc(&["away", "web"]).done();
    failsh.wait_for_state("web", "FAIL");
    traced(&failsh, "start new-stop");
}

#[test]
fn a_service_that_fails_stays_so() {
    for signal in ENDS {
        let mut failsh = Failsh::start(&policy(""));
        failsh.log.wait_for("service web: RECOVER -> UP");
        failsh.faild.failc(&["web", "FAIL", "by the test"]).done();
        traced(&failsh, "start stop");
        failsh.log.wait_for("service web: UP -> FAIL");
        end(&mut failsh, signal);
        failsh.start_again();
        failsh.log.wait_for("is ready");
        let now = || failsh.state("web");
        let now = wait::until("it to be supervised", now, |now| {
            !now.contains("unsupervised")
        });
        assert!(now.contains("FAIL"), "{now}");
        traced(&failsh, "start stop");
    }
}

/// Whether a process whose command line is this runs.
fn runs(command: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.any(|line| String::from_utf8_lossy(&line).replace('\0', " ").trim() == command)
}

#[test]
fn the_programs_of_a_script_are_ended_by_sigterm_and_go_on_after_kill_9() {
    for (no, signal) in ENDS.into_iter().enumerate() {
        // So long that no other process sleeps just that, and not longer than a test.
        let sleep = format!("sleep 1{no}.{}", std::process::id());
        let mut failsh = Failsh::start(&format!(
            "failsvc web interval 100ms stop {{return RECOVER}} start {{
                 exec {sleep}
                 return UP
             }}"
        ));
        wait::until("its program to run", || runs(&sleep), |runs| *runs);
        end(&mut failsh, signal);
        assert_eq!(runs(&sleep), signal == Signal::SIGKILL, "after {signal}");
    }
}

#[test]
fn a_check_that_was_broken_off_changes_nothing() {
    for signal in ENDS {
        let mut failsh = Failsh::start(
            "failsvc web interval 100ms start {return UP} stop {close [open FOLDER/stop w]}
             failsvc web checkinterval 50ms check {
                 close [open FOLDER/check w]
                 exec sleep 5
                 return FAIL
             } fall 1",
        );
        failsh.wait_for_state("web", "UP");
        failsh.wait_for_file("check");
        end(&mut failsh, signal);
        assert!(failsh.state("web").contains("UP"));
        failsh.write("failsvc web interval 100ms start {return UP} stop {return RECOVER}");
        failsh.start_again();
        failsh.log.wait_for("service web: found UP");
        assert_eq!(failsh.count(" -> "), 0, "{:?}", failsh.log.all());
        assert!(!failsh.exists("stop"), "after {signal}");
    }
}

#[test]
fn what_is_ready_stays_ready() {
    for signal in ENDS {
        let other = failover_tests::faild::Faild::start(&[]);
        other.failc(&["web", "UP", "by the test"]).done();
        let port = other.address.port();
        let mut failsh = Failsh::start(&format!(
            "failhost b address 127.0.0.1 port {port}
             failsvc web masters b interval 100ms start {{return UP}} stop {{return RECOVER}}"
        ));
        failsh.wait_for_state("web", "RECOVER");
        end(&mut failsh, signal);
        failsh.start_again();
        failsh.log.wait_for("service web: found RECOVER");
        assert_eq!(failsh.count(" -> "), 0, "{:?}", failsh.log.all());
    }
}

#[test]
fn what_stands_behind_finally_is_run_before_failsh_has_ended() {
    let mut failsh = Failsh::start(
        "proc note word {set file [open FOLDER/trace a]; puts $file $word; close $file}
         failsvc web interval 100ms stop {return RECOVER} start {
             try {
                 note begun
                 exec sleep 20
             } finally {
                 exec true
                 note tidied
             }
             return UP
         }",
    );
    traced(&failsh, "begun");
    end(&mut failsh, Signal::SIGTERM);
    traced(&failsh, "begun tidied");
}
