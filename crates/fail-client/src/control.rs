//! Have the failsh of this host read its policy again, or try it, or run a command, by its
//! control socket; blocking, with a deadline.
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
    let (mut talk, _) = Talk::open(socket, limit)?;
    let how = if dry_run { "dry-run" } else { "now" };
    let request = serde_json::json!({"id": 1, "reload": how}).to_string() + "\n";
    talk.send(&request)?;
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

/// Has a command of Tcl run there, and gives its result. With `pid` only by the failsh that has
/// this number.
///
/// # Errors
/// See [`ControlError`]; an error of the command is a refusal.
pub fn eval(
    socket: &Path,
    command: &str,
    pid: Option<u32>,
    limit: Duration,
) -> Result<String, ControlError> {
    let (mut talk, hello) = Talk::open(socket, limit)?;
    let is = hello.get("pid").and_then(Value::as_u64);
    if pid.is_some_and(|pid| is != Some(u64::from(pid))) {
        return Err(talk.lost("is not the one that is shown"));
    }
    let request = serde_json::json!({"id": 1, "eval": command}).to_string() + "\n";
    talk.send(&request)?;
    loop {
        let answer = talk.line()?;
        if let Some(why) = text(&answer, "error") {
            return Err(ControlError::Refused { why });
        }
        if let Some(code) = answer.get("code").and_then(Value::as_i64) {
            let result = text(&answer, "result").unwrap_or_default();
            return match code {
                0 => Ok(result),
                _ => Err(ControlError::Refused { why: result }),
            };
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

impl<'a> Talk<'a> {
    /// Connects, and gives what the failsh says of itself.
    fn open(socket: &'a Path, limit: Duration) -> Result<(Talk<'a>, Value), ControlError> {
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
        match hello.get("hello") {
            Some(hello) => Ok((talk, hello.clone())),
            None => Err(talk.lost("is none")),
        }
    }

    fn send(&mut self, line: &str) -> Result<(), ControlError> {
        let sent = self.from.get_mut().write_all(line.as_bytes());
        sent.map_err(|_| self.lost("has gone"))
    }

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
