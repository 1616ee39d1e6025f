//! What the tests of the whole share: where things lie, how to read a man page, and how to
//! run the real programs and look at what they do.

#![forbid(unsafe_code)]

pub mod browser;
pub mod chance;
pub mod chaos;
pub mod disk;
pub mod ears;
pub mod faild;
pub mod failsh;
pub mod folder;
pub mod hc;
pub mod lines;
pub mod man;
pub mod netns;
pub mod ports;
pub mod process;
pub mod program;
pub mod prometheus;
pub mod proxy;
pub mod python;
pub mod raw;
pub mod terminal;
pub mod tree;
pub mod wait;
pub mod web;
pub mod words;

/// Says that a test does not test anything here, and why: past the runner's capture, or
/// nobody would see it.
pub fn skipped(why: &str) {
    use std::io::Write;
    let line = format!("skipped: {why}\n");
    // Without a standard error there is nobody to tell.
    let _ = std::io::stderr().write_all(line.as_bytes());
}
