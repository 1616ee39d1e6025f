//! The tests of the whole, in one binary. One module per risk.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that can not go on has failed"
)]

mod attack;
mod bench;
mod chaos;
mod completions;
mod console;
mod drill;
mod faild;
mod faildebug;
mod failmon;
mod failsh;
mod flood;
mod hc;
mod imports;
mod life;
mod man;
mod monitor;
mod monitor_page;
mod netns;
mod packages;
mod policy;
mod python;
mod readme;
mod record;
mod rehearse;
mod samples;
mod scripts;
mod shadow;
mod show;
mod skew;
mod tidy;
