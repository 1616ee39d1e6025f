//! Have the failsh of this host read its policy again, or try it, by its control socket;
//! blocking, with a deadline.
//!
//! Only root and the user of that failsh may. Whoever is at the other end may be broken: a line
//! has a longest length, and what is no answer is an error.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::text::words;

/// The longest line.
const LINE_BYTES_MAX: u64 = 4 << 20;

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Reloaded {
    /// The policy is in force: what it changes, in one line.
    InForce(String),
    /// It was tried.
    Tried {
        /// It would have decided the same all the time.
        same: bool,
        /// For people.
        text: String,
        /// For programs.
        report: Value,
    },
}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody listens there.
    #[error("no failsh answers at {}: {}", .socket.display(), words(.source))]
    Unreachable {
        /// Where.
        socket: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It belongs to somebody else.
    #[error("only root and the user of that failsh may: {why}")]
    NotAllowed {
        /// What was said.
        why: String,
    },
    /// The policy has an error: the old one stays.
    #[error("{why}; the old policy stays")]
    BadPolicy {
        /// Which.
        why: String,
    },
    /// Not now.
    #[error("the failsh refuses: {why}")]
    Refused {
        /// Its sentence.
        why: String,
    },
    /// It has gone, or says nothing.
    #[error("the failsh at {} {why}", .socket.display())]
    Lost {
        /// Where.
        socket: PathBuf,
        /// In what way.
        why: &'static str,
    },
}

/// Has the policy read again, and put in force unless it is a dry run.
///
/// # Errors
/// See [`ControlError`].
pub fn reload(socket: &Path, dry_run: bool, limit: Duration) -> Result<Reloaded, ControlError> {
    let stream = UnixStream::connect(socket).map_err(|source| match source.kind() {
        ErrorKind::PermissionDenied => ControlError::NotAllowed {
            why: words(&source),
        },
        _ => ControlError::Unreachable {
            socket: socket.to_owned(),
            source,
        },
    })?;
    let mut talk = Talk {
        socket,
        from: BufReader::new(stream),
        until: Instant::now() + limit,
    };
    let hello = talk.line()?;
    if let Some(why) = text(&hello, "error") {
        return Err(ControlError::NotAllowed { why });
    }
    if hello.get("hello").is_none() {
        return Err(talk.lost("is none"));
    }
    let how = if dry_run { "dry-run" } else { "now" };
    let request = serde_json::json!({"id": 1, "reload": how}).to_string() + "\n";
    let sent = talk.from.get_mut().write_all(request.as_bytes());
    sent.map_err(|_| talk.lost("has gone"))?;
    loop {
        let answer = talk.line()?;
        if let Some(why) = text(&answer, "stays") {
            return Err(ControlError::BadPolicy { why });
        }
        if let Some(why) = text(&answer, "error") {
            return Err(ControlError::Refused { why });
        }
        if let Some(summary) = text(&answer, "reloaded") {
            return Ok(Reloaded::InForce(summary));
        }
        if let Some(same) = answer.get("same").and_then(Value::as_bool) {
            return Ok(Reloaded::Tried {
                same,
                text: text(&answer, "text").unwrap_or_default(),
                report: answer.get("report").cloned().unwrap_or_default(),
            });
        }
    }
}

fn text(answer: &Value, field: &str) -> Option<String> {
    answer.get(field)?.as_str().map(str::to_string)
}

struct Talk<'a> {
    socket: &'a Path,
    from: BufReader<UnixStream>,
    until: Instant,
}

impl Talk<'_> {
    fn lost(&self, why: &'static str) -> ControlError {
        ControlError::Lost {
            socket: self.socket.to_owned(),
            why,
        }
    }

    fn line(&mut self) -> Result<Value, ControlError> {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            let left = self.until.saturating_duration_since(Instant::now());
            // Nothing left: zero would be for ever.
            if left.is_zero() {
                return Err(self.lost("does not answer"));
            }
            let stream = self.from.get_ref();
            let limited = stream.set_read_timeout(Some(left));
            limited.map_err(|_| self.lost("has gone"))?;
            let room = LINE_BYTES_MAX.saturating_sub(line.len() as u64);
            let read = (&mut self.from).take(room).read_until(b'\n', &mut line);
            match read {
                Ok(0) if room == 0 => return Err(self.lost("says more than it may")),
                Ok(0) => return Err(self.lost("has gone")),
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return Err(self.lost("has gone")),
            }
        }
        serde_json::from_slice(&line).map_err(|_| self.lost("speaks another language"))
    }
}
