//! The only room that knows Tcl.
//!
//! [`start`] makes a thread with one interpreter in it, reads the policy files there, and
//! answers with the policy as plain values and with a [`TclHandle`]. From then on the
//! engine's thread and the Tcl thread only exchange messages: [`ToTcl`] through the handle,
//! [`FromTcl`] through the function given to `start`.
//!
//! Each script runs as a coroutine, a *job*, and many may be on their way at once: `exec`,
//! `after ms`, `vwait` and `update` suspend the job that calls them and nobody else. Programs
//! are started by the engine, never here. A job ends with exactly one [`FromTcl::Done`],
//! unless [`ToTcl::Quit`] comes first.
//!
//! [`call`] is apart from all that: one procedure of a file, called once, for hc.
//!
//! Not here: deadlines, decisions, children, sockets. What runs Tcl code and does not give
//! way (a busy loop, a blocking read) stalls the other scripts until it is cancelled; the
//! engine it never stalls.

mod board;
mod ffi;
mod job;
mod limits;
mod mail;
mod packages;
mod policy;
mod procedure;
mod statements;
mod still;
mod tcl;
mod thread;
mod turns;

pub use self::board::Board;
pub use self::limits::{CANCEL_GRACE_MS, CANCEL_TURNS_MAX, DETAIL_BYTES_MAX, STACK_BYTES};
pub use self::mail::{Ask, AskError, FromTcl, ToTcl};
pub use self::policy::{Loaded, PolicyError, Read, normal_form, settings};
pub use self::procedure::{Came, Measured, call};
pub use self::statements::{Statement, statements};
pub use self::still::{Answering, Scene, Still};
pub use self::thread::{TclHandle, start, start_within};
