//! A socket by which clients come, and why there is none.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use fail_core::time::Mono;
use mio::Interest;
use nix::sys::socket::{Backlog, SockaddrStorage, bind, listen, setsockopt, sockopt};

use super::client::Stream;
use super::unix::{self, SocketFile};
use crate::poller::Desk;
use crate::reason;

/// Why we can not listen there.
#[derive(Debug, thiserror::Error)]
pub enum ListenFailed {
    /// An address of the network.
    #[error("can not listen on {address}/tcp: {}", reason::words(.source))]
    Tcp {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Another process answers on that socket.
    #[error("can not listen on {}: another process answers there", path.display())]
    Taken {
        /// The socket.
        path: PathBuf,
    },
    /// It is something else.
    #[error("{} is not a socket, so it is left as it is", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("can not listen on {}: {}", path.display(), reason::words(.source))]
    Unix {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ListenFailed {
    /// Whether somebody else is there already.
    pub fn is_taken(&self) -> bool {
        match self {
            ListenFailed::Tcp { source, .. } => source.kind() == ErrorKind::AddrInUse,
            ListenFailed::Taken { .. } => true,
            ListenFailed::Foreign { .. } | ListenFailed::Unix { .. } => false,
        }
    }

    /// Whether this host has no such address, or no such family of addresses.
    pub fn is_elsewhere(&self) -> bool {
        let ListenFailed::Tcp { source, .. } = self else {
            return false;
        };
        let none = [libc::EADDRNOTAVAIL, libc::EAFNOSUPPORT];
        source.raw_os_error().is_some_and(|e| none.contains(&e))
    }
}

/// Clients that wait to be let in.
const BACKLOG: i32 = 128;

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(
        UnixListener,
        #[allow(dead_code, reason = "removes the file")] SocketFile,
    ),
}

/// One listening socket.
#[derive(Debug)]
pub(super) struct Listener {
    socket: Socket,
    /// Nobody is let in before then.
    pub rest_until: Option<Mono>,
}

impl Listener {
    /// `alone`: `::` is for IPv6 only, whatever the system's default.
    pub(super) fn tcp(
        address: SocketAddr,
        alone: bool,
    ) -> Result<(Listener, SocketAddr), ListenFailed> {
        let opened = bind_tcp(address, alone).and_then(|socket| {
            let bound = socket.local_addr()?;
            Ok((socket, bound))
        });
        let (socket, bound) = opened.map_err(|source| ListenFailed::Tcp { address, source })?;
        let socket = Socket::Tcp(socket);
        let rest_until = None;
        Ok((Listener { socket, rest_until }, bound))
    }

    pub(super) fn unix(path: &Path) -> Result<Listener, ListenFailed> {
        let (socket, file) = unix::bind(path)?;
        Ok(Listener {
            socket: Socket::Unix(socket, file),
            rest_until: None,
        })
    }

    pub(super) fn watch(&self, desk: &Desk, n: usize) -> io::Result<()> {
        match &self.socket {
            Socket::Tcp(socket) => desk.watch(socket, n, Interest::READABLE),
            Socket::Unix(socket, _) => desk.watch(socket, n, Interest::READABLE),
        }
    }

    pub(super) fn rearm(&self, desk: &Desk, n: usize) {
        match &self.socket {
            Socket::Tcp(socket) => desk.rearm(socket, n, Interest::READABLE),
            Socket::Unix(socket, _) => desk.rearm(socket, n, Interest::READABLE),
        }
    }

    /// The next who knocks; nothing: that was all. One who has gone again before we looked is
    /// passed over; an error is one of this host.
    pub(super) fn accept(&mut self) -> io::Result<Option<Stream>> {
        loop {
            let accepted = match &self.socket {
                Socket::Tcp(socket) => socket.accept().and_then(|(stream, _)| {
                    stream.set_nonblocking(true)?;
                    Ok(Stream::Tcp(stream))
                }),
                Socket::Unix(socket, _) => socket.accept().and_then(|(stream, _)| {
                    stream.set_nonblocking(true)?;
                    Ok(Stream::Unix(stream))
                }),
            };
            match accepted {
                Ok(stream) => return Ok(Some(stream)),
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(e) if is_of_this_host(&e) => return Err(e),
                Err(_) => {}
            }
        }
    }
}

fn bind_tcp(address: SocketAddr, alone: bool) -> io::Result<TcpListener> {
    let fd = super::calls::socket_for(address)?;
    if address.is_ipv6() && alone {
        setsockopt(&fd, sockopt::Ipv6V6Only, &true)?;
    }
    // Connections of an earlier life that linger are no reason to stay away.
    setsockopt(&fd, sockopt::ReuseAddr, &true)?;
    bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
    listen(&fd, Backlog::new(BACKLOG)?)?;
    Ok(TcpListener::from(fd))
}

/// Whether the next try would fail as well, until something here has changed.
fn is_of_this_host(error: &io::Error) -> bool {
    let wants = [
        libc::EMFILE,
        libc::ENFILE,
        libc::ENOBUFS,
        libc::ENOMEM,
        libc::EINVAL,
        libc::EBADF,
    ];
    error.raw_os_error().is_none_or(|e| wants.contains(&e))
}
