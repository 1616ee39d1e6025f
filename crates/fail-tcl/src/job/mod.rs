//! Jobs: scripts on their way, each a coroutine of its own.
//!
//! `room` runs them, `prelude.tcl` gives them their `exec`, `after` and `vwait`, `syntax`
//! reads what stands behind `exec`, `answer` says what came of it in Tcl's words, and
//! `outcome` what came of the job.

mod answer;
mod asks;
mod outcome;
mod room;
mod syntax;

pub(crate) use self::room::Room;
