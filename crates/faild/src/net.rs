//! The sockets: datagrams and connections, on the same addresses and the same port.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};

use fail_cli::{Faild, Failure, exit};
use fail_core::limits;
use fail_core::node::{In, Peer, at_limit};
use fail_core::time::{Mono, Span};
use fail_rt::clients::{ClientNo, Clients, Event, ListenFailed, Speech, Terms};
use fail_rt::log::Log;
use fail_rt::poller::{Poller, Token};
use fail_rt::reason;
use fail_rt::udp::Udp;
use fail_wire::{Body, emit};

/// Where faild is asked.
pub struct Net {
    udp: Udp,
    /// Where datagrams arrived in this turn.
    arrived: Vec<Token>,
    tcp: Clients,
}

/// What one connection may do.
fn terms() -> Terms {
    Terms {
        clients: limits::STREAMS_MAX,
        full: full("connections", limits::STREAMS_MAX),
        each: Some((
            limits::STREAMS_EACH_MAX,
            full("connections of one address", limits::STREAMS_EACH_MAX),
        )),
        speech: Speech::Frames {
            min: fail_wire::HEADER_BYTES,
            max: limits::REQUEST_BYTES_MAX,
            whole: Span::from_secs(limits::STREAM_WHOLE_S),
            idle: Span::from_secs(limits::STREAM_IDLE_S),
        },
        patience: Some(Span::from_secs(limits::STREAM_PATIENCE_S)),
    }
}

impl Net {
    /// Listens as the options say; gives the lines for the log.
    ///
    /// # Errors
    /// An address or a port that can not be had.
    pub fn open(options: &Faild, poller: &mut Poller) -> Result<(Net, Vec<String>), Failure> {
        let mut desk = || {
            let desk = poller.desk();
            desk.map_err(|e| Failure::new(exit::OSERR, format!("can not make an event loop: {e}")))
        };
        let mut net = Net {
            udp: Udp::new(desk()?),
            arrived: Vec::new(),
            tcp: Clients::new(desk()?, terms()),
        };
        let mut lines = Vec::new();
        for ip in options.addresses.iter().collect::<BTreeSet<_>>() {
            let mut address = SocketAddr::new(*ip, options.port);
            if options.port == 0 {
                address.set_port(free_port(*ip));
            }
            if !options.tcp_only {
                let bound = net.udp.listen(address).map_err(|e| {
                    let hint = hint(&e.source);
                    Failure::new(exit::CANTCREAT, format!("{e}{hint}"))
                })?;
                lines.push(format!("answering on {bound}/udp"));
            }
            if !options.udp_only {
                let bound = net.tcp.listen(address).map_err(|e| {
                    let hint = match &e {
                        ListenFailed::Tcp { source, .. } => hint(source),
                        _ => "",
                    };
                    Failure::new(exit::CANTCREAT, format!("{e}{hint}"))
                })?;
                lines.push(format!("answering on {bound}/tcp"));
            }
        }
        Ok((net, lines))
    }

    /// Whether this event is for [`Net::on_event`].
    pub fn owns(&self, token: Token) -> bool {
        self.udp.owns(token) || self.tcp.owns(token)
    }

    /// Something came; [`Net::expire`] tells what.
    pub fn on_event(&mut self, token: Token, now: Mono) {
        match self.udp.owns(token) {
            true => self.arrived.push(token),
            false => self.tcp.on_event(token, now),
        }
    }

    /// Known peers first: a flood of others delays them by one turn, and no more.
    fn receive(&mut self, inputs: &mut VecDeque<In>) {
        let mut arrived = std::mem::take(&mut self.arrived);
        arrived.sort_by_key(|token| !self.udp.is_known(*token));
        for token in arrived.drain(..) {
            while let Some(datagram) = self.udp.receive(token) {
                let from = Peer {
                    addr: datagram.from,
                    local: Some(datagram.local),
                    stream: None,
                };
                let bytes = datagram.bytes;
                inputs.push_back(In::Datagram { from, bytes });
            }
        }
        self.arrived = arrived;
    }

    /// Gives up connections that have had their time, and tells of all that came and of all that
    /// happened to any: once in each turn.
    pub fn expire(&mut self, now: Mono, inputs: &mut VecDeque<In>) {
        self.receive(inputs);
        self.tcp.expire(now);
        while let Some(event) = self.tcp.poll() {
            match event {
                Event::Frame { client, bytes } => {
                    let Some(addr) = self.tcp.address(client) else {
                        continue;
                    };
                    let from = Peer {
                        addr,
                        local: None,
                        stream: Some(client.number()),
                    };
                    inputs.push_back(In::Datagram { from, bytes });
                }
                Event::Gone { client } => inputs.push_back(In::Gone {
                    stream: client.number(),
                }),
                Event::Came { .. } | Event::Line { .. } | Event::TooLong { .. } => {}
            }
        }
    }

    /// Sends a message the way that its question came.
    pub fn send(&mut self, to: Peer, bytes: &[u8], log: &Log) {
        match to.stream {
            Some(stream) => self.tcp.write_frame(ClientNo::of(stream), bytes),
            None => {
                if let Err(e) = self.udp.send(to.addr, to.local, bytes) {
                    let addr = to.addr;
                    log.facility("net").debug(format_args!("{addr}: {e}"));
                }
            }
        }
    }

    /// A socket for this peer alone. Without it, the peer is heard as all others are.
    pub fn know(&mut self, peer: Peer, log: &Log) {
        let addr = peer.addr;
        let known = peer.local.map(|local| self.udp.know(addr, local));
        let log = log.facility("net");
        match known {
            Some(Ok(())) => log.debug(format_args!("{addr}: known, has a socket of its own")),
            Some(Err(e)) => {
                let why = reason::words(&e);
                log.debug(format_args!(
                    "{addr}: known, has no socket of its own: {why}"
                ));
            }
            None => {}
        }
    }

    /// Closes that socket.
    pub fn forget(&mut self, peer: Peer) {
        if let Some(local) = peer.local {
            self.udp.forget(peer.addr, local);
        }
    }

    /// Sends what waits for connections.
    pub fn flush(&mut self, now: Mono) {
        self.tcp.flush(now);
    }

    /// Whether something waits for a connection that has not taken it yet.
    pub fn is_owed(&self) -> bool {
        self.tcp.is_owed()
    }

    /// When to call [`Net::expire`].
    pub fn deadline(&self) -> Option<Mono> {
        self.tcp.deadline()
    }

    /// What it has counted.
    pub fn figures(&self) -> Vec<(&'static str, u64)> {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        vec![
            ("datagrams lost", self.udp.lost()),
            ("datagrams lost in the kernel", self.udp.overflowed()),
            ("known peers now", count(self.udp.known())),
            ("connections now", count(self.tcp.len())),
        ]
    }
}

/// What somebody is told for whom there is no place: a refusal of nothing that he has asked yet.
fn full(name: &str, limit: usize) -> Vec<u8> {
    let message = emit(None, 0, &Body::Refusal(at_limit(name, limit)));
    let length = u16::try_from(message.len()).unwrap_or_default();
    [&length.to_be_bytes(), message.as_slice()].concat()
}

/// A port that is free for both protocols, or 0 if none is found: then each takes its own.
fn free_port(ip: IpAddr) -> u16 {
    let both = || {
        let tcp = TcpListener::bind((ip, 0)).ok()?;
        let port = tcp.local_addr().ok()?.port();
        UdpSocket::bind((ip, port)).ok().map(|_| port)
    };
    (0..16).find_map(|_| both()).unwrap_or(0)
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; is another faild running?",
        io::ErrorKind::AddrNotAvailable => "; is it an address of this host?",
        _ => "",
    }
}
