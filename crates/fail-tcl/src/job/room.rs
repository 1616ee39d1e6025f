//! The room in which jobs run: one interpreter, any number of suspended coroutines, at most
//! one of them running.
//!
//! Each job is resumed with an [`Answer`] when what it waits for is there. Everything happens
//! in `turn`, which the loop calls and which never runs inside a job. A cancel is delivered
//! once: as an error at the place where the job waits, or, by `interrupt`, at the place where
//! it runs if it has run for [`CANCEL_PATIENCE_MS`] without waiting; from then on it has [`CANCEL_TURNS_MAX`] turns of at most [`CANCEL_GRACE_MS`] each.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fail_core::exec::ExecResult;
use fail_core::job::{Fired, JobNo, Order, Task};

use super::answer::{self, Answer, Form};
use super::asks;
use super::complete;
use super::role::{End, Role, background};
use super::run::{Job, Next, Wait, coroutine};
use crate::limits::{
    CALLBACK_MS, CALLBACKS_MAX, CANCEL_GRACE_MS, CANCEL_PATIENCE_MS, CANCEL_TURNS_MAX,
    DETAIL_BYTES_MAX, cut,
};
use crate::mail::{Ask, AskError, FromTcl, Mail, Mailbox, ToTcl};
use crate::policy::{PolicyError, Site};
use crate::tcl::{Interp, Obj, Reply, TclError};
use crate::thread::Out;
use fail_core::log::Level;

/// The interpreter of a policy and the jobs in it.
pub(crate) struct Room {
    interp: Interp,
    pub(super) site: Rc<Site>,
    pub(super) out: Out,
    pub(super) mailbox: Arc<Mailbox>,
    jobs: RefCell<BTreeMap<JobNo, Job>>,
    pub(super) running: Cell<Option<JobNo>>,
    numbers: Cell<u64>,
    /// Nothing is run any more.
    closed: Cell<bool>,
    /// What was asked by somebody who could not wait: only what went wrong is of interest.
    unwaited: RefCell<BTreeSet<u64>>,
    /// The longest that a script may run without waiting; nothing: others look after that.
    turn_max: Option<Duration>,
}

const CANCELLED: &[&str] = &["FAIL", "CANCELLED"];
const GRACE: Duration = Duration::from_millis(CANCEL_GRACE_MS);
const PATIENCE: Duration = Duration::from_millis(CANCEL_PATIENCE_MS);

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
            closed: Cell::new(false),
            unwaited: RefCell::default(),
            turn_max: None,
        }
    }

    /// Scripts that run for longer than that without waiting are ended.
    pub(crate) fn with_turn_max(mut self, limit: Duration) -> Room {
        self.turn_max = Some(limit);
        self
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
                Mail::Engine(ToTcl::Trap(fired)) => self.trap(fired),
                Mail::Engine(ToTcl::Eval { job, script }) => self.evaluate(job, &script),
                Mail::Engine(ToTcl::Complete { no, line }) => self.complete(no, &line),
                Mail::Engine(ToTcl::Answered { ask, result }) => self.answered(ask, result),
                Mail::Wake { job, wait } => self.woken(job, wait),
            }
        }
    }

    /// Called in the middle of a running script, after a cancel or a quit was posted.
    pub(crate) fn interrupt(&self) -> Option<TclError> {
        if self.closed.get() {
            return None;
        }
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
        // A callback is nobody's in particular, and has no time-out that the engine knows.
        if is_callback(no) && self.mailbox.turns.lasts(Duration::from_millis(CALLBACK_MS)) {
            self.interp.limit(Duration::ZERO);
            return None;
        }
        if is_callback(no) && !self.mailbox.is_empty() {
            self.interp.limit(GRACE);
            return None;
        }
        if !self.mailbox.turns.lasts(PATIENCE) {
            // It may come to its end, or to a place where it waits, before that.
            if self.mailbox.holds_cancel(no) {
                self.mailbox.press();
            }
            return None;
        }
        let why = self.mailbox.cancel_of(no)?;
        let first = self.with_job(no, |job| job.cancel(&why))?;
        let grace = if first { GRACE } else { Duration::ZERO };
        self.interp.limit(grace);
        Some(TclError::new(why).code(CANCELLED))
    }

    /// The end, before the interpreter goes: a coroutine that is suspended then would leave
    /// its stack behind, 50 kB each.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        self.interp.unlimited();
        let jobs = std::mem::take(&mut *self.jobs.borrow_mut());
        for no in jobs.into_keys() {
            self.tear_down(no);
        }
    }

    /// A script of a service.
    fn begin(&self, order: Order) {
        let script = self.site.with_service(&order.service, |service| {
            let script = match order.task {
                Task::Start => &service.start,
                Task::Stop => &service.stop,
                Task::Reclaim => &service.reclaim,
                Task::Check => &service.check,
            };
            script.as_deref().map(Obj::text)
        });
        let (no, task) = (order.job, order.task);
        let problem = match script {
            None => format!("{task}: there is no service \"{}\"", order.service),
            Some(None) => format!("{task}: the service has no such script"),
            Some(Some(script)) => return self.launch(no, Role::Script(order), script),
        };
        let info = problem.clone();
        self.report(
            no,
            &Role::Script(order),
            End::Stopped { why: problem, info },
        );
    }

    /// A trap: the settings stand still in it, as in every script.
    fn trap(&self, fired: Fired) {
        let script = Obj::text(&fired.script);
        self.launch(fired.job, Role::Trap(fired), script);
    }

    /// A command from a console.
    fn evaluate(&self, job: JobNo, script: &str) {
        self.launch(job, Role::Console, Obj::text(script));
    }

    fn complete(&self, no: u64, line: &str) {
        let (from, words) = complete::complete(self, line);
        (self.out)(FromTcl::Completions { no, from, words });
    }

    /// The script of an `after` is due. Whether it could be made a job of its own: while the
    /// policy is read, and in a loop that a job has started, it can not.
    pub(super) fn call_back(&self, script: Obj) -> Result<bool, TclError> {
        if !self.is_open() || self.running.get().is_some() {
            return Ok(false);
        }
        let many = self
            .jobs
            .borrow()
            .keys()
            .filter(|no| is_callback(**no))
            .count();
        if many >= CALLBACKS_MAX {
            return Err(TclError::new(format!(
                "{CALLBACKS_MAX} callbacks wait; this one is not run: {}",
                cut(script.to_text(), 100)
            )));
        }
        let no = JobNo(CALLBACK | self.number());
        self.launch(no, Role::Callback, script);
        Ok(true)
    }

    /// Gives a script its first turn.
    fn launch(&self, no: JobNo, role: Role, script: Obj) {
        // Cancelled while it waited for others to give way: nothing of it has run, and
        // nothing need.
        if let Some(why) = self.mailbox.cancel_of(no) {
            let info = why.clone();
            return self.report(no, &role, End::Stopped { why, info });
        }
        if matches!(role, Role::Script(_) | Role::Trap(_)) {
            (self.out)(FromTcl::Began { job: no });
        }
        let scope = role.scope(|name| self.site.with_service(name, |_| ()).is_some());
        let mut words = vec!["coroutine".into(), coroutine(no).into()];
        match role {
            Role::Callback => words.extend([
                "::fail::watched".into(),
                no.0.to_string().into(),
                CALLBACK_MS.to_string().into(),
            ]),
            _ => words.push("::fail::body".into()),
        }
        words.push(script);
        if matches!(role, Role::Console) {
            self.site.begin_edit(&coroutine(no));
        }
        self.jobs.borrow_mut().insert(no, Job::new(role, scope));
        self.resume(no, &words);
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
            jobs.iter().find_map(|(no, job)| match &job.waits {
                Some(Wait::Exec(number, form)) if *number == exec => Some((*no, form.clone())),
                _ => None,
            })
        };
        let Some((no, form)) = waiting else {
            return; // Its job was cancelled meanwhile.
        };
        if let Ok(finished) = result {
            if finished.cut {
                let said = "wrote more than is kept; the rest was thrown away";
                self.log(no, Level::Warn, said);
            }
            let ignored = matches!(form, Form::Exec(how) if how.ignore_stderr);
            if ignored && !finished.stderr.is_empty() {
                let said = String::from_utf8_lossy(&finished.stderr);
                self.log(no, Level::Info, said.trim_end());
            }
        }
        self.answer(no, &answer::to_exec(&form, result));
    }

    /// The engine has done what was asked, or has not.
    fn answered(&self, ask: u64, result: Result<String, AskError>) {
        let waiting = {
            let jobs = self.jobs.borrow();
            let mut jobs = jobs.iter();
            jobs.find_map(|(no, job)| (job.waits == Some(Wait::Ask(ask))).then_some(*no))
        };
        match (waiting, result) {
            (Some(no), Ok(result)) => self.answer(no, &Answer::ok(result)),
            (Some(no), Err(AskError { message, code })) => {
                let code: Vec<&str> = code.iter().map(String::as_str).collect();
                self.answer(no, &Answer::error(message, &code));
            }
            // Its job was cancelled meanwhile, or it never had one.
            (None, result) => {
                let told = self.unwaited.borrow_mut().remove(&ask);
                if let (true, Err(AskError { message, .. })) = (told, result) {
                    (self.out)(background(&message));
                }
            }
        }
    }

    /// Asks the engine for something without waiting for it.
    pub(super) fn ask_unwaited(&self, what: Ask) -> Result<(), TclError> {
        let mut unwaited = self.unwaited.borrow_mut();
        if unwaited.len() >= CALLBACKS_MAX {
            let said = format!("{CALLBACKS_MAX} such orders have not been done yet");
            return Err(TclError::new(said));
        }
        let ask = self.number();
        unwaited.insert(ask);
        (self.out)(FromTcl::Ask { ask, what });
        Ok(())
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
        let Some((scope, cancelled)) = self.with_job(no, Job::turn) else {
            return;
        };
        // These may run traces of the policy's, so no job is borrowed meanwhile.
        self.interp.set(c"::fail::service", &scope.service);
        self.interp.set(c"::fail::reason", &scope.reason);
        self.interp.set(c"::fail::from", &scope.from);
        self.interp.set(c"::fail::event", &scope.event);
        self.interp
            .set_obj(c"::fail::data", &Obj::words(&scope.data));
        match (cancelled, self.turn_max) {
            (true, _) => self.interp.limit(GRACE),
            (false, Some(limit)) => self.interp.limit(limit),
            (false, None) => self.interp.unlimited(),
        }
        self.running.set(Some(no));
        self.mailbox.turns.begin(no);
        if self.mailbox.holds_cancel(no) {
            self.mailbox.press();
        }
        // From inside a command: one that C calls has no frame, and `info frame` in a
        // coroutine without one ends the process.
        let job = ["uplevel".into(), "#0".into(), Obj::list(words)];
        let reply = self.interp.call(&job);
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
            Some(Next::Ask(ask, what)) => (self.out)(FromTcl::Ask { ask, what }),
            Some(Next::End(end)) => self.done(no, end),
            Some(Next::Leave(code)) => {
                self.tear_down(no);
                self.done(no, End::Left { code });
            }
            Some(Next::Stray) => self.abandon(no, "a script can not yield: nobody resumes it"),
        }
    }

    /// Ends a suspended job without asking it.
    fn abandon(&self, no: JobNo, why: &str) {
        self.tear_down(no);
        let why = self.with_job(no, |job| match &job.cancelled {
            Some(why) => why.clone(),
            None => format!("{}: {why}", job.role.word()),
        });
        if let Some(why) = why {
            let info = why.clone();
            self.done(no, End::Stopped { why, info });
        }
    }

    fn tear_down(&self, no: JobNo) {
        // Deleting a coroutine runs nothing of it. If it is gone already, so much the better.
        let _ = self.interp.command(["rename", &coroutine(no), ""]);
    }

    fn done(&self, no: JobNo, end: End) {
        let job = self.jobs.borrow_mut().remove(&no);
        if let Some(job) = job {
            let end = match *job.role {
                Role::Console => self.put_in_force(no, end),
                _ => end,
            };
            self.report(no, &job.role, end);
        }
    }

    /// A command from a console has ended: what it has set holds from now on, all of it or,
    /// after an error, nothing.
    fn put_in_force(&self, no: JobNo, end: End) -> End {
        let well = match &end {
            End::Returned(ending) => matches!(ending.code, 0 | 2),
            End::Stopped { .. } => false,
            End::Left { .. } => true,
        };
        match self.site.end_edit(&self.interp, &coroutine(no), well) {
            Ok(None) => end,
            Ok(Some(policy)) => {
                (self.out)(FromTcl::Policy(Box::new(policy)));
                end
            }
            Err(error) => End::Stopped {
                info: error.info(),
                why: error.message,
            },
        }
    }

    fn report(&self, no: JobNo, role: &Role, end: End) {
        if let Some(message) = role.report(no, end) {
            (self.out)(message);
        }
    }

    fn log(&self, no: JobNo, level: Level, text: &str) {
        let who = self.with_job(no, |job| job.role.name());
        let text = format!("{}: exec: {text}", who.unwrap_or_default());
        let text = cut(text, DETAIL_BYTES_MAX);
        (self.out)(FromTcl::Log { level, text });
    }
}

/// Numbers of callbacks: apart from those of scripts, which the engine gives, and those of
/// consoles.
const CALLBACK: u64 = 1 << 62;

fn is_callback(no: JobNo) -> bool {
    !no.is_console() && no.0 & CALLBACK != 0
}
