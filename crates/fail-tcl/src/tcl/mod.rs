//! A small safe layer over libtcl: values, one interpreter, commands, the event loop.
//!
//! Promises: no `unsafe` is needed above it; every value and interpreter stays on the thread
//! that made it (none is `Send`); a panic in a command, an event or an interrupt becomes a
//! Tcl error and never unwinds through C; strings keep every character both ways.
//! Not here: jobs, policies, anything that knows failover.

#![allow(
    unsafe_code,
    reason = "the one place where C functions are called; everything above is safe"
)]

mod command;
mod error;
mod event;
mod interp;
mod obj;
mod text;

pub(crate) use self::error::{Reply, TclError};
pub(crate) use self::event::{Doorbell, Hooks, serve_one_event, serve_ready_events};
pub(crate) use self::interp::Interp;
pub(crate) use self::obj::Obj;

use std::ffi::{CStr, c_int};

use crate::ffi;

/// Tcl's name and Tcl's words for a signal: `SIGTERM`, `software termination signal`.
pub(crate) fn signal(number: i32) -> (String, String) {
    let read = |text: *const std::ffi::c_char| {
        // SAFETY: Tcl answers each number with a string that lives as long as the process.
        unsafe { CStr::from_ptr(text) }
            .to_string_lossy()
            .into_owned()
    };
    let number: c_int = number;
    // SAFETY: both take any number and touch nothing.
    unsafe {
        (
            read(ffi::Tcl_SignalId(number)),
            read(ffi::Tcl_SignalMsg(number)),
        )
    }
}
