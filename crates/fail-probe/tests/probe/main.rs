//! Each module against real servers of Debian and against bad ones, over IPv4 and IPv6, by
//! [`fail_probe::probe_once`] and by a [`fail_probe::Prober`].
//!
//! Bad servers are in [`bad`], certificates in [`certs`], real servers in [`servers`]; what all
//! tests ask with is in [`ask`]. Where a real server is not there (`scripts/test` has them
//! unpacked), a test says that it is skipped.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ask;
mod bad;
mod certs;
mod http;
mod mail;
mod many;
#[path = "../../../../tests/src/ports.rs"]
mod ports;
mod servers;
mod tcp;
mod tls;
