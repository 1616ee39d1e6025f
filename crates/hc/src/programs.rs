//! Programs that are checks or actions: children with a deadline and a place.
//!
//! Each is a process group of its own, of which nothing is left when it has ended. There are
//! places for so many at once; who finds none waits, and his deadline goes on. At its deadline
//! a program is answered for at once, however long it then takes to die: it keeps its place
//! until it is gone, so that programs that do not end can not fill the host.

use std::collections::{BTreeMap, VecDeque};

use fail_core::exec::{ExecFailed, ExecResult, Pipeline};
use fail_core::time::{Mono, Span};
use fail_rt::children::{CHILDREN_MAX, Children};
use fail_rt::clock::{self, earliest};
use fail_rt::poller::Token;

/// Checks that run at once. With the actions, and some whose end the kernel delays, as many as
/// there may be children.
pub const CHECKS_AT_ONCE: usize = 384;

/// Actions that run at once, so that checks that hang do not keep anybody from being told.
pub const ACTIONS_AT_ONCE: usize = 96;

const _: () = assert!(CHECKS_AT_ONCE + ACTIONS_AT_ONCE < CHILDREN_MAX);

/// What a program is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It finds something out.
    Check,
    /// It does something.
    Action,
}

impl Kind {
    fn at_once(self) -> usize {
        match self {
            Kind::Check => CHECKS_AT_ONCE,
            Kind::Action => ACTIONS_AT_ONCE,
        }
    }
}

/// After so long it is tried again what this host had nothing left for.
const AGAIN: Span = Span::from_millis(200);

/// Whether a program could not be started because this host has no descriptor, no memory or no
/// process left for it.
pub fn is_ours(failed: &ExecFailed) -> bool {
    ["EMFILE", "ENFILE", "ENOMEM", "EAGAIN"].contains(&failed.errno.as_str())
}

/// How it was.
#[derive(Debug)]
pub enum Ended {
    /// By itself, or it could not be started.
    Ran(ExecResult),
    /// Its deadline has come.
    Late,
    /// Its deadline has come, and there was no place for it before.
    NoPlace,
}

/// A program that waits for a place.
struct Waiting {
    number: u64,
    pipeline: Pipeline,
    deadline: Mono,
    /// Why it could not be started when it had one: this host has nothing left for it.
    failed: Option<ExecFailed>,
}

/// A program that has a place.
struct Running {
    kind: Kind,
    /// Nothing: nobody waits for it any more.
    deadline: Option<Mono>,
    /// If it could not be started, it is tried again.
    pipeline: Pipeline,
}

/// All of them.
pub struct Programs {
    children: Children,
    running: BTreeMap<u64, Running>,
    waiting: [VecDeque<Waiting>; 2],
    /// Until then none is started: this host had nothing left for the last one.
    rests: Option<Mono>,
    ended: VecDeque<(u64, Ended)>,
}

impl Programs {
    /// None yet.
    pub fn new(children: Children) -> Programs {
        Programs {
            children,
            running: BTreeMap::new(),
            waiting: Default::default(),
            rests: None,
            ended: VecDeque::new(),
        }
    }

    /// Runs one, as soon as there is a place. Numbers are never given twice.
    pub fn run(&mut self, kind: Kind, number: u64, pipeline: Pipeline, deadline: Mono) {
        self.waiting[kind as usize].push_back(Waiting {
            number,
            pipeline,
            deadline,
            failed: None,
        });
        self.fill(kind);
    }

    /// Gives free places to those that wait.
    fn fill(&mut self, kind: Kind) {
        if self.rests.is_some() {
            return;
        }
        let of_kind = self.running.values().filter(|running| running.kind == kind);
        let free = kind.at_once().saturating_sub(of_kind.count());
        for _ in 0..free {
            let Some(next) = self.waiting[kind as usize].pop_front() else {
                return;
            };
            let running = Running {
                kind,
                deadline: Some(next.deadline),
                pipeline: next.pipeline.clone(),
            };
            self.running.insert(next.number, running);
            // Its deadline is kept here: who waits for it is not kept waiting while it dies.
            self.children.spawn(next.number, next.pipeline, None);
        }
    }

    /// Nobody waits for this one any more.
    pub fn forget(&mut self, number: u64, now: Mono) {
        for waiting in &mut self.waiting {
            waiting.retain(|waiting| waiting.number != number);
        }
        if let Some(running) = self.running.get_mut(&number) {
            running.deadline = None;
            self.children.kill(number, now);
        }
    }

    /// Ends all of them.
    pub fn end_all(&mut self, now: Mono) {
        self.waiting = Default::default();
        for running in self.running.values_mut() {
            running.deadline = None;
        }
        self.children.kill_all(now);
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.children.is_empty() && self.waiting.iter().all(VecDeque::is_empty)
    }

    /// Whether this event is for [`Programs::on_event`].
    pub fn owns(&self, token: Token) -> bool {
        self.children.owns(token)
    }

    /// A pipe can be read or written.
    pub fn on_event(&mut self, token: Token) {
        self.children.on_event(token);
    }

    /// A child may have ended.
    pub fn reap(&mut self, now: Mono) {
        self.children.reap(now);
    }

    /// When to call [`Programs::expire`].
    pub fn deadline(&self) -> Option<Mono> {
        let running = self.running.values().map(|running| running.deadline);
        let waiting = self
            .waiting
            .iter()
            .flatten()
            .map(|next| Some(next.deadline));
        let others = [self.children.deadline(), self.rests];
        earliest(running.chain(waiting).chain(others))
    }

    /// Acts on the deadlines that have come.
    pub fn expire(&mut self, now: Mono) {
        self.children.expire(now);
        // Before deadlines: what has ended in time has ended in time.
        self.collect();
        for (number, running) in &mut self.running {
            if running.deadline.is_some_and(|at| at <= now) {
                running.deadline = None;
                self.children.kill(*number, now);
                self.ended.push_back((*number, Ended::Late));
            }
        }
        for waiting in &mut self.waiting {
            let late = |next: &Waiting| next.deadline <= now;
            for next in waiting.iter_mut().filter(|next| late(next)) {
                let ended = match next.failed.take() {
                    Some(failed) => Ended::Ran(Err(failed)),
                    None => Ended::NoPlace,
                };
                self.ended.push_back((next.number, ended));
            }
            waiting.retain(|next| !late(next));
        }
        if self.rests.is_some_and(|at| at <= now) {
            self.rests = None;
            self.fill(Kind::Check);
            self.fill(Kind::Action);
        }
    }

    fn collect(&mut self) {
        while let Some((number, result)) = self.children.poll() {
            let Some(running) = self.running.remove(&number) else {
                continue;
            };
            match (running.deadline, result) {
                (Some(deadline), Err(failed)) if is_ours(&failed) => {
                    // Others give theirs back: it waits as who finds no place does.
                    self.waiting[running.kind as usize].push_front(Waiting {
                        number,
                        pipeline: running.pipeline,
                        deadline,
                        failed: Some(failed),
                    });
                    self.rests = Some(clock::now().mono + AGAIN);
                }
                (Some(_), result) => self.ended.push_back((number, Ended::Ran(result))),
                (None, _) => {}
            }
            self.fill(running.kind);
        }
    }

    /// The next one that somebody waits for; nothing: that was all for now.
    pub fn poll(&mut self) -> Option<(u64, Ended)> {
        self.collect();
        self.ended.pop_front()
    }
}
