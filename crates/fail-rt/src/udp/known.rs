//! A socket for one peer alone: bound to the address at which that peer asks, and connected to
//! it. The kernel gives it what this peer sends, before it looks at the open socket on the same
//! port, so no flood of others fills its receive buffer.
//!
//! A port is shared by what is bound to it only if each allows it. The open socket allows it for
//! the moment of this one `bind`, so that no other program can share the port afterwards;
//! sockets of known peers allow it always, to each other. Nothing is ever sent from here: an
//! answer leaves from the open socket, and an ICMP error that a known peer leads to is read
//! here and can not take the place of an answer.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{SockaddrStorage, bind, connect, setsockopt, sockopt};

use super::bare;

/// Asked of the kernel for each. A peer has a few messages under way at most.
const RECEIVE_BUFFER: usize = 64 << 10;

/// The port may be shared as long as this lives.
struct Shared<'a>(&'a UdpSocket);

impl<'a> Shared<'a> {
    fn new(open: &'a UdpSocket) -> nix::Result<Shared<'a>> {
        setsockopt(open, sockopt::ReuseAddr, &true)?;
        Ok(Shared(open))
    }
}

impl Drop for Shared<'_> {
    fn drop(&mut self) {
        // It was set on the same socket a moment ago, and to clear it asks for no more.
        let _ = setsockopt(self.0, sockopt::ReuseAddr, &false);
    }
}

/// A socket for what `peer` sends to `local`, an address of the socket `open`.
pub(super) fn open(open: &UdpSocket, peer: SocketAddr, local: SocketAddr) -> io::Result<UdpSocket> {
    // Bound to all addresses, it would be before the open socket for everybody's datagrams.
    if local.ip().is_unspecified() {
        return Err(Errno::EADDRNOTAVAIL.into());
    }
    let fd = bare(local, RECEIVE_BUFFER)?;
    setsockopt(&fd, sockopt::ReuseAddr, &true)?;
    let shared = Shared::new(open)?;
    let bound = bind(fd.as_raw_fd(), &SockaddrStorage::from(local));
    drop(shared);
    bound?;
    // What came between those two from others is in its queue, and is read like the rest.
    connect(fd.as_raw_fd(), &SockaddrStorage::from(peer))?;
    Ok(UdpSocket::from(fd))
}
