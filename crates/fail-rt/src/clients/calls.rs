//! Connections that we open: one to each address, by which frames go out and come in.
//!
//! Opened with the first frame, and again with the next one after it broke: who waits for an
//! answer asks again anyway, and a connection that does not stand says so by silence. Nothing is
//! waited for here.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};

use fail_core::time::Mono;
use mio::Token;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, connect as connect_fd, socket,
};

use super::{ClientNo, Clients, Event, Terms};
use crate::poller::Desk;

/// A socket for this kind of address, which does not block.
pub(super) fn socket_for(address: SocketAddr) -> io::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    };
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    Ok(socket(family, SockType::Stream, flags, None)?)
}

/// Begins to connect, and does not wait.
pub(super) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let fd = socket_for(address)?;
    match connect_fd(fd.as_raw_fd(), &SockaddrStorage::from(address)) {
        Ok(()) | Err(Errno::EINPROGRESS) => Ok(TcpStream::from(fd)),
        Err(e) => Err(e.into()),
    }
}

/// Our connections.
pub struct Calls {
    clients: Clients,
    by: BTreeMap<SocketAddr, ClientNo>,
}

impl Calls {
    /// None yet. The terms count for those who answer.
    pub fn new(desk: Desk, terms: Terms) -> Calls {
        Calls {
            clients: Clients::new(desk, terms),
            by: BTreeMap::new(),
        }
    }

    /// Whether this event is for [`Calls::on_event`].
    pub fn owns(&self, token: Token) -> bool {
        self.clients.owns(token)
    }

    /// Something came, or can go out.
    pub fn on_event(&mut self, token: Token, now: Mono) {
        self.clients.on_event(token, now);
    }

    /// Sends a frame, by a new connection if there is none. One that does not take what waits
    /// for it is given up for a new one.
    ///
    /// # Errors
    /// There is no way there now.
    pub fn send(&mut self, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        let open = self.by.get(&to).copied();
        let open = open.filter(|client| self.clients.has_room(*client));
        let client = match open {
            Some(client) => client,
            None => {
                self.hang_up(to);
                let client = self.clients.call(to)?;
                self.by.insert(to, client);
                client
            }
        };
        self.clients.write_frame(client, bytes);
        Ok(())
    }

    /// Gives a connection up: nobody answers there, or the next one may fare better.
    pub fn hang_up(&mut self, address: SocketAddr) {
        if let Some(client) = self.by.remove(&address) {
            self.clients.remove(client.0);
        }
    }

    /// A frame that came, and from where; nothing: that was all for now.
    pub fn poll(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        while let Some(event) = self.clients.poll() {
            match event {
                Event::Frame { client, bytes } => {
                    let mut by = self.by.iter();
                    if let Some((from, _)) = by.find(|(_, is)| **is == client) {
                        return Some((*from, bytes));
                    }
                }
                Event::Gone { client } => self.by.retain(|_, is| *is != client),
                Event::Came { .. } | Event::Line { .. } | Event::TooLong { .. } => {}
            }
        }
        None
    }

    /// Sends what can be sent.
    pub fn flush(&mut self, now: Mono) {
        self.clients.flush(now);
    }

    /// When to call [`Calls::expire`].
    pub fn deadline(&self) -> Option<Mono> {
        self.clients.deadline()
    }

    /// Gives up who has had his time.
    pub fn expire(&mut self, now: Mono) {
        self.clients.expire(now);
    }
}
