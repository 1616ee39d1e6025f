//! Our own declarations, as they stand in `tcl.h` of 8.6 and 9.0. Only what is used.

use std::ffi::{c_char, c_int, c_long, c_uint, c_void};

use super::{AllocSize, Tcl_Size};

/// A C type of which only the address is known here.
macro_rules! opaque {
    ($($name:ident)*) => { $(#[repr(C)] pub(crate) struct $name { _private: [u8; 0] })* };
}
opaque!(Tcl_Interp Tcl_Obj Tcl_AsyncHandler_ Tcl_ThreadId_ Tcl_Command_);

pub(crate) type ClientData = *mut c_void;
pub(crate) type Tcl_AsyncHandler = *mut Tcl_AsyncHandler_;
pub(crate) type Tcl_ThreadId = *mut Tcl_ThreadId_;
pub(crate) type Tcl_Command = *mut Tcl_Command_;

pub(crate) type Tcl_ObjCmdProc =
    Option<unsafe extern "C" fn(ClientData, *mut Tcl_Interp, c_int, *const *mut Tcl_Obj) -> c_int>;
pub(crate) type Tcl_CmdDeleteProc = Option<unsafe extern "C" fn(ClientData)>;
pub(crate) type Tcl_AsyncProc =
    Option<unsafe extern "C" fn(ClientData, *mut Tcl_Interp, c_int) -> c_int>;
pub(crate) type Tcl_EventProc = Option<unsafe extern "C" fn(*mut Tcl_Event, c_int) -> c_int>;

#[repr(C)]
pub(crate) struct Tcl_Event {
    pub(crate) proc_: Tcl_EventProc,
    pub(crate) nextPtr: *mut Tcl_Event,
}

#[repr(C)]
pub(crate) struct Tcl_Time {
    #[cfg(not(tcl9))]
    pub(crate) sec: c_long,
    #[cfg(tcl9)]
    pub(crate) sec: std::ffi::c_longlong,
    pub(crate) usec: c_long,
}

unsafe extern "C" {
    // Interpreters and evaluation.
    pub(crate) fn Tcl_FindExecutable(argv0: *const c_char);
    pub(crate) fn Tcl_CreateInterp() -> *mut Tcl_Interp;
    pub(crate) fn Tcl_DeleteInterp(interp: *mut Tcl_Interp);
    pub(crate) fn Tcl_Init(interp: *mut Tcl_Interp) -> c_int;
    pub(crate) fn Tcl_EvalEx(
        interp: *mut Tcl_Interp,
        script: *const c_char,
        bytes: Tcl_Size,
        flags: c_int,
    ) -> c_int;
    pub(crate) fn Tcl_EvalObjv(
        interp: *mut Tcl_Interp,
        objc: Tcl_Size,
        objv: *const *mut Tcl_Obj,
        flags: c_int,
    ) -> c_int;
    pub(crate) fn Tcl_FSEvalFileEx(
        interp: *mut Tcl_Interp,
        file: *mut Tcl_Obj,
        encoding: *const c_char,
    ) -> c_int;
    pub(crate) fn Tcl_CreateObjCommand(
        interp: *mut Tcl_Interp,
        name: *const c_char,
        call: Tcl_ObjCmdProc,
        data: ClientData,
        delete: Tcl_CmdDeleteProc,
    ) -> Tcl_Command;
    pub(crate) fn Tcl_SetVar2Ex(
        interp: *mut Tcl_Interp,
        name: *const c_char,
        index: *const c_char,
        value: *mut Tcl_Obj,
        flags: c_int,
    ) -> *mut Tcl_Obj;

    // Results and errors.
    pub(crate) fn Tcl_GetObjResult(interp: *mut Tcl_Interp) -> *mut Tcl_Obj;
    pub(crate) fn Tcl_SetObjResult(interp: *mut Tcl_Interp, result: *mut Tcl_Obj);
    pub(crate) fn Tcl_ResetResult(interp: *mut Tcl_Interp);
    pub(crate) fn Tcl_SetObjErrorCode(interp: *mut Tcl_Interp, code: *mut Tcl_Obj);
    pub(crate) fn Tcl_GetReturnOptions(interp: *mut Tcl_Interp, code: c_int) -> *mut Tcl_Obj;
    pub(crate) fn Tcl_SetReturnOptions(interp: *mut Tcl_Interp, options: *mut Tcl_Obj) -> c_int;

    // Values.
    pub(crate) fn Tcl_NewStringObj(bytes: *const c_char, length: Tcl_Size) -> *mut Tcl_Obj;
    pub(crate) fn Tcl_GetStringFromObj(obj: *mut Tcl_Obj, length: *mut Tcl_Size) -> *mut c_char;
    pub(crate) fn Tcl_NewListObj(objc: Tcl_Size, objv: *const *mut Tcl_Obj) -> *mut Tcl_Obj;
    pub(crate) fn Tcl_ListObjGetElements(
        interp: *mut Tcl_Interp,
        list: *mut Tcl_Obj,
        objc: *mut Tcl_Size,
        objv: *mut *mut *mut Tcl_Obj,
    ) -> c_int;
    pub(crate) fn Tcl_DictObjGet(
        interp: *mut Tcl_Interp,
        dict: *mut Tcl_Obj,
        key: *mut Tcl_Obj,
        value: *mut *mut Tcl_Obj,
    ) -> c_int;
    pub(crate) fn Tcl_DbIncrRefCount(obj: *mut Tcl_Obj, file: *const c_char, line: c_int);
    pub(crate) fn Tcl_DbDecrRefCount(obj: *mut Tcl_Obj, file: *const c_char, line: c_int);

    // The event loop, and how other threads reach it.
    pub(crate) fn Tcl_DoOneEvent(flags: c_int) -> c_int;
    pub(crate) fn Tcl_Alloc(size: AllocSize) -> *mut c_char;
    pub(crate) fn Tcl_GetCurrentThread() -> Tcl_ThreadId;
    pub(crate) fn Tcl_ThreadQueueEvent(
        thread: Tcl_ThreadId,
        event: *mut Tcl_Event,
        position: c_uint,
    );
    pub(crate) fn Tcl_ThreadAlert(thread: Tcl_ThreadId);
    pub(crate) fn Tcl_AsyncCreate(call: Tcl_AsyncProc, data: ClientData) -> Tcl_AsyncHandler;
    pub(crate) fn Tcl_AsyncMark(handler: Tcl_AsyncHandler);
    pub(crate) fn Tcl_AsyncDelete(handler: Tcl_AsyncHandler);
    pub(crate) fn Tcl_FinalizeThread();

    // Limits.
    pub(crate) fn Tcl_LimitSetTime(interp: *mut Tcl_Interp, time: *mut Tcl_Time);
    pub(crate) fn Tcl_LimitSetGranularity(interp: *mut Tcl_Interp, kind: c_int, n: c_int);
    pub(crate) fn Tcl_LimitTypeSet(interp: *mut Tcl_Interp, kind: c_int);
    pub(crate) fn Tcl_LimitTypeReset(interp: *mut Tcl_Interp, kind: c_int);

    // Signals by name.
    pub(crate) fn Tcl_SignalId(signal: c_int) -> *const c_char;
    pub(crate) fn Tcl_SignalMsg(signal: c_int) -> *const c_char;
}
