//! The tests of the whole, in one binary. One module per risk.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that can not go on has failed"
)]

mod imports;
mod man;
mod tidy;
