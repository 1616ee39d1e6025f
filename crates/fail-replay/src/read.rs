//! Reads a recording: its header, then one turn after the other.
//!
//! A last line without its end is what a kill leaves behind, and no error. Anything else that
//! is not as it is written is one, with its line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use fail_core::time::{Mono, Now, Wall};
use serde::Deserialize;
use serde_json::Value;

use crate::clean::clean;
use crate::header::{Header, MARK, Mark, VERSION};
use crate::limits::{LINE_BYTES_MAX, QUIET_MAX};

/// A recording that can not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", clean(&place(.file, *.line)), clean(.problem))]
pub struct BadRecording {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; 0: the file as a whole.
    pub line: u64,
    /// What is wrong, and what to do.
    pub problem: String,
}

/// One call of the machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The line of the call.
    pub line: u64,
    /// What the clocks said.
    pub now: Now,
    /// The input; nothing: the deadline had come.
    pub input: Option<Value>,
    /// What came out; nothing: the recording ends before it.
    pub outs: Option<Vec<Value>>,
}

/// How a recording ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With a whole turn.
    Whole,
    /// In the middle of a line.
    Cut,
}

/// A line after the first.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at: Option<Mono>,
    wall: Option<Wall>,
    #[serde(rename = "in")]
    input: Option<Value>,
    #[serde(default)]
    expire: bool,
    out: Option<Vec<Value>>,
    end: Option<String>,
}

/// A recording that is being read.
pub struct Reader<R> {
    file: String,
    from: R,
    at: u64,
    header: Header,
    /// A call whose outputs have not been read yet.
    call: Option<Turn>,
    cut: bool,
    /// The moment of the last call.
    last: Mono,
    /// What the recorder said at its end.
    said: Option<String>,
}

impl Reader<BufReader<File>> {
    /// Opens a file.
    ///
    /// # Errors
    /// It can not be read, or it is no recording.
    pub fn open(path: &Path) -> Result<Reader<BufReader<File>>, BadRecording> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|e| BadRecording {
            file: name.clone(),
            line: 0,
            problem: format!("can not be read: {}", system(&e)),
        })?;
        Reader::new(&name, BufReader::new(file))
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// It is no recording, or one of a version that is not read here.
    pub fn new(file: &str, from: R) -> Result<Reader<R>, BadRecording> {
        let mut lines = Lines { from, at: 0 };
        let bad = |problem: String| BadRecording {
            file: file.to_string(),
            line: 1,
            problem,
        };
        let none = || "this is no recording of faild or failsh".to_string();
        let (text, whole) = lines.next().map_err(bad)?.ok_or_else(|| bad(none()))?;
        let mark: Mark = serde_json::from_slice(&text).map_err(|_| bad(none()))?;
        if mark.failover != MARK {
            return Err(bad(none()));
        }
        if mark.version != VERSION {
            return Err(bad(format!(
                "a recording of version {}, and this program reads version {VERSION}; replay it \
                 with the failsh of the program that made it",
                mark.version
            )));
        }
        let header: Result<Header, _> = serde_json::from_slice(&text);
        let header =
            header.map_err(|e| bad(format!("its header makes no sense: {}", plain(&e))))?;
        if !whole {
            return Err(bad("it ends in its header".to_string()));
        }
        Ok(Reader {
            file: file.to_string(),
            from: lines.from,
            at: lines.at,
            last: header.mono,
            header,
            call: None,
            cut: false,
            said: None,
        })
    }

    /// The first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The name of the file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// How it ended, once there is no further turn.
    pub fn end(&self) -> End {
        match self.cut {
            true => End::Cut,
            false => End::Whole,
        }
    }

    /// What the recorder said when it stopped, if it did.
    pub fn said(&self) -> Option<&str> {
        self.said.as_deref()
    }

    /// An error in this line.
    pub fn bad(&self, line: u64, problem: impl Into<String>) -> BadRecording {
        BadRecording {
            file: self.file.clone(),
            line,
            problem: problem.into(),
        }
    }

    /// The next turn; nothing: that was all.
    ///
    /// # Errors
    /// A line that is not as it is written.
    pub fn turn(&mut self) -> Result<Option<Turn>, BadRecording> {
        loop {
            let Some(line) = self.line()? else {
                return Ok(self.call.take());
            };
            if let Some(said) = line.end {
                self.said = Some(said);
                continue;
            }
            if let Some(outs) = line.out {
                let call = self.call.take();
                let call = call.ok_or_else(|| self.bad(self.at, "outputs without an input"))?;
                let outs = Some(outs);
                return Ok(Some(Turn { outs, ..call }));
            }
            let (Some(mono), Some(wall)) = (line.at, line.wall) else {
                return Err(self.bad(self.at, "neither an input nor outputs"));
            };
            if line.input.is_some() == line.expire {
                return Err(self.bad(self.at, "neither an input nor a deadline"));
            }
            if mono - self.last > QUIET_MAX {
                let days = QUIET_MAX.as_millis() / 86_400_000;
                let problem = format!("more than {days} days after what was before it");
                return Err(self.bad(self.at, problem));
            }
            self.last = mono;
            let next = Turn {
                line: self.at,
                now: Now { mono, wall },
                input: line.input,
                outs: None,
            };
            if let Some(call) = self.call.replace(next) {
                let outs = Some(Vec::new());
                return Ok(Some(Turn { outs, ..call }));
            }
        }
    }

    fn line(&mut self) -> Result<Option<Line>, BadRecording> {
        let at = self.at;
        let mut lines = Lines {
            from: &mut self.from,
            at,
        };
        let next = lines.next();
        self.at = lines.at;
        let Some((text, whole)) = next.map_err(|problem| self.bad(at + 1, problem))? else {
            return Ok(None);
        };
        if !whole {
            self.cut = true;
            return Ok(None);
        }
        let line = serde_json::from_slice(&text);
        line.map_err(|e| self.bad(self.at, plain(&e))).map(Some)
    }
}

/// Lines with their numbers.
struct Lines<R> {
    from: R,
    at: u64,
}

impl<R: BufRead> Lines<R> {
    /// The next line without its end, and whether it had one.
    fn next(&mut self) -> Result<Option<(Vec<u8>, bool)>, String> {
        let mut text = Vec::new();
        let mut from = (&mut self.from).take(LINE_BYTES_MAX);
        let read = from.read_until(b'\n', &mut text);
        read.map_err(|e| format!("can not be read: {}", system(&e)))?;
        if text.is_empty() {
            return Ok(None);
        }
        self.at += 1;
        let whole = text.last() == Some(&b'\n');
        text.truncate(text.len() - usize::from(whole));
        if !whole && text.len() as u64 == LINE_BYTES_MAX {
            return Err(format!("a line of more than {LINE_BYTES_MAX} bytes"));
        }
        Ok(Some((text, whole)))
    }
}

fn place(file: &str, line: u64) -> String {
    match line {
        0 => file.to_string(),
        line => format!("{file}:{line}"),
    }
}

/// What the system says, without the number of the error.
fn system(error: &std::io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_lowercase()
}

/// What is wrong with a text, without the line that the parser counts by itself.
pub(crate) fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    format!("it makes no sense: {}", &text[..end])
}
