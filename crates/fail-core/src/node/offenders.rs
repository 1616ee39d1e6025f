//! Misdeeds from the network: each is counted, and each kind from each sender is worth one
//! line in the log a minute, with how many there were.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::limits;
use crate::time::{Mono, Span};

/// One line a minute for each kind and sender.
const QUIET: Span = Span::from_secs(60);

/// Who did what, lately.
#[derive(Debug, Clone, Default)]
pub(super) struct Offenders {
    seen: BTreeMap<(IpAddr, String), (Mono, u64)>,
    full_until: Mono,
}

impl Offenders {
    /// Notes a misdeed of one kind, shown in the log as `shown`; gives the line to log, if it
    /// is time for one.
    pub fn note(&mut self, now: Mono, who: IpAddr, kind: &str, shown: &str) -> Option<String> {
        if let Some((logged, since)) = self.seen.get_mut(&(who, kind.to_string())) {
            *since += 1;
            if now - *logged < QUIET {
                return None;
            }
            let times = std::mem::replace(since, 0);
            *logged = now;
            return Some(format!(
                "{who}: {shown} ({times} times since the last such line)"
            ));
        }
        if self.seen.len() >= limits::OFFENDERS_MAX {
            self.seen.retain(|_, (logged, _)| now - *logged < QUIET);
        }
        if self.seen.len() >= limits::OFFENDERS_MAX {
            // Too many senders to tell apart, so probably none of them is real.
            if now < self.full_until {
                return None;
            }
            self.full_until = now + QUIET;
            return Some(format!(
                "more than {} senders of bad messages, {who} is one: {shown}",
                limits::OFFENDERS_MAX
            ));
        }
        self.seen.insert((who, kind.to_string()), (now, 0));
        Some(format!("{who}: {shown}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_minute_for_each_kind_and_sender() {
        let mut offenders = Offenders::default();
        let at = |s| Mono(Span::from_secs(s).0);
        let (a, b) = (IpAddr::from([1, 1, 1, 1]), IpAddr::from([2, 2, 2, 2]));
        assert!(offenders.note(at(1), a, "x", "x").is_some());
        assert!(offenders.note(at(2), a, "x", "x").is_none());
        assert!(offenders.note(at(2), a, "y", "y").is_some());
        assert!(offenders.note(at(2), b, "x", "x").is_some());
        let line = offenders.note(at(61), a, "x", "x").unwrap();
        assert!(line.contains("2 times"), "{line}");
    }

    #[test]
    fn a_flood_from_everywhere_is_one_line_and_bounded() {
        let mut offenders = Offenders::default();
        let lines = (0..100_000u32).filter_map(|n| {
            offenders.note(Mono(u64::from(n)), IpAddr::from(n.to_be_bytes()), "x", "x")
        });
        assert_eq!(lines.count(), limits::OFFENDERS_MAX + 1);
        assert_eq!(offenders.seen.len(), limits::OFFENDERS_MAX);
    }
}
