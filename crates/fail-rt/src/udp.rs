//! UDP sockets: one for each address to listen on, behind one face.
//!
//! An answer leaves from the address that was asked, also where a socket listens on all of
//! them (`0.0.0.0`, `::`), because a caller drops an answer from a stranger. So a
//! [`Datagram`] says where it arrived, and [`Udp::send`] is told where to leave from.
//!
//! A flood can not starve timers and children: [`Udp::receive`] stops after
//! [`RECEIVE_TURN_MAX`] datagrams of one socket and goes on in the next turn. Every datagram
//! may get lost anyway, so a full buffer or an answer "refused" of an earlier peer is a loss
//! that is counted, and no error. What a datagram means is not known here.
//!
//! A flood fills the receive buffer of a socket, and the kernel then throws away what anybody
//! sends. A peer that the caller names ([`Udp::know`]) gets a socket of its own and so a buffer
//! of its own. Where that can not be had, everything goes on as without.

mod known;

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use mio::{Interest, Token};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType,
    SockaddrStorage, bind, recvmsg, sendmsg, setsockopt, socket, sockopt,
};

use crate::poller::Desk;
use crate::reason;

/// Datagrams taken from one socket in one turn: less than 1 ms of work for a faild that checks
/// and answers each, so timers stay exact and known peers wait no longer than that under any
/// flood; and enough to not pay a wait per datagram.
pub const RECEIVE_TURN_MAX: usize = 64;

/// Datagrams taken from the socket of one known peer in one turn: more than a peer has under way,
/// and few enough that one which floods does not hold up the others.
pub const KNOWN_TURN_MAX: usize = 8;

/// Asked of the kernel for each open socket, which may give less: the answers of several hundred
/// hosts that arrive while this process has no CPU.
const RECEIVE_BUFFER: usize = 1 << 20;

/// Sockets of known peers have numbers from here on.
const KNOWN_FIRST: usize = 1 << 16;

/// No datagram is longer.
const DATAGRAM_MAX: usize = 65_536;

/// What arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// Who sent it.
    pub from: SocketAddr,
    /// To which of our addresses.
    pub local: SocketAddr,
    /// Whatever it says.
    pub bytes: Vec<u8>,
}

/// An address on which we can not listen.
#[derive(Debug, thiserror::Error)]
#[error("can not listen on {address}/udp: {}", reason::words(.source))]
pub struct ListenFailed {
    /// Where.
    pub address: SocketAddr,
    /// Why.
    pub source: io::Error,
}

struct Socket {
    socket: UdpSocket,
    bound: SocketAddr,
    /// Whose datagrams alone it gets; nobody: it is open to all.
    peer: Option<SocketAddr>,
    /// What is left of this turn.
    budget: usize,
    /// Datagrams that had no room in its buffer, as the kernel last said.
    overflow: u32,
}

impl Socket {
    fn new(socket: UdpSocket, bound: SocketAddr, peer: Option<SocketAddr>) -> Socket {
        let mut new = Socket {
            socket,
            bound,
            peer,
            budget: 0,
            overflow: 0,
        };
        new.end_turn();
        new
    }

    fn end_turn(&mut self) {
        self.budget = match self.peer {
            None => RECEIVE_TURN_MAX,
            Some(_) => KNOWN_TURN_MAX,
        };
    }

    /// How many more datagrams had no room since this was asked last.
    fn overflowed(&mut self, overflow: u32) -> u64 {
        let more = overflow.wrapping_sub(self.overflow);
        // On several cores an older number may come after a newer one.
        if more > u32::MAX / 2 {
            return 0;
        }
        self.overflow = overflow;
        more.into()
    }
}

/// The UDP sockets of a program.
pub struct Udp {
    desk: Desk,
    sockets: Vec<Socket>,
    /// Those of known peers; a place is used again.
    known: Vec<Option<Socket>>,
    buffer: Vec<u8>,
    control: Vec<u8>,
    lost: u64,
    overflowed: u64,
}

impl Udp {
    /// None yet.
    pub fn new(desk: Desk) -> Udp {
        Udp {
            desk,
            sockets: Vec::new(),
            known: Vec::new(),
            buffer: vec![0; DATAGRAM_MAX],
            control: nix::cmsg_space!(libc::in6_pktinfo, u32),
            lost: 0,
            overflowed: 0,
        }
    }

    /// Listens on one more address, and says on which: port 0 is a free one. `::` is for IPv6
    /// only, whatever the system's default, so that it can stand beside `0.0.0.0`.
    pub fn listen(&mut self, address: SocketAddr) -> Result<SocketAddr, ListenFailed> {
        let opened = open(address).and_then(|socket| {
            let bound = socket.local_addr()?;
            self.desk
                .watch(&socket, self.sockets.len(), Interest::READABLE)?;
            Ok((socket, bound))
        });
        let (socket, bound) = opened.map_err(|source| ListenFailed { address, source })?;
        self.sockets.push(Socket::new(socket, bound, None));
        Ok(bound)
    }

    /// From now on what `peer` sends to `local` has a receive buffer of its own. If that can not
    /// be, it arrives where it did.
    pub fn know(&mut self, peer: SocketAddr, local: SocketAddr) -> io::Result<()> {
        if self.place_of(peer, local).is_some() {
            return Ok(());
        }
        let open = self.leaving(peer, Some(local));
        let open = open.ok_or(Errno::EADDRNOTAVAIL)?;
        let socket = known::open(&open.socket, peer, local)?;
        let free = self.known.iter().position(Option::is_none);
        let place = free.unwrap_or(self.known.len());
        self.desk
            .watch(&socket, KNOWN_FIRST + place, Interest::READABLE)?;
        let socket = Some(Socket::new(socket, local, Some(peer)));
        match self.known.get_mut(place) {
            Some(free) => *free = socket,
            None => self.known.push(socket),
        }
        Ok(())
    }

    /// The end of [`Udp::know`]. What this peer sent in this very moment may be lost.
    pub fn forget(&mut self, peer: SocketAddr, local: SocketAddr) {
        let place = self.place_of(peer, local);
        let socket = place.and_then(|place| self.known.get_mut(place)?.take());
        if let Some(socket) = socket {
            self.desk.forget(&socket.socket);
        }
    }

    fn place_of(&self, peer: SocketAddr, local: SocketAddr) -> Option<usize> {
        let is = |s: &Socket| s.peer == Some(peer) && s.bound == local;
        self.known.iter().position(|s| s.as_ref().is_some_and(is))
    }

    /// How many peers have a socket of their own.
    pub fn known(&self) -> usize {
        self.known.iter().flatten().count()
    }

    /// Whether this event is of a known peer: to be read first.
    pub fn is_known(&self, token: Token) -> bool {
        self.desk.number(token).is_some_and(|n| n >= KNOWN_FIRST)
    }

    /// Whether this event is for [`Udp::receive`].
    pub fn owns(&self, token: Token) -> bool {
        self.desk.number(token).is_some()
    }

    /// Datagrams that could not be sent, and errors in place of arrivals.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Datagrams that arrived and had no room in the buffer of their socket, as far as is known:
    /// the kernel says so with the next that had.
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    /// The next datagram of the socket that an event named; nothing: that was all for this
    /// turn. To be called until then.
    pub fn receive(&mut self, token: Token) -> Option<Datagram> {
        let n = self.desk.number(token)?;
        let socket = match n.checked_sub(KNOWN_FIRST) {
            None => self.sockets.get_mut(n)?,
            Some(place) => self.known.get_mut(place)?.as_mut()?,
        };
        while socket.budget > 0 {
            socket.budget -= 1;
            match receive_one(socket, &mut self.buffer, &mut self.control) {
                Ok((datagram, overflow)) => {
                    self.overflowed += overflow.map_or(0, |now| socket.overflowed(now));
                    return Some(datagram);
                }
                Err(Errno::EAGAIN) => {
                    socket.end_turn();
                    return None;
                }
                // What an earlier datagram of ours led to; reading takes it away.
                Err(_) => self.lost += 1,
            }
        }
        socket.end_turn();
        self.desk.rearm(&socket.socket, n, Interest::READABLE);
        None
    }

    /// Sends a datagram from `local`, one of the addresses listened on; nothing: from the
    /// first of the right family. A datagram lost in passing is only counted; an error means
    /// that this destination can not be reached from here now, and is counted too.
    pub fn send(
        &mut self,
        to: SocketAddr,
        local: Option<SocketAddr>,
        bytes: &[u8],
    ) -> io::Result<()> {
        let sent = match self.leaving(to, local) {
            Some(socket) => send_one(socket, to, local, bytes),
            None => Err(Errno::EADDRNOTAVAIL),
        };
        if sent.is_err() {
            self.lost += 1;
        }
        match sent {
            Err(Errno::EAGAIN | Errno::ECONNREFUSED | Errno::ENOBUFS | Errno::ENOMEM) => Ok(()),
            other => Ok(other?),
        }
    }

    fn leaving(&self, to: SocketAddr, local: Option<SocketAddr>) -> Option<&Socket> {
        let suits = |bound: SocketAddr| match local {
            None => true,
            Some(local) => {
                bound == local || bound.ip().is_unspecified() && bound.port() == local.port()
            }
        };
        self.sockets
            .iter()
            .find(|s| s.bound.is_ipv4() == to.is_ipv4() && suits(s.bound))
    }
}

fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let fd = bare(address, RECEIVE_BUFFER)?;
    // Not SO_REUSEADDR: with it two daemons would share a port and each hear a half.
    match (address.ip().is_unspecified(), address.is_ipv4()) {
        (true, true) => setsockopt(&fd, sockopt::Ipv4PacketInfo, &true)?,
        (true, false) => setsockopt(&fd, sockopt::Ipv6RecvPacketInfo, &true)?,
        (false, _) => {}
    }
    bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
    Ok(UdpSocket::from(fd))
}

/// A socket of the family of this address, not bound yet.
fn bare(address: SocketAddr, buffer: usize) -> io::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    };
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let fd = socket(family, SockType::Datagram, flags, None)?;
    if address.is_ipv6() {
        setsockopt(&fd, sockopt::Ipv6V6Only, &true)?;
    }
    // Less than we want is still enough to begin, and what is lost may go uncounted.
    let _ = setsockopt(&fd, sockopt::RcvBuf, &buffer);
    let _ = setsockopt(&fd, sockopt::RxqOvfl, &1);
    Ok(fd)
}

/// A datagram, and how many had no room in the buffer of this socket before it, if any.
fn receive_one(
    socket: &Socket,
    buffer: &mut [u8],
    control: &mut [u8],
) -> Result<(Datagram, Option<u32>), Errno> {
    let fd = socket.socket.as_fd().as_raw_fd();
    let mut slices = [IoSliceMut::new(buffer)];
    let got = recvmsg::<SockaddrStorage>(fd, &mut slices, Some(control), MsgFlags::empty())?;
    let from = got.address.as_ref().and_then(std_address);
    let (mut local, mut overflow) = (None, None);
    for message in got.cmsgs()? {
        match message {
            ControlMessageOwned::RxqOvfl(lost) => overflow = Some(lost),
            other => local = local.or(arrived_at(&other, socket.bound.port())),
        }
    }
    let length = got.bytes;
    let datagram = Datagram {
        from: from.ok_or(Errno::EAFNOSUPPORT)?,
        local: local.unwrap_or(socket.bound),
        bytes: buffer[..length].to_vec(),
    };
    Ok((datagram, overflow))
}

/// The address of ours from which to answer. That is not where the datagram was sent to if
/// that was a group.
fn arrived_at(message: &ControlMessageOwned, port: u16) -> Option<SocketAddr> {
    match message {
        ControlMessageOwned::Ipv4PacketInfo(info) => {
            let ip = Ipv4Addr::from(u32::from_be(info.ipi_spec_dst.s_addr));
            (!ip.is_unspecified()).then(|| SocketAddr::new(IpAddr::V4(ip), port))
        }
        ControlMessageOwned::Ipv6PacketInfo(info) => {
            let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
            let scope = match ip.is_unicast_link_local() {
                true => info.ipi6_ifindex,
                false => 0,
            };
            let address = SocketAddrV6::new(ip, port, 0, scope);
            (!ip.is_multicast()).then_some(SocketAddr::V6(address))
        }
        _ => None,
    }
}

fn send_one(
    socket: &Socket,
    to: SocketAddr,
    local: Option<SocketAddr>,
    bytes: &[u8],
) -> Result<(), Errno> {
    let fd = socket.socket.as_fd().as_raw_fd();
    let slices = [IoSlice::new(bytes)];
    let to = SockaddrStorage::from(to);
    let send = |control: &[ControlMessage<'_>]| {
        sendmsg(fd, &slices, control, MsgFlags::empty(), Some(&to)).map(drop)
    };
    // A socket of one address leaves from there by itself.
    match local.filter(|l| socket.bound.ip().is_unspecified() && !l.ip().is_unspecified()) {
        None => send(&[]),
        Some(SocketAddr::V4(local)) => {
            let source = libc::in_addr {
                s_addr: u32::from(*local.ip()).to_be(),
            };
            send(&[ControlMessage::Ipv4PacketInfo(&libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: source,
                ipi_addr: libc::in_addr { s_addr: 0 },
            })])
        }
        Some(SocketAddr::V6(local)) => {
            let source = libc::in6_addr {
                s6_addr: local.ip().octets(),
            };
            send(&[ControlMessage::Ipv6PacketInfo(&libc::in6_pktinfo {
                ipi6_addr: source,
                ipi6_ifindex: local.scope_id(),
            })])
        }
    }
}

/// From the kernel's form to the standard library's.
pub(crate) fn std_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address
        .as_sockaddr_in()
        .map(|a| SocketAddr::V4((*a).into()));
    v4.or_else(|| {
        address
            .as_sockaddr_in6()
            .map(|a| SocketAddr::V6((*a).into()))
    })
}
