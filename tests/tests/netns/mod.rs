//! The suite among real addresses: hosts in network namespaces, nginx behind a service address
//! that the policy moves, a client that asks all the time, and every way to hurt them.
//!
//! Needs root; where there is none, each test says that it is skipped and why. What is
//! measured is printed: `cargo test -p failover-tests netns -- --nocapture`. Bounds are
//! generous, for machines that do other things as well. `FAILOVER_LOSS_SECONDS=60` makes the
//! network lose packets for a whole minute.

mod address;
mod boot;
pub mod client;
mod cut;
mod health;
mod host;
mod kill;
pub mod lab;
mod loss;
mod parts;
mod pause;
pub mod process;
mod rank;
mod samples;
mod tcp;
