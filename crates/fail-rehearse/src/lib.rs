//! A policy rehearsed before it matters: the hosts of a scenario in one process, each with the
//! real faild (`Node`), the real failsh (`Plan`) and its real Tcl policy, on invented time and
//! an invented network.
//!
//! What scripts would run is not run: it is answered as the scenario says, and written down.
//! Nothing outside of this process is asked or changed, but for the files that are read.

#![forbid(unsafe_code)]

pub mod report;
pub mod show;
