//! One client: what it has said of its present line, what it has not taken yet, and who it is.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use fail_core::time::{Mono, Span};
use mio::Interest;
use nix::sys::socket::{getsockopt, sockopt};
use nix::unistd::Uid;

use super::{ROOM_BYTES, Speech, Terms};
use crate::clock::earliest;
use crate::poller::Desk;

/// Bytes that are read of one client in one turn.
const READ_TURN_MAX: usize = 64 << 10;

/// Lines after which no more is read of one client in one turn: each may be a request, and
/// many short ones must not hold up everybody else.
const LINES_TURN_MAX: usize = 64;

/// Frames after which no more is read of one client in one turn: each may be a request with a
/// long answer, which waits for the client.
const FRAMES_TURN_MAX: usize = 4;

/// Bytes of the length of a frame.
const LENGTH_BYTES: usize = 2;

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
    pub(super) fn peer(&self) -> Peer {
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
    /// Whole frames.
    pub frames: Vec<Vec<u8>>,
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
    peer: Peer,
    /// The beginning of a line or a frame.
    input: Vec<u8>,
    /// When the last whole frame came, or it itself.
    heard: Mono,
    /// When the frame began that is not whole yet.
    begun: Option<Mono>,
    /// It came then, and has said nothing whole yet.
    mute_since: Option<Mono>,
    /// It is not read until it takes what waits for it.
    paused: bool,
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
    pub(super) fn new(stream: Stream, now: Mono) -> Client {
        if let Stream::Tcp(stream) = &stream {
            // Lines are written together; waiting for more to come only makes them late.
            let _ = stream.set_nodelay(true);
        }
        let peer = stream.peer();
        Client {
            stream,
            peer,
            input: Vec::new(),
            heard: now,
            begun: None,
            mute_since: None,
            paused: false,
            noise: 0,
            deaf: false,
            output: Vec::new(),
            stuck_since: None,
            leaving: false,
            last_word: None,
            shut: false,
        }
    }

    /// It has come to say something, and had better begin.
    pub(super) fn owes_a_word(&mut self, now: Mono) {
        self.mute_since = Some(now);
    }

    pub(super) fn peer(&self) -> Peer {
        self.peer
    }

    /// Where it is in the network.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        match self.peer {
            Peer::Tcp(address) => Some(address.ip()),
            Peer::Unix { .. } | Peer::Unknown => None,
        }
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
    pub(super) fn read(&mut self, speech: Speech, now: Mono) -> Heard {
        let mut heard = Heard::default();
        let mut buffer = [0; 4096];
        let mut left = READ_TURN_MAX;
        let frames = matches!(speech, Speech::Frames { .. });
        if frames && !self.has_room() && !self.leaving {
            self.paused = true;
            return heard;
        }
        // What was left of the last turn comes first.
        self.hear_frames(speech, now, &mut heard);
        while left > 0 && heard.lines.len() < LINES_TURN_MAX {
            if heard.too_long && frames {
                heard.gone = true;
                return heard;
            }
            if heard.frames.len() >= FRAMES_TURN_MAX {
                break;
            }
            match (&self.stream).read(&mut buffer) {
                Ok(0) => {
                    heard.gone = true;
                    return heard;
                }
                Ok(len) => {
                    left = left.saturating_sub(len);
                    match speech {
                        Speech::Lines(longest) if !self.deaf && !self.leaving => {
                            self.hear(&buffer[..len], longest, &mut heard);
                        }
                        Speech::Frames { .. } if !self.deaf && !self.leaving => {
                            self.input.extend_from_slice(&buffer[..len]);
                            self.hear_frames(speech, now, &mut heard);
                        }
                        _ => self.noise += len,
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

    /// Takes whole frames off the front of what has come, up to a limit for one turn.
    fn hear_frames(&mut self, speech: Speech, now: Mono, heard: &mut Heard) {
        let Speech::Frames { min, max, .. } = speech else {
            return;
        };
        let mut at = 0;
        while heard.frames.len() < FRAMES_TURN_MAX {
            let rest = &self.input[at..];
            let Some((length, rest)) = rest.split_at_checked(LENGTH_BYTES) else {
                break;
            };
            let length = length.iter().fold(0, |n, b| n << 8 | usize::from(*b));
            if length < min || length > max {
                (self.deaf, heard.too_long) = (true, true);
                break;
            }
            let Some(frame) = rest.get(..length) else {
                break;
            };
            heard.frames.push(frame.to_vec());
            at += LENGTH_BYTES + length;
        }
        self.input.drain(..at);
        if at > 0 {
            self.heard = now;
            self.mute_since = None;
        }
        let more = heard.frames.len() >= FRAMES_TURN_MAX;
        self.begun = match self.input.is_empty() || more {
            true => None,
            false if at > 0 => Some(now),
            false => self.begun.or(Some(now)),
        };
    }

    /// Whether it has room again, after it was not read because it had none. What it has said
    /// meanwhile was not heard, so its time begins anew.
    pub(super) fn goes_on(&mut self, now: Mono) -> bool {
        let goes_on = self.paused && self.has_room();
        if goes_on {
            self.paused = false;
            self.heard = now;
            self.begun = self.begun.map(|_| now);
        }
        goes_on
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

    /// Bytes that it has not taken.
    pub(super) fn unread(&self) -> usize {
        self.output.len()
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
    pub(super) fn deadline(&self, terms: &Terms) -> Option<Mono> {
        let stuck = self.stuck_since.zip(terms.patience);
        let stuck = stuck.map(|(since, span)| since + span);
        let quiet = match terms.speech {
            // Who is not read is not to blame; he is stuck.
            Speech::Frames { whole, idle, .. } if !self.leaving && !self.paused => {
                let late = [self.begun, self.mute_since].map(|since| since.map(|s| s + whole));
                earliest(late.into_iter().chain([Some(self.heard + idle)]))
            }
            _ => None,
        };
        earliest([self.last_word, stuck, quiet])
    }
}
