//! Programs that want to leave something behind, or to fill the memory, and can not. A test
//! program of its own: it measures the most memory that it ever had.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::{Path, PathBuf};

use fail_core::exec::{End, Errors, ExecResult, Finished, Given, Input, Output, Pipeline, Stage};
use fail_core::limits::OUTPUT_BYTES_MAX;
use fail_core::time::{Mono, Span};
use fail_rt::children::{Children, LINGER, SWEEP_GRACE};
use fail_rt::clock::{self, earliest};
use fail_rt::log::Log;
use fail_rt::poller::Poller;
use fail_rt::signals::{Signal, Signals};

/// Longer than anything here takes on a slow and busy machine.
const LIMIT: Span = Span::from_secs(60);

struct Nursery {
    poller: Poller,
    signals: Signals,
    children: Children,
}

fn now() -> Mono {
    clock::now().mono
}

impl Nursery {
    fn new() -> Nursery {
        let mut poller = Poller::new().unwrap();
        let signals = Signals::new(poller.desk().unwrap()).unwrap();
        let log = Log::to("test", std::io::sink());
        let children = Children::new(poller.desk().unwrap(), log);
        Nursery {
            poller,
            signals,
            children,
        }
    }

    fn turn(&mut self) {
        let deadline = earliest([
            self.children.deadline(),
            Some(now() + Span::from_millis(50)),
        ]);
        for event in self.poller.wait(deadline).unwrap() {
            if self.children.owns(event.token()) {
                self.children.on_event(event.token());
            } else if self.signals.owns(event.token())
                && self.signals.pending().any(|s| s == Signal::Child)
            {
                self.children.reap(now());
            }
        }
        self.children.expire(now());
    }

    /// Turns the loop until there is something.
    fn until<T>(&mut self, what: &str, mut look: impl FnMut(&mut Nursery) -> Option<T>) -> T {
        let limit = now() + LIMIT;
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(now() < limit, "no {what}");
            self.turn();
        }
    }

    fn result(&mut self) -> ExecResult {
        self.until("result", |n| n.children.poll()).1
    }

    /// Runs a check for at most so long.
    fn check(&mut self, script: &str, limit: Span) -> Finished {
        self.children.spawn(1, check(script), Some(now() + limit));
        self.result().unwrap()
    }
}

fn check(script: &str) -> Pipeline {
    Pipeline {
        stages: vec![Stage {
            argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
            stderr: Errors::Collect,
        }],
        stdin: Input::Null,
        stdout: Output::Collect,
        background: false,
        given: Given {
            sweep: true,
            ..Given::default()
        },
    }
}

fn how(done: &Finished) -> End {
    done.ends[0].1
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Nobody runs under this process id; a zombie may wait there for a parent that is not ours.
fn is_gone(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

/// All processes of this group that run.
fn group(leader: u32) -> Vec<String> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = all.map(|p| p.file_name().to_string_lossy().into_owned());
    let of_group = |pid: &String| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
        let mut fields = fields.split(' ');
        let state = fields.next();
        state != Some("Z") && fields.nth(1) == Some(&leader.to_string())
    };
    pids.filter(of_group).collect()
}

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("fail-rt-sweep-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir(&path).unwrap();
    path
}

/// What a process has had at most, in kilobytes.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let word = line.unwrap().split_whitespace().nth(1);
    word.unwrap().parse().unwrap()
}

#[test]
fn a_check_that_hangs_ends_at_its_deadline() {
    let mut n = Nursery::new();
    let done = n.check("echo here; sleep 1000", Span::from_millis(200));
    assert_eq!(
        (text(&done.stdout), how(&done)),
        ("here\n", End::Signal(15))
    );
    assert!(done.timed_out);
    assert!(group(done.ends[0].0).is_empty());
}

#[test]
fn a_check_that_ignores_term_is_killed_with_all_its_children() {
    let mut n = Nursery::new();
    let begin = now();
    // What ignores TERM hands that on to its children.
    let script = "trap '' TERM; for i in 1 2 3; do sleep 1000 & echo $!; done; wait; wait";
    let done = n.check(script, Span::from_millis(200));
    assert_eq!(how(&done), End::Signal(9));
    assert!(now() - begin >= SWEEP_GRACE && done.timed_out);
    assert_eq!(text(&done.stdout).lines().count(), 3);
    n.until("end of its group", |_| {
        group(done.ends[0].0).is_empty().then_some(())
    });
}

#[test]
fn a_check_that_leaves_twenty_children_leaves_none() {
    let mut n = Nursery::new();
    // The half of them holds the output.
    let script = "i=0; while [ $i -lt 10 ]; do i=$((i+1)); sleep 1000 & echo $!; \
        sleep 1000 >/dev/null 2>&1 & echo $!; done; exit 3";
    let done = n.check(script, LIMIT);
    assert_eq!(how(&done), End::Exit(3));
    let pids: Vec<_> = text(&done.stdout).lines().collect();
    assert_eq!(pids.len(), 20);
    n.until("end of all", |_| {
        pids.iter().all(|p| is_gone(p)).then_some(())
    });
    assert!(!done.timed_out, "it ended by itself");
}

#[test]
fn a_check_whose_child_holds_the_pipe_is_not_held_up() {
    let mut n = Nursery::new();
    let done = n.check("(trap '' TERM HUP; sleep 1000) & echo $!; echo fine", LIMIT);
    assert_eq!((how(&done), done.timed_out), (End::Exit(0), false));
    let said = text(&done.stdout);
    let (pid, fine) = said.split_once('\n').unwrap();
    assert_eq!(fine, "fine\n");
    n.until("end of the child", |_| is_gone(pid).then_some(()));
}

#[test]
fn whoever_starts_children_without_end_is_ended_with_them() {
    let mut n = Nursery::new();
    let script = "while :; do sleep 1000 & sleep 0.01; done";
    let done = n.check(script, Span::from_millis(300));
    assert!(done.timed_out);
    n.until("end of its group", |_| {
        group(done.ends[0].0).is_empty().then_some(())
    });
}

#[test]
fn a_gigabyte_is_thrown_away_and_the_memory_is_bounded() {
    let mut n = Nursery::new();
    n.check("true", LIMIT);
    let before = most_memory();
    let done = n.check("head -c 1000000000 /dev/zero", LIMIT);
    assert_eq!((how(&done), done.cut), (End::Exit(0), true));
    assert_eq!(done.stdout.len(), OUTPUT_BYTES_MAX);
    let errors = n.check("head -c 100000000 /dev/zero >&2; exit 2", LIMIT);
    assert_eq!(
        (how(&errors), errors.stderr.len()),
        (End::Exit(2), OUTPUT_BYTES_MAX)
    );
    // What is kept, and twice that while it grows; the tests beside this one have theirs.
    let grown = most_memory() - before;
    assert!(grown < 64 * 1024, "{grown} kB more");
    // And one that does not stop.
    let endless = n.check("yes", Span::from_millis(200));
    assert!(endless.timed_out && endless.cut);
}

#[test]
fn a_check_that_closes_its_output_and_goes_on_ends_at_its_deadline() {
    let mut n = Nursery::new();
    let script = "echo fine; exec >&- 2>&-; exec sleep 1000";
    let done = n.check(script, Span::from_millis(200));
    assert_eq!(
        (text(&done.stdout), how(&done)),
        ("fine\n", End::Signal(15))
    );
    assert!(done.timed_out);
}

#[test]
fn binary_output_comes_as_it_is() {
    let mut n = Nursery::new();
    let done = n.check("printf '\\000\\377\\033[2J\\r\\n'", LIMIT);
    assert_eq!(done.stdout, b"\0\xff\x1b[2J\r\n");
}

/// As is said in the documentation: it is out of reach, and holds nobody up.
#[test]
fn a_daemon_with_a_session_of_its_own_is_left_and_holds_up_nobody() {
    let mut n = Nursery::new();
    let dir = folder("daemon");
    let file = dir.join("pid");
    let script = format!(
        "setsid sh -c 'echo $$ >{0}.new; mv {0}.new {0}; exec sleep 1000' & \
         while [ ! -e {0} ]; do sleep 0.01; done",
        file.display()
    );
    let begin = now();
    let done = n.check(&script, LIMIT);
    assert_eq!((how(&done), done.timed_out), (End::Exit(0), false));
    assert!(now() - begin >= LINGER, "it holds the output");
    let pid = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    assert!(!is_gone(&pid));
    let number = nix::unistd::Pid::from_raw(pid.parse().unwrap());
    nix::sys::signal::kill(number, nix::sys::signal::Signal::SIGKILL).unwrap();
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn what_is_swept_is_reaped() {
    let mut n = Nursery::new();
    for _ in 0..20 {
        let done = n.check("sleep 1000 & exit 0", LIMIT);
        let place = format!("/proc/{}", done.ends[0].0);
        assert!(!Path::new(&place).exists(), "{place} is still there");
    }
    assert!(n.children.is_empty() && n.children.deadline().is_none());
}
