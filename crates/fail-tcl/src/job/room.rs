//! The room in which jobs run: one interpreter, any number of suspended coroutines, at most
//! one of them running.
//!
//! Each job is `::fail::job::N`. It runs until it asks for something (`wants`), waits for it
//! (`waits`), and is resumed with an [`Answer`], until it has `ended` or is gone. Everything
//! happens in `turn`, which the loop calls and which never runs inside a job. A cancel is
//! delivered once: as an error at the place where the job waits, or, by `interrupt`, at the
//! place where it runs; from then on it has [`CANCEL_TURNS_MAX`] turns, of at most
//! [`CANCEL_GRACE_MS`] each.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fail_core::exec::ExecResult;
use fail_core::job::{JobNo, Order, Outcome, Task};
use fail_core::policy::Service;

use super::answer::{self, Answer};
use super::asks;
use super::outcome::{self, Ending};
use super::syntax::{Exec, How};
use crate::limits::{CANCEL_GRACE_MS, CANCEL_TURNS_MAX, DETAIL_BYTES_MAX, cut};
use crate::mail::{FromTcl, Level, Mail, Mailbox, ToTcl};
use crate::policy::{PolicyError, Site};
use crate::tcl::{Interp, Obj, Reply, TclError};
use crate::thread::Out;

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

/// One script on its way.
pub(super) struct Job {
    order: Order,
    /// What it has asked for since it was resumed, with the number of its wait.
    pub(super) wants: Option<(u64, Want)>,
    /// What it is suspended for.
    waits: Option<Wait>,
    /// How its script returned.
    pub(super) ended: Option<Ending>,
    /// Why it was cancelled, once it has been told.
    cancelled: Option<String>,
    /// How often it was resumed since then.
    turns: u32,
}

/// What a job asks for.
pub(super) enum Want {
    /// These programs.
    Exec(Exec),
    /// `::fail::wake`.
    Alarm,
}

/// What a job is suspended for, by its number.
enum Wait {
    Exec(u64, How),
    Alarm(u64),
}

/// The name of a job's coroutine.
pub(super) fn coroutine(no: JobNo) -> String {
    format!("::fail::job::{}", no.0)
}

const CANCELLED: &[&str] = &["FAIL", "CANCELLED"];

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
        while let Some(mail) = self.mailbox.next() {
            match mail {
                Mail::Engine(ToTcl::Run(order)) => self.begin(order),
                Mail::Engine(ToTcl::Cancel { job, why }) => self.cancel(job, why),
                Mail::Engine(ToTcl::ExecDone { exec, result }) => self.exec_done(exec, &result),
                Mail::Engine(ToTcl::Quit) => return,
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
        let no = self.running.get()?;
        let why = self.mailbox.cancel_of(no)?;
        let before = self.with_job(no, |job| job.cancelled.replace(why.clone()))?;
        let grace = match before {
            None => Duration::from_millis(CANCEL_GRACE_MS),
            Some(_) => Duration::ZERO,
        };
        self.interp.limit(grace);
        Some(TclError::new(why).code(CANCELLED))
    }

    fn begin(&self, order: Order) {
        let no = order.job;
        let script = self.site.with_service(&order.service, |service| {
            script_of(service, order.task).map(Obj::text)
        });
        let outcome = match script {
            None => format!("{}: there is no service \"{}\"", order.task, order.service),
            Some(None) => format!("{}: the service has no such script", order.task),
            Some(Some(script)) => {
                let job = Job {
                    order,
                    wants: None,
                    waits: None,
                    ended: None,
                    cancelled: None,
                    turns: 0,
                };
                self.jobs.borrow_mut().insert(no, job);
                let name = Obj::text(&coroutine(no));
                let words = ["coroutine".into(), name, "::fail::body".into(), script];
                return self.resume(no, &words);
            }
        };
        self.done(no, outcome::failed(outcome.clone(), outcome));
    }

    /// Cancels a job that is not running.
    fn cancel(&self, no: JobNo, why: String) {
        let Some((first, exec)) = self.with_job(no, |job| {
            let first = job.cancelled.replace(why.clone()).is_none();
            (first, job.exec())
        }) else {
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
        let waiting = self
            .jobs
            .borrow()
            .iter()
            .find_map(|(no, job)| match job.waits {
                Some(Wait::Exec(number, how)) if number == exec => Some((*no, how)),
                _ => None,
            });
        let Some((no, how)) = waiting else {
            return; // Its job was cancelled meanwhile.
        };
        if let Ok(finished) = result {
            if finished.cut {
                self.log(
                    no,
                    Level::Warn,
                    "wrote more than is kept; the rest was thrown away",
                );
            }
            if how.ignore_stderr && !how.errors_are_output && !finished.stderr.is_empty() {
                self.log(
                    no,
                    Level::Info,
                    String::from_utf8_lossy(&finished.stderr).trim_end(),
                );
            }
        }
        self.answer(no, &answer::to_exec(how, result));
    }

    fn woken(&self, no: JobNo, number: u64) {
        let waits = self.with_job(
            no,
            |job| matches!(job.waits, Some(Wait::Alarm(n)) if n == number),
        );
        if waits == Some(true) {
            self.answer(no, &Answer::ok(""));
        }
    }

    /// Resumes a suspended job.
    fn answer(&self, no: JobNo, answer: &Answer) {
        let tired = self.with_job(no, |job| {
            job.turns += u32::from(job.cancelled.is_some());
            job.turns > CANCEL_TURNS_MAX
        });
        if tired == Some(true) {
            return self.abandon(no, "it was cancelled and did not end");
        }
        self.resume(no, &[Obj::text(&coroutine(no)), answer.to_obj()]);
    }

    /// Gives a job its turn and sees how it left it.
    fn resume(&self, no: JobNo, words: &[Obj]) {
        let Some(cancelled) = self.with_job(no, |job| {
            (job.wants, job.waits) = (None, None);
            self.interp
                .set(c"::fail::service", job.order.service.as_str());
            self.interp.set(c"::fail::reason", &job.order.reason);
            self.interp.set(c"::fail::from", job.order.from.word());
            job.cancelled.is_some()
        }) else {
            return;
        };
        if cancelled {
            self.interp.limit(Duration::from_millis(CANCEL_GRACE_MS));
        }
        self.running.set(Some(no));
        self.mailbox.remind(no);
        let reply = self.interp.call(words);
        self.running.set(None);
        self.interp.unlimited();
        self.settle(no, reply);
    }

    /// After a job's turn: it waits, or it has ended.
    fn settle(&self, no: JobNo, reply: Reply) {
        enum Next {
            Wait,
            Run(u64, Exec),
            End(Outcome),
            Stray,
        }
        let next = self.with_job(no, |job| {
            let Job {
                order,
                wants,
                ended,
                cancelled,
                ..
            } = job;
            let error = reply.err();
            if let Some(why) = cancelled
                .as_ref()
                .filter(|_| ended.is_some() || error.is_some())
            {
                let info = ended.take().and_then(|ending| ending.info);
                let info = info
                    .or(error.map(|e| e.info()))
                    .unwrap_or_else(|| why.clone());
                return Next::End(outcome::failed(why.clone(), info));
            }
            if let Some(ending) = ended.take() {
                return Next::End(outcome::of(order.task, ending));
            }
            if let Some(error) = error {
                let (result, info) = (error.message.clone(), Some(error.info()));
                return Next::End(outcome::of(
                    order.task,
                    Ending {
                        code: 1,
                        result,
                        info,
                    },
                ));
            }
            match wants.take() {
                Some((number, Want::Alarm)) => {
                    job.waits = Some(Wait::Alarm(number));
                    Next::Wait
                }
                Some((number, Want::Exec(exec))) => {
                    job.waits = Some(Wait::Exec(number, exec.how));
                    Next::Run(number, exec)
                }
                None => Next::Stray,
            }
        });
        match next {
            None | Some(Next::Wait) => {}
            Some(Next::Run(exec, Exec { pipeline, .. })) => {
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

impl Job {
    /// The programs that are running for it.
    fn exec(&self) -> Option<u64> {
        match self.waits {
            Some(Wait::Exec(number, _)) => Some(number),
            _ => None,
        }
    }
}

fn script_of(service: &Service, task: Task) -> Option<&str> {
    match task {
        Task::Start => service.start.as_deref(),
        Task::Stop => service.stop.as_deref(),
        Task::Reclaim => service.reclaim.as_deref(),
    }
}
