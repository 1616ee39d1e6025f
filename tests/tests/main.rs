//! The tests of the whole, in one binary. One module per risk.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that can not go on has failed"
)]

mod attack;
mod faild;
mod failsh;
mod imports;
mod man;
mod monitor_page;
mod netns;
mod policy;
mod python;
mod samples;
mod scripts;
mod tidy;
