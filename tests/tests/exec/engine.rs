//! The least of an engine: a Tcl thread, and children that are what its scripts run.

use std::time::{Duration, Instant};

use fail_core::job::JobNo;
use fail_core::time::Span;
use fail_rt::children::Children;
use fail_rt::clock;
use fail_rt::log::Log;
use fail_rt::poller::Poller;
use fail_rt::queue::{self, Receiver};
use fail_rt::signals::{Signal, Signals};
use fail_tcl::{Board, FromTcl, TclHandle, ToTcl};
use failover_tests::folder::Folder;

/// Longer than anything here takes on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A policy whose scripts run at a console.
pub struct Engine {
    poller: Poller,
    signals: Signals,
    pub children: Children,
    tcl: TclHandle,
    inbox: Receiver<FromTcl>,
    jobs: u64,
    _folder: Folder,
}

impl Engine {
    pub fn new(policy: &str) -> Engine {
        let folder = Folder::new();
        let file = folder.path().join("policy.tcl");
        std::fs::write(&file, policy).unwrap();
        let mut poller = Poller::new().unwrap();
        let signals = Signals::new(poller.desk().unwrap()).unwrap();
        let log = Log::to("test", std::io::sink());
        let children = Children::new(poller.desk().unwrap(), log);
        let (outbox, inbox) = queue::bounded(&poller.waker(), 1_000);
        let out = move |message| assert!(outbox.send(message).is_ok());
        let program = std::env::args().next().unwrap_or_default();
        let started = fail_tcl::start(&[file], &program, &Board::default(), Box::new(out));
        let (_, tcl) = started.unwrap_or_else(|e| panic!("{e}"));
        Engine {
            poller,
            signals,
            children,
            tcl,
            inbox,
            jobs: 0,
            _folder: folder,
        }
    }

    /// Begins to run a command.
    pub fn types(&mut self, script: &str) -> JobNo {
        self.jobs += 1;
        let (job, script) = (JobNo::console(self.jobs), script.to_string());
        self.tcl.send(ToTcl::Eval { job, script });
        job
    }

    /// Cancels it.
    pub fn cancel(&mut self, job: JobNo) {
        let why = "cancelled".to_string();
        self.tcl.send(ToTcl::Cancel { job, why });
    }

    /// Waits for the end of a command: its code and its result.
    pub fn ends(&mut self, of: JobNo) -> (i32, String) {
        let limit = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < limit, "{of} does not end");
            let until = clock::now().mono + Span::from_secs(1);
            let deadline = clock::earliest([self.children.deadline(), Some(until)]);
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
            let mut ended = None;
            while let Some(message) = self.inbox.poll() {
                match message {
                    FromTcl::Exec { exec, pipeline, .. } => {
                        self.children.spawn(exec, pipeline, None);
                    }
                    FromTcl::Kill { exec } => self.children.kill(exec, clock::now().mono),
                    FromTcl::Evaluated {
                        job, code, result, ..
                    } if job == of => ended = Some((code, result)),
                    _ => {}
                }
            }
            while let Some((exec, result)) = self.children.poll() {
                self.tcl.send(ToTcl::ExecDone { exec, result });
            }
            if let Some(ended) = ended {
                return ended;
            }
        }
    }

    /// Runs a command to its end.
    pub fn says(&mut self, script: &str) -> (i32, String) {
        let job = self.types(script);
        self.ends(job)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.tcl.quit();
        }
    }
}
