//! The messages between the engine and the Tcl thread, and the mailbox of the latter.
//!
//! The mailbox promises: messages are read in order, except that a cancel may be taken out
//! ahead of its turn, by the job that it is for; each is read once; the loop is woken once
//! for any number of messages; posting never blocks on a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use fail_core::address::AddressOrder;
use fail_core::exec::{ExecResult, Pipeline};
use fail_core::job::{ByHand, Fired, JobNo, Order, Outcome, ScriptError};
use fail_core::log::Level;
use fail_core::policy::Policy;
use fail_wire::Name;

use crate::limits::CANCEL_PATIENCE_MS;
use crate::tcl::Doorbell;
use crate::turns::Turns;

/// What the engine tells the Tcl thread.
#[derive(Debug)]
pub enum ToTcl {
    /// Run a script.
    Run(Order),
    /// End a job: it gets an error wherever it is, runs its `finally` clauses, and is
    /// stopped past every `catch` if it does not give way. A second one stops it at once.
    Cancel {
        /// Which job. One that has ended, or never began, is ignored.
        job: JobNo,
        /// Why, in words; the job's outcome.
        why: String,
    },
    /// What came of [`FromTcl::Exec`]. One that nobody waits for is ignored.
    ExecDone {
        /// Its number.
        exec: u64,
        /// How it went.
        result: ExecResult,
    },
    /// Run a trap: like a job, except that nobody waits for what it returns.
    Trap(Fired),
    /// Run a command from a console, and answer with [`FromTcl::Evaluated`].
    Eval {
        /// Its number: [`JobNo::console`].
        job: JobNo,
        /// What was typed.
        script: String,
    },
    /// How could this line go on? Answered with [`FromTcl::Completions`], at once.
    Complete {
        /// Brings the answer back.
        no: u64,
        /// The line up to the cursor.
        line: String,
    },
    /// What came of [`FromTcl::Ask`]. One that nobody waits for is ignored.
    Answered {
        /// Its number.
        ask: u64,
        /// The result, or an error.
        result: Result<String, AskError>,
    },
    /// Are you there? Answered with [`FromTcl::Pong`].
    Ping,
    /// End the thread. Jobs that are on their way end without a word.
    Quit,
}

/// What the Tcl thread tells the engine.
#[derive(Debug)]
pub enum FromTcl {
    /// The first line of a job's script is about to run; before that it waited for others to
    /// give way. At most once for each, and before everything else of it. A job that ends
    /// without having begun never says so.
    Began {
        /// Which one.
        job: JobNo,
    },
    /// A job has ended. Once for each.
    Done {
        /// Which one.
        job: JobNo,
        /// How.
        outcome: Outcome,
    },
    /// Run these programs and answer with [`ToTcl::ExecDone`].
    Exec {
        /// The number that the answer brings back.
        exec: u64,
        /// For which job.
        job: JobNo,
        /// What to run.
        pipeline: Pipeline,
    },
    /// Nobody waits for these programs any more: end them. An answer is ignored.
    Kill {
        /// The number they were started with.
        exec: u64,
    },
    /// A trap has ended. Once for each.
    Trapped {
        /// Which.
        job: JobNo,
        /// What went wrong.
        error: Option<ScriptError>,
    },
    /// A command from a console has ended. Once for each.
    Evaluated {
        /// Which.
        job: JobNo,
        /// Tcl's return code; 0 is well.
        code: i32,
        /// Its result, or its error message.
        result: String,
        /// `errorInfo` after an error.
        info: Option<String>,
    },
    /// A command from a console writes something.
    Printed {
        /// Which.
        job: JobNo,
        /// What, with its newline if it has one.
        text: String,
    },
    /// How a line could go on.
    Completions {
        /// The number that the question came with.
        no: u64,
        /// From which byte of the line on it would be replaced.
        from: usize,
        /// By what.
        words: Vec<String>,
    },
    /// Something that only the engine can do. Answered with [`ToTcl::Answered`].
    Ask {
        /// The number that the answer brings back.
        ask: u64,
        /// What.
        what: Ask,
    },
    /// A console has changed the policy.
    Policy(Box<Policy>),
    /// Here I am.
    Pong,
    /// For the log.
    Log {
        /// How much it matters.
        level: Level,
        /// What to write.
        text: String,
    },
}

/// What a script asks of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Change a record, as `failc` would.
    Set {
        /// Which service.
        service: Name,
        /// What to change.
        change: ByHand,
        /// Why.
        reason: String,
    },
    /// Do something with an address of this host.
    Address(AddressOrder),
}

/// Why something that was asked of the engine was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskError {
    /// One sentence.
    pub message: String,
    /// Tcl's `errorCode`.
    pub code: Vec<String>,
}

/// One message to the Tcl thread.
#[derive(Debug)]
pub(crate) enum Mail {
    /// From the engine.
    Engine(ToTcl),
    /// From a timer or a trace: what this job waits for has happened.
    Wake { job: JobNo, wait: u64 },
}

impl Mail {
    fn cancels(&self, no: JobNo) -> bool {
        matches!(self, Mail::Engine(ToTcl::Cancel { job, .. }) if *job == no)
    }
}

/// The mailbox of the Tcl thread.
#[derive(Default)]
pub(crate) struct Mailbox {
    inside: Mutex<Inside>,
    /// Who holds the thread.
    pub(crate) turns: Turns,
}

#[derive(Default)]
struct Inside {
    mail: VecDeque<Mail>,
    /// The loop has been woken and has not looked yet.
    woken: bool,
    /// Somebody waits until a running script has had its time before a cancel breaks in.
    presses: bool,
    /// Somebody wants the thread to end.
    quit: bool,
    /// How to reach the thread; nothing before it is ready and after its end.
    bell: Option<Doorbell>,
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        // Nothing is left half done if somebody panics here.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the box: from now on whoever posts rings.
    pub(crate) fn open(&self, bell: Doorbell) {
        let mut inside = self.lock();
        bell.ring();
        inside.woken = true;
        inside.bell = Some(bell);
    }

    /// Closes it for good and hands the bell back.
    pub(crate) fn close(&self) -> Option<Doorbell> {
        let mut inside = self.lock();
        inside.mail.clear();
        inside.bell.take()
    }

    /// Puts a message in and wakes the loop.
    pub(crate) fn post(self: &Arc<Self>, mail: Mail) {
        let mut inside = self.lock();
        let ends = matches!(mail, Mail::Engine(ToTcl::Quit));
        let cancels = matches!(mail, Mail::Engine(ToTcl::Cancel { .. }));
        inside.quit |= ends;
        inside.mail.push_back(mail);
        let ring = !std::mem::replace(&mut inside.woken, true);
        if let Some(bell) = &inside.bell {
            if ring {
                bell.ring();
            }
            if ends {
                bell.interrupt();
            }
        }
        drop(inside);
        if cancels {
            self.press();
        }
    }

    /// Interrupts whatever runs in [`CANCEL_PATIENCE_MS`], if a cancel still lies here then:
    /// whoever runs has not come to where it would have been read.
    pub(crate) fn press(self: &Arc<Self>) {
        {
            let mut inside = self.lock();
            if inside.bell.is_none() || std::mem::replace(&mut inside.presses, true) {
                return;
            }
        }
        let mailbox = Arc::clone(self);
        let after = move || {
            thread::sleep(Duration::from_millis(CANCEL_PATIENCE_MS));
            let mut inside = mailbox.lock();
            inside.presses = false;
            let cancels = |mail: &Mail| matches!(mail, Mail::Engine(ToTcl::Cancel { .. }));
            if let Some(bell) = inside
                .bell
                .as_ref()
                .filter(|_| inside.mail.iter().any(cancels))
            {
                bell.interrupt();
            }
        };
        // One thread at a time, and only while something is cancelled.
        if thread::Builder::new()
            .name("cancel".into())
            .spawn(after)
            .is_err()
        {
            let mut inside = self.lock();
            inside.presses = false;
            if let Some(bell) = &inside.bell {
                bell.interrupt();
            }
        }
    }

    /// The loop is looking: the next message rings again.
    pub(crate) fn looking(&self) {
        self.lock().woken = false;
    }

    /// Takes the next message out.
    pub(crate) fn next(&self) -> Option<Mail> {
        self.lock().mail.pop_front()
    }

    /// Whether there is nothing to read. If there is, the loop will look.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().mail.is_empty()
    }

    /// Takes the next cancel of this job out, wherever it lies.
    pub(crate) fn cancel_of(&self, job: JobNo) -> Option<String> {
        let mut inside = self.lock();
        let at = inside.mail.iter().position(|mail| mail.cancels(job))?;
        match inside.mail.remove(at) {
            Some(Mail::Engine(ToTcl::Cancel { why, .. })) => Some(why),
            _ => None,
        }
    }

    /// Whether a cancel of this job lies here.
    pub(crate) fn holds_cancel(&self, job: JobNo) -> bool {
        self.lock().mail.iter().any(|mail| mail.cancels(job))
    }

    /// Interrupts whoever has held the thread for longer than that.
    pub(crate) fn hurry(&self, limit: Duration) {
        if self.turns.lasts(limit) {
            if let Some(bell) = &self.lock().bell {
                bell.interrupt();
            }
        }
    }

    /// Whether the thread is to end.
    pub(crate) fn quitting(&self) -> bool {
        self.lock().quit
    }
}
