//! One client: what it has said of its present line, what it has not taken yet, and who it is.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use fail_core::time::{Mono, Span};
use mio::Interest;
use nix::sys::socket::{getsockopt, sockopt};
use nix::unistd::Uid;

use super::ROOM_BYTES;
use crate::clock::earliest;
use crate::poller::Desk;

/// Bytes that are read of one client in one turn.
const READ_TURN_MAX: usize = 64 << 10;

/// Lines after which no more is read of one client in one turn: each may be a request, and
/// many short ones must not hold up everybody else.
const LINES_TURN_MAX: usize = 64;

/// What somebody who has nothing to say may say: the request of a web browser is shorter.
const NOISE_MAX: usize = 8 << 10;

/// Who a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Somebody in the network.
    Tcp(SocketAddr),
    /// A process of this host, as the kernel knows it.
    Unix {
        /// Its user.
        uid: u32,
        /// Its number.
        pid: i32,
    },
    /// The system does not say.
    Unknown,
}

impl Peer {
    /// Whether it is root, or a process of our own user.
    pub fn is_ours(self) -> bool {
        match self {
            Peer::Unix { uid, .. } => uid == 0 || uid == Uid::effective().as_raw(),
            Peer::Tcp(_) | Peer::Unknown => false,
        }
    }
}

/// How a client is reached.
#[derive(Debug)]
pub enum Stream {
    /// By the network.
    Tcp(TcpStream),
    /// Within this host.
    Unix(UnixStream),
}

impl Stream {
    fn peer(&self) -> Peer {
        match self {
            Stream::Tcp(stream) => stream.peer_addr().map_or(Peer::Unknown, Peer::Tcp),
            Stream::Unix(stream) => match getsockopt(stream, sockopt::PeerCredentials) {
                Ok(peer) => Peer::Unix {
                    uid: peer.uid(),
                    pid: peer.pid(),
                },
                Err(_) => Peer::Unknown,
            },
        }
    }

    fn shut(&self) {
        // It has gone already: that is what was wanted.
        let _ = match self {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Read for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&mut &*stream).read(buffer),
            Stream::Unix(stream) => (&mut &*stream).read(buffer),
        }
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&mut &*stream).write(bytes),
            Stream::Unix(stream) => (&mut &*stream).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What one look at a client has shown.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Whole lines.
    pub lines: Vec<String>,
    /// The next line is too long.
    pub too_long: bool,
    /// It was not all read, to be fair to others.
    pub more: bool,
    /// It has closed its end, or must go.
    pub gone: bool,
}

/// One client.
#[derive(Debug)]
pub(super) struct Client {
    stream: Stream,
    /// The beginning of a line.
    input: Vec<u8>,
    /// Bytes thrown away.
    noise: usize,
    /// Nothing of it is heard any more.
    deaf: bool,
    output: Vec<u8>,
    /// It does not take what waits for it, since then.
    stuck_since: Option<Mono>,
    /// It has been said farewell to.
    leaving: bool,
    /// When it is gone at the latest, after that.
    last_word: Option<Mono>,
    /// It has been told everything.
    shut: bool,
}

impl Client {
    pub(super) fn new(stream: Stream) -> Client {
        if let Stream::Tcp(stream) = &stream {
            // Lines are written together; waiting for more to come only makes them late.
            let _ = stream.set_nodelay(true);
        }
        Client {
            stream,
            input: Vec::new(),
            noise: 0,
            deaf: false,
            output: Vec::new(),
            stuck_since: None,
            leaving: false,
            last_word: None,
            shut: false,
        }
    }

    pub(super) fn peer(&self) -> Peer {
        self.stream.peer()
    }

    pub(super) fn watch(&self, desk: &Desk, n: usize) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        desk.watch(&self.stream, n, both)
    }

    pub(super) fn rearm(&self, desk: &Desk, n: usize) {
        let both = Interest::READABLE | Interest::WRITABLE;
        desk.rearm(&self.stream, n, both);
    }

    pub(super) fn forget(&self, desk: &Desk) {
        desk.forget(&self.stream);
    }

    /// Takes what has come, up to a limit for one turn.
    pub(super) fn read(&mut self, line: Option<usize>) -> Heard {
        let mut heard = Heard::default();
        let mut buffer = [0; 4096];
        let mut left = READ_TURN_MAX;
        while left > 0 && heard.lines.len() < LINES_TURN_MAX {
            match (&self.stream).read(&mut buffer) {
                Ok(0) => {
                    heard.gone = true;
                    return heard;
                }
                Ok(len) => {
                    left = left.saturating_sub(len);
                    match line.filter(|_| !self.deaf && !self.leaving) {
                        Some(longest) => self.hear(&buffer[..len], longest, &mut heard),
                        None => self.noise += len,
                    }
                    if self.noise > NOISE_MAX && !self.leaving {
                        heard.gone = true;
                        return heard;
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return heard,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    heard.gone = true;
                    return heard;
                }
            }
        }
        heard.more = true;
        heard
    }

    fn hear(&mut self, bytes: &[u8], longest: usize, heard: &mut Heard) {
        let mut parts = bytes.split(|byte| *byte == b'\n');
        let last = parts.next_back().unwrap_or_default();
        for part in parts {
            self.input.extend_from_slice(part);
            if self.input.len() > longest {
                break;
            }
            let line = String::from_utf8_lossy(&self.input).into_owned();
            heard.lines.push(line);
            self.input.clear();
        }
        self.input.extend_from_slice(last);
        if self.input.len() > longest {
            self.input = Vec::new();
            self.deaf = true;
            heard.too_long = true;
        }
    }

    pub(super) fn has_room(&self) -> bool {
        !self.leaving && self.output.len() < ROOM_BYTES
    }

    pub(super) fn is_owed(&self) -> bool {
        !self.output.is_empty() || self.leaving && self.last_word.is_none()
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        if !self.leaving {
            self.output.extend_from_slice(bytes);
        }
    }

    pub(super) fn leave(&mut self) {
        self.leaving = true;
    }

    /// Sends what can be sent. After the last of one who leaves, its own end is waited for: to
    /// close at once would take away from it what it has not read yet.
    pub(super) fn write_out(&mut self, now: Mono, farewell: Span) -> io::Result<()> {
        let mut sent = 0;
        while sent < self.output.len() {
            match (&self.stream).write(&self.output[sent..]) {
                Ok(len) => sent += len,
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        self.output.drain(..sent);
        if sent > 0 {
            self.stuck_since = None;
        }
        if !self.output.is_empty() {
            self.stuck_since.get_or_insert(now);
        }
        if self.leaving {
            self.last_word.get_or_insert(now + farewell);
            if self.output.is_empty() && !std::mem::replace(&mut self.shut, true) {
                self.stream.shut();
            }
        }
        Ok(())
    }

    /// When it must go.
    pub(super) fn deadline(&self, patience: Option<Span>) -> Option<Mono> {
        let stuck = self.stuck_since.zip(patience);
        earliest([self.last_word, stuck.map(|(since, span)| since + span)])
    }
}
