//! Programs under test, as all tests of the whole have them.

pub use failover_tests::process::{Process, command, output, run, wait};
