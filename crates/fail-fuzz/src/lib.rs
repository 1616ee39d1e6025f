//! What must hold whatever comes in: one function for each fuzz target.
//!
//! A target takes any bytes, makes of them what its room is given (a message, a file, an order
//! of calls), and panics where a promise is broken. Its contract stands at the head of its
//! file, and asks for more than that nothing panics by itself. The same bytes always do the
//! same, so that a file which broke a target once is a test from then on.
//!
//! `tests/seeded.rs` runs each target on seeded bytes and on its corpus in every `cargo test`;
//! `scripts/fuzz` runs them guided by coverage. No fuzzer is known here.

#![forbid(unsafe_code)]

mod choices;
mod community;
mod frames;
mod messages;
mod monitor;
mod node;
mod plan;
mod policy;
mod scenario;
mod state;
mod watch;
mod wire;

pub use choices::Choices;
pub use community::community;
pub use frames::frames;
pub use monitor::monitor;
pub use node::node;
pub use plan::plan;
pub use policy::policy;
pub use scenario::scenario;
pub use state::state;
pub use watch::watch;
pub use wire::wire;

/// A target: takes any bytes, and panics where a promise is broken.
pub type Target = fn(&[u8]);

/// All targets by their names, which are also those of the corpora in `tests/fuzz/corpus`.
pub const TARGETS: [(&str, Target); 10] = [
    ("wire", wire),
    ("frames", frames),
    ("community", community),
    ("state", state),
    ("monitor", monitor),
    ("policy", policy),
    ("scenario", scenario),
    ("node", node),
    ("plan", plan),
    ("watch", watch),
];
