//! The room in which jobs run: one interpreter, any number of suspended coroutines, at most
//! one of them running.
//!
//! Each job is resumed with an [`Answer`] when what it waits for is there. Everything happens
//! in `turn`, which the loop calls and which never runs inside a job. A cancel is delivered
//! once: as an error at the place where the job waits, or, by `interrupt`, at the place where
//! it runs; from then on it has [`CANCEL_TURNS_MAX`] turns of at most [`CANCEL_GRACE_MS`] each.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fail_core::exec::ExecResult;
use fail_core::job::{JobNo, Order, Outcome, Task};

use super::answer::{self, Answer};
use super::asks;
use super::outcome;
use super::run::{Job, Next, Wait, coroutine};
use crate::limits::{CANCEL_GRACE_MS, CANCEL_TURNS_MAX, DETAIL_BYTES_MAX, cut};
use crate::mail::{FromTcl, Mail, Mailbox, ToTcl};
use crate::policy::{PolicyError, Site};
use crate::tcl::{Interp, Obj, Reply, TclError};
use crate::thread::Out;
use fail_core::log::Level;

/// The interpreter of a policy and the jobs in it.
pub(crate) struct Room {
    interp: Interp,
    site: Rc<Site>,
    pub(super) out: Out,
    pub(super) mailbox: Arc<Mailbox>,
    jobs: RefCell<BTreeMap<JobNo, Job>>,
    pub(super) running: Cell<Option<JobNo>>,
    numbers: Cell<u64>,
}

const CANCELLED: &[&str] = &["FAIL", "CANCELLED"];
const GRACE: Duration = Duration::from_millis(CANCEL_GRACE_MS);

impl Room {
    pub(crate) fn new(interp: Interp, site: Rc<Site>, out: Out, mailbox: Arc<Mailbox>) -> Room {
        Room {
            interp,
            site,
            out,
            mailbox,
            jobs: RefCell::default(),
            running: Cell::new(None),
            numbers: Cell::new(0),
        }
    }

    /// Puts all commands into the interpreter.
    pub(crate) fn furnish(room: &Rc<Room>) -> Result<(), PolicyError> {
        asks::furnish(room, &room.site).map_err(|e| PolicyError::without_file(e.message))
    }

    pub(crate) fn interp(&self) -> &Interp {
        &self.interp
    }

    /// The policy has been read: programs are run for jobs, and only for them.
    pub(super) fn is_open(&self) -> bool {
        self.site.is_closed()
    }

    /// A number that has not been used.
    pub(super) fn number(&self) -> u64 {
        self.numbers.set(self.numbers.get() + 1);
        self.numbers.get()
    }

    /// Changes a job, if there is one. `f` must not run any Tcl.
    pub(super) fn with_job<T>(&self, no: JobNo, f: impl FnOnce(&mut Job) -> T) -> Option<T> {
        self.jobs.borrow_mut().get_mut(&no).map(f)
    }

    /// Reads the mailbox until it is empty. Called while a job runs (from an event loop that
    /// the job started) it does nothing: the turn that runs the job reads on.
    pub(crate) fn turn(&self) {
        if self.running.get().is_some() {
            return;
        }
        self.mailbox.looking();
        if self.mailbox.quitting() {
            // A callback may be waiting in a loop of its own.
            return self.interp.limit(Duration::ZERO);
        }
        self.interp.unlimited();
        while let Some(mail) = self.mailbox.next() {
            match mail {
                Mail::Engine(ToTcl::Run(order)) => self.begin(order),
                Mail::Engine(ToTcl::Cancel { job, why }) => self.cancel(job, why),
                Mail::Engine(ToTcl::ExecDone { exec, result }) => self.exec_done(exec, &result),
                Mail::Engine(ToTcl::Quit) => return,
                Mail::Engine(ToTcl::Ping) => (self.out)(FromTcl::Pong),
                Mail::Engine(
                    ToTcl::Trap(_)
                    | ToTcl::Eval { .. }
                    | ToTcl::Complete { .. }
                    | ToTcl::Answered { .. },
                ) => {}
                Mail::Wake { job, wait } => self.woken(job, wait),
            }
        }
    }

    /// Called in the middle of a running script, after a cancel or a quit was posted.
    pub(crate) fn interrupt(&self) -> Option<TclError> {
        if self.mailbox.quitting() {
            self.interp.limit(Duration::ZERO);
            return Some(TclError::new("failsh is ending").code(CANCELLED));
        }
        let Some(no) = self.running.get() else {
            // A callback of the policy may keep everybody from being served. It gets as much
            // as a cancelled job; the turn that reads the mail lifts that.
            if !self.mailbox.is_empty() {
                self.interp.limit(GRACE);
            }
            return None;
        };
        let why = self.mailbox.cancel_of(no)?;
        let first = self.with_job(no, |job| job.cancel(&why))?;
        let grace = if first { GRACE } else { Duration::ZERO };
        self.interp.limit(grace);
        Some(TclError::new(why).code(CANCELLED))
    }

    fn begin(&self, order: Order) {
        let no = order.job;
        let script = self.site.with_service(&order.service, |service| {
            let script = match order.task {
                Task::Start => &service.start,
                Task::Stop => &service.stop,
                Task::Reclaim => &service.reclaim,
                Task::Check => &service.check,
            };
            script.as_deref().map(Obj::text)
        });
        let problem = match script {
            None => format!("{}: there is no service \"{}\"", order.task, order.service),
            Some(None) => format!("{}: the service has no such script", order.task),
            Some(Some(script)) => {
                // Cancelled while it waited for others to give way: nothing of it has run,
                // and nothing need.
                if let Some(why) = self.mailbox.cancel_of(no) {
                    return self.done(no, outcome::failed(why.clone(), why));
                }
                (self.out)(FromTcl::Began { job: no });
                self.jobs.borrow_mut().insert(no, Job::new(order));
                let name = Obj::text(&coroutine(no));
                let words = ["coroutine".into(), name, "::fail::body".into(), script];
                return self.resume(no, &words);
            }
        };
        self.done(no, outcome::failed(problem.clone(), problem));
    }

    /// Cancels a job that is not running.
    fn cancel(&self, no: JobNo, why: String) {
        let Some((first, exec)) = self.with_job(no, |job| (job.cancel(&why), job.exec())) else {
            return; // It has ended meanwhile.
        };
        if let Some(exec) = exec {
            (self.out)(FromTcl::Kill { exec });
        }
        if first {
            self.answer(no, &Answer::error(why, CANCELLED));
        } else {
            self.abandon(no, &why);
        }
    }

    fn exec_done(&self, exec: u64, result: &ExecResult) {
        let waiting = {
            let jobs = self.jobs.borrow();
            jobs.iter().find_map(|(no, job)| match job.waits {
                Some(Wait::Exec(number, how)) if number == exec => Some((*no, how)),
                _ => None,
            })
        };
        let Some((no, how)) = waiting else {
            return; // Its job was cancelled meanwhile.
        };
        if let Ok(finished) = result {
            if finished.cut {
                let said = "wrote more than is kept; the rest was thrown away";
                self.log(no, Level::Warn, said);
            }
            if how.ignore_stderr && !how.errors_are_output && !finished.stderr.is_empty() {
                let said = String::from_utf8_lossy(&finished.stderr);
                self.log(no, Level::Info, said.trim_end());
            }
        }
        self.answer(no, &answer::to_exec(how, result));
    }

    /// A timer or a trace has fired, perhaps for the hundredth time: one message is enough.
    pub(super) fn ring(&self, job: JobNo, wait: u64) {
        if self.with_job(job, |job| job.ring(wait)) == Some(true) {
            self.mailbox.post(Mail::Wake { job, wait });
        }
    }

    fn woken(&self, no: JobNo, wait: u64) {
        if self.with_job(no, |job| job.waits == Some(Wait::Rung(wait))) == Some(true) {
            self.answer(no, &Answer::ok(""));
        }
    }

    /// Resumes a suspended job.
    fn answer(&self, no: JobNo, answer: &Answer) {
        let tired = self.with_job(no, |job| job.turns > CANCEL_TURNS_MAX);
        if tired == Some(true) {
            return self.abandon(no, "it was cancelled and did not end");
        }
        self.resume(no, &[Obj::text(&coroutine(no)), answer.to_obj()]);
    }

    /// Gives a job its turn and sees how it left it.
    fn resume(&self, no: JobNo, words: &[Obj]) {
        let Some((order, cancelled)) = self.with_job(no, Job::turn) else {
            return;
        };
        // These may run traces of the policy's, so no job is borrowed meanwhile.
        let Order {
            service,
            reason,
            from,
            ..
        } = order;
        self.interp.set(c"::fail::service", service.as_str());
        self.interp.set(c"::fail::reason", &reason);
        self.interp.set(c"::fail::from", from.word());
        if cancelled {
            self.interp.limit(GRACE);
        } else {
            self.interp.unlimited();
        }
        self.running.set(Some(no));
        self.mailbox.remind(no);
        self.mailbox.turns.begin(no);
        let reply = self.interp.call(words);
        self.mailbox.turns.end();
        self.running.set(None);
        self.interp.unlimited();
        self.settle(no, reply);
    }

    /// After a job's turn: it waits, or it has ended.
    fn settle(&self, no: JobNo, reply: Reply) {
        match self.with_job(no, |job| job.settle(reply)) {
            None | Some(Next::Wait) => {}
            Some(Next::Exec(exec, pipeline)) => {
                let job = no;
                (self.out)(FromTcl::Exec {
                    exec,
                    job,
                    pipeline,
                });
            }
            Some(Next::End(outcome)) => self.done(no, outcome),
            Some(Next::Stray) => self.abandon(no, "a script can not yield: nobody resumes it"),
        }
    }

    /// Ends a suspended job without asking it.
    fn abandon(&self, no: JobNo, why: &str) {
        // Deleting a coroutine runs nothing of it. If it is gone already, so much the better.
        let _ = self.interp.command(["rename", &coroutine(no), ""]);
        let sentence = self.with_job(no, |job| match &job.cancelled {
            Some(why) => why.clone(),
            None => format!("{}: {why}", job.order.task),
        });
        if let Some(sentence) = sentence {
            self.done(no, outcome::failed(sentence.clone(), sentence));
        }
    }

    fn done(&self, job: JobNo, outcome: Outcome) {
        self.jobs.borrow_mut().remove(&job);
        (self.out)(FromTcl::Done { job, outcome });
    }

    fn log(&self, no: JobNo, level: Level, text: &str) {
        let who = self.with_job(no, |job| {
            format!("{} {}", job.order.service, job.order.task)
        });
        let text = format!("{}: exec: {text}", who.unwrap_or_default());
        let text = cut(text, DETAIL_BYTES_MAX);
        (self.out)(FromTcl::Log { level, text });
    }
}
