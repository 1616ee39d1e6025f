//! A question to the neighbours who has an address, while we wait for an answer.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use fail_core::time::{Mono, Span};

use super::frame::{Heard, Mac, heard, question};
use super::kernel::Link;
use super::sys::Packet;

/// How often it is asked in the time that there is: the first may be lost, and the second.
const QUESTIONS: u32 = 3;

/// Frames that are read in one turn, so that no storm of ARP holds up the others.
const FRAMES_PER_TURN: usize = 256;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The time is over.
    Nobody,
    /// Somebody has it.
    Owner(Mac),
    /// Somebody else is asking as well, and goes first.
    Asker(Mac),
}

/// A question on its way.
pub(super) struct Asking {
    pub(super) ip: IpAddr,
    pub(super) link: Link,
    mac: Mac,
    /// All hardware addresses of this host. What they say is no answer.
    ours: Vec<Mac>,
    socket: Packet,
    left: u32,
    spacing: Span,
    next: Mono,
    end: Mono,
}

impl Asking {
    /// Asks for the first time.
    pub(super) fn begin(
        (ip, mac): (IpAddr, Mac),
        link: Link,
        ours: Vec<Mac>,
        wait: Span,
        now: Mono,
    ) -> io::Result<Asking> {
        let socket = Packet::open(link.index, ip)?;
        socket.send(&question(mac, ip))?;
        let spacing = wait.part(QUESTIONS.into());
        Ok(Asking {
            ip,
            link,
            mac,
            ours,
            socket,
            left: QUESTIONS - 1,
            spacing,
            next: now + spacing,
            end: now + wait,
        })
    }

    pub(super) fn deadline(&self) -> Mono {
        match self.left {
            0 => self.end,
            _ => self.next.min(self.end),
        }
    }

    /// The deadline has come.
    pub(super) fn expire(&mut self, now: Mono) -> io::Result<Option<Found>> {
        if now >= self.end {
            return Ok(Some(Found::Nobody));
        }
        self.left = self.left.saturating_sub(1);
        self.next = self.next + self.spacing;
        self.socket.send(&question(self.mac, self.ip))?;
        Ok(None)
    }

    /// There is something to read. Says what came of it, and whether all has been read.
    pub(super) fn hear(&mut self) -> io::Result<(Option<Found>, bool)> {
        for _ in 0..FRAMES_PER_TURN {
            let Some((index, frame)) = self.socket.receive()? else {
                return Ok((None, true));
            };
            // Of a VLAN on this device, say: that is another network.
            if index != self.link.index {
                continue;
            }
            if let Some(found) = self.judge(&frame) {
                return Ok((Some(found), true));
            }
        }
        Ok((None, false))
    }

    fn judge(&self, frame: &[u8]) -> Option<Found> {
        match heard(frame, self.ip)? {
            Heard::Owner(mac) if !self.ours.contains(&mac) => Some(Found::Owner(mac)),
            // One of two must go on. Should the other not have heard us, he will soon hear
            // our announcement, or we his.
            Heard::Asker(mac) if !self.ours.contains(&mac) && mac < self.mac => {
                Some(Found::Asker(mac))
            }
            _ => None,
        }
    }
}

impl AsFd for Asking {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
