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

mod certificate;
mod choices;
mod community;
mod dns;
mod finding;
mod frames;
mod hcfile;
mod health;
mod http;
mod icmp;
mod ldap;
mod lines;
mod messages;
mod monitor;
mod node;
mod ntp;
mod plan;
mod plugin;
mod policy;
mod scenario;
mod state;
mod watch;
mod wire;

pub use certificate::certificate;
pub use choices::Choices;
pub use community::community;
pub use dns::dns;
pub use frames::frames;
pub use hcfile::hcfile;
pub use health::health;
pub use http::http;
pub use icmp::icmp;
pub use ldap::ldap;
pub use lines::lines;
pub use monitor::monitor;
pub use node::node;
pub use ntp::ntp;
pub use plan::plan;
pub use plugin::plugin;
pub use policy::policy;
pub use scenario::scenario;
pub use state::state;
pub use watch::watch;
pub use wire::wire;

/// A target: takes any bytes, and panics where a promise is broken.
pub type Target = fn(&[u8]);

/// All targets by their names, which are also those of the corpora in `tests/fuzz/corpus`.
pub const TARGETS: [(&str, Target); 20] = [
    ("wire", wire),
    ("frames", frames),
    ("community", community),
    ("state", state),
    ("hcfile", hcfile),
    ("monitor", monitor),
    ("health", health),
    ("policy", policy),
    ("scenario", scenario),
    ("node", node),
    ("plan", plan),
    ("watch", watch),
    ("dns", dns),
    ("ntp", ntp),
    ("icmp", icmp),
    ("ldap", ldap),
    ("lines", lines),
    ("http", http),
    ("certificate", certificate),
    ("plugin", plugin),
];
