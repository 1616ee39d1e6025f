//! Tcl's event loop, and the two ways in from other threads.
//!
//! The thread that runs the loop keeps two [`Hooks`]; whoever has its [`Doorbell`] can have
//! them called there. *Ring*: `turn` is called from the loop, when no script is running (or
//! from a loop that a script started). *Interrupt*: `interrupt` is called from the middle of
//! a running script, which it may end with an error. Neither ever runs on the caller's
//! thread.

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use super::{Interp, Reply, TclError};
use crate::ffi;

/// What the thread of the loop does when it is called.
pub(crate) struct Hooks {
    /// Something lies in the mailbox.
    pub(crate) turn: Box<dyn Fn()>,
    /// A script is running and somebody wants it stopped: the error it gets, if any.
    pub(crate) interrupt: Box<dyn Fn() -> Option<TclError>>,
}

thread_local! {
    static HOOKS: RefCell<Option<Rc<Hooks>>> = const { RefCell::new(None) };
}

/// Reaches the loop of one thread. Must go back to that thread to be [closed](Doorbell::close)
/// before it ends.
pub(crate) struct Doorbell {
    thread: ffi::Tcl_ThreadId,
    handler: ffi::Tcl_AsyncHandler,
}

// SAFETY: `ring` and `interrupt` are the functions that Tcl offers for use from other
// threads; creating and closing happen on the loop's own.
unsafe impl Send for Doorbell {}

impl Doorbell {
    /// For the calling thread, whose hooks these become.
    pub(crate) fn new(hooks: Hooks) -> Doorbell {
        HOOKS.with(|cell| cell.replace(Some(Rc::new(hooks))));
        // SAFETY: Tcl is initialised, since an interpreter exists on this thread.
        unsafe {
            Doorbell {
                thread: ffi::Tcl_GetCurrentThread(),
                handler: ffi::Tcl_AsyncCreate(Some(interrupted), ptr::null_mut()),
            }
        }
    }

    /// Has `turn` called soon.
    pub(crate) fn ring(&self) {
        const SIZE: ffi::AllocSize = size_of::<ffi::Tcl_Event>() as ffi::AllocSize;
        // SAFETY: Tcl frees the event, so it must come from Tcl's allocator, which aborts
        // rather than answer null. The thread lives: its doorbell is not closed.
        unsafe {
            let event = ffi::Tcl_Alloc(SIZE);
            let event: *mut ffi::Tcl_Event = event.cast();
            event.write(ffi::Tcl_Event {
                proc_: Some(rung),
                nextPtr: ptr::null_mut(),
            });
            ffi::Tcl_ThreadQueueEvent(self.thread, event, ffi::QUEUE_TAIL);
            ffi::Tcl_ThreadAlert(self.thread);
        }
    }

    /// Has `interrupt` called soon, if a script is running.
    pub(crate) fn interrupt(&self) {
        // SAFETY: the handler lives: the doorbell is not closed.
        unsafe { ffi::Tcl_AsyncMark(self.handler) };
    }

    /// The end of the loop. On the thread that made it, after its interpreter has gone.
    pub(crate) fn close(self) {
        HOOKS.with(|cell| cell.replace(None));
        // SAFETY: on the thread that made the handler; nobody else can reach it any more.
        unsafe {
            ffi::Tcl_AsyncDelete(self.handler);
            ffi::Tcl_FinalizeThread();
        }
    }
}

/// Waits for one event of the loop and serves it.
pub(crate) fn serve_one_event() {
    // SAFETY: on a thread with an interpreter.
    unsafe { ffi::Tcl_DoOneEvent(ffi::TCL_ALL_EVENTS) };
}

/// Serves those events that are there, and waits for none.
pub(crate) fn serve_ready_events() {
    for _ in 0..READY_MAX {
        // SAFETY: on a thread with an interpreter.
        let served = unsafe { ffi::Tcl_DoOneEvent(ffi::TCL_ALL_EVENTS | ffi::TCL_DONT_WAIT) };
        if served == 0 {
            return;
        }
    }
}

/// A channel that is always readable and never read must not keep a turn from its end.
const READY_MAX: u32 = 100;

fn hooks() -> Option<Rc<Hooks>> {
    HOOKS.with(|cell| cell.borrow().clone())
}

unsafe extern "C" fn rung(_: *mut ffi::Tcl_Event, _: c_int) -> c_int {
    const SERVED: c_int = 1;
    if let Some(hooks) = hooks() {
        // Nobody could be told of a panic here; the default hook has printed it.
        let _ = catch_unwind(AssertUnwindSafe(|| (hooks.turn)()));
    }
    SERVED
}

unsafe extern "C" fn interrupted(
    _: *mut c_void,
    interp: *mut ffi::Tcl_Interp,
    code: c_int,
) -> c_int {
    // SAFETY: Tcl names the interpreter that it runs, or none when it is in a loop.
    let interp = unsafe { Interp::borrowed(interp) };
    let Some(hooks) = hooks() else {
        return code;
    };
    let error = catch_unwind(AssertUnwindSafe(|| (hooks.interrupt)()))
        .unwrap_or_else(|panic| Some(super::command::panicked(panic.as_ref())));
    match (interp, error) {
        (Some(interp), Some(error)) => interp.leave(Reply::Err(error)),
        _ => code,
    }
}
