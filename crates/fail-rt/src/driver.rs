//! The one driver of the contract in `fail_core::machine`: one mutation, then everything the
//! machine wants done, then wait for its deadline.
//!
//! It holds the machine to its word: after `expire(now)` the deadline lies after `now`. A
//! debug build stops there; a release build says so in the log and pauses the timers of
//! that machine for a moment, so that a mistake costs punctuality and not the whole CPU.
//!
//! What an output leads to (an answer that is there at once, say) goes into a queue of the
//! program and comes in by [`Driver::handle`] in its turn; never from within.

use fail_core::machine::Machine;
use fail_core::time::{Mono, Now, Span};

use crate::log::Log;

/// How long the timers of a machine that broke its word rest: the shortest interval that
/// can be configured, so that nobody who keeps his word is later than that.
const STUCK_PAUSE: Span = Span::from_millis(10);

/// A machine that breaks its word is named once in this time.
const STUCK_LOG_PAUSE: Span = Span::from_secs(60);

/// A machine and its bookkeeping.
pub struct Driver<M> {
    machine: M,
    log: Log,
    rest_until: Option<Mono>,
    named_at: Option<Mono>,
}

impl<M: Machine> Driver<M> {
    /// Call [`Driver::drain`] once, for what the machine wants to begin with.
    pub fn new(machine: M, log: Log) -> Driver<M> {
        Driver {
            machine,
            log,
            rest_until: None,
            named_at: None,
        }
    }

    /// To read in it.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// Something happened; `each` gets what the machine wants done about it, in order.
    pub fn handle(&mut self, now: Now, input: M::In, each: impl FnMut(M::Out)) {
        self.machine.handle(now, input);
        self.drain(each);
    }

    /// If the deadline has come, lets the machine act on it. Says whether it had come.
    pub fn expire(&mut self, now: Now, each: impl FnMut(M::Out)) -> bool {
        if self.deadline().is_none_or(|at| at > now.mono) {
            return false;
        }
        self.machine.expire(now);
        let stuck = self.machine.deadline().is_some_and(|at| at <= now.mono);
        self.rest_until = stuck.then(|| now.mono + STUCK_PAUSE);
        if stuck {
            self.name_the_stuck(now.mono);
        }
        self.drain(each);
        true
    }

    /// When to call [`Driver::expire`].
    pub fn deadline(&self) -> Option<Mono> {
        let wanted = self.machine.deadline()?;
        Some(self.rest_until.map_or(wanted, |rest| wanted.max(rest)))
    }

    /// What the machine wants done.
    pub fn drain(&mut self, each: impl FnMut(M::Out)) {
        std::iter::from_fn(|| self.machine.poll()).for_each(each);
    }

    fn name_the_stuck(&mut self, now: Mono) {
        debug_assert!(false, "the deadline did not move past {now:?}");
        if self.named_at.is_none_or(|at| now - at >= STUCK_LOG_PAUSE) {
            self.named_at = Some(now);
            self.log.error(format_args!(
                "a fault in this program: a deadline of {} stayed in the past; \
                 its timers now run every {STUCK_PAUSE} only",
                std::any::type_name::<M>(),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fail_core::time::Wall;

    /// Wants done what it is told, and wakes up `step` after each time.
    struct Echo {
        step: u64,
        deadline: Option<Mono>,
        outs: Vec<&'static str>,
    }

    impl Machine for Echo {
        type In = &'static str;
        type Out = &'static str;
        fn handle(&mut self, now: Now, input: &'static str) {
            self.outs.push(input);
            self.deadline = Some(Mono(now.mono.0 + 5));
        }
        fn expire(&mut self, now: Now) {
            self.outs.push("tick");
            self.deadline = Some(Mono(now.mono.0 + self.step));
        }
        fn deadline(&self) -> Option<Mono> {
            self.deadline
        }
        fn poll(&mut self) -> Option<&'static str> {
            self.outs.pop()
        }
    }

    fn driver(step: u64) -> Driver<Echo> {
        let echo = Echo {
            step,
            deadline: None,
            outs: vec!["hello"],
        };
        Driver::new(echo, Log::to("test", std::io::sink()))
    }

    fn at(ns: u64) -> Now {
        Now {
            mono: Mono(ns),
            wall: Wall(0),
        }
    }

    #[test]
    fn each_mutation_is_followed_by_what_the_machine_wants() {
        let mut driver = driver(10);
        let mut done = Vec::new();
        driver.drain(|out| done.push(out));
        assert!(!driver.expire(at(1), |out| done.push(out)), "no deadline");
        driver.handle(at(1), "in", |out| done.push(out));
        assert_eq!(driver.deadline(), Some(Mono(6)));
        assert!(!driver.expire(at(5), |out| done.push(out)), "too early");
        assert!(driver.expire(at(6), |out| done.push(out)));
        assert_eq!(driver.deadline(), Some(Mono(16)));
        assert_eq!(done, ["hello", "in", "tick"]);
        assert_eq!(driver.machine().step, 10);
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic(expected = "did not move"))]
    fn a_machine_that_breaks_its_word_can_not_spin() {
        let mut driver = driver(0);
        driver.handle(at(0), "in", drop);
        assert!(driver.expire(at(5), drop));
        assert_eq!(driver.deadline(), Some(Mono(5) + STUCK_PAUSE));
        assert!(!driver.expire(at(6), drop));
    }
}
