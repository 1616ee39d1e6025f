//! One running pipeline: its processes, our ends of its pipes, and how far it is with going.
//!
//! The number of a process group is the process id of its leader, and that is free for
//! anybody once the leader is reaped. So nothing is reaped until the job is finished: ends
//! are looked at (`WNOWAIT`), and the group can be signalled until then without ever
//! hitting a stranger.

use std::os::unix::process::ExitStatusExt;
use std::process::Child;

use fail_core::exec::{End, Finished};
use fail_core::time::{Mono, Span};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use super::pipes::Pipes;
use super::{KILL_GRACE, LINGER, SWEEP_GRACE, TERM_GRACE};
use crate::poller::Desk;

/// What a deadline led to.
pub(super) enum Verdict {
    GoesOn,
    Finished,
    GaveUp,
}

/// How far a job is with going.
#[derive(Clone, Copy, PartialEq)]
enum Going {
    /// It may stay until its deadline.
    Not(Option<Mono>),
    /// It got TERM, and gets KILL then.
    Asked(Mono),
    /// It got KILL, and is given up then.
    Killed(Mono),
}

struct Process {
    child: Child,
    ended: bool,
}

pub(super) struct Job {
    pub id: u64,
    /// Whoever is left of its group when it has ended is killed.
    pub sweep: bool,
    name: String,
    processes: Vec<Process>,
    pipes: Pipes,
    going: Going,
    /// Its deadline has come.
    timed_out: bool,
    began: Mono,
    /// When the last program was seen to have ended.
    ended_at: Option<Mono>,
}

/// Kills the group of these children, of which none has been reaped.
pub(super) fn kill_group<'a>(children: impl IntoIterator<Item = &'a Child>) {
    if let Some(leader) = children.into_iter().next() {
        signal_group(leader, Signal::SIGKILL);
    }
}

/// The kernel's own type for it.
pub(super) fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id() as libc::pid_t)
}

fn signal_group(leader: &Child, signal: Signal) {
    // It fails when all are gone, which is what we want.
    let _ = killpg(pid(leader), signal);
}

impl Job {
    pub fn new(
        id: u64,
        name: String,
        children: Vec<Child>,
        pipes: Pipes,
        began: Mono,
        deadline: Option<Mono>,
    ) -> Job {
        let process = |child| Process {
            child,
            ended: false,
        };
        Job {
            id,
            sweep: false,
            name,
            processes: children.into_iter().map(process).collect(),
            pipes,
            going: Going::Not(deadline),
            timed_out: false,
            began,
            ended_at: None,
        }
    }

    pub fn processes(&self) -> usize {
        self.processes.len()
    }

    pub fn children(&self) -> impl Iterator<Item = &Child> {
        self.processes.iter().map(|p| &p.child)
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.children().next() {
            signal_group(leader, signal);
        }
    }

    pub fn on_ready(&mut self, desk: &Desk, n: usize) {
        self.pipes.on_ready(desk, n);
    }

    pub fn look_for_ends(&mut self, now: Mono) {
        for process in self.processes.iter_mut().filter(|p| !p.ended) {
            process.ended = has_ended(&process.child);
        }
        if self.ended_at.is_none() && self.processes.iter().all(|p| p.ended) {
            self.ended_at = Some(now);
            if self.sweep {
                // Nothing of it has been reaped, so this is still its own group.
                self.signal(Signal::SIGKILL);
            }
        }
    }

    pub fn is_finished(&self) -> bool {
        self.ended_at.is_some() && self.pipes.are_at_end()
    }

    /// Once is enough: who asks again does not get it sooner.
    pub fn tell_to_go(&mut self, now: Mono) {
        if let Going::Not(_) = self.going {
            let grace = if self.sweep { SWEEP_GRACE } else { TERM_GRACE };
            self.going = Going::Asked(now + grace);
            self.signal(Signal::SIGTERM);
            // One that is stopped would not hear it.
            self.signal(Signal::SIGCONT);
        }
    }

    pub fn deadline(&self) -> Option<Mono> {
        let lingers = self.ended_at.map(|at| at + LINGER);
        lingers.or(match self.going {
            Going::Not(deadline) => deadline,
            Going::Asked(until) | Going::Killed(until) => Some(until),
        })
    }

    pub fn expire(&mut self, now: Mono) -> Verdict {
        if self.deadline().is_none_or(|at| at > now) {
            return Verdict::GoesOn;
        }
        // Before anything is done to it: it may have ended, and its signal is still to come.
        self.look_for_ends(now);
        match (self.ended_at, self.going) {
            (Some(at), _) if self.pipes.are_at_end() || now >= at + LINGER => Verdict::Finished,
            (Some(_), _) => Verdict::GoesOn,
            (None, Going::Not(_)) => {
                self.timed_out = true;
                self.tell_to_go(now);
                Verdict::GoesOn
            }
            (None, Going::Asked(_)) => {
                self.going = Going::Killed(now + KILL_GRACE);
                self.signal(Signal::SIGKILL);
                Verdict::GoesOn
            }
            (None, Going::Killed(_)) => Verdict::GaveUp,
        }
    }

    /// All programs have ended.
    pub fn finish(self, desk: &Desk) -> Finished {
        if !matches!(self.going, Going::Not(_)) {
            // Whoever of the group is left: the others had their time.
            self.signal(Signal::SIGKILL);
        }
        let took = self.ended_at.map_or(Span::ZERO, |at| at - self.began);
        let collected = self.pipes.close(desk);
        let ends = self.processes.into_iter().map(|p| reaped(p.child));
        Finished {
            ends: ends.collect(),
            stdout: collected.stdout,
            stderr: collected.stderr,
            cut: collected.cut,
            timed_out: self.timed_out,
            took,
        }
    }

    /// Gives the children back, unreaped.
    pub fn abandon(self, desk: &Desk) -> Vec<Child> {
        self.pipes.close(desk);
        self.processes.into_iter().map(|p| p.child).collect()
    }

    pub fn why_given_up(&self) -> String {
        let left = self.processes.iter().filter(|p| !p.ended);
        let left: Vec<_> = left.map(|p| p.child.id().to_string()).collect();
        format!(
            "\"{}\" does not end: process {} got SIGKILL {KILL_GRACE} ago and is still there",
            self.name,
            left.join(", ")
        )
    }
}

/// Looks, and leaves it to be reaped.
fn has_ended(child: &Child) -> bool {
    let id = Id::Pid(pid(child));
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    // EINTR is not possible without waiting. Any other error means a status that nix can
    // not read, or that somebody else has reaped it: it has ended.
    !matches!(waitid(id, look), Ok(WaitStatus::StillAlive))
}

fn reaped(mut child: Child) -> (u32, End) {
    // That there is no status can only be when another part of this process took it away.
    const TAKEN_AWAY: End = End::Exit(255);
    let status = child.try_wait().ok().flatten();
    let end = status.and_then(|status| {
        let exit = status.code().map(End::Exit);
        exit.or(status.signal().map(End::Signal))
    });
    (child.id(), end.unwrap_or(TAKEN_AWAY))
}
