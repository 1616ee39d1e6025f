//! Files to values and back: the community file and the state file.
//!
//! What is printed parses again to the same. An error names the line and the word. Nothing
//! is opened, read or written here; `fail-rt` does that.

#![forbid(unsafe_code)]

pub mod community;
pub mod state;
