//! One interpreter: evaluation, variables, and the limit that stops it.
//!
//! It belongs to the thread that made it and dies there. Words go in as values, one each, so
//! nothing is ever quoted and nothing can be injected.

use std::ffi::{CStr, CString, c_int};
use std::mem::ManuallyDrop;
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::Once;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::obj::{self, Obj};
use super::{Reply, TclError, text};
use crate::ffi;

/// An interpreter with Tcl's library in it.
pub(crate) struct Interp(NonNull<ffi::Tcl_Interp>);

impl Interp {
    /// Makes one. `program` is the path by which this program was called, from which Tcl
    /// learns its encoding and where its library is.
    pub(crate) fn new(program: &str) -> Result<Interp, TclError> {
        static FIRST: Once = Once::new();
        let argv0 = CString::new(program).unwrap_or_default();
        // SAFETY: before any other Tcl call of the process, once, with a live string.
        FIRST.call_once(|| unsafe { ffi::Tcl_FindExecutable(argv0.as_ptr()) });
        // SAFETY: Tcl is initialised; the interpreter stays on this thread (`!Send`).
        let interp = NonNull::new(unsafe { ffi::Tcl_CreateInterp() })
            .map(Interp)
            .ok_or_else(|| TclError::new("Tcl made no interpreter"))?;
        // SAFETY: a live interpreter.
        let code = unsafe { ffi::Tcl_Init(interp.raw()) };
        interp.reply(code)?;
        Ok(interp)
    }

    /// The interpreter that Tcl names in a callback: ours, so it must not be dropped.
    ///
    /// # Safety
    /// `raw` is null or a live interpreter of this thread, and lives as long as the callback.
    pub(super) unsafe fn borrowed(raw: *mut ffi::Tcl_Interp) -> Option<ManuallyDrop<Interp>> {
        NonNull::new(raw).map(|live| ManuallyDrop::new(Interp(live)))
    }

    pub(super) fn raw(&self) -> *mut ffi::Tcl_Interp {
        self.0.as_ptr()
    }

    /// Runs one command in the global scope.
    pub(crate) fn call(&self, words: &[Obj]) -> Reply {
        let raw: Vec<_> = words.iter().map(Obj::raw).collect();
        // SAFETY: as many live objects as said; we hold a reference of each meanwhile.
        let code = unsafe {
            ffi::Tcl_EvalObjv(
                self.raw(),
                obj::size(raw.len()),
                raw.as_ptr(),
                ffi::TCL_EVAL_GLOBAL,
            )
        };
        self.reply(code)
    }

    /// Runs one command of plain words in the global scope.
    pub(crate) fn command<const N: usize>(&self, words: [&str; N]) -> Reply {
        self.call(&words.map(Obj::text))
    }

    /// Runs a script in the global scope.
    pub(crate) fn eval(&self, script: &str) -> Reply {
        let bytes = text::encode(script);
        // SAFETY: Tcl reads `length` bytes.
        let code = unsafe {
            ffi::Tcl_EvalEx(
                self.raw(),
                bytes.as_ptr().cast(),
                obj::size(bytes.len()),
                ffi::TCL_EVAL_GLOBAL,
            )
        };
        self.reply(code)
    }

    /// Runs a file, which is UTF-8 whatever the locale says.
    pub(crate) fn eval_file(&self, path: &Path) -> Reply {
        let path = Obj::text(&path.to_string_lossy());
        const ENCODING: &CStr = c"utf-8";
        // SAFETY: a live object and a string that lives for ever.
        let code = unsafe { ffi::Tcl_FSEvalFileEx(self.raw(), path.raw(), ENCODING.as_ptr()) };
        self.reply(code)
    }

    /// Sets a global variable.
    pub(crate) fn set(&self, name: &CStr, value: &str) {
        self.set_obj(name, &Obj::text(value));
    }

    /// The same, with any value.
    pub(crate) fn set_obj(&self, name: &CStr, value: &Obj) {
        // SAFETY: live strings and a live object. A variable that can not be set (a trace
        // of the policy forbids it) is left alone: there is nobody to tell.
        unsafe {
            ffi::Tcl_SetVar2Ex(
                self.raw(),
                name.as_ptr(),
                ptr::null(),
                value.raw(),
                ffi::TCL_GLOBAL_ONLY,
            )
        };
    }

    /// Stops whatever runs in this interpreter, past every `catch`, once so much time has
    /// gone by; until [`Interp::unlimited`].
    pub(crate) fn limit(&self, after: Duration) {
        // Tcl's limits are points on the wall clock.
        let at = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(Duration::ZERO, |now| now + after);
        let mut time = ffi::Tcl_Time {
            sec: at.as_secs().try_into().unwrap_or(0),
            usec: at.subsec_micros().into(),
        };
        const EACH: c_int = 1;
        // SAFETY: a live interpreter; Tcl copies the time.
        unsafe {
            ffi::Tcl_LimitSetTime(self.raw(), &mut time);
            ffi::Tcl_LimitSetGranularity(self.raw(), ffi::TCL_LIMIT_TIME, EACH);
            ffi::Tcl_LimitTypeSet(self.raw(), ffi::TCL_LIMIT_TIME);
        }
    }

    /// Takes the limit away, and with it that it has been exceeded.
    pub(crate) fn unlimited(&self) {
        // SAFETY: a live interpreter.
        unsafe { ffi::Tcl_LimitTypeReset(self.raw(), ffi::TCL_LIMIT_TIME) };
    }

    /// What came of an evaluation. The result is taken out, so that nothing of it lingers.
    fn reply(&self, code: c_int) -> Reply {
        // SAFETY: a live interpreter; both objects are alive until the next call into it.
        let (result, options) = unsafe {
            let result = Obj::from_raw(ffi::Tcl_GetObjResult(self.raw()));
            if code == ffi::TCL_OK || code == ffi::TCL_RETURN {
                (result, None)
            } else {
                let options = ffi::Tcl_GetReturnOptions(self.raw(), code);
                (result, Some(Obj::from_raw(options)))
            }
        };
        // SAFETY: a live interpreter.
        unsafe { ffi::Tcl_ResetResult(self.raw()) };
        match options {
            None => Ok(result),
            Some(options) => Err(TclError {
                message: result.to_text(),
                code: Vec::new(),
                options: Some(options),
            }),
        }
    }

    /// Leaves what a command or an interrupt answers as Tcl's result.
    pub(super) fn leave(&self, reply: Reply) -> c_int {
        // SAFETY: a live interpreter and live objects; Tcl takes references of its own.
        unsafe {
            let error = match reply {
                Ok(result) => {
                    ffi::Tcl_SetObjResult(self.raw(), result.raw());
                    return ffi::TCL_OK;
                }
                Err(error) => error,
            };
            ffi::Tcl_SetObjResult(self.raw(), Obj::text(&error.message).raw());
            if let Some(options) = error.options {
                return ffi::Tcl_SetReturnOptions(self.raw(), options.raw());
            }
            if !error.code.is_empty() {
                ffi::Tcl_SetObjErrorCode(self.raw(), Obj::words(&error.code).raw());
            }
            ffi::TCL_ERROR
        }
    }
}

impl Drop for Interp {
    fn drop(&mut self) {
        // SAFETY: ours, on its own thread, and nothing of it is running any more: whoever
        // runs in it holds a borrow.
        unsafe { ffi::Tcl_DeleteInterp(self.raw()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_stops_what_catches_everything_and_nothing_after_it() {
        let interp = Interp::new("test").unwrap();
        for _ in 0..3 {
            interp.limit(Duration::from_millis(5));
            let stopped = interp.eval("while 1 {catch {while 1 {catch {expr 1}}}}");
            assert_eq!(stopped.unwrap_err().message, "time limit exceeded");
            interp.unlimited();
            let well = interp.eval("for {set i 0} {$i < 10000} {incr i} {}; set i");
            assert_eq!(well.unwrap().to_text(), "10000");
        }
    }

    #[test]
    fn strings_go_through_as_they_are() {
        let interp = Interp::new("test").unwrap();
        for text in ["", "a\0b", "\u{1F600}\0", "é\u{ffff}"] {
            assert_eq!(interp.command(["set", "x", text]).unwrap().to_text(), text);
            let codes = interp.eval("scan [string index $x 0] %c").unwrap();
            if let Some(c) = text.chars().next().filter(|c| *c < '\u{ffff}') {
                assert_eq!(codes.to_text(), u32::from(c).to_string());
            }
        }
        let same =
            interp.eval("string equal \u{1F600} [encoding convertfrom utf-8 \\xf0\\x9f\\x98\\x80]");
        assert_eq!(same.unwrap().to_text(), "1");
    }
}
