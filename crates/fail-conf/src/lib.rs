//! Files to values and back: the community file, the state file and the Hcfile.
//!
//! What is printed parses again to the same. An error names the line and the word. Nothing
//! is opened, read or written here; `fail-rt` does that.

#![forbid(unsafe_code)]

pub mod community;
pub mod hcfile;
pub mod state;
