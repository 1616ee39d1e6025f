//! The way to one faild: its address, its key, how long its answers take.

use std::net::SocketAddr;

use fail_wire::Key;

use crate::policy::Protocol;
use crate::time::{Mono, Span};

/// An answer is never held for overdue earlier than this, however fast the others were: a
/// busy scheduler alone can take as long.
const OVERDUE_MIN: Span = Span::from_millis(20);

/// An answer is never waited for longer than this.
const OVERDUE_MAX: Span = Span::from_millis(500);

/// A name that could not be looked up is looked up again after this.
pub(super) const LOOKUP_AGAIN: Span = Span::from_secs(10);

/// And one that could, in case the host moves.
pub(super) const LOOKUP_LATER: Span = Span::from_secs(60);

/// How long after its start a failsh waits for the address of a host it has never reached,
/// before that host counts as dead: a name server may come up later than this host.
pub(super) const UNKNOWN_MAX: Span = Span::from_secs(60);

/// A faild and what is known of the way to it.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub addr: Option<SocketAddr>,
    pub key: Key,
    pub timeout: Option<Span>,
    pub protocol: Protocol,
    pub lookup: Option<Lookup>,
    /// It has answered with the nonce of the local faild: it is this host.
    pub is_me: bool,
    /// Why it may be that it does not answer: a refusal that proves nothing, for the log.
    pub hint: Option<String>,
    rtt: Option<Rtt>,
}

/// An address that has to be looked up.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    pub name: String,
    pub port: u16,
    /// The question under way.
    pub no: Option<u64>,
    /// When to ask the next time.
    pub next: Mono,
    /// The last answer was none: said once, not each time.
    pub failed: bool,
}

/// Round trip and its deviation, smoothed as RFC 6298 section 2 does.
#[derive(Debug, Clone, Copy)]
struct Rtt {
    smooth: u64,
    deviation: u64,
}

impl Link {
    pub fn new(addr: Option<SocketAddr>, key: Key, timeout: Option<Span>) -> Link {
        Link {
            addr,
            key,
            timeout,
            protocol: Protocol::Udp,
            lookup: None,
            is_me: false,
            hint: None,
            rtt: None,
        }
    }

    /// The same, asked in this way.
    pub fn by(self, protocol: Protocol) -> Link {
        Link { protocol, ..self }
    }

    /// An answer took this long.
    pub fn measured(&mut self, trip: Span) {
        let now = trip.0;
        self.rtt = Some(match self.rtt {
            None => Rtt {
                smooth: now,
                deviation: now / 2,
            },
            Some(was) => Rtt {
                deviation: was.deviation - was.deviation / 4 + now.abs_diff(was.smooth) / 4,
                smooth: was.smooth - was.smooth / 8 + now / 8,
            },
        });
    }

    /// The round trip, smoothed; nothing: no answer has come yet.
    pub fn trip(&self) -> Option<Span> {
        self.rtt.map(|rtt| Span(rtt.smooth))
    }

    /// How long to wait for an answer before asking again.
    pub fn overdue(&self, interval: Span) -> Span {
        let half = interval.part(2);
        let most = self.timeout.unwrap_or(OVERDUE_MAX.min(half));
        let least = OVERDUE_MIN.min(half).min(most);
        let expected = self
            .rtt
            .map_or(most, |rtt| Span(rtt.smooth + 4 * rtt.deviation));
        expected.clamp(least, most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_overdue_by_what_was_measured_within_bounds() {
        let second = Span::from_secs(1);
        let mut link = Link::new(None, Key::new("public").unwrap(), None);
        assert_eq!(link.overdue(second), Span::from_millis(500));
        for _ in 0..50 {
            link.measured(Span::from_micros(200));
        }
        assert_eq!(link.overdue(second), OVERDUE_MIN);
        assert_eq!(link.overdue(Span::from_millis(10)), Span::from_millis(5));
        for _ in 0..50 {
            link.measured(Span::from_millis(100));
        }
        let overdue = link.overdue(second);
        assert!(
            overdue >= Span::from_millis(100) && overdue < Span::from_millis(160),
            "{overdue}"
        );
        link.timeout = Some(Span::from_millis(30));
        assert_eq!(link.overdue(second), Span::from_millis(30));
    }
}
