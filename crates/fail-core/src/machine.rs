//! The contract between a machine and whoever drives it.
//!
//! One mutation (`handle` or `expire`), then drain `poll` until it is empty, then wait for
//! `deadline`. One driver does that, in `fail-rt`; the simulator is the other.

use crate::time::{Mono, Now};

/// A state machine without clock, socket, thread or file.
pub trait Machine {
    /// Something that happened.
    type In;
    /// Something that the machine wants done.
    type Out;

    /// Something happened.
    fn handle(&mut self, now: Now, input: Self::In);

    /// The deadline has come. Afterwards `deadline` lies strictly after `now`.
    fn expire(&mut self, now: Now);

    /// When to call `expire`; nothing: only on input.
    fn deadline(&self) -> Option<Mono>;

    /// What is to be done next; nothing: go and wait.
    #[must_use]
    fn poll(&mut self) -> Option<Self::Out>;
}
