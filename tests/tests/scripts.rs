//! Start scripts that hang, that run in circles, that talk nonsense: on two hosts on loopback.
//! What the others have to do is done meanwhile, the script ends at its time, its children
//! are gone, and the service is FAIL with the reason.

use std::time::{Duration, Instant};

use fail_cli::exit;
use failover_tests::faild::Faild;
use failover_tests::folder::Folder;
use failover_tests::{failsh, program};

use crate::netns::process::{Process, wait};

/// How long anything may take that should be done at once.
const BOUND: Duration = Duration::from_secs(10);

/// The time that the bad script has.
const TIMEOUT: Duration = Duration::from_secs(3);

/// What a host that lost its master should have noticed in: interval, burst, and much slack,
/// but before the time of the bad script is over.
const NOTICED: Duration = Duration::from_secs(2);

const COMMON: &str = "\
failsvc good interval 200ms confirm {4 20ms}
failsvc good start {return UP} stop {return RECOVER}
";

/// Two hosts: hostb outranks hosta for the service `good`; hosta alone has `bad`.
struct Pair {
    hostb: Option<(Faild, Process)>,
    faild: Faild,
    failsh: Process,
    /// All that failstat shows of hosta, ten times in a second.
    watch: Process,
    /// When the bad script began to run.
    began: Instant,
    _folder: Folder,
}

fn failsh(name: &str, faild: &Faild, folder: &Folder, policy: &str) -> Process {
    let mut failsh = failsh::command(faild);
    failsh.args(["-f", &folder.write(&format!("{name}.tcl"), policy)]);
    Process::start(&format!("failsh of {name}"), failsh)
}

impl Pair {
    /// hostb serves `good`, and hosta begins to start `bad`.
    fn new(start: &str) -> Pair {
        let folder = Folder::new();
        let (faild, faild_b) = (Faild::start(&[]), Faild::start(&[]));
        let then = Instant::now();
        let (port_a, port_b) = (faild.address.port(), faild_b.address.port());
        let policy = format!(
            "{COMMON}failhost hosta address 127.0.0.1 port {port_a}\nfailsvc good slaves hosta\n"
        );
        let failsh_b = failsh("hostb", &faild_b, &folder, &policy);
        failsh_b.line(then, "service good: RECOVER -> UP", BOUND);

        let mut watch = program::command("failstat");
        watch.args(["--json", "--watch=100ms", &faild.address.to_string()]);
        let watch = Process::start("failstat", watch);
        let policy = format!(
            "{COMMON}failhost hostb address 127.0.0.1 port {port_b}\nfailsvc good masters hostb\n\
             failsvc bad interval 200ms timeout {}s stop {{return RECOVER}} start {{{start}}}\n",
            TIMEOUT.as_secs()
        );
        let failsh = failsh("hosta", &faild, &folder, &policy);
        failsh.line(then, "service good: yield", BOUND);
        let began = failsh.line(then, "service bad: running start", BOUND).at;
        Pair {
            hostb: Some((faild_b, failsh_b)),
            faild,
            failsh,
            watch,
            began,
            _folder: folder,
        }
    }

    /// Kills hostb, so that hosta has to take over `good` while the bad script runs.
    fn kill_hostb(&mut self) -> Instant {
        let then = Instant::now();
        if let Some((mut faild, mut failsh)) = self.hostb.take() {
            failsh.kill();
            faild.kill();
        }
        then
    }

    /// When hosta said this after a moment.
    fn said(&self, then: Instant, text: &str) -> Instant {
        self.failsh.line(then, text, BOUND).at
    }

    /// `bad` is FAIL for this reason, in failc and in failstat.
    fn has_failed(&self, reason: &str) {
        self.said(self.began, "service bad: RECOVER -> FAIL");
        wait("failc to show FAIL", BOUND, || {
            let shown = self.faild.failc(&["bad"]).done();
            match shown.contains("FAIL") && shown.contains(reason) {
                true => Ok(()),
                false => Err(shown),
            }
        });
        let code = self.faild.failc(&["-q", "bad"]).code;
        assert_eq!(code, Some(i32::from(exit::FAIL)));
        let table = self.faild.failstat(&[]).done();
        let row = table.lines().find(|line| line.contains(" bad ")).unwrap();
        assert!(row.contains("FAIL") && row.contains(reason), "{row}");
    }

    /// Nothing was ever shown as unsupervised: hosta has published and polled all the time.
    fn was_supervised(&self) {
        let looks = self.watch.count(self.began, "\"service\":\"bad\"");
        assert!(looks > 5, "failstat looked {looks} times");
        let never = self.watch.count(self.began, "unsupervised");
        assert_eq!(never, 0, "of {looks} looks {never} show it unsupervised");
    }
}

/// The processes whose command line holds this.
fn processes(text: &str) -> Vec<String> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = pids.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let lines = lines.map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "));
    lines
        .filter(|line| line.contains(text) && line.starts_with("sleep"))
        .collect()
}

/// A duration that no other process sleeps.
fn sleep_of_ours(seconds: u32) -> String {
    format!("sleep {seconds}.{}", std::process::id())
}

fn wait_for(what: &str, processes: impl Fn() -> Vec<String>, good: impl Fn(usize) -> bool) {
    wait(what, BOUND, || {
        let seen = processes();
        if good(seen.len()) {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    });
}

#[test]
fn a_script_that_waits_for_a_program_holds_up_nobody_and_both_end_at_their_time() {
    let sleep = sleep_of_ours(60);
    let mut pair = Pair::new(&format!("exec {sleep}; return UP"));
    wait_for("the child to run", || processes(&sleep), |count| count == 1);
    let killed = pair.kill_hostb();
    let found = pair.said(killed, "host hostb: unreachable");
    let up = pair.said(killed, "service good: RECOVER -> UP");
    let ended = pair.said(pair.began, "service bad: start timed out after 3s");
    assert!(up < ended, "good waited for bad");
    pair.has_failed("timed out after 3s");
    wait_for(
        "the child to be gone",
        || processes(&sleep),
        |count| count == 0,
    );
    pair.was_supervised();
    println!(
        "exec sleep: hostb found dead after {:.0?}, good UP after {:.0?}; bad ended after {:.2?}",
        found - killed,
        up - killed,
        ended - pair.began
    );
    assert!(up - killed < NOTICED);
    // A line may be seen later than it was written.
    assert!(ended - pair.began > TIMEOUT / 2, "ended too early");
}

#[test]
fn a_script_in_an_endless_loop_stalls_other_scripts_at_most_and_ends_at_its_time() {
    let mut pair = Pair::new("while 1 {}");
    let killed = pair.kill_hostb();
    let found = pair.said(killed, "host hostb: unreachable");
    let starting = pair.said(killed, "service good: running start");
    let ended = pair.said(pair.began, "service bad: start timed out after 3s");
    assert!(
        starting < ended,
        "asking and publishing waited for the loop"
    );
    let up = pair.said(killed, "service good: RECOVER -> UP");
    pair.has_failed("timed out after 3s");
    pair.was_supervised();
    println!(
        "while 1: hostb found dead after {:.0?}, good ordered after {:.0?}, the loop ended after \
         {:.2?}, good UP {:.0?} later",
        found - killed,
        starting - killed,
        ended - pair.began,
        up.saturating_duration_since(ended)
    );
    assert!(starting - killed < NOTICED);
    assert!(up - ended < NOTICED);
}

#[test]
fn a_child_that_does_not_listen_is_killed_after_a_while() {
    let sleep = sleep_of_ours(61);
    let pair = Pair::new(&format!(
        "exec sh -c {{trap \"\" TERM; {sleep}}}; return UP"
    ));
    wait_for("the child to run", || processes(&sleep), |count| count == 1);
    let ended = pair.said(pair.began, "service bad: start timed out after 3s");
    pair.has_failed("timed out after 3s");
    wait_for(
        "the child to be gone",
        || processes(&sleep),
        |count| count == 0,
    );
    pair.was_supervised();
    println!(
        "a child deaf to SIGTERM was gone {:.1?} after the time was over",
        ended.elapsed()
    );
}

#[test]
fn a_script_that_will_not_end_fails_all_the_same() {
    let mut pair = Pair::new("while 1 {catch {after 50}}");
    pair.said(pair.began, "service bad: start timed out after 3s");
    pair.has_failed("timed out after 3s");
    let killed = pair.kill_hostb();
    pair.said(killed, "service good: RECOVER -> UP");
    pair.was_supervised();
}

#[test]
fn a_script_that_returns_nonsense_is_fail_with_what_it_said() {
    for (script, reason) in [
        ("return banana", "banana"),
        ("error {no such luck}", "no such luck"),
        (
            "exec sh -c {echo the disk is full >&2; exit 3}",
            "the disk is full",
        ),
        ("no-such-command", "no-such-command"),
        ("set empty {}", "UP, RECOVER or FAIL"),
    ] {
        let pair = Pair::new(script);
        pair.has_failed(reason);
        assert!(
            pair.began.elapsed() < TIMEOUT,
            "{script}: it took as long as a time-out"
        );
    }
}
