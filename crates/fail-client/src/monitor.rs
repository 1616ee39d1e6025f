//! Read the monitor stream of a failsh, blocking, with deadlines.
//!
//! A [`Monitor`] gives one [`Update`] after the other; types that a later version has added
//! are passed over. Whoever is at the other end may be broken or hostile: a line has a longest
//! length, what is no update is an error and not a panic, and nothing waits for longer than
//! it was told to. After an error that is not [`MonitorError::Late`] there is nothing more to
//! read.
//!
//! ```no_run
//! use std::time::{Duration, Instant};
//! use fail_client::monitor::{Monitor, Update};
//! let failsh = "127.0.0.1:1848".parse().unwrap();
//! let mut monitor = Monitor::connect(&[failsh], Duration::from_secs(3))?;
//! while let Update::Service(view) = monitor.next(Instant::now() + Duration::from_secs(3))? {
//!     println!("{}: {}", view.name, view.why);
//! }
//! # Ok::<(), fail_client::monitor::MonitorError>(())
//! ```

use std::io::{self, ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

pub use fail_wire::monitor::Update;

use crate::text::words;

/// The longest line. A service with the longest scripts that anybody writes has a tenth.
pub const LINE_BYTES_MAX: usize = 4 << 20;

/// Why there is no update.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// Nobody listens there, or there is no way.
    #[error("no failsh answers at {failsh}: {}", words(.source))]
    Unreachable {
        /// Who was asked.
        failsh: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing came in time. More may come.
    #[error("{failsh} says nothing")]
    Late {
        /// Who was asked.
        failsh: SocketAddr,
    },
    /// It has closed the connection, or the connection broke.
    #[error("{failsh} has hung up")]
    Gone {
        /// Who was asked.
        failsh: SocketAddr,
    },
    /// It does not serve us.
    #[error("{failsh} refuses: {reason}")]
    Refused {
        /// Who was asked.
        failsh: SocketAddr,
        /// Its sentence.
        reason: String,
    },
    /// It is no failsh, or one of another age.
    #[error("what {failsh} says is no monitor stream: {problem}")]
    Odd {
        /// Who was asked.
        failsh: SocketAddr,
        /// In what way.
        problem: String,
    },
}

/// The stream of one failsh.
#[derive(Debug)]
pub struct Monitor {
    stream: TcpStream,
    failsh: SocketAddr,
    lines: Lines,
}

/// Updates out of a stream, without the socket: who has one puts in what came, however it was
/// cut, and takes out whole updates. After an error nothing more comes.
#[derive(Debug, Default)]
pub struct Lines {
    buffer: Vec<u8>,
    /// So much of it holds no end of a line.
    looked_at: usize,
}

impl Lines {
    /// Some bytes came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next update of a type that we know, if there is a whole one.
    ///
    /// # Errors
    /// In what way this is no monitor stream.
    pub fn take(&mut self) -> Result<Option<Update>, String> {
        while let Some(line) = self.line()? {
            match serde_json::from_slice(&line) {
                Ok(Update::Unknown) => {}
                Ok(update) => return Ok(Some(update)),
                Err(e) => return Err(e.to_string()),
            }
        }
        Ok(None)
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<Option<Vec<u8>>, String> {
        let new = &self.buffer[self.looked_at..];
        if let Some(at) = new.iter().position(|byte| *byte == b'\n') {
            let end = self.looked_at + at;
            let line = self.buffer[..end].to_vec();
            self.buffer.drain(..=end);
            self.looked_at = 0;
            return Ok(Some(line));
        }
        self.looked_at = self.buffer.len();
        match self.buffer.len() > LINE_BYTES_MAX {
            true => Err(format!("a line of more than {LINE_BYTES_MAX} bytes")),
            false => Ok(None),
        }
    }
}

impl Monitor {
    /// Connects to the first of these addresses where somebody listens. Each may take this
    /// long.
    ///
    /// # Errors
    /// There is nobody.
    pub fn connect(addresses: &[SocketAddr], timeout: Duration) -> Result<Monitor, MonitorError> {
        let mut last = None;
        for failsh in addresses.iter().copied() {
            match TcpStream::connect_timeout(&failsh, timeout) {
                Ok(stream) => {
                    return Ok(Monitor {
                        stream,
                        failsh,
                        lines: Lines::default(),
                    });
                }
                Err(source) => last = Some(MonitorError::Unreachable { failsh, source }),
            }
        }
        let failsh = SocketAddr::from(([0, 0, 0, 0], 0));
        let source = io::Error::from(ErrorKind::AddrNotAvailable);
        Err(last.unwrap_or(MonitorError::Unreachable { failsh, source }))
    }

    /// To whom it is connected.
    pub fn failsh(&self) -> SocketAddr {
        self.failsh
    }

    /// The next update, if one comes until then.
    ///
    /// # Errors
    /// None came, or none will come.
    pub fn next(&mut self, until: Instant) -> Result<Update, MonitorError> {
        let failsh = self.failsh;
        loop {
            match self.lines.take() {
                Ok(Some(Update::Refused { reason })) => {
                    return Err(MonitorError::Refused { failsh, reason });
                }
                Ok(Some(update)) => return Ok(update),
                Ok(None) => self.read(until)?,
                Err(problem) => return Err(MonitorError::Odd { failsh, problem }),
            }
        }
    }

    fn read(&mut self, until: Instant) -> Result<(), MonitorError> {
        let failsh = self.failsh;
        let mut bytes = [0; 16 << 10];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(MonitorError::Late { failsh });
            }
            // A time-out of zero would mean none.
            let _ = self
                .stream
                .set_read_timeout(Some(left.max(Duration::from_millis(1))));
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(MonitorError::Gone { failsh }),
                Ok(len) => {
                    self.lines.push(&bytes[..len]);
                    return Ok(());
                }
                Err(e) => match e.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                    _ => return Err(MonitorError::Gone { failsh }),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;

    /// Long enough for whatever is there.
    const LIMIT: Duration = Duration::from_secs(20);

    /// A stream that says these pieces, one after the other, and then hangs up, or does not.
    fn stream(pieces: Vec<Vec<u8>>, hang_up: bool) -> Monitor {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let monitor = Monitor::connect(&[at], LIMIT).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        far.set_nodelay(true).unwrap();
        std::thread::spawn(move || {
            for piece in pieces {
                // The other side may have had enough.
                if far.write_all(&piece).is_err() {
                    return;
                }
            }
            if !hang_up {
                let _ = far.read(&mut [0]);
            }
        });
        monitor
    }

    fn soon() -> Instant {
        Instant::now() + LIMIT
    }

    #[test]
    fn lines_come_whole_however_they_were_torn() {
        let text = "{\"type\":\"ready\"}\n\
                    {\"type\":\"novelty\",\"of\":[1,{\"a\":2}]}\n\
                    {\"type\":\"gone\",\"what\":\"service\",\"name\":\"w\u{e9}b\",\"more\":1}\n";
        let bytes = text.as_bytes().chunks(1).map(<[u8]>::to_vec).collect();
        let mut monitor = stream(bytes, true);
        assert_eq!(monitor.next(soon()).unwrap(), Update::Ready);
        let gone = Update::Gone {
            what: "service".to_string(),
            name: "w\u{e9}b".to_string(),
        };
        assert_eq!(monitor.next(soon()).unwrap(), gone);
        let end = monitor.next(soon());
        assert!(matches!(end, Err(MonitorError::Gone { .. })), "{end:?}");
    }

    #[test]
    fn nothing_is_waited_for_longer_than_was_said() {
        let mut monitor = stream(vec![b"{\"type\":\"rea".to_vec()], false);
        for _ in 0..3 {
            let late = monitor.next(Instant::now() + Duration::from_millis(20));
            assert!(matches!(late, Err(MonitorError::Late { .. })), "{late:?}");
        }
    }

    #[test]
    fn a_line_without_end_is_an_error() {
        let pieces = vec![vec![b'x'; 1 << 20]; 8];
        let odd = stream(pieces, true).next(soon()).unwrap_err();
        assert!(odd.to_string().contains("a line of more than"), "{odd}");
    }

    #[test]
    fn who_is_refused_is_told_why() {
        let line = b"{\"type\":\"refused\",\"reason\":\"too many (MAX)\"}\n".to_vec();
        let refused = stream(vec![line], true).next(soon()).unwrap_err();
        let sentence = refused.to_string();
        assert!(sentence.ends_with("refuses: too many (MAX)"), "{sentence}");
    }

    /// Numbers that look random and are the same each time.
    fn chance(seed: &mut u64) -> usize {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        usize::try_from(*seed >> 33).unwrap()
    }

    #[test]
    fn garbage_is_an_error_and_never_a_panic() {
        let good = "{\"type\":\"event\",\"at\":1,\"event\":\"up\",\"subject\":\"web\",\"data\":{}}\n\
                    {\"type\":\"service\",\"name\":\"web\"}\n{\"type\":\"ready\"}\n";
        let mut seen = [0; 2];
        for seed in 1..300 {
            let mut seed = seed * 0x9e37_79b9;
            let mut bytes = good.repeat(3).into_bytes();
            for _ in 0..chance(&mut seed) % 4 {
                let at = chance(&mut seed) % bytes.len();
                match chance(&mut seed) % 3 {
                    0 => bytes[at] = u8::try_from(chance(&mut seed) % 256).unwrap(),
                    1 => bytes.truncate(at.max(1)),
                    _ => bytes.insert(at, b"\n\"{}[]\\\xff\0"[chance(&mut seed) % 9]),
                }
            }
            let size = chance(&mut seed) % 40 + 1;
            let pieces = bytes.chunks(size).map(<[u8]>::to_vec).collect();
            let mut monitor = stream(pieces, true);
            let end = loop {
                match monitor.next(soon()) {
                    Ok(_) => seen[0] += 1,
                    Err(e) => break e,
                }
            };
            match end {
                MonitorError::Odd { .. } => seen[1] += 1,
                MonitorError::Gone { .. } => {}
                e => panic!("{e}"),
            }
        }
        assert!(seen[0] > 100 && seen[1] > 100, "{seen:?}");
    }
}
