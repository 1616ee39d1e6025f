//! Read a stream of lines of JSON, blocking, with deadlines: that of a failsh
//! ([`crate::monitor`]) and that of a hc ([`crate::health`]).
//!
//! A [`Stream`] gives one update after the other; types that a later version has added are
//! passed over. Whoever is at the other end may be broken or hostile: a line has a longest
//! length, what is no update is an error and not a panic, and nothing waits for longer than it
//! was told to. After an error that is not [`StreamError::Late`] there is nothing more to read.

use std::io::{self, ErrorKind, Read, Write};
use std::marker::PhantomData;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use crate::text::words;

/// The longest line. A service with the longest scripts that anybody writes has a tenth, and a
/// target with the most checks, changes and figures a quarter.
pub const LINE_BYTES_MAX: usize = 4 << 20;

/// What a line of a stream is read as.
pub trait Told: DeserializeOwned {
    /// Who tells it, for sentences.
    const WHO: &'static str;

    /// A later version has added it.
    fn is_unknown(&self) -> bool;

    /// It, or the sentence of one who does not serve us.
    ///
    /// # Errors
    /// That sentence.
    fn accepted(self) -> Result<Self, String>;
}

impl Told for fail_wire::monitor::Update {
    const WHO: &'static str = "failsh";

    fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    fn accepted(self) -> Result<Self, String> {
        match self {
            Self::Refused { reason } => Err(reason),
            update => Ok(update),
        }
    }
}

impl Told for fail_wire::health::Update {
    const WHO: &'static str = "hc";

    fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    fn accepted(self) -> Result<Self, String> {
        match self {
            Self::Refused { reason } => Err(reason),
            update => Ok(update),
        }
    }
}

/// Why there is no update.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// Nobody listens there, or there is no way.
    #[error("no {who} answers at {at}: {}", words(.source))]
    Unreachable {
        /// What was expected there.
        who: &'static str,
        /// Who was asked.
        at: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing came in time. More may come.
    #[error("{at} says nothing")]
    Late {
        /// Who was asked.
        at: SocketAddr,
    },
    /// It has closed the connection, or the connection broke.
    #[error("{at} has hung up")]
    Gone {
        /// Who was asked.
        at: SocketAddr,
    },
    /// It does not serve us.
    #[error("{at} refuses: {reason}")]
    Refused {
        /// Who was asked.
        at: SocketAddr,
        /// Its sentence.
        reason: String,
    },
    /// It is none of ours, or one of another age.
    #[error("what {at} says is no monitor stream: {problem}")]
    Odd {
        /// Who was asked.
        at: SocketAddr,
        /// In what way.
        problem: String,
    },
}

/// The stream of one daemon.
#[derive(Debug)]
pub struct Stream<U> {
    stream: TcpStream,
    at: SocketAddr,
    lines: Lines<U>,
}

/// Updates out of a stream, without the socket: who has one puts in what came, however it was
/// cut, and takes out whole updates. After an error nothing more comes.
#[derive(Debug)]
pub struct Lines<U> {
    buffer: Vec<u8>,
    /// So much of it was taken out already.
    taken: usize,
    /// Up to here it holds no end of a line.
    looked_at: usize,
    told: PhantomData<U>,
}

impl<U> Default for Lines<U> {
    fn default() -> Lines<U> {
        Lines {
            buffer: Vec::new(),
            taken: 0,
            looked_at: 0,
            told: PhantomData,
        }
    }
}

impl<U: Told> Lines<U> {
    /// Some bytes came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.taken);
        self.looked_at -= self.taken;
        self.taken = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next update of a type that we know, if there is a whole one.
    ///
    /// # Errors
    /// In what way this is no monitor stream.
    pub fn take(&mut self) -> Result<Option<U>, String> {
        while let Some(line) = self.line()? {
            let update: U = serde_json::from_slice(line).map_err(|e| e.to_string())?;
            if !update.is_unknown() {
                return Ok(Some(update));
            }
        }
        Ok(None)
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<Option<&[u8]>, String> {
        let new = &self.buffer[self.looked_at..];
        if let Some(at) = new.iter().position(|byte| *byte == b'\n') {
            let (begin, end) = (self.taken, self.looked_at + at);
            (self.taken, self.looked_at) = (end + 1, end + 1);
            return Ok(Some(&self.buffer[begin..end]));
        }
        self.looked_at = self.buffer.len();
        match self.buffer.len() - self.taken > LINE_BYTES_MAX {
            true => Err(format!("a line of more than {LINE_BYTES_MAX} bytes")),
            false => Ok(None),
        }
    }
}

impl<U: Told> Stream<U> {
    /// Connects to the first of these addresses where somebody listens. Each may take this
    /// long.
    ///
    /// # Errors
    /// There is nobody.
    pub fn connect(addresses: &[SocketAddr], timeout: Duration) -> Result<Self, StreamError> {
        Stream::connect_each(addresses, |_| timeout)
    }

    /// The same, all of them until then: one that is silent leaves the others their share.
    ///
    /// # Errors
    /// There is nobody.
    pub fn connect_until(addresses: &[SocketAddr], until: Instant) -> Result<Self, StreamError> {
        Stream::connect_each(addresses, |others| {
            let left = until.saturating_duration_since(Instant::now());
            // A time-out of zero is an error of the caller for the system.
            (left / (others + 1)).max(Duration::from_millis(1))
        })
    }

    /// With the time for an address when so many others come after it.
    fn connect_each(
        addresses: &[SocketAddr],
        time: impl Fn(u32) -> Duration,
    ) -> Result<Self, StreamError> {
        let who = U::WHO;
        let others = (0..u32::try_from(addresses.len()).unwrap_or(u32::MAX)).rev();
        let mut last = None;
        for (at, others) in addresses.iter().copied().zip(others) {
            match TcpStream::connect_timeout(&at, time(others)) {
                Ok(stream) => {
                    let lines = Lines::default();
                    return Ok(Stream { stream, at, lines });
                }
                Err(source) => last = Some(StreamError::Unreachable { who, at, source }),
            }
        }
        let at = SocketAddr::from(([0, 0, 0, 0], 0));
        let source = io::Error::from(ErrorKind::AddrNotAvailable);
        Err(last.unwrap_or(StreamError::Unreachable { who, at, source }))
    }

    /// To whom it is connected.
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// Says one line, which must fit what the system keeps for us.
    ///
    /// # Errors
    /// It could not be sent.
    pub fn say(&mut self, line: &str) -> Result<(), StreamError> {
        let at = self.at;
        // Nobody is waited for: a line of some kilobytes has room.
        let _ = self
            .stream
            .set_write_timeout(Some(Duration::from_millis(100)));
        let said = self.stream.write_all(line.as_bytes());
        said.map_err(|_| StreamError::Gone { at })
    }

    /// The next update, if one comes until then.
    ///
    /// # Errors
    /// None came, or none will come.
    pub fn next(&mut self, until: Instant) -> Result<U, StreamError> {
        let at = self.at;
        loop {
            match self.lines.take() {
                Ok(Some(update)) => {
                    let accepted = update.accepted();
                    return accepted.map_err(|reason| StreamError::Refused { at, reason });
                }
                Ok(None) => self.read(until)?,
                Err(problem) => return Err(StreamError::Odd { at, problem }),
            }
        }
    }

    fn read(&mut self, until: Instant) -> Result<(), StreamError> {
        let at = self.at;
        let mut bytes = [0; 16 << 10];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(StreamError::Late { at });
            }
            // A time-out of zero would mean none.
            let _ = self
                .stream
                .set_read_timeout(Some(left.max(Duration::from_millis(1))));
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(StreamError::Gone { at }),
                Ok(len) => {
                    self.lines.push(&bytes[..len]);
                    return Ok(());
                }
                Err(e) => match e.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                    _ => return Err(StreamError::Gone { at }),
                },
            }
        }
    }
}
