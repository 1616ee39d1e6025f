//! What the tests of the whole share: where things lie, and how to read a man page.

#![forbid(unsafe_code)]

pub mod man;
pub mod tree;
