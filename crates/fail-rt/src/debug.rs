//! The debug port: faildebug lists and sets the levels of this program while it runs. What is
//! obeyed, and for whom, is said by [`fail_core::debug`].

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use fail_core::debug::{DebugPort, Facilities};
use fail_core::limits::DEBUG_PER_SECOND_MAX;
use fail_core::time::{Mono, Span};

use crate::log::{Levels, Log};
use crate::poller::{Desk, Token};
use crate::udp::{ListenFailed, Udp};

/// The sockets of the debug port, and what is behind them.
pub struct Debug {
    udp: Udp,
    port: DebugPort,
    levels: Levels,
    log: Log,
    /// The end of the present second, and how many datagrams it has left.
    window: (Mono, u32),
}

impl Debug {
    /// Nowhere yet.
    pub fn new(desk: Desk, port: DebugPort, log: &Log) -> Debug {
        Debug {
            udp: Udp::new(desk),
            port,
            levels: log.levels().clone(),
            log: log.clone(),
            window: (Mono(0), 0),
        }
    }

    /// Listens there; a port of 127.0.0.1 is one of `::1` too, if that can be had.
    ///
    /// # Errors
    /// Somebody else has it.
    pub fn listen(&mut self, address: SocketAddr) -> Result<(), ListenFailed> {
        let bound = self.udp.listen(address)?;
        self.log.info(format_args!("debug: listening on {bound}"));
        if address.ip() == Ipv4Addr::LOCALHOST {
            let six = (Ipv6Addr::LOCALHOST, bound.port()).into();
            if let Err(e) = self.udp.listen(six) {
                self.log.facility("net").debug(format_args!("debug: {e}"));
            }
        }
        Ok(())
    }

    /// Whether this event is for [`Debug::on_event`].
    pub fn owns(&self, token: Token) -> bool {
        self.udp.owns(token)
    }

    /// Somebody has asked. Who asks too often is not heard: nobody needs it faster.
    pub fn on_event(&mut self, token: Token, now: Mono) {
        while let Some(datagram) = self.udp.receive(token) {
            if now >= self.window.0 {
                self.window = (now + Span::from_secs(1), DEBUG_PER_SECOND_MAX);
            }
            let Some(left) = self.window.1.checked_sub(1) else {
                continue;
            };
            self.window.1 = left;
            let mut table = Table(&self.levels);
            let reply = self.port.handle(&datagram.bytes, &mut table);
            if let Some((facility, level)) = reply.set {
                let who = datagram.from;
                self.log
                    .info(format_args!("debug: {who} sets {facility} to {level}"));
            }
            let Some(bytes) = reply.bytes else { continue };
            if let Err(e) = self.udp.send(datagram.from, Some(datagram.local), &bytes) {
                let to = datagram.from;
                self.log.facility("net").debug(format_args!("{to}: {e}"));
            }
        }
    }
}

/// The levels of the log, as the debug port wants them.
struct Table<'a>(&'a Levels);

impl Facilities for Table<'_> {
    fn list(&self) -> Vec<(&'static str, u8)> {
        self.0.iter().collect()
    }

    fn set(&mut self, facility: &str, level: u8) -> bool {
        self.0.set(facility, level).is_ok()
    }
}
