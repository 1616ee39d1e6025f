//! Who has asked so regularly that a flood of others must not come between: a known peer.
//!
//! A peer is known by what it did, not by who it says it is: requests with a valid key, several
//! of them, over a while, from one address and port to one address of ours. So is a failsh that
//! polls; a tool that asks once is not. One that is known stays so as long as it asks, whoever
//! else comes. Nothing depends on it but the order in which messages are read: it is no right,
//! and whoever sends under a known peer's address gains the place in the queue of that peer
//! alone. Not here: sockets.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Peer;
use crate::limits;
use crate::time::{Mono, Span};

/// So many requests, and over so long: what asks once or in one burst is no regular.
const REQUESTS_MIN: u32 = 3;
const WHILE_MIN: Span = Span::from_secs(1);

/// Whoever is silent for so long is gone.
const SILENT_MAX: Span = Span::from_secs(600);

/// How often that is looked at. Where the table of those who may become known is full, one
/// that was silent between two looks makes room.
const LOOK: Span = Span::from_secs(10);

/// One who asks.
#[derive(Debug, Clone)]
struct Regular {
    peer: Peer,
    since: Mono,
    last: Mono,
    requests: u32,
    known: bool,
}

/// Known peers, and who may become one.
#[derive(Debug, Clone, Default)]
pub(super) struct Regulars {
    by_ip: BTreeMap<IpAddr, Vec<Regular>>,
    known: usize,
    others: usize,
    looked: Mono,
}

impl Regulars {
    /// A request with a valid key. Says whether this peer is known from now on.
    pub fn asked(&mut self, now: Mono, peer: Peer) -> bool {
        // A connection has a buffer of its own; and a socket is bound to where it is asked.
        if peer.stream.is_some() || peer.local.is_none() {
            return false;
        }
        let of_ip = self.by_ip.get(&peer.addr.ip());
        let at = of_ip.and_then(|all| all.iter().position(|one| one.peer == peer));
        match at {
            Some(at) => self.again(now, peer.addr.ip(), at),
            None => {
                self.first(now, peer);
                false
            }
        }
    }

    fn again(&mut self, now: Mono, ip: IpAddr, at: usize) -> bool {
        let of_ip = self.by_ip.entry(ip).or_default();
        let known = of_ip.iter().filter(|one| one.known).count();
        let room = self.known < limits::KNOWN_PEERS_MAX && known < limits::KNOWN_PEERS_EACH_MAX;
        let Some(one) = of_ip.get_mut(at) else {
            return false;
        };
        one.last = now;
        one.requests = one.requests.saturating_add(1);
        let regular = one.requests >= REQUESTS_MIN && now - one.since >= WHILE_MIN;
        if one.known || !regular || !room {
            return false;
        }
        one.known = true;
        self.known += 1;
        self.others -= 1;
        true
    }

    /// The first request, as far as is remembered. Among those of one address who are not
    /// known the one that was silent for longest makes room: every run of a tool has a new port.
    fn first(&mut self, now: Mono, peer: Peer) {
        let new = Regular {
            peer,
            since: now,
            last: now,
            requests: 1,
            known: false,
        };
        let of_ip = self.by_ip.get_mut(&peer.addr.ip());
        let others = of_ip.iter().flat_map(|all| all.iter());
        if others.filter(|one| !one.known).count() >= limits::OTHER_PEERS_EACH_MAX {
            let others = of_ip.into_iter().flatten().filter(|one| !one.known);
            if let Some(oldest) = others.min_by_key(|one| one.last) {
                *oldest = new;
            }
        } else if self.others < limits::OTHER_PEERS_MAX {
            self.by_ip.entry(peer.addr.ip()).or_default().push(new);
            self.others += 1;
        }
    }

    /// Forgets who was silent for too long, and says which of them were known.
    pub fn look(&mut self, now: Mono) -> Vec<Peer> {
        let mut gone = Vec::new();
        if now - self.looked < LOOK {
            return gone;
        }
        self.looked = now;
        let patience = match self.others >= limits::OTHER_PEERS_MAX {
            true => LOOK,
            false => SILENT_MAX,
        };
        let (mut known, mut others) = (0, 0);
        self.by_ip.retain(|_, of_ip| {
            of_ip.retain(|one| {
                let silent = now - one.last;
                let stays = silent < if one.known { SILENT_MAX } else { patience };
                match (stays, one.known) {
                    (true, true) => known += 1,
                    (true, false) => others += 1,
                    (false, true) => gone.push(one.peer),
                    (false, false) => {}
                }
                stays
            });
            !of_ip.is_empty()
        });
        (self.known, self.others) = (known, others);
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Mono {
        Mono(1) + Span::from_millis(ms)
    }

    fn peer(ip: u32, port: u16) -> Peer {
        Peer {
            addr: (IpAddr::from(ip.to_be_bytes()), port).into(),
            local: Some(([127, 0, 0, 1], 1847).into()),
            stream: None,
        }
    }

    /// Asks three times in the second after `ms`, and says whether that made it known.
    fn asks(regulars: &mut Regulars, ms: u64, peer: Peer) -> bool {
        let asked = [0, 500, 1000].map(|after| regulars.asked(at(ms + after), peer));
        assert!(!asked[0] && !asked[1], "too early");
        asked[2]
    }

    #[test]
    fn whoever_asks_several_times_over_a_while_is_known_once() {
        let mut regulars = Regulars::default();
        let p = peer(1, 1);
        assert!(!regulars.asked(at(0), p));
        assert!(!regulars.asked(at(5000), p), "two requests");
        assert!(regulars.asked(at(5001), p));
        assert!(!regulars.asked(at(5002), p), "said already");
        let burst = peer(1, 2);
        assert!(
            (0..1000).all(|ms| !regulars.asked(at(ms), burst)),
            "too short"
        );
        assert!(regulars.asked(at(1000), burst));
        let nowhere = Peer { local: None, ..p };
        assert!((0..9).all(|s| !regulars.asked(at(s * 1000), nowhere)));
        let stream = Peer {
            stream: Some(1),
            ..peer(1, 3)
        };
        assert!((0..9).all(|s| !regulars.asked(at(s * 1000), stream)));
        assert_eq!((regulars.known, regulars.others), (2, 0));
    }

    #[test]
    fn the_address_that_was_asked_counts() {
        let mut regulars = Regulars::default();
        let local = Some(([127, 0, 0, 2], 1847).into());
        let other = Peer {
            local,
            ..peer(1, 1)
        };
        assert!(asks(&mut regulars, 0, peer(1, 1)));
        assert!(asks(&mut regulars, 0, other));
    }

    #[test]
    fn an_address_has_a_few_and_tools_with_new_ports_do_not_keep_out_who_stays() {
        let mut regulars = Regulars::default();
        let max = limits::KNOWN_PEERS_EACH_MAX as u16;
        for port in 0..max {
            assert!(asks(&mut regulars, 0, peer(1, port)));
        }
        assert!(!asks(&mut regulars, 0, peer(1, max)), "one too many");
        assert!(asks(&mut regulars, 0, peer(2, max)), "of another address");

        let mut regulars = Regulars::default();
        let stays = peer(1, 60_000);
        for n in 0..50_000u16 {
            regulars.asked(at(u64::from(n)), peer(1, n));
            // It comes when there is no place left.
            if n >= 100 && n % 10 == 0 {
                regulars.asked(at(u64::from(n)), stays);
            }
        }
        assert_eq!(regulars.known, 1);
        assert_eq!(regulars.others, limits::OTHER_PEERS_EACH_MAX);
    }

    #[test]
    fn newcomers_push_nobody_out_and_the_tables_are_bounded() {
        let mut regulars = Regulars::default();
        let max = limits::KNOWN_PEERS_MAX as u32;
        for ip in 0..max {
            assert!(asks(&mut regulars, 0, peer(ip, 1)));
        }
        assert!(!asks(&mut regulars, 0, peer(max, 1)), "no room");
        for n in 0..100_000u32 {
            regulars.asked(at(2000 + u64::from(n) / 10), peer(1_000_000 + n, 1));
        }
        assert_eq!(regulars.known, max as usize);
        assert_eq!(regulars.others, limits::OTHER_PEERS_MAX);
        // Who waits for room is known as soon as there is some.
        let stays = peer(0, 1);
        regulars.asked(at(500_000), stays);
        regulars.asked(at(601_999), peer(max, 1));
        let gone = regulars.look(at(602_000));
        assert_eq!(gone.len(), max as usize - 1);
        assert!(!gone.contains(&stays), "it asked");
        assert!(regulars.asked(at(602_001), peer(max, 1)));
    }

    #[test]
    fn a_full_table_of_strangers_makes_room_for_one_who_stays() {
        let mut regulars = Regulars::default();
        assert!(regulars.look(at(20_000)).is_empty());
        for n in 0..limits::OTHER_PEERS_MAX as u32 {
            regulars.asked(at(20_000), peer(n, 1));
        }
        let stays = peer(1_000_000, 1);
        assert!(!asks(&mut regulars, 20_001, stays), "it is full");
        assert!(regulars.look(at(29_999)).is_empty());
        assert_eq!(
            regulars.others,
            limits::OTHER_PEERS_MAX,
            "not looked at yet"
        );
        regulars.look(at(30_000));
        assert_eq!(regulars.others, 0);
        assert!(asks(&mut regulars, 30_001, stays));
    }

    #[test]
    fn whoever_is_silent_for_long_is_forgotten_and_may_come_again() {
        let mut regulars = Regulars::default();
        let p = peer(1, 1);
        assert!(asks(&mut regulars, 0, p));
        assert!(regulars.look(at(600_999)).is_empty());
        assert_eq!(regulars.look(at(611_000)), [p]);
        assert!(regulars.by_ip.is_empty() && regulars.known == 0);
        assert!(asks(&mut regulars, 611_000, p));
    }
}
