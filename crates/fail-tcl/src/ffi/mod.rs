//! The C functions of Tcl that this crate calls, under their C names.
//!
//! Two sources behind the same names: `hand`, our own declarations (the default: no bindgen,
//! Tcl 8.6 and 9.0), and with the feature `tcl-crate` the bindings which the crate `tcl`
//! brings along (`clib`, Tcl 8.6 only). Types and constants that are macros in C, or that
//! the two would spell differently, stand here. Nothing here is safe or has a meaning of its
//! own; only `crate::tcl` may use it.

#![allow(non_camel_case_types, non_snake_case, missing_docs)]
#![allow(
    unsafe_code,
    reason = "declares the C functions that crate::tcl makes safe"
)]

use std::ffi::{c_int, c_uint};

#[cfg(feature = "tcl-crate")]
mod clib;
#[cfg(not(feature = "tcl-crate"))]
mod hand;

#[cfg(feature = "tcl-crate")]
pub(crate) use self::clib::*;
#[cfg(not(feature = "tcl-crate"))]
pub(crate) use self::hand::*;

/// How Tcl counts bytes and elements.
#[cfg(not(tcl9))]
pub(crate) type Tcl_Size = c_int;
#[cfg(tcl9)]
pub(crate) type Tcl_Size = isize;

/// How `Tcl_Alloc` counts bytes.
#[cfg(not(tcl9))]
pub(crate) type AllocSize = c_uint;
#[cfg(tcl9)]
pub(crate) type AllocSize = usize;

/// Whether strings inside Tcl hold characters beyond U+FFFF as surrogate pairs.
pub(crate) const SURROGATES: bool = cfg!(not(tcl9));

pub(crate) const TCL_OK: c_int = 0;
pub(crate) const TCL_ERROR: c_int = 1;
pub(crate) const TCL_RETURN: c_int = 2;

pub(crate) const TCL_GLOBAL_ONLY: c_int = 1;
pub(crate) const TCL_EVAL_GLOBAL: c_int = 0x2_0000;
pub(crate) const TCL_ALL_EVENTS: c_int = !2;
pub(crate) const TCL_DONT_WAIT: c_int = 2;
pub(crate) const TCL_LIMIT_TIME: c_int = 2;
pub(crate) const QUEUE_TAIL: c_uint = 0;
