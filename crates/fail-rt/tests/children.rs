//! Real programs, started, fed, read, killed and reaped.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fail_core::exec::{
    End, Errors, ExecFailed, ExecResult, Finished, Given, Input, Output, Pipeline, Stage,
};
use fail_core::limits::OUTPUT_BYTES_MAX;
use fail_core::time::Span;
use fail_rt::children::{CHILDREN_MAX, Children, LINGER, STAGES_MAX, TERM_GRACE};
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
    results: BTreeMap<u64, ExecResult>,
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
            results: BTreeMap::new(),
        }
    }

    fn turn(&mut self) {
        let until = Some(clock::now().mono + Span::from_secs(1));
        let deadline = earliest([self.children.deadline(), until]);
        for event in self.poller.wait(deadline).unwrap() {
            if self.children.owns(event.token()) {
                self.children.on_event(event.token());
            } else if self.signals.owns(event.token()) {
                let child = self.signals.pending().any(|s| s == Signal::Child);
                if child {
                    self.children.reap(clock::now().mono);
                }
            }
        }
        self.children.expire(clock::now().mono);
        self.take();
    }

    fn take(&mut self) {
        while let Some((id, result)) = self.children.poll() {
            assert!(self.results.insert(id, result).is_none(), "{id} came twice");
        }
    }

    /// Turns the loop until `done` says so.
    fn until(&mut self, what: &str, mut done: impl FnMut(&mut Nursery) -> bool) {
        let limit = clock::now().mono + LIMIT;
        self.take();
        while !done(self) {
            assert!(
                clock::now().mono < limit,
                "no {what}; last: {:?}",
                self.results
            );
            self.turn();
        }
    }

    fn result(&mut self, id: u64) -> ExecResult {
        self.until("result", |n| n.results.contains_key(&id));
        self.results.remove(&id).unwrap()
    }

    fn run(&mut self, pipeline: Pipeline) -> Finished {
        self.children.spawn(0, pipeline, None);
        self.result(0).unwrap()
    }

    fn refusal(&mut self, pipeline: Pipeline) -> ExecFailed {
        self.children.spawn(0, pipeline, None);
        self.result(0).unwrap_err()
    }
}

fn pipeline(programs: &[&[&str]]) -> Pipeline {
    let stage = |argv: &&[&str]| Stage {
        argv: argv.iter().map(|w| (*w).to_owned()).collect(),
        stderr: Errors::Collect,
    };
    Pipeline {
        stages: programs.iter().map(stage).collect(),
        stdin: Input::Null,
        stdout: Output::Collect,
        background: false,
        given: Given::default(),
    }
}

fn sh(script: &str) -> Pipeline {
    pipeline(&[&["sh", "-c", script]])
}

fn how(finished: &Finished) -> Vec<End> {
    finished.ends.iter().map(|(_, end)| *end).collect()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Nobody runs under this process id, unless as a zombie that is not ours.
fn is_gone(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

fn nobody_runs(word: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut lines = processes.filter_map(|p| std::fs::read(p.path().join("cmdline")).ok());
    !lines.any(|line| line.split(|b| *b == 0).any(|w| w == word.as_bytes()))
}

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("fail-rt-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir(&path).unwrap();
    path
}

fn name_of(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_program_gives_output_errors_and_its_code() {
    let mut n = Nursery::new();
    let done = n.run(sh("echo out; echo err >&2; exit 3"));
    assert_eq!((text(&done.stdout), text(&done.stderr)), ("out\n", "err\n"));
    assert_eq!(how(&done), [End::Exit(3)]);
    assert!(done.ends[0].0 > 0 && !done.cut);
    assert_eq!(how(&n.run(sh("kill -9 $$"))), [End::Signal(9)]);
    assert_eq!(how(&n.run(sh("kill -40 $$"))), [End::Signal(40)]);
    assert!(n.children.is_empty() && n.children.deadline().is_none());
}

#[test]
fn programs_are_joined_by_pipes() {
    let mut n = Nursery::new();
    let mut p = pipeline(&[
        &["sh", "-c", "cat; echo one >&2; exit 1"],
        &["sort"],
        &["sh", "-c", "tr a-z A-Z; echo three >&2"],
    ]);
    p.stdin = Input::Bytes(b"b\na\n".to_vec());
    let done = n.run(p);
    assert_eq!(text(&done.stdout), "A\nB\n");
    assert_eq!(text(&done.stderr), "one\nthree\n");
    assert_eq!(how(&done), [End::Exit(1), End::Exit(0), End::Exit(0)]);
}

#[test]
fn words_are_never_read_by_a_shell() {
    let words = ["$HOME; `date` *", "", "a\nb", "'\"\\"];
    let argv: Vec<_> = ["printf", "[%s]"].into_iter().chain(words).collect();
    let done = Nursery::new().run(pipeline(&[&argv]));
    assert_eq!(text(&done.stdout), words.map(|w| format!("[{w}]")).concat());
}

#[test]
fn input_longer_than_a_pipe_goes_through() {
    let input: Vec<u8> = (0..700_000u32).map(|n| (n % 251) as u8).collect();
    let mut p = pipeline(&[&["cat"], &["cat"]]);
    p.stdin = Input::Bytes(input.clone());
    let done = Nursery::new().run(p);
    assert!(
        done.stdout == input,
        "{} bytes came back",
        done.stdout.len()
    );
}

#[test]
fn a_program_need_not_read_its_input() {
    let mut p = pipeline(&[&["true"]]);
    p.stdin = Input::Bytes(vec![b'x'; 1 << 20]);
    assert_eq!(how(&Nursery::new().run(p)), [End::Exit(0)]);
}

#[test]
fn long_output_is_cut_and_the_program_not_held_up() {
    let done = Nursery::new().run(sh("head -c 5000000 /dev/zero; exit 4"));
    assert_eq!(done.stdout.len(), OUTPUT_BYTES_MAX);
    assert!(done.cut);
    assert_eq!(how(&done), [End::Exit(4)]);
}

#[test]
fn output_without_end_starves_nobody() {
    let mut n = Nursery::new();
    let deadline = clock::now().mono + Span::from_millis(400);
    n.children.spawn(1, pipeline(&[&["yes"]]), Some(deadline));
    n.children.spawn(2, sh("echo done"), None);
    assert_eq!(n.result(2).unwrap().stdout, b"done\n");
    let endless = n.result(1).unwrap();
    assert_eq!(how(&endless), [End::Signal(15)]);
    assert!(endless.cut && endless.stdout.len() == OUTPUT_BYTES_MAX);
}

#[test]
fn files_stand_in_for_input_output_and_errors() {
    let dir = folder("redirect");
    let (input, output, errors) = (dir.join("in"), dir.join("out"), dir.join("err"));
    std::fs::write(&input, "hello\n").unwrap();
    std::fs::write(&output, "old\n").unwrap();
    let mut n = Nursery::new();
    for append in [true, false] {
        let mut p = pipeline(&[
            &["sh", "-c", "cat; echo e1 >&2"],
            &["sh", "-c", "cat; echo e2 >&2"],
        ]);
        p.stdin = Input::File(name_of(&input));
        p.stdout = Output::File {
            path: name_of(&output),
            append,
        };
        for stage in &mut p.stages {
            stage.stderr = Errors::File {
                path: name_of(&errors),
                append: false,
            };
        }
        let done = n.run(p);
        assert!(done.stdout.is_empty() && done.stderr.is_empty());
        let kept = if append { "old\n" } else { "" };
        let written = std::fs::read_to_string(&output).unwrap();
        assert_eq!(written, format!("{kept}hello\n"));
        // One file for both stages, opened once: neither overwrote the other.
        assert_eq!(std::fs::read_to_string(&errors).unwrap(), "e1\ne2\n");
    }
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn errors_merge_into_the_output_of_their_stage() {
    let mut p = pipeline(&[&["sh", "-c", "echo a; echo b >&2"], &["sed", "s/^/>/"]]);
    p.stages[0].stderr = Errors::Merge;
    let done = Nursery::new().run(p);
    assert_eq!((text(&done.stdout), text(&done.stderr)), (">a\n>b\n", ""));
}

#[test]
fn what_can_not_be_started_says_so_in_the_words_of_tcl() {
    let dir = folder("refuse");
    let fifo = dir.join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut n = Nursery::new();
    let mut cases = vec![
        (
            pipeline(&[&["/no/such"]]),
            "couldn't execute \"/no/such\": no such file or directory",
            "ENOENT",
        ),
        (
            pipeline(&[&["/etc/passwd"]]),
            "couldn't execute \"/etc/passwd\": permission denied",
            "EACCES",
        ),
        (
            pipeline(&[&[""]]),
            "couldn't execute \"\": no such file or directory",
            "ENOENT",
        ),
        (
            pipeline(&[]),
            "couldn't execute \"\": invalid argument",
            "EINVAL",
        ),
        (
            pipeline(&[&["a\0b"]]),
            "couldn't execute \"a\0b\": a NUL byte can not be passed on",
            "EINVAL",
        ),
    ];
    let mut missing = pipeline(&[&["cat"]]);
    missing.stdin = Input::File("/no/such".into());
    cases.push((
        missing,
        "couldn't read file \"/no/such\": no such file or directory",
        "ENOENT",
    ));
    let mut directory = pipeline(&[&["cat"]]);
    directory.stdout = Output::File {
        path: "/".into(),
        append: false,
    };
    cases.push((
        directory,
        "couldn't write file \"/\": illegal operation on a directory",
        "EISDIR",
    ));
    for (p, sentence, errno) in cases {
        let failed = n.refusal(p);
        assert_eq!(
            (failed.sentence.as_str(), failed.errno.as_str()),
            (sentence, errno)
        );
    }
    // Opening a FIFO that nobody reads would hold up the loop for ever.
    let mut waits = pipeline(&[&["true"]]);
    waits.stdout = Output::File {
        path: name_of(&fifo),
        append: false,
    };
    assert_eq!(n.refusal(waits).errno, "ENXIO");
    assert!(n.children.is_empty());
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn one_wrong_program_in_a_row_starts_none() {
    let mut n = Nursery::new();
    let failed = n.refusal(pipeline(&[
        &["sleep", "98761"],
        &["no-such-program"],
        &["cat"],
    ]));
    assert_eq!(
        failed.sentence,
        "couldn't execute \"no-such-program\": no such file or directory"
    );
    n.until("end of the first program", |_| nobody_runs("98761"));
}

#[test]
fn at_its_deadline_a_job_that_ignores_term_is_killed() {
    let mut n = Nursery::new();
    let begin = clock::now().mono;
    let deadline = begin + Span::from_millis(300);
    n.children.spawn(
        1,
        sh("trap '' TERM; echo here; exec sleep 1000"),
        Some(deadline),
    );
    let done = n.result(1).unwrap();
    assert_eq!(how(&done), [End::Signal(9)]);
    assert_eq!(done.stdout, b"here\n");
    assert!(clock::now().mono >= deadline + TERM_GRACE);
}

#[test]
fn a_job_that_is_stopped_can_be_told_to_go() {
    let mut n = Nursery::new();
    n.children.spawn(1, sh("echo $$; kill -STOP $$"), None);
    let mut pid = String::new();
    n.until("stop", |_| {
        let mut all = std::fs::read_dir("/proc").unwrap().flatten();
        let found = all.find(|p| {
            let line = std::fs::read_to_string(p.path().join("cmdline")).unwrap_or_default();
            let stat = std::fs::read_to_string(p.path().join("stat")).unwrap_or_default();
            line.contains("echo $$; kill -STOP $$") && stat.contains(") T ")
        });
        pid = found.map_or(String::new(), |p| p.file_name().into_string().unwrap());
        !pid.is_empty()
    });
    n.children.kill(1, clock::now().mono);
    n.children.kill(1, clock::now().mono);
    let done = n.result(1).unwrap();
    assert_eq!(how(&done), [End::Signal(15)]);
    assert_eq!(text(&done.stdout).trim(), pid);
}

#[test]
fn a_daemon_left_behind_does_not_hold_up_its_job_and_lives() {
    let mut n = Nursery::new();
    let begin = clock::now().mono;
    let done = n.run(sh("sleep 1000 & echo $!"));
    assert_eq!(how(&done), [End::Exit(0)]);
    assert!(clock::now().mono >= begin + LINGER);
    let pid = text(&done.stdout).trim().to_owned();
    assert!(!is_gone(&pid));
    let number = nix::unistd::Pid::from_raw(pid.parse().unwrap());
    nix::sys::signal::kill(number, nix::sys::signal::Signal::SIGKILL).unwrap();
}

#[test]
fn a_grandchild_goes_with_the_job_that_is_told_to_go() {
    let dir = folder("grandchild");
    let file = dir.join("pid");
    let mut n = Nursery::new();
    let script = format!(
        "sh -c \"trap '' TERM; echo here; exec sleep 1000\" & echo $! >{}; wait",
        file.display()
    );
    n.children.spawn(1, sh(&script), None);
    n.until("grandchild", |_| {
        std::fs::read(&file).is_ok_and(|b| b.ends_with(b"\n"))
    });
    let pid = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    assert!(!is_gone(&pid));
    n.children.kill(1, clock::now().mono);
    let done = n.result(1).unwrap();
    assert_eq!(how(&done), [End::Signal(15)]);
    n.until("end of the grandchild", |_| is_gone(&pid));
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_child_has_default_signals_and_no_descriptor_of_ours() {
    ignore_block_and_open();
    let mut n = Nursery::new();
    let done = n.run(sh("sed -nE 's/^Sig(Blk|Ign):.//p' /proc/self/status"));
    for line in text(&done.stdout).lines() {
        let signals = u64::from_str_radix(line, 16).unwrap();
        // 32 and 33 belong to the C library, whose posix_spawn leaves them ignored.
        assert_eq!(signals & !(0b11 << 31), 0, "{signals:x}");
    }
    assert_eq!(text(&done.stdout).lines().count(), 2);
    // The last one is the directory that is being read.
    let done = n.run(pipeline(&[&["ls", "/proc/self/fd"]]));
    assert_eq!(text(&done.stdout), "0\n1\n2\n3\n");
    let done = n.run(pipeline(&[&["readlink", "/proc/self/fd/0"]]));
    assert_eq!(text(&done.stdout), "/dev/null\n");
    // All of a pipeline are in the group of its first: field 5 of stat.
    let group = &["cut", "-d ", "-f5", "/proc/self/stat"];
    let done = n.run(pipeline(&[
        group,
        &["sh", "-c", "cat; cut -d ' ' -f5 /proc/self/stat"],
    ]));
    let leader = done.ends[0].0;
    assert_eq!(text(&done.stdout), format!("{leader}\n{leader}\n"));
}

/// What a careless parent may have done to us.
#[allow(
    unsafe_code,
    reason = "signal and dup without CLOEXEC are what is tested"
)]
fn ignore_block_and_open() {
    // SAFETY: a constant disposition; a new descriptor nobody else knows.
    unsafe {
        libc::signal(libc::SIGQUIT, libc::SIG_IGN);
        libc::signal(libc::SIGALRM, libc::SIG_IGN);
        assert!(libc::dup(2) > 2);
    }
    nix::sys::signal::SigSet::all().thread_block().unwrap();
}

#[test]
fn there_is_a_limit_and_all_can_be_told_to_go() {
    let mut n = Nursery::new();
    let cats = |count| pipeline(&vec![&["cat"] as &[&str]; count]);
    let refused = n.refusal(cats(STAGES_MAX + 1));
    assert_eq!(refused.errno, "E2BIG");
    let sleeper = || pipeline(&vec![&["sleep", "1000"] as &[&str]; STAGES_MAX]);
    for id in 0..(CHILDREN_MAX / STAGES_MAX) as u64 {
        n.children.spawn(id + 1, sleeper(), None);
    }
    let refused = n.refusal(cats(1));
    assert_eq!(
        refused.sentence,
        "couldn't execute \"cat\": 512 programs are running"
    );
    n.children.kill_all(clock::now().mono);
    n.until("end of all", |n| n.children.is_empty());
    let results = std::mem::take(&mut n.results);
    assert_eq!(results.len(), CHILDREN_MAX / STAGES_MAX);
    for (id, result) in results {
        let ends = how(&result.unwrap());
        assert!(ends.iter().all(|e| *e == End::Signal(15)), "{id}: {ends:?}");
    }
    assert_eq!(how(&n.run(cats(1))), [End::Exit(0)], "there is room again");
}

#[test]
fn no_zombie_stays() {
    let mut n = Nursery::new();
    let mut pids = Vec::new();
    for _ in 0..20 {
        pids.extend(n.run(pipeline(&[&["true"], &["true"]])).ends);
    }
    for (pid, _) in pids {
        assert!(
            !Path::new(&format!("/proc/{pid}")).exists(),
            "{pid} is still there"
        );
    }
}

#[test]
fn whoever_is_dropped_leaves_no_child_running() {
    let mut n = Nursery::new();
    n.children.spawn(1, pipeline(&[&["sleep", "98763"]]), None);
    drop(n);
    Nursery::new().until("end of the child", |_| nobody_runs("98763"));
}

#[test]
fn the_loop_can_be_built_in_one_thread_and_run_in_another() {
    let mut n = Nursery::new();
    let thread = std::thread::spawn(move || n.run(sh("echo moved")).stdout);
    assert_eq!(thread.join().unwrap(), b"moved\n");
}

#[test]
fn what_runs_in_the_background_is_told_of_at_once_left_alone_and_reaped() {
    let mut n = Nursery::new();
    let folder = folder("background");
    let file = folder.join("said");
    let mut p = sh("trap '' TERM; while [ ! -e go ]; do sleep 0.01; done; echo went");
    p.stdout = Output::File {
        path: name_of(&file),
        append: false,
    };
    p.background = true;
    p.given.dir = Some(name_of(&folder));
    let done = n.run(p);
    let [(pid, End::Running)] = done.ends[..] else {
        panic!("{done:?}");
    };
    assert!(n.children.is_empty() && n.children.deadline().is_none());
    // Neither its number nor the end of all others ends it.
    n.children.kill(0, clock::now().mono);
    n.children.kill_all(clock::now().mono);
    assert!(!is_gone(&pid.to_string()));
    std::fs::write(folder.join("go"), "").unwrap();
    let stat = format!("/proc/{pid}");
    n.until("end in the background", |_| !Path::new(&stat).exists());
    assert_eq!(std::fs::read_to_string(file).unwrap(), "went\n");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_pipeline_is_given_a_directory_variables_and_a_time() {
    let mut n = Nursery::new();
    let folder = folder("given");
    let mut p = sh("pwd; echo $ANSWER");
    p.given.dir = Some(name_of(&folder));
    p.given.env = vec![("ANSWER".to_owned(), "6 * 7".to_owned())];
    let done = n.run(p);
    assert_eq!(text(&done.stdout), format!("{}\n6 * 7\n", folder.display()));
    assert!(!done.timed_out);
    let mut p = sh("echo began; sleep 3600 & wait");
    p.given.timeout = Some(Span::from_millis(100));
    let done = n.run(p);
    assert_eq!(
        (text(&done.stdout), how(&done)),
        ("began\n", vec![End::Signal(15)])
    );
    assert!(
        done.timed_out && done.took >= Span::from_millis(100),
        "{done:?}"
    );
    assert!(done.took < TERM_GRACE, "{done:?}");
    let mut p = sh("true");
    p.given.dir = Some("/no/such/place".to_owned());
    let why = n.refusal(p).sentence;
    let expected =
        "couldn't change working directory to \"/no/such/place\": no such file or directory";
    assert_eq!(why, expected);
    // A deadline that comes from outside is none of its own.
    n.children.spawn(0, sh("sleep 3600"), None);
    n.children.kill(0, clock::now().mono);
    assert!(!n.result(0).unwrap().timed_out);
    std::fs::remove_dir_all(folder).unwrap();
}
