//! Netlink: questions to the kernel and its answers, as messages with attributes. What is in
//! them is known to `kernel`.
//!
//! A question is answered before the next one is asked. The kernel answers at once; the
//! time-out is for a kernel with a fault. Answers of anybody else are dropped.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recvfrom, sendmsg,
    setsockopt, socket, sockopt,
};
use nix::sys::time::TimeVal;

use super::sys::set_option;

/// The kernel's answers to one question come in parts of at most 32 KiB.
const PART_BYTES_MAX: usize = 64 << 10;

/// How long an answer may take, in seconds.
const PATIENCE: i64 = 5;

/// A list that changed while it was read is read again, so many times.
const TRIES: u32 = 10;

const HEAD: usize = 16;

/// A message: its type, and what is in it.
pub(super) type Message = (u16, Vec<u8>);

/// Why the kernel has not done it.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) error: io::Error,
    /// The kernel's own words, if it has some.
    pub(super) words: String,
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Refused {
        let words = String::new();
        Refused { error, words }
    }
}

impl From<Errno> for Refused {
    fn from(errno: Errno) -> Refused {
        io::Error::from(errno).into()
    }
}

/// A conversation with the kernel.
pub(super) struct Netlink {
    fd: OwnedFd,
    number: u32,
    buffer: Vec<u8>,
}

impl Netlink {
    pub(super) fn open() -> io::Result<Netlink> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let route = SockProtocol::NetlinkRoute;
        let fd = socket(AddressFamily::Netlink, SockType::Raw, flags, route)?;
        setsockopt(&fd, sockopt::ReceiveTimeout, &TimeVal::new(PATIENCE, 0))?;
        for option in [libc::NETLINK_EXT_ACK, libc::NETLINK_CAP_ACK] {
            // An old kernel that does not know them just says less.
            let _ = set_option(fd.as_fd(), libc::SOL_NETLINK, option, &1);
        }
        let (number, buffer) = (0, vec![0; PART_BYTES_MAX]);
        Ok(Netlink { fd, number, buffer })
    }

    /// Has something done.
    pub(super) fn change(&mut self, kind: u16, flags: i32, body: &[u8]) -> Result<(), Refused> {
        self.ask(kind, libc::NLM_F_ACK | flags, body)?;
        loop {
            if self.part(&mut Vec::new())? {
                return Ok(());
            }
        }
    }

    /// Reads a list.
    pub(super) fn list(&mut self, kind: u16, body: &[u8]) -> Result<Vec<Message>, Refused> {
        for _ in 0..TRIES {
            self.ask(kind, libc::NLM_F_DUMP, body)?;
            let mut messages = Vec::new();
            let ended = loop {
                match self.part(&mut messages) {
                    Ok(true) => break true,
                    Ok(false) => {}
                    Err(e) if e.error.raw_os_error() == Some(libc::EINTR) => break false,
                    Err(e) => return Err(e),
                }
            };
            if ended {
                return Ok(messages);
            }
        }
        Err(Errno::EAGAIN.into())
    }

    fn ask(&mut self, kind: u16, flags: i32, body: &[u8]) -> Result<(), Refused> {
        self.number = self.number.wrapping_add(1);
        let length = (HEAD + body.len()) as u32;
        let flags = (libc::NLM_F_REQUEST | flags) as u16;
        let mut head = Vec::with_capacity(HEAD);
        head.extend(length.to_ne_bytes());
        head.extend(kind.to_ne_bytes());
        head.extend(flags.to_ne_bytes());
        head.extend(self.number.to_ne_bytes());
        head.extend(0u32.to_ne_bytes());
        let parts = [IoSlice::new(&head), IoSlice::new(body)];
        let kernel = NetlinkAddr::new(0, 0);
        let fd = self.fd.as_raw_fd();
        sendmsg(fd, &parts, &[], MsgFlags::empty(), Some(&kernel))?;
        Ok(())
    }

    /// Reads a part of the answer; true: it was the last.
    fn part(&mut self, into: &mut Vec<Message>) -> Result<bool, Refused> {
        let (length, from) = recvfrom::<NetlinkAddr>(self.fd.as_raw_fd(), &mut self.buffer)?;
        if from.is_none_or(|from| from.pid() != 0) {
            return Ok(false);
        }
        let mut rest = &self.buffer[..length.min(PART_BYTES_MAX)];
        while let Some((head, body, after)) = split(rest) {
            rest = after;
            // The rest of an answer that nobody waits for any more.
            if head.number != self.number {
                continue;
            }
            match i32::from(head.kind) {
                libc::NLMSG_ERROR => return verdict(head.flags, body).map(|()| true),
                libc::NLMSG_DONE => return Ok(true),
                libc::NLMSG_NOOP => {}
                _ if i32::from(head.flags) & libc::NLM_F_DUMP_INTR != 0 => {
                    return Err(Errno::EINTR.into());
                }
                _ => into.push((head.kind, body.to_vec())),
            }
        }
        Ok(false)
    }
}

struct Head {
    kind: u16,
    flags: u16,
    number: u32,
}

/// The first message, what is in it, and the bytes after it.
fn split(bytes: &[u8]) -> Option<(Head, &[u8], &[u8])> {
    let length = u32_at(bytes, 0)? as usize;
    let head = Head {
        kind: u16_at(bytes, 4)?,
        flags: u16_at(bytes, 6)?,
        number: u32_at(bytes, 8)?,
    };
    let body = bytes.get(HEAD..length)?;
    Some((head, body, bytes.get(padded(length)..).unwrap_or_default()))
}

/// Whether it was done: an error with the number zero is none.
fn verdict(flags: u16, body: &[u8]) -> Result<(), Refused> {
    /// Attributes follow. Behind the error stands the head of the question.
    const WITH_ATTRIBUTES: u16 = 0x200;
    const WORDS: u16 = 1;
    let code = u32_at(body, 0).map_or(-libc::EPROTO, |code| code as i32);
    if code == 0 {
        return Ok(());
    }
    let mut words = String::new();
    if flags & WITH_ATTRIBUTES != 0 {
        let attributes = body.get(4 + HEAD..).unwrap_or_default();
        if let Some(text) = attribute(attributes, WORDS) {
            words = text_of(text);
        }
    }
    let error = io::Error::from_raw_os_error(code.wrapping_neg());
    Err(Refused { error, words })
}

/// The first attribute with this number.
pub(super) fn attribute(mut bytes: &[u8], number: u16) -> Option<&[u8]> {
    /// The upper two bits say how it is coded.
    const NUMBER: u16 = 0x3fff;
    loop {
        let length = usize::from(u16_at(bytes, 0)?);
        let value = bytes.get(4..length)?;
        if u16_at(bytes, 2)? & NUMBER == number {
            return Some(value);
        }
        bytes = bytes.get(padded(length)..)?;
    }
}

/// Puts an attribute behind the others.
pub(super) fn put(into: &mut Vec<u8>, number: u16, value: &[u8]) {
    let length = 4 + value.len();
    into.extend((length as u16).to_ne_bytes());
    into.extend(number.to_ne_bytes());
    into.extend(value);
    into.resize(into.len() + padded(length) - length, 0);
}

/// A text as the kernel gives it, without the zero at its end.
pub(super) fn text_of(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]).into_owned()
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*bytes))
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_ne_bytes(*bytes))
}

fn padded(length: usize) -> usize {
    length.next_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_and_those_that_are_cut_are_not() {
        let mut bytes = Vec::new();
        put(&mut bytes, 3, b"eth0\0");
        put(&mut bytes, 0x8001, &[1, 2]);
        assert_eq!(bytes.len(), 12 + 8);
        assert_eq!(attribute(&bytes, 3).map(text_of).as_deref(), Some("eth0"));
        assert_eq!(attribute(&bytes, 1), Some(&[1, 2][..]));
        assert_eq!(attribute(&bytes, 2), None);
        for length in 0..17 {
            assert_eq!(attribute(&bytes[..length], 1), None, "{length} bytes");
        }
        // A length that leads nowhere.
        assert_eq!(attribute(&[0, 0, 9, 0, 0, 0, 1, 0], 1), None);
    }

    #[test]
    fn a_message_that_is_longer_than_its_bytes_is_none() {
        let mut bytes = vec![0; HEAD];
        for (length, good) in [(0u32, false), (15, false), (16, true), (17, false)] {
            bytes[..4].copy_from_slice(&length.to_ne_bytes());
            assert_eq!(split(&bytes).is_some(), good, "{length}");
        }
    }

    #[test]
    fn the_words_of_the_kernel_are_kept() {
        let mut body = (-libc::EACCES).to_ne_bytes().to_vec();
        body.resize(4 + HEAD, 0);
        put(&mut body, 1, b"IPv6 is disabled\0");
        let refused = verdict(0x200, &body).unwrap_err();
        assert_eq!(refused.error.raw_os_error(), Some(libc::EACCES));
        assert_eq!(refused.words, "IPv6 is disabled");
        assert!(verdict(0, &body).unwrap_err().words.is_empty());
        assert!(verdict(0, &[0; 4]).is_ok());
        assert!(verdict(0, &[]).is_err());
    }
}
