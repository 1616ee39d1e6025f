//! A question to the neighbours who has some addresses, while we wait for an answer. What it
//! decides; what is sent and heard is the affair of `wire`.

use std::net::IpAddr;

use fail_core::address::AddressOrder;
use fail_core::time::{Mono, Span};

use super::frame::{Heard, Mac};
use super::kernel::Link;

/// How often it is asked in the time that there is: the first may be lost, and the second.
const QUESTIONS: u32 = 3;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The time is over.
    Nobody,
    /// Somebody has this one.
    Owner(IpAddr, Mac),
    /// Somebody else is asking as well, and goes first.
    Asker(IpAddr, Mac),
}

/// A question on its way.
#[derive(Debug)]
pub(super) struct Asking {
    /// The order that it is for, and its number.
    pub(super) no: u64,
    pub(super) order: AddressOrder,
    pub(super) ips: Vec<IpAddr>,
    pub(super) link: Link,
    pub(super) mac: Mac,
    /// All hardware addresses of this host. What they say is no answer.
    ours: Vec<Mac>,
    left: u32,
    spacing: Span,
    next: Mono,
    end: Mono,
}

impl Asking {
    /// It has just been asked for the first time.
    pub(super) fn new(
        (no, order): (u64, AddressOrder),
        (ips, link, mac): (Vec<IpAddr>, Link, Mac),
        ours: Vec<Mac>,
        wait: Span,
        now: Mono,
    ) -> Asking {
        let spacing = wait.part(QUESTIONS.into());
        Asking {
            no,
            order,
            ips,
            link,
            mac,
            ours,
            left: QUESTIONS - 1,
            spacing,
            next: now + spacing,
            end: now + wait,
        }
    }

    pub(super) fn deadline(&self) -> Mono {
        match self.left {
            0 => self.end,
            _ => self.next.min(self.end),
        }
    }

    /// The deadline has come: ask again, if nothing has been found.
    pub(super) fn expire(&mut self, now: Mono) -> Option<Found> {
        if now >= self.end {
            return Some(Found::Nobody);
        }
        self.left = self.left.saturating_sub(1);
        self.next = now + self.spacing;
        None
    }

    /// Somebody said something about an address on a device.
    pub(super) fn hear(&self, index: u32, ip: IpAddr, heard: Heard) -> Option<Found> {
        if index != self.link.index || !self.ips.contains(&ip) {
            return None;
        }
        match heard {
            Heard::Owner(mac) if !self.ours.contains(&mac) => Some(Found::Owner(ip, mac)),
            // One of two must go on. Should the other not have heard us, he will soon hear
            // our announcement, or we his.
            Heard::Asker(mac) if !self.ours.contains(&mac) && mac < self.mac => {
                Some(Found::Asker(ip, mac))
            }
            _ => None,
        }
    }
}
