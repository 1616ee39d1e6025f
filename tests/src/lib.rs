//! What the tests of the whole share: where things lie, how to read a man page, and how to
//! run the real programs and look at what they do.

#![forbid(unsafe_code)]

pub mod chance;
pub mod faild;
pub mod folder;
pub mod lines;
pub mod man;
pub mod program;
pub mod raw;
pub mod tree;
pub mod wait;
