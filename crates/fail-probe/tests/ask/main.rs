//! Checks that ask name servers, clocks, directories, hosts and failds: against those of Debian
//! in good health and ill, and against others that answer what no server should.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

#[path = "../probe/certs.rs"]
mod certs;
mod dns;
mod faild;
mod icmp;
mod ldap;
mod liar;
mod ntp;
#[path = "../../../../tests/src/ports.rs"]
mod ports;
mod server;

/// Where the certificates, which are for the other tests as well, look for it.
mod ask {
    pub use crate::server::skipped;
}

use std::time::Duration;

use fail_conf::hcfile::check::{Check, Family, Host, Line, Terms};
use fail_core::watch::{Finding, Verdict};
use fail_probe::probe_once;

/// Longer than anything here takes on a slow and busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// For a check that is to find nobody: enough to ask twice.
const SHORT: Duration = Duration::from_millis(1_500);

fn line(check: Check) -> Line {
    Line {
        check,
        terms: Terms {
            timeout: None,
            within: None,
            slow: None,
            family: Family::Any,
            unknown: Verdict::Unknown,
        },
        shown: String::new(),
        public: String::new(),
        hidden: Vec::new(),
    }
}

fn check(check: Check, limit: Duration) -> Finding {
    probe_once(&line(check), limit).unwrap()
}

fn host(name: &str, port: u16) -> Host {
    Host {
        name: name.to_string(),
        port,
    }
}

fn value(found: &Finding, name: &str) -> f64 {
    let figure = found.figures.iter().find(|figure| figure.name == name);
    figure
        .unwrap_or_else(|| panic!("no {name}: {found:?}"))
        .value
}

fn is(found: &Finding, verdict: Verdict, why: &str) {
    assert!(
        found.verdict == verdict && found.why.contains(why),
        "not {verdict:?} {why}: {found:?}"
    );
}
