//! One script on its way.
//!
//! It runs until it asks for something (`wants`), waits for that (`waits`), and is resumed,
//! until its script has `ended` or its coroutine is gone. Plain bookkeeping: no Tcl runs here.

use std::rc::Rc;

use fail_core::exec::Pipeline;
use fail_core::job::JobNo;

use super::answer::Form;
use super::outcome::Ending;
use super::role::{End, Role, Scope};
use crate::mail::Ask;
use crate::tcl::Reply;

/// One job.
pub(super) struct Job {
    pub(super) role: Rc<Role>,
    scope: Rc<Scope>,
    /// What it has asked for since it was resumed, with the number of its wait.
    pub(super) wants: Option<(u64, Want)>,
    /// What it is suspended for.
    pub(super) waits: Option<Wait>,
    /// How its script returned.
    pub(super) ended: Option<Ending>,
    /// Why it was cancelled, once it has been told.
    pub(super) cancelled: Option<String>,
    /// How often it was resumed since then.
    pub(super) turns: u32,
}

/// What a job asks for.
pub(super) enum Want {
    /// These programs, and what is made of their end.
    Exec(Pipeline, Form),
    /// Something that only the engine can do.
    Ask(Ask),
    /// `::fail::wake`.
    Alarm,
    /// Nothing more: `exit` at a console, with this code.
    Leave(String),
}

/// What a job is suspended for, by its number.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Wait {
    Exec(u64, Form),
    Ask(u64),
    Alarm(u64),
    /// The alarm has rung, and that lies in the mailbox.
    Rung(u64),
}

/// How a job left its turn.
pub(super) enum Next {
    /// It waits for an alarm.
    Wait,
    /// It waits for these programs.
    Exec(u64, Pipeline),
    /// It waits for what the engine says to this.
    Ask(u64, Ask),
    /// It has ended.
    End(End),
    /// It wants to end where it is, and its coroutine is still there.
    Leave(String),
    /// It has suspended itself and waits for nothing.
    Stray,
}

/// The name of a job's coroutine.
pub(super) fn coroutine(no: JobNo) -> String {
    format!("::fail::job::{}", no.0)
}

impl Job {
    pub(super) fn new(role: Role, scope: Scope) -> Job {
        Job {
            role: Rc::new(role),
            scope: Rc::new(scope),
            wants: None,
            waits: None,
            ended: None,
            cancelled: None,
            turns: 0,
        }
    }

    /// It is being resumed: what it sees, and whether it has been cancelled.
    pub(super) fn turn(&mut self) -> (Rc<Scope>, bool) {
        (self.wants, self.waits) = (None, None);
        let cancelled = self.cancelled.is_some();
        self.turns += u32::from(cancelled);
        (Rc::clone(&self.scope), cancelled)
    }

    /// It is told that it is cancelled. Whether that is news to it.
    pub(super) fn cancel(&mut self, why: &str) -> bool {
        self.cancelled.replace(why.to_string()).is_none()
    }

    /// What it may be waiting for has happened. Whether that is so, and news.
    pub(super) fn ring(&mut self, wait: u64) -> bool {
        let news = self.waits == Some(Wait::Alarm(wait));
        if news {
            self.waits = Some(Wait::Rung(wait));
        }
        news
    }

    /// The programs that are running for it.
    pub(super) fn exec(&self) -> Option<u64> {
        match self.waits {
            Some(Wait::Exec(number, _)) => Some(number),
            _ => None,
        }
    }

    /// Its turn is over, and this is what its coroutine returned.
    pub(super) fn settle(&mut self, reply: Reply) -> Next {
        // A coroutine that was torn down, by a limit say, had no chance to say how it ended.
        let torn = reply.err().map(|error| Ending {
            code: 1,
            info: Some(error.info()),
            result: error.message,
        });
        if let Some(ending) = self.ended.take().or(torn) {
            return Next::End(match &self.cancelled {
                None => End::Returned(ending),
                Some(why) => End::Stopped {
                    info: ending.info.unwrap_or_else(|| why.clone()),
                    why: why.clone(),
                },
            });
        }
        match self.wants.take() {
            Some((number, Want::Alarm)) => {
                self.waits = Some(Wait::Alarm(number));
                Next::Wait
            }
            Some((number, Want::Exec(pipeline, form))) => {
                self.waits = Some(Wait::Exec(number, form));
                Next::Exec(number, pipeline)
            }
            Some((number, Want::Ask(ask))) => {
                self.waits = Some(Wait::Ask(number));
                Next::Ask(number, ask)
            }
            Some((_, Want::Leave(code))) => Next::Leave(code),
            None => Next::Stray,
        }
    }
}
