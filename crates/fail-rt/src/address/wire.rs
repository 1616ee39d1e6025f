//! The sockets by which neighbours are asked and told: one to say everything, and one to
//! listen for each device on which somebody is waiting for an answer.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;

use mio::{Interest, Token};

use super::frame::{Heard, group_mac, heard, protocol};
use super::sys::Packet;
use crate::poller::Desk;

/// Frames that are read in one turn, so that no storm of ARP holds up the orders.
const FRAMES_PER_TURN: usize = 256;

/// Something that was said: on which device, about which address.
pub(super) type Said = (u32, IpAddr, Heard);

struct Ear {
    index: u32,
    protocol: u16,
    socket: Packet,
}

pub(super) struct Wire {
    desk: Desk,
    /// Nothing before it is needed.
    speaker: Option<Packet>,
    ears: BTreeMap<usize, Ear>,
    next: usize,
}

impl Wire {
    pub(super) fn new(desk: Desk) -> Wire {
        Wire {
            desk,
            speaker: None,
            ears: BTreeMap::new(),
            next: 0,
        }
    }

    /// The number of an event that is for [`Wire::hear`].
    pub(super) fn number(&self, token: Token) -> Option<usize> {
        self.desk.number(token)
    }

    /// Sends frames that are about this address.
    pub(super) fn say(&mut self, index: u32, ip: IpAddr, frames: &[Vec<u8>]) -> io::Result<()> {
        let speaker = match self.speaker.take() {
            Some(speaker) => speaker,
            None => Packet::speaker()?,
        };
        let speaker = self.speaker.insert(speaker);
        let mut frames = frames.iter();
        frames.try_for_each(|frame| speaker.send(index, protocol(ip), frame))
    }

    /// From now on hears what is said about this address on this device.
    pub(super) fn listen(&mut self, index: u32, ip: IpAddr) -> io::Result<()> {
        let protocol = protocol(ip);
        let mut ears = self.ears.values();
        let known = ears.any(|ear| (ear.index, ear.protocol) == (index, protocol));
        if !known {
            let socket = Packet::listener(index, protocol)?;
            self.desk.watch(&socket, self.next, Interest::READABLE)?;
            let ear = Ear {
                index,
                protocol,
                socket,
            };
            self.ears.insert(self.next, ear);
            self.next += 1;
        }
        let IpAddr::V6(ip) = ip else {
            return Ok(());
        };
        let mut ears = self.ears.values();
        let ear = ears.find(|ear| (ear.index, ear.protocol) == (index, protocol));
        ear.map_or(Ok(()), |ear| ear.socket.join(index, group_mac(ip)))
    }

    /// Reads what there is to read for the poller's number, into `said`.
    ///
    /// # Errors
    /// Nothing more can be heard there; the number of the device comes with it.
    pub(super) fn hear(&mut self, n: usize, said: &mut Vec<Said>) -> Result<(), (u32, io::Error)> {
        let Some(ear) = self.ears.get(&n) else {
            return Ok(());
        };
        for _ in 0..FRAMES_PER_TURN {
            let frame = ear.socket.receive(ear.index);
            let frame = frame.map_err(|error| (ear.index, error))?;
            let Some(frame) = frame else {
                return Ok(());
            };
            said.extend(heard(&frame).map(|(ip, heard)| (ear.index, ip, heard)));
        }
        self.desk.rearm(&ear.socket, n, Interest::READABLE);
        Ok(())
    }

    /// Closes the ears that nobody needs any more.
    pub(super) fn keep(&mut self, needed: impl Fn(u32, u16) -> bool) {
        self.ears.retain(|_, ear| {
            let keep = needed(ear.index, ear.protocol);
            if !keep {
                self.desk.forget(&ear.socket);
            }
            keep
        });
    }
}
