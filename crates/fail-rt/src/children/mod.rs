//! Runs `fail_core::exec` pipelines, and says what came of each exactly once.
//!
//! All programs of a pipeline are one process group, started without a shell, with default
//! signals, no descriptor but the standard three, and our directory. A job is finished when
//! all its programs have ended and nobody holds its output any more, or [`LINGER`] later: a
//! script may leave a daemon behind that keeps the pipe. Such a daemon is left alone when
//! the job ended by itself, and killed with the group when the job was told to go.
//!
//! Where a pipeline wants a sweep ([`Given::sweep`]), whoever is left of its group is killed when
//! the last of its programs has ended, before its number is free for anybody. Who has gone into
//! a session of his own (`setsid`), as daemons do, is out of reach of that and goes on.
//!
//! What is started in the background is nobody's job: it is started, told of, and reaped when
//! it ends; nothing here ends it.
//!
//! A job that is told to go, by [`Children::kill`] or its own deadline, gets TERM, after
//! [`TERM_GRACE`] (with a sweep [`SWEEP_GRACE`]) KILL, and after [`KILL_GRACE`] it is given up,
//! loudly.
//!
//! Built after [`Signals`](crate::signals::Signals): `reap` is called for `Signal::Child`.

mod job;
mod pipes;
mod start;

use std::collections::VecDeque;
use std::process::Child;

#[cfg(doc)]
use fail_core::exec::Given;
use fail_core::exec::{ExecFailed, ExecResult, Pipeline};
use fail_core::time::{Mono, Span};
use mio::Token;

use crate::clock::{self, earliest};
use crate::inherited;
use crate::log::Log;
use crate::poller::Desk;
use job::{Job, Verdict};
use pipes::{PIPES, Pipes};

/// Processes at the same time, those included that are being killed: with three descriptors
/// each at most, well below the usual limits of 1024 descriptors and 4096 processes.
pub const CHILDREN_MAX: usize = 512;

/// Programs in one pipeline.
pub const STAGES_MAX: usize = 64;

/// How long output may be held open after the last program of a job has ended.
pub const LINGER: Span = Span::from_millis(200);

/// From TERM to KILL.
pub const TERM_GRACE: Span = Span::from_secs(2);

/// The same for a job that is swept: what leaves nothing behind has little to put away.
pub const SWEEP_GRACE: Span = Span::from_millis(500);

/// From KILL to giving up. A process that survives it waits in the kernel, for a disk say.
pub const KILL_GRACE: Span = Span::from_secs(2);

/// The children of this process.
pub struct Children {
    desk: Desk,
    log: Log,
    jobs: Vec<Option<Job>>,
    /// Killed and not yet reaped; nobody waits for their result.
    dying: Vec<Child>,
    /// Started in the background and not yet reaped.
    background: Vec<Child>,
    done: VecDeque<(u64, ExecResult)>,
}

impl Children {
    /// None yet. For the whole process, ignored signals get their default back and open
    /// descriptors are marked to be closed on exec, so that no child inherits them.
    pub fn new(desk: Desk, log: Log) -> Children {
        inherited::reset_signals();
        inherited::seal_descriptors();
        Children {
            desk,
            log,
            jobs: Vec::new(),
            dying: Vec::new(),
            background: Vec::new(),
            done: VecDeque::new(),
        }
    }

    /// Starts a pipeline; at the deadline, or when its own time is over, it is told to go. The
    /// result comes by [`Children::poll`], also when it could not be started; what runs in the
    /// background has one at once.
    pub fn spawn(&mut self, id: u64, pipeline: Pipeline, deadline: Option<Mono>) {
        if let Err(failed) = self.try_spawn(id, pipeline, deadline) {
            self.done.push_back((id, Err(failed)));
        }
    }

    fn try_spawn(
        &mut self,
        id: u64,
        pipeline: Pipeline,
        deadline: Option<Mono>,
    ) -> Result<(), ExecFailed> {
        self.has_room(&pipeline)?;
        let slot = self.jobs.iter().position(Option::is_none);
        let slot = slot.unwrap_or(self.jobs.len());
        let (wires, opened) = start::wire(&pipeline)?;
        let pipes = Pipes::watch(opened, &self.desk, slot * PIPES);
        let name = start::name(pipeline.stages.first());
        let pipes = pipes.map_err(|e| start::failed("execute", name, &e))?;
        let mut children = Vec::new();
        if let Err(failed) = start::start(&pipeline, wires, &mut children) {
            job::kill_group(&children);
            self.dying.append(&mut children);
            self.reap_the_dying();
            return Err(failed);
        }
        if pipeline.background {
            self.done
                .push_back((id, Ok(start::in_background(&children))));
            self.background.append(&mut children);
            return Ok(());
        }
        let began = clock::now().mono;
        let limit = pipeline.given.timeout.map(|timeout| began + timeout);
        let deadline = earliest([deadline, limit]);
        let mut job = Job::new(id, name.to_owned(), children, pipes, began, deadline);
        job.sweep = pipeline.given.sweep;
        if slot == self.jobs.len() {
            self.jobs.push(None);
        }
        self.jobs[slot] = Some(job);
        Ok(())
    }

    fn has_room(&self, pipeline: &Pipeline) -> Result<(), ExecFailed> {
        let name = start::name(pipeline.stages.first());
        let running: usize = self.jobs.iter().flatten().map(Job::processes).sum();
        let refuse = |why: String, errno: &str| {
            Err(ExecFailed {
                sentence: format!("couldn't execute \"{name}\": {why}"),
                errno: errno.into(),
            })
        };
        if pipeline.stages.len() > STAGES_MAX {
            return refuse(format!("more than {STAGES_MAX} programs in a row"), "E2BIG");
        }
        let others = self.dying.len() + self.background.len();
        if running + others + pipeline.stages.len() > CHILDREN_MAX {
            return refuse(format!("{CHILDREN_MAX} programs are running"), "EAGAIN");
        }
        Ok(())
    }

    /// Tells a job to go. Its result comes all the same, when it is gone.
    pub fn kill(&mut self, id: u64, now: Mono) {
        for job in self.jobs.iter_mut().flatten().filter(|job| job.id == id) {
            job.tell_to_go(now);
        }
    }

    /// Tells all jobs to go; the program goes on with its loop until [`Children::is_empty`].
    pub fn kill_all(&mut self, now: Mono) {
        for job in self.jobs.iter_mut().flatten() {
            job.tell_to_go(now);
        }
    }

    /// Nothing runs, and every result has been taken.
    pub fn is_empty(&self) -> bool {
        self.jobs.iter().all(Option::is_none) && self.done.is_empty()
    }

    /// Whether this event is for [`Children::on_event`].
    pub fn owns(&self, token: Token) -> bool {
        self.desk.number(token).is_some()
    }

    /// Reads and writes the pipe that an event named.
    pub fn on_event(&mut self, token: Token) {
        let Some(n) = self.desk.number(token) else {
            return;
        };
        let slot = n / PIPES;
        // A slot may have a new job since: then its pipe is just not ready.
        if let Some(job) = self.jobs.get_mut(slot).and_then(Option::as_mut) {
            job.on_ready(&self.desk, n);
            if job.is_finished() {
                self.finish(slot);
            }
        }
    }

    /// A child may have ended. Each is asked for by its own number, so that a child somebody
    /// else of this process has started is his.
    pub fn reap(&mut self, now: Mono) {
        self.reap_the_dying();
        for slot in 0..self.jobs.len() {
            if let Some(job) = &mut self.jobs[slot] {
                job.look_for_ends(now);
                if job.is_finished() {
                    self.finish(slot);
                }
            }
        }
    }

    /// When to call [`Children::expire`].
    pub fn deadline(&self) -> Option<Mono> {
        earliest(self.jobs.iter().flatten().map(Job::deadline))
    }

    /// Acts on the deadlines that have come.
    pub fn expire(&mut self, now: Mono) {
        for slot in 0..self.jobs.len() {
            match self.jobs[slot].as_mut().map(|job| job.expire(now)) {
                Some(Verdict::Finished) => self.finish(slot),
                Some(Verdict::GaveUp) => self.give_up(slot),
                Some(Verdict::GoesOn) | None => {}
            }
        }
    }

    /// The next result; nothing: that was all for now.
    #[must_use]
    pub fn poll(&mut self) -> Option<(u64, ExecResult)> {
        self.done.pop_front()
    }

    fn finish(&mut self, slot: usize) {
        if let Some(job) = self.jobs[slot].take() {
            let id = job.id;
            self.done.push_back((id, Ok(job.finish(&self.desk))));
        }
    }

    fn give_up(&mut self, slot: usize) {
        let Some(job) = self.jobs[slot].take() else {
            return;
        };
        let (id, sentence) = (job.id, job.why_given_up());
        self.log.error(&sentence);
        self.dying.append(&mut job.abandon(&self.desk));
        let errno = "ETIMEDOUT".to_owned();
        self.done
            .push_back((id, Err(ExecFailed { sentence, errno })));
    }

    fn reap_the_dying(&mut self) {
        for ownerless in [&mut self.dying, &mut self.background] {
            ownerless.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        }
    }
}

/// Whoever forgets to wait for them leaves none behind.
impl Drop for Children {
    fn drop(&mut self) {
        for job in self.jobs.iter().flatten() {
            job::kill_group(job.children());
        }
    }
}
