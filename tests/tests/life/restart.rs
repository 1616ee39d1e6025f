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
