//! The same names out of the bindings that the crate `tcl` brings.

// Not called: named so that its build settings reach `clib`, which writes the bindings.
use ::tcl as _;

pub(crate) use ::clib::{
    ClientData, Tcl_Alloc, Tcl_AsyncCreate, Tcl_AsyncDelete, Tcl_AsyncHandler, Tcl_AsyncMark,
    Tcl_CreateInterp, Tcl_CreateObjCommand, Tcl_DbDecrRefCount, Tcl_DbIncrRefCount,
    Tcl_DeleteInterp, Tcl_DictObjGet, Tcl_DoOneEvent, Tcl_EvalEx, Tcl_EvalObjv, Tcl_Event,
    Tcl_FSEvalFileEx, Tcl_FinalizeThread, Tcl_FindExecutable, Tcl_GetCurrentThread,
    Tcl_GetObjResult, Tcl_GetReturnOptions, Tcl_GetStringFromObj, Tcl_Init, Tcl_Interp,
    Tcl_LimitSetGranularity, Tcl_LimitSetTime, Tcl_LimitTypeReset, Tcl_LimitTypeSet,
    Tcl_ListObjGetElements, Tcl_NewListObj, Tcl_NewStringObj, Tcl_Obj, Tcl_ResetResult,
    Tcl_SetObjErrorCode, Tcl_SetObjResult, Tcl_SetReturnOptions, Tcl_SetVar2Ex, Tcl_SignalId,
    Tcl_SignalMsg, Tcl_ThreadAlert, Tcl_ThreadId, Tcl_ThreadQueueEvent, Tcl_Time,
};
