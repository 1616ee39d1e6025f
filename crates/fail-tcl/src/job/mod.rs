//! Jobs: scripts on their way, each a coroutine of its own.
//!
//! `run` is one of them, `room` runs them all. `prelude.tcl` gives them their `exec`, `after`
//! and `vwait`, which speak to the room by the commands in `asks`. `syntax` reads what stands
//! behind `exec`, `answer` says what came of it in Tcl's words, and `outcome` what came of
//! the job.

mod answer;
mod asks;
mod outcome;
mod room;
mod run;
mod syntax;

pub(crate) use self::room::Room;
