//! Announcements that are still to be made: one series for each address on a device.

use std::net::IpAddr;

use fail_core::address::Announce;
use fail_core::time::{Mono, Span};

/// The rest of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Round {
    pub(super) ip: IpAddr,
    /// The number of the device: another one with the same name is not meant.
    pub(super) index: u32,
    left: u32,
    spacing: Span,
    next: Mono,
}

/// All of them.
#[derive(Default)]
pub(super) struct Rounds(Vec<Round>);

impl Rounds {
    /// The first one has just been made; the others follow. Takes the place of what was still
    /// to come for this address.
    pub(super) fn put(&mut self, index: u32, ip: IpAddr, announce: Announce, now: Mono) {
        self.forget(index, ip);
        if let Some(left) = announce.times.checked_sub(1).filter(|left| *left > 0) {
            let spacing = announce.spacing;
            let next = now + spacing;
            self.0.push(Round {
                ip,
                index,
                left,
                spacing,
                next,
            });
        }
    }

    /// The address has gone.
    pub(super) fn forget(&mut self, index: u32, ip: IpAddr) {
        self.0
            .retain(|round| round.index != index || round.ip != ip);
    }

    pub(super) fn deadline(&self) -> Option<Mono> {
        self.0.iter().map(|round| round.next).min()
    }

    /// What is to be announced now. If that was not the last time, the series goes on.
    pub(super) fn due(&mut self, now: Mono) -> Vec<Round> {
        let mut due = Vec::new();
        for round in self.0.iter_mut().filter(|round| round.next <= now) {
            round.left -= 1;
            // From now on, not from when it was due: neighbours are not told in a burst.
            round.next = now + round.spacing;
            due.push(round.clone());
        }
        self.0.retain(|round| round.left > 0);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_ends_after_its_last_or_when_it_is_forgotten() {
        let ip = "192.0.2.10".parse().unwrap();
        let spacing = Span::from_millis(100);
        let mut rounds = Rounds::default();
        let at = |ms: u64| Mono(0) + Span::from_millis(ms);
        rounds.put(1, ip, Announce { times: 1, spacing }, at(0));
        assert_eq!(rounds.deadline(), None);
        rounds.put(1, ip, Announce { times: 9, spacing }, at(0));
        rounds.put(1, ip, Announce { times: 3, spacing }, at(0));
        rounds.put(2, ip, Announce { times: 3, spacing }, at(50));
        assert_eq!(rounds.deadline(), Some(at(100)));
        assert!(rounds.due(at(99)).is_empty());
        assert_eq!(rounds.due(at(120)).len(), 1);
        assert_eq!(rounds.deadline(), Some(at(150)));
        rounds.forget(2, ip);
        assert_eq!(rounds.deadline(), Some(at(220)));
        assert_eq!(rounds.due(at(220)).len(), 1);
        assert_eq!(rounds.deadline(), None);
    }
}
