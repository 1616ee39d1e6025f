//! Jobs: scripts on their way, each a coroutine of its own.
//!
//! `run` is one of them, `room` runs them all. `prelude.tcl` gives them their `exec`, `after`
//! and `vwait`, which speak to the room by the commands in `asks`. `syntax` reads what stands
//! behind `exec`, `answer` says what came of it in Tcl's words, `program`
//! is the same for `fail run`, `ask` reads what only the
//! engine can do, `role` says what a job is for, and `outcome` what came of it. `complete` and
//! `help` assist whoever types at a console; `line` sees where he is.

mod answer;
mod ask;
mod asks;
mod complete;
mod help;
mod line;
mod outcome;
mod program;
mod role;
mod room;
mod run;
mod syntax;

pub(crate) use self::asks::{answered_at_once, exec_at_once};
pub(crate) use self::room::Room;
