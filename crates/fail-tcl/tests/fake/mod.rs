//! A fake engine: starts a Tcl thread on a policy, gives orders, answers `exec`, and waits
//! for what comes back, with a limit and never by sleeping.

#![allow(dead_code, reason = "each test file uses another part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod run;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use fail_core::event::{Event, EventKind};
use fail_core::exec::{End, ExecResult, Finished, Pipeline};
use fail_core::job::{Fired, JobNo, Order, Outcome, ScriptError, Task};
use fail_core::log::Level;
use fail_core::time::Span;
use fail_tcl::{Ask, AskError, Board, FromTcl, Loaded, PolicyError, TclHandle, ToTcl, start};
use fail_wire::{Name, State};

pub use run::run;

/// The longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// A directory of its own, gone with the test.
pub struct Dir(pub PathBuf);

impl Dir {
    pub fn new() -> Dir {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("fail-tcl-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Dir(path)
    }

    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn program() -> String {
    std::env::args().next().unwrap_or_default()
}

/// Reads policy files and ends the thread again.
pub fn load(files: &[PathBuf]) -> Result<Loaded, PolicyError> {
    let (loaded, handle) = start(files, &program(), &Board::default(), Box::new(|_| ()))?;
    handle.quit();
    Ok(loaded)
}

/// Reads one policy, called `policy.tcl`.
pub fn load_text(text: &str) -> Result<Loaded, PolicyError> {
    let dir = Dir::new();
    load(&[dir.file("policy.tcl", text)])
}

/// What is wrong with a policy, with its directory taken off.
pub fn problem(text: &str) -> String {
    let dir = Dir::new();
    let error = load(&[dir.file("policy.tcl", text)]).unwrap_err();
    without(&dir.0, &error)
}

pub fn without(dir: &Path, error: &PolicyError) -> String {
    error
        .to_string()
        .replace(&format!("{}/", dir.display()), "")
}

pub struct Engine {
    pub handle: TclHandle,
    pub loaded: Loaded,
    /// What the scripts read.
    pub board: Board,
    inbox: Receiver<FromTcl>,
    /// What has come and nobody has asked for yet.
    unread: Vec<FromTcl>,
    jobs: u64,
    _dir: Dir,
}

impl Engine {
    pub fn new(policy: &str) -> Engine {
        let dir = Dir::new();
        let file = dir.file("policy.tcl", policy);
        let (out, inbox) = channel();
        let board = Board::default();
        let started = start(
            &[file],
            &program(),
            &board,
            Box::new(move |m| out.send(m).unwrap_or(())),
        );
        let (loaded, handle) = started.unwrap_or_else(|e| panic!("{e}"));
        Engine {
            handle,
            loaded,
            board,
            inbox,
            unread: Vec::new(),
            jobs: 0,
            _dir: dir,
        }
    }

    /// One service `web` whose start script this is.
    pub fn script(start: &str) -> Engine {
        Engine::new(&format!(
            "failsvc web start {{{start}}} stop {{return RECOVER}}"
        ))
    }

    pub fn order(&mut self, service: &str, task: Task) -> JobNo {
        self.jobs += 1;
        let job = JobNo(self.jobs);
        self.handle.send(ToTcl::Run(Order {
            job,
            service: Name::new(service).unwrap(),
            task,
            reason: format!("reason of {service}"),
            from: State::Recover,
        }));
        job
    }

    /// Runs a trap for this event.
    pub fn trap(&mut self, subject: &str, data: &[(&'static str, &str)], script: &str) -> JobNo {
        self.jobs += 1;
        let job = JobNo(self.jobs);
        let data = data.iter().map(|(k, v)| (*k, (*v).to_string())).collect();
        let (kind, subject) = (EventKind::Fail, Name::new(subject).unwrap());
        self.handle.send(ToTcl::Trap(Fired {
            job,
            event: Event {
                kind,
                subject,
                data,
            },
            script: script.to_string(),
        }));
        job
    }

    /// Waits for the end of a trap.
    pub fn trapped(&mut self, of: JobNo) -> Option<ScriptError> {
        self.serve("end of the trap", |m| match m {
            FromTcl::Trapped { job, error } if *job == of => Some(error.clone()),
            _ => None,
        })
    }

    /// Types a command at a console.
    pub fn types(&mut self, script: &str) -> JobNo {
        self.jobs += 1;
        let (job, script) = (JobNo::console(self.jobs), script.to_string());
        self.handle.send(ToTcl::Eval { job, script });
        job
    }

    /// Waits for the end of a command from a console.
    pub fn evaluated(&mut self, of: JobNo) -> (i32, String, Option<String>) {
        self.serve("answer", |m| match m {
            FromTcl::Evaluated {
                job,
                code,
                result,
                info,
            } if *job == of => Some((*code, result.clone(), info.clone())),
            _ => None,
        })
    }

    /// Types a command and waits for its code and result.
    pub fn says(&mut self, script: &str) -> (i32, String) {
        let job = self.types(script);
        let (code, result, _) = self.evaluated(job);
        (code, result)
    }

    /// The line with each of the ways in which it could go on.
    pub fn completes(&mut self, line: &str) -> Vec<String> {
        self.jobs += 1;
        let no = self.jobs;
        let line = line.to_string();
        self.handle.send(ToTcl::Complete {
            no,
            line: line.clone(),
        });
        self.wait("completions", |m| match m {
            FromTcl::Completions {
                no: answer,
                from,
                words,
            } if *answer == no => {
                let whole = |word: &String| format!("{}{word}", &line[..*from]);
                Some(words.iter().map(whole).collect())
            }
            _ => None,
        })
    }

    /// What a console has been sent so far.
    pub fn printed(&mut self, of: JobNo) -> String {
        self.wait("text", |m| match m {
            FromTcl::Printed { job, text } if *job == of => Some(text.clone()),
            _ => None,
        })
    }

    /// Waits for something to be asked.
    pub fn asked(&mut self) -> (u64, Ask) {
        self.wait("question", |m| match m {
            FromTcl::Ask { ask, what } => Some((*ask, what.clone())),
            _ => None,
        })
    }

    pub fn tell(&self, ask: u64, result: Result<&str, &str>) {
        let result = result.map(String::from).map_err(|message| AskError {
            message: message.to_string(),
            code: vec!["FAIL".to_string(), "REFUSED".to_string()],
        });
        self.handle.send(ToTcl::Answered { ask, result });
    }

    /// Runs web's start script to its end, with real programs.
    pub fn outcome(&mut self) -> Outcome {
        let job = self.order("web", Task::Start);
        self.done(job)
    }

    pub fn cancel(&self, job: JobNo, why: &str) {
        let why = why.to_string();
        self.handle.send(ToTcl::Cancel { job, why });
    }

    pub fn answer(&self, exec: u64, result: ExecResult) {
        self.handle.send(ToTcl::ExecDone { exec, result });
    }

    pub fn succeed(&self, exec: u64, stdout: &str) {
        self.answer(exec, Ok(finished(stdout, "", End::Exit(0))));
    }

    /// Waits for a message for which `pick` has an answer; others are kept for later.
    pub fn wait<T>(&mut self, what: &str, pick: impl Fn(&FromTcl) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        let mut seen = 0;
        loop {
            while seen < self.unread.len() {
                if let Some(found) = pick(&self.unread[seen]) {
                    self.unread.remove(seen);
                    return found;
                }
                seen += 1;
            }
            match self
                .inbox
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(message) => self.unread.push(message),
                Err(_) => panic!("no {what}; seen: {:?}", self.unread),
            }
        }
    }

    /// Waits for the end of a job; runs what it wants to exec meanwhile.
    pub fn done(&mut self, of: JobNo) -> Outcome {
        self.serve("end", |m| match m {
            FromTcl::Done { job, outcome } if *job == of => Some(outcome.clone()),
            _ => None,
        })
    }

    /// Forgets which jobs began: who runs a hundred thousand of them does not want to know.
    pub fn forget(&mut self) {
        self.unread.retain(|m| !matches!(m, FromTcl::Began { .. }));
    }

    /// Waits as `wait` does, and runs what is to be run meanwhile.
    pub fn serve<T>(&mut self, what: &str, pick: impl Fn(&FromTcl) -> Option<T>) -> T {
        enum Event<T> {
            Picked(T),
            Exec(u64, Pipeline),
        }
        loop {
            let event = self.wait(what, |m| match m {
                FromTcl::Exec { exec, pipeline, .. } => Some(Event::Exec(*exec, pipeline.clone())),
                m => pick(m).map(Event::Picked),
            });
            match event {
                Event::Picked(picked) => return picked,
                Event::Exec(exec, pipeline) => self.answer(exec, run(&pipeline)),
            }
        }
    }

    /// Waits for a job's first line.
    pub fn began(&mut self, of: JobNo) {
        self.wait("begin", |m| match m {
            FromTcl::Began { job } if *job == of => Some(()),
            _ => None,
        });
    }

    /// Waits for a job's next exec and tells its number and its words.
    pub fn exec(&mut self, of: JobNo) -> (u64, String) {
        self.wait("exec", |m| match m {
            FromTcl::Exec {
                exec,
                job,
                pipeline,
            } if *job == of => Some((*exec, pipeline.stages[0].argv.join(" "))),
            _ => None,
        })
    }

    pub fn killed(&mut self) -> u64 {
        self.wait("kill", |m| match m {
            FromTcl::Kill { exec } => Some(*exec),
            _ => None,
        })
    }

    pub fn log(&mut self) -> (Level, String) {
        self.wait("log", |m| match m {
            FromTcl::Log { level, text } => Some((*level, text.clone())),
            _ => None,
        })
    }

    /// The same, and which jobs began.
    pub fn everything(&mut self) -> Vec<FromTcl> {
        self.handle.quit();
        let mut rest = std::mem::take(&mut self.unread);
        rest.extend(self.inbox.try_iter());
        rest
    }

    /// Everything that has come and was not asked for, after all that was sent was read. That
    /// a job began is no news.
    pub fn rest(&mut self) -> Vec<FromTcl> {
        let mut rest = self.everything();
        rest.retain(|m| !matches!(m, FromTcl::Began { .. }));
        rest
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // After a failed assertion a script may still block the thread for ever.
        if !std::thread::panicking() {
            self.handle.quit();
        }
    }
}

pub fn finished(stdout: &str, stderr: &str, end: End) -> Finished {
    Finished {
        stdout: stdout.as_bytes().to_vec(),
        stderr: stderr.as_bytes().to_vec(),
        ends: vec![(4711, end)],
        cut: false,
        timed_out: false,
        took: Span::ZERO,
    }
}
