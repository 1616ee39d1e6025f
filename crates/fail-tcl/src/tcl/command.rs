//! Commands written in Rust.
//!
//! A command is a `Fn`, since Tcl may call it again while it runs. It may delete itself:
//! the closure is kept alive by a clone for the time of the call. A panic in it becomes a
//! Tcl error.

use std::ffi::{CString, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::obj::{self, Obj};
use super::{Interp, Reply, TclError};
use crate::ffi;

type Command = Rc<dyn Fn(&Interp, &[Obj]) -> Reply>;

impl Interp {
    /// Adds a command. It gets its words, without its own name.
    pub(crate) fn define(&self, name: &str, run: impl Fn(&Interp, &[Obj]) -> Reply + 'static) {
        let name = CString::new(name).unwrap_or_default();
        let command: Command = Rc::new(run);
        let data: *mut c_void = Box::into_raw(Box::new(command)).cast();
        // SAFETY: Tcl copies the name and calls `forget` once with `data`, when the command
        // or the interpreter goes.
        unsafe {
            ffi::Tcl_CreateObjCommand(self.raw(), name.as_ptr(), Some(call), data, Some(forget))
        };
    }
}

unsafe extern "C" fn call(
    data: *mut c_void,
    interp: *mut ffi::Tcl_Interp,
    count: c_int,
    words: *const *mut ffi::Tcl_Obj,
) -> c_int {
    // SAFETY: `data` is the box of `define`, which is not given back before `forget`; the
    // interpreter and its words live while Tcl calls us.
    let (command, interp, words) = unsafe {
        let command = Command::clone(&*data.cast::<Command>());
        let words = obj::from_array(usize::try_from(count).unwrap_or(0), words);
        (command, Interp::borrowed(interp), words)
    };
    let Some(interp) = interp else {
        return ffi::TCL_ERROR;
    };
    let arguments = words.get(1..).unwrap_or_default();
    let reply = catch_unwind(AssertUnwindSafe(|| command(&interp, arguments)))
        .unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
    interp.leave(reply)
}

unsafe extern "C" fn forget(data: *mut c_void) {
    // SAFETY: the box of `define`, given back once.
    let command = unsafe { Box::from_raw(data.cast::<Command>()) };
    // A closure whose drop panics is a mistake, but none that may unwind through C.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(command)));
}

/// What a caught panic says, as an error.
pub(super) fn panicked(panic: &(dyn std::any::Any + Send)) -> TclError {
    let said = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without words");
    TclError::new(format!("internal error: {said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interp() -> Interp {
        Interp::new("test").unwrap()
    }

    #[test]
    fn a_panic_becomes_an_error() {
        let interp = interp();
        interp.define("boom", |_, _| panic!("ouch"));
        let caught = interp.eval("catch boom message; set message").unwrap();
        assert_eq!(caught.to_text(), "internal error: ouch");
    }

    #[test]
    fn a_command_may_call_itself_and_delete_itself() {
        let interp = interp();
        interp.define("down", |interp, words| {
            let n: u32 = words[0].to_text().parse()?;
            match n.checked_sub(1) {
                None => interp.command(["rename", "down", ""]),
                Some(less) => interp.command(["down", &less.to_string()]),
            }
        });
        interp.eval("down 10").unwrap();
        let gone = interp.eval("down 1").unwrap_err();
        assert_eq!(gone.message, "invalid command name \"down\"");
    }

    #[test]
    fn an_error_keeps_its_code_and_its_info_on_the_way_through() {
        let interp = interp();
        interp.define("ours", |_, _| Err(TclError::new("no").code(&["A", "b c"])));
        let code = interp.eval("catch ours; set errorCode").unwrap();
        assert_eq!(code.to_text(), "A {b c}");
        interp.define("through", |interp, words| interp.call(words));
        interp.eval("proc deep {} {error deep {} {C D}}").unwrap();
        let error = interp.eval("through through deep").unwrap_err();
        assert_eq!(error.message, "deep");
        let info = error.info();
        assert_eq!(info.matches("while executing").count(), 1, "{info}");
        let code = interp.eval("catch {through deep}; set errorCode");
        assert_eq!(code.unwrap().to_text(), "C D");
    }

    #[test]
    fn a_forgotten_command_drops_what_it_holds() {
        let held = Rc::new(());
        let interp = interp();
        let inside = Rc::clone(&held);
        interp.define("holds", move |_, _| {
            let _ = &inside;
            Ok(Obj::text(""))
        });
        assert_eq!(Rc::strong_count(&held), 2);
        drop(interp);
        assert_eq!(Rc::strong_count(&held), 1);
    }
}
