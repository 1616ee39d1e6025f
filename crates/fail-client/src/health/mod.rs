//! What a hc shows of its targets: its monitor stream, as `hc-monitor(7)` tells it, read once
//! or followed ([`crate::follow`]), put together, and in the words that all tools share.
//!
//! [`ask_all`] reads several hcs side by side and takes no longer than it was told to, whatever
//! they do; a [`Snapshot`] is what one has shown; a [`Forest`] is the order in which targets
//! stand below what they depend on; [`words`] are for people, and
//! [`metrics`] for Prometheus. Whoever is at the other end may be
//! hostile: everything has a limit, and no text is clean before it is shown.
//!
//! ```no_run
//! use std::time::Duration;
//! use fail_client::health::{Place, ask_all};
//! let hc = Place { host: "127.0.0.1".to_string(), port: 1850 };
//! for told in ask_all(vec![hc], &[], Duration::from_secs(3)) {
//!     for target in told?.targets.values() {
//!         println!("{} is {}: {}", target.name, target.state, target.why);
//!     }
//! }
//! # Ok::<(), fail_client::health::Unread>(())
//! ```

mod ask;
mod forest;
pub mod metrics;
mod share;
mod snapshot;
pub mod words;

pub use ask::{Place, Unread, ask_all};
pub use fail_wire::health::{ActionView, Available, ChangeView, CheckView, FigureView, HealthView};
pub use fail_wire::health::{Hello, TargetView, Update};
pub use forest::{Forest, Place as Branch};
pub use share::{Budget, Share};
pub use snapshot::{BYTES_MAX, Snapshot, TARGETS_MAX, can_be};

use crate::stream::{Lines, Stream};

/// The stream of one hc.
pub type Health = Stream<Update>;

/// Updates out of such a stream, without the socket.
pub type HealthLines = Lines<Update>;

/// Whether a name is that, or fits that pattern: `%` is any letters, also none.
pub fn fits(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('%') else {
        return pattern == name;
    };
    let Some(mut left) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('%').collect();
    let last = parts.pop().unwrap_or_default();
    // The first place that fits leaves the most for the rest.
    for part in parts {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percent_sign_is_any_letters() {
        for (pattern, name) in [
            ("www", "www"),
            ("%", ""),
            ("%", "www"),
            ("web-%", "web-1"),
            ("web-%", "web-"),
            ("%-1", "web-1"),
            ("w%b%1", "web-b-1"),
            ("%%", "x"),
            ("a%a", "aa"),
            ("%a%a", "aa"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("www", "www2"),
            ("", "x"),
            ("web-%", "web"),
            ("%-1", "web-12"),
            ("a%a", "a"),
            ("%ab%ab", "xab"),
            ("w%b%1", "web-b-2"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
        // A long pattern costs no more than its letters.
        assert!(!fits(&"%a".repeat(5_000), &"a".repeat(4_999)));
    }
}
