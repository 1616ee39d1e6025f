//! What the safe libraries do not have: options of netlink and packet sockets, and a packet
//! socket that is bound to a device.

#![allow(
    unsafe_code,
    reason = "setsockopt with structs, and an address of a packet socket, have no safe form"
)]

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, SockaddrLike, bind, recvfrom, sendto,
    socket,
};

use super::frame::{ADVERTISEMENT, HOP_LIMIT, ICMPV6, IPV6, Mac, SOLICITATION};

/// The longest frame that is looked at: an advertisement with many options.
const FRAME_BYTES_MAX: usize = 512;

/// Sets an option of a socket.
pub(super) fn set_option<T>(
    fd: BorrowedFd<'_>,
    level: libc::c_int,
    option: libc::c_int,
    value: &T,
) -> io::Result<()> {
    // SAFETY: the kernel reads size_of::<T>() bytes of a value that is borrowed for the call;
    // what that value points to, for the one option of which it does, lives as long.
    let code = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            level,
            option,
            std::ptr::from_ref(value).cast(),
            size_of::<T>() as libc::socklen_t,
        )
    };
    Ok(Errno::result(code).map(drop)?)
}

/// A socket for whole frames. To open one costs little, but to close one that listens takes
/// the kernel some milliseconds: they are to be shared.
pub(super) struct Packet(OwnedFd);

impl Packet {
    /// One that only says something, on any device.
    pub(super) fn speaker() -> io::Result<Packet> {
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        // Without a protocol it hears nothing.
        let fd = socket(AddressFamily::Packet, SockType::Raw, flags, None)?;
        Ok(Packet(fd))
    }

    /// One that hears what neighbours say on the device with this number.
    pub(super) fn listener(index: u32, protocol: u16) -> io::Result<Packet> {
        // No frame of another device gets in before it is bound.
        let packet = Packet::speaker()?;
        if protocol == IPV6 {
            only_neighbour_discovery(packet.as_fd())?;
        }
        bind(packet.0.as_raw_fd(), &device(index, protocol))?;
        Ok(packet)
    }

    /// Lets the device take in what is sent to this hardware address of a group.
    pub(super) fn join(&self, index: u32, Mac(group): Mac) -> io::Result<()> {
        let mut address = [0; 8];
        address[..6].copy_from_slice(&group);
        let group = libc::packet_mreq {
            mr_ifindex: index as i32,
            mr_type: libc::PACKET_MR_MULTICAST as u16,
            mr_alen: 6,
            mr_address: address,
        };
        let join = libc::PACKET_ADD_MEMBERSHIP;
        set_option(self.as_fd(), libc::SOL_PACKET, join, &group)
    }

    /// Sends a frame. One that finds no room on its way is lost, as it may be anywhere else.
    pub(super) fn send(&self, index: u32, protocol: u16, frame: &[u8]) -> io::Result<()> {
        let to = device(index, protocol);
        match sendto(self.0.as_raw_fd(), frame, &to, MsgFlags::empty()) {
            Ok(_) | Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }

    /// The next frame; nothing: that was all. One that is not for this host, or is for another
    /// device on top of this one, such as a VLAN, is empty.
    pub(super) fn receive(&self, index: u32) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = [0; FRAME_BYTES_MAX];
        match recvfrom::<LinkAddr>(self.0.as_raw_fd(), &mut bytes) {
            Ok((length, from)) => {
                let ours = from.is_some_and(|from| {
                    from.ifindex() == index as usize && from.pkttype() <= libc::PACKET_MULTICAST
                });
                let length = if ours { length } else { 0 };
                Ok(Some(bytes[..length].to_vec()))
            }
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }
}

impl AsFd for Packet {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn device(index: u32, protocol: u16) -> LinkAddr {
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: protocol.to_be(),
        sll_ifindex: index as i32,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the pointer is to a sockaddr_ll that lives until it has been copied, and its
    // family says so.
    let address = unsafe { LinkAddr::from_raw((&raw const address).cast(), Some(length)) };
    #[allow(
        clippy::expect_used,
        reason = "family and length are those it asks for"
    )]
    address.expect("an address of a packet socket")
}

/// Leaves everything else of IPv6 to others: a busy server's traffic would push the one
/// answer out of our buffer.
fn only_neighbour_discovery(fd: BorrowedFd<'_>) -> io::Result<()> {
    const LOAD_BYTE: u32 = libc::BPF_LD | libc::BPF_B | libc::BPF_ABS;
    const EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    const AT_LEAST: u32 = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;
    const MORE: u32 = libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K;
    const RETURN: u32 = libc::BPF_RET | libc::BPF_K;
    let line = |code: u32, jt, jf, k| libc::sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    };
    // The numbers of bytes count from the beginning of the frame: next header, hop limit, type.
    let mut lines = [
        line(LOAD_BYTE, 0, 0, 20),
        line(EQUAL, 0, 6, ICMPV6.into()),
        line(LOAD_BYTE, 0, 0, 21),
        line(EQUAL, 0, 4, HOP_LIMIT.into()),
        line(LOAD_BYTE, 0, 0, 54),
        line(AT_LEAST, 0, 2, SOLICITATION.into()),
        line(MORE, 1, 0, ADVERTISEMENT.into()),
        line(RETURN, 0, 0, FRAME_BYTES_MAX as u32),
        line(RETURN, 0, 0, 0),
    ];
    let program = libc::sock_fprog {
        len: lines.len() as u16,
        filter: lines.as_mut_ptr(),
    };
    set_option(fd, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
}
