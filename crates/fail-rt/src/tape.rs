//! A file that grows by whole lines while a loop goes on: a recording.
//!
//! What is put before something happens has reached the kernel by then, so that a kill loses
//! nothing. But a disk that hangs must not hang a failover: lines are written by a thread, and
//! it is waited for [`WAIT_MAX`] at most, and not again before it has caught up. A file that
//! can not be written, or has its largest size, is the end of the recording, with one line in
//! the log, and nothing else.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::log::Log;
use crate::reason;

/// How long a loop waits for its line to be written: less than any host is waited for.
pub const WAIT_MAX: Duration = Duration::from_millis(2);

/// Bytes that wait for the disk: some minutes of a busy failsh. Past that the disk hangs.
pub const WAITING_MAX: usize = 8 << 20;

/// How long the end of a program waits for its last lines to be written.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Room for the last line, which says why it is the last.
const LAST_LINE: u64 = 1 << 10;

/// A recording.
#[derive(Debug)]
pub struct Tape {
    shared: Arc<Shared>,
    path: PathBuf,
    log: Log,
    max: u64,
    taken: u64,
    /// The disk is behind: it is not waited for.
    late: bool,
    over: bool,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    writing: bool,
    failed: Option<io::Error>,
    closed: bool,
}

impl State {
    fn is_written(&self) -> bool {
        self.waiting.is_empty() && !self.writing
    }
}

/// Makes the file, for its owner only. An earlier one that begins in the same way is renamed to
/// `path.old`; anything else that is in the way stays.
///
/// # Errors
/// One sentence.
pub fn create(path: &Path, beginning: &[u8]) -> Result<File, String> {
    let failed = |doing: &str, e: &io::Error| {
        let (file, why) = (path.display(), reason::words(e));
        format!("can not {doing} {file}: {why}")
    };
    if let Err(why) = set_aside(path, beginning) {
        return Err(failed("record to", &why));
    }
    OpenOptions::new()
        .append(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
        .open(path)
        .map_err(|e| failed("record to", &e))
}

/// Renames an earlier recording to `path.old`.
fn set_aside(path: &Path, beginning: &[u8]) -> io::Result<()> {
    let mut old = path.as_os_str().to_owned();
    old.push(".old");
    let old = Path::new(&old);
    if !is_ours(path, beginning)? {
        return Ok(());
    }
    is_ours(old, beginning).map_err(|e| io::Error::other(format!("{}: {e}", old.display())))?;
    fs::rename(path, old)
}

/// Whether there is one; an error: there is something else.
fn is_ours(path: &Path, beginning: &[u8]) -> io::Result<bool> {
    let open = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path);
    let file = match open {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) if e.raw_os_error() == Some(libc::ELOOP) => {
            return Err(io::Error::other("it is a symbolic link; remove it"));
        }
        Err(e) => return Err(e),
    };
    let mut found = Vec::new();
    if file.metadata()?.is_file() {
        file.take(beginning.len() as u64).read_to_end(&mut found)?;
        // One that was killed at once has nothing in it.
        if found == beginning || found.is_empty() {
            return Ok(true);
        }
    }
    let text = "there is something that is no recording; remove it or name another file";
    Err(io::Error::other(text))
}

impl Tape {
    /// Writes to this file, up to `max` bytes.
    ///
    /// # Errors
    /// There is no thread for it.
    pub fn new(file: File, path: &Path, max: u64, log: &Log) -> io::Result<Tape> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("tape".to_owned());
        thread.spawn(move || theirs.write_all(file))?;
        Ok(Tape {
            shared,
            path: path.to_owned(),
            log: log.clone(),
            max,
            taken: 0,
            late: false,
            over: false,
        })
    }

    /// Adds whole lines, which are safe from a kill before this returns, unless the disk is
    /// slow. Says whether more is wanted.
    pub fn put_first(&mut self, lines: &[u8]) -> bool {
        self.add(lines, true)
    }

    /// Adds whole lines. Says whether more is wanted.
    pub fn put(&mut self, lines: &[u8]) -> bool {
        self.add(lines, false)
    }

    /// Whether the disk is behind, and is not waited for.
    pub fn is_late(&self) -> bool {
        self.late
    }

    fn add(&mut self, lines: &[u8], wait: bool) -> bool {
        if self.over {
            return false;
        }
        let taken = self.taken + lines.len() as u64;
        if taken + LAST_LINE > self.max {
            self.stop(&format!("it has its largest size, {} bytes", self.max));
            return false;
        }
        let mut state = self.shared.lock();
        if let Some(e) = state.failed.take() {
            drop(state);
            self.end(&reason::words(&e));
            return false;
        }
        if state.waiting.len() + lines.len() > WAITING_MAX {
            state.closed = true;
            drop(state);
            self.end("the disk does not take it");
            return false;
        }
        self.late &= !state.is_written();
        state.waiting.extend(lines);
        self.shared.changed.notify_all();
        if wait && !self.late {
            self.late = !self.shared.wait(state, WAIT_MAX);
        }
        self.taken = taken;
        true
    }

    /// Ends the recording, in the file and in the log.
    pub fn stop(&mut self, why: &str) {
        if !self.over {
            let mut state = self.shared.lock();
            let why = why.replace(['"', '\\'], "'");
            state
                .waiting
                .extend(format!("{{\"end\":\"{why}\"}}\n").into_bytes());
            state.closed = true;
            self.shared.changed.notify_all();
            drop(state);
            self.end(&why);
        }
    }

    fn end(&mut self, why: &str) {
        self.over = true;
        let file = self.path.display();
        self.log
            .warn(format_args!("{file}: the recording ends: {why}"));
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        self.shared.changed.notify_all();
        self.shared.wait(state, LAST_WAIT);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nothing is left to write, but not longer than this. Says whether it is so.
    fn wait(&self, mut state: MutexGuard<'_, State>, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        while !state.is_written() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let woken = self.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// The life of the thread.
    fn write_all(&self, mut file: File) {
        let mut state = self.lock();
        loop {
            if !state.waiting.is_empty() {
                let lines = std::mem::take(&mut state.waiting);
                state.writing = true;
                drop(state);
                let written = file.write_all(&lines);
                state = self.lock();
                state.writing = false;
                if let Err(e) = written {
                    state.failed = Some(e);
                    state.waiting.clear();
                    state.closed = true;
                }
                self.changed.notify_all();
            } else if state.closed {
                return;
            } else {
                let woken = self.changed.wait(state);
                state = woken.unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}
