//! The failover protocol: bytes to values and back, and nothing else.
//!
//! No socket, no clock, no decision lives here. What this crate writes down is quoted, with
//! golden bytes, in `man/failover-protocol.7`; the two change together or not at all.

#![forbid(unsafe_code)]

mod name;
mod state;

pub use name::{BadName, NAME_BYTES_MAX, Name};
pub use state::State;
