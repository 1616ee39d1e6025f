//! One check of each kind over the network: whom it asks, what it takes for good.
//!
//! [`Prober`] is a thread of its own with an async runtime in which any number of checks run
//! side by side; each is a future that is dropped when its deadline has come, with its sockets.
//! So an answer that never ends, or that comes byte by byte, holds up nobody. What a check
//! reads has a limit, whatever the other end sends. [`Tasks`] is such a thread for other things
//! that are done over the network; one of them is to [`deliver`] a mail.
//!
//! Not here: when to check, what a finding means ([`fail_core::watch`]); checks that are
//! programs (`exec`, `nagios`, `tcl`), which hc runs as children.

#![forbid(unsafe_code)]

mod prober;

mod blocking;
mod certificate;
mod deliver;
mod dns;
mod exchange;
mod faild;
mod file;
mod found;
mod http;
mod icmp;
mod ldap;
mod mail;
mod net;
mod note;
mod ntp;
pub mod plugin;
mod pulse;
mod ration;
pub mod stage;
mod tasks;
mod tcp;
mod tls;
mod udp;

pub use deliver::{Letter, Undelivered, deliver};
pub use file::{community, unusable};
pub use found::{bad, good, unknown, warning};
pub use prober::{Prober, probe_once};
pub use pulse::Stall;
pub use tasks::Tasks;
