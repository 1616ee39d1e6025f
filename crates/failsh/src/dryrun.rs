//! `failc reload --dry-run`: the policy is read again and not put in force; what it would have
//! decided in the last hour is told.
//!
//! What that hour was is gathered while failsh goes on ([`Memory`]). Reading and comparing are
//! done by a thread of their own, one at a time. The engine only copies what is remembered:
//! of an hour of a hundred services on three other hosts 2 ms with a check each ten seconds,
//! 25 ms with one each second.

use std::thread;

use fail_core::plan::{In, Out, Plan};
use fail_core::time::{Mono, Now, Span};
use fail_replay::Watch;
use fail_replay::shadow::{Facts, remembered};
use fail_rt::poller::Waker;
use fail_rt::queue::{self, Receiver, Sender};
use fail_tcl::FromTcl;

use crate::engine::NO_FILES;
use crate::minds::Generation;
use crate::reload::{Source, read_to};
use crate::serves::{Compared, Unread};
use crate::shadow::{SEED, json, text};

/// How much is remembered.
const REMEMBERED: Span = Span::from_secs(3_600);

/// How often what is older is forgotten.
const FORGET_EVERY: Span = Span::from_secs(60);

/// Moments that are told; a policy that decides otherwise all the time is clear with less, and
/// a console takes no more than a megabyte.
const MOMENTS_MAX: usize = 500;

/// One thread answers once, and there is one thread.
const ANSWERS_MAX: usize = 1;

/// What happened in the last hour, as long as failsh runs.
pub struct Memory {
    facts: Facts,
    forgot: Mono,
}

impl Memory {
    /// From now on.
    pub fn new(facts: Facts) -> Memory {
        Memory {
            forgot: facts.from.mono,
            facts,
        }
    }

    /// The machine is about to be told this; nothing: that its deadline has come.
    pub fn before(&mut self, plan: &Plan, now: Now, input: Option<&In>) {
        self.facts.before(plan, now, input);
    }

    /// And this came of it.
    pub fn after(&mut self, plan: &Plan, now: Now, outs: &[Out]) {
        self.facts.after(plan, now, outs);
        if now.mono - self.forgot >= FORGET_EVERY {
            self.forgot = now.mono;
            self.facts.keep(REMEMBERED);
        }
    }
}

/// Tries policies.
pub struct DryRun {
    answers: Receiver<Result<Compared, Unread>>,
    to_answers: Sender<Result<Compared, Unread>>,
    /// Who waits.
    running: Option<u64>,
}

impl DryRun {
    /// Nobody yet.
    pub fn new(waker: &Waker) -> DryRun {
        let (to_answers, answers) = queue::bounded(waker, ANSWERS_MAX);
        DryRun {
            answers,
            to_answers,
            running: None,
        }
    }

    /// Tries the policy for this number.
    ///
    /// # Errors
    /// It can not be done now.
    pub fn begin(&mut self, no: u64, source: &Source, memory: &Memory) -> Result<(), Unread> {
        if source.files.is_empty() {
            return Err(Unread::NotNow(NO_FILES.to_string()));
        }
        if self.running.is_some() {
            let why = "another policy is being tried; try again later";
            return Err(Unread::NotNow(why.to_string()));
        }
        let (source, answers) = (source.clone(), self.to_answers.clone());
        let facts = memory.facts.clone();
        let work = move || {
            // The engine has ended meanwhile: then nobody wants to know.
            let _ = answers.send(attempt(&source, facts));
        };
        let thread = thread::Builder::new().name("dryrun".into()).spawn(work);
        thread.map_err(|e| {
            let why = fail_rt::reason::words(&e);
            Unread::NotNow(format!("no thread for it: {why}"))
        })?;
        self.running = Some(no);
        Ok(())
    }

    /// What came of it, and for whom; nothing: not yet.
    pub fn poll(&mut self) -> Option<(u64, Result<Compared, Unread>)> {
        let answer = self.answers.poll()?;
        Some((self.running.take()?, answer))
    }
}

fn attempt(source: &Source, mut facts: Facts) -> Result<Compared, Unread> {
    // What its scripts say is of no meaning: none of them is run.
    let tell = Box::new(|_: FromTcl| ());
    let fresh = read_to(source, Generation(0), tell).map_err(Unread::Bad)?;
    fresh.tcl.quit();
    facts.end();
    let report = remembered(&facts, &fresh.loaded.policy, &SEED);
    let mut report = report.map_err(Unread::Bad)?;
    let same = report.is_same();
    let all = report.moments.len();
    if all > MOMENTS_MAX {
        report.moments.truncate(MOMENTS_MAX);
        report
            .notes
            .push(format!("{all} moments in all; only the first are told"));
    }
    Ok(Compared {
        same,
        text: text(&report),
        report: json(&report),
    })
}
