//! fail-tcl
