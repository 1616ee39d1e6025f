//! The debug port: faildebug lists and sets the levels of this failsh while it runs. What is
//! obeyed, and for whom, is said by [`fail_core::debug`].

use fail_cli::Listen;
use fail_core::debug::{DebugPort, Facilities};
use fail_core::limits::DEBUG_PER_SECOND_MAX;
use fail_core::time::{Mono, Span};
use fail_rt::log::{Levels, Log};
use fail_rt::poller::{Desk, Token};
use fail_rt::udp::{ListenFailed, Udp};
use fail_wire::Key;

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
    /// Nowhere yet, for those who know the key. `stamp` must be random.
    pub fn new(desk: Desk, key: Key, stamp: u64, log: &Log) -> Debug {
        Debug {
            udp: Udp::new(desk),
            port: DebugPort::new("failsh", key, stamp),
            levels: log.levels().clone(),
            log: log.clone(),
            window: (Mono(0), 0),
        }
    }

    /// Listens there; a port of loopback is one of both kinds of address.
    ///
    /// # Errors
    /// Somebody else has it.
    pub fn listen(&mut self, at: Listen) -> Result<(), ListenFailed> {
        let Some(address) = at.addr() else {
            return Ok(());
        };
        let bound = self.udp.listen(address)?;
        self.log.info(format_args!("debug: listening on {bound}"));
        if matches!(at, Listen::Loopback(_)) {
            let six = (std::net::Ipv6Addr::LOCALHOST, bound.port()).into();
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
