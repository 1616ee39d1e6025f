//! The state file: what was said last of each target, as JSON, written by a thread of its own,
//! so that a slow disk delays no check.
//!
//! One save at a time, and at most one per second, fewer where there is much to save. A save that
//! fails is tried again; the log says so once a minute. At the end the file is written once more.
//!
//! Nothing is written by who has not the lock: one that had no room at the start is taken before
//! the first save that goes well, unless another hc has it by then.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use fail_cli::{Failure, exit};
use fail_core::time::{Mono, Span};
use fail_core::watch::Kept;
use fail_rt::daemon::PidFile;
use fail_rt::log::Log;
use fail_rt::poller::Waker;
use fail_rt::queue::{self, Receiver, Sender};
use fail_rt::state_file::{self, StateFileError};
use fail_rt::{clock, files};
use serde::{Deserialize, Serialize};

/// Between two saves: whatever changes meanwhile is one.
const PACE: Span = Span::from_secs(1);

/// Of the time of the loop, one part in so many may go into taking down what is to be saved:
/// thousands of targets with their histories take some time, in which nothing else is done.
const SHARE: u64 = 100;

/// Between two tries when it fails.
const AGAIN: Span = Span::from_secs(5);

/// Between two lines about the same trouble.
const TROUBLE_EVERY: Span = Span::from_secs(60);

/// A later version that changes the meaning of a field has another number.
const VERSION: u32 = 1;

/// What every state file begins with.
const BEGINNING: &str = "{\"version\":";

#[derive(Serialize, Deserialize)]
struct Image {
    version: u32,
    kept: Vec<Kept>,
}

/// What came of a save.
struct Saved {
    bytes: usize,
    /// The lock, if it was to be had only now.
    lock: Option<PidFile>,
}

/// The way to the disk.
pub struct Store {
    /// Nothing: there is no state file.
    thread: Option<mpsc::Sender<Vec<Kept>>>,
    done: Receiver<Result<Saved, String>>,
    /// Nobody else has the file; nothing: the disk was full.
    lock: Option<PidFile>,
    log: Log,
    /// Something has changed since the last save.
    wanted: bool,
    under_way: usize,
    next: Mono,
    /// Since when it fails, and when that was said last.
    trouble: Option<Mono>,
}

impl Store {
    /// A store for this file, which was opened.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn new(
        path: Option<PathBuf>,
        opened: Opened,
        waker: &Waker,
        log: Log,
    ) -> io::Result<Store> {
        // One save at a time, and one more at the end.
        let (tell, done) = queue::bounded(waker, 2);
        let thread = path.map(|path| {
            let (orders, inbox) = mpsc::channel();
            let thread = std::thread::Builder::new().name("state-file".to_string());
            let mut file = File {
                path,
                locked: opened.lock.is_some(),
            };
            thread.spawn(move || file.write_all(&inbox, &tell))?;
            Ok::<_, io::Error>(orders)
        });
        let mut store = Store {
            thread: thread.transpose()?,
            done,
            lock: opened.lock,
            log,
            wanted: false,
            under_way: 0,
            next: Mono(0),
            trouble: None,
        };
        if let Some(why) = opened.unsaved {
            store.failed(clock::now().mono, &why);
        }
        Ok(store)
    }

    /// Something has changed.
    pub fn want(&mut self) {
        self.wanted = self.thread.is_some();
    }

    /// When to call [`Store::turn`].
    pub fn deadline(&self) -> Option<Mono> {
        (self.wanted && !self.is_busy()).then_some(self.next)
    }

    /// Saves if it is time to, and hears what came of the last save.
    pub fn turn(&mut self, now: Mono, kept: impl FnOnce() -> Vec<Kept>) {
        while let Some(done) = self.done.poll() {
            self.under_way -= 1;
            self.on_done(now, done);
        }
        if self.deadline().is_some_and(|at| at <= now) {
            let kept = kept();
            let took = clock::now().mono - now;
            self.save(now, kept);
            self.next = now + PACE.max(took.times(SHARE));
        }
    }

    fn save(&mut self, now: Mono, kept: Vec<Kept>) {
        let Some(thread) = &self.thread else { return };
        self.wanted = false;
        match thread.send(kept) {
            Ok(()) => self.under_way += 1,
            Err(_) => self.trouble(now, "state file: its thread has ended"),
        }
    }

    fn on_done(&mut self, now: Mono, done: Result<Saved, String>) {
        match done {
            Ok(Saved { bytes, lock }) => {
                self.lock = self.lock.take().or(lock);
                self.log
                    .debug(format_args!("state file: saved {bytes} bytes"));
                if self.trouble.take().is_some() {
                    self.log.info("the state file is written again");
                }
            }
            Err(why) => self.failed(now, &format!("state file: {why}")),
        }
    }

    /// It could not be saved: it is tried again.
    fn failed(&mut self, now: Mono, why: &str) {
        self.wanted = true;
        self.next = now + AGAIN;
        self.trouble(now, why);
    }

    fn trouble(&mut self, now: Mono, why: &str) {
        if self.trouble.is_none_or(|at| now - at >= TROUBLE_EVERY) {
            self.trouble = Some(now);
            self.log.error(why);
        }
    }

    /// Saves for the last time, whenever the last save was.
    pub fn leave(&mut self, now: Mono, kept: impl FnOnce() -> Vec<Kept>) {
        self.save(now, kept());
    }

    /// Whether a save is not done yet.
    pub fn is_busy(&self) -> bool {
        self.under_way > 0
    }
}

/// The file, as the thread knows it.
struct File {
    path: PathBuf,
    locked: bool,
}

impl File {
    fn write_all(
        &mut self,
        inbox: &mpsc::Receiver<Vec<Kept>>,
        tell: &Sender<Result<Saved, String>>,
    ) {
        for kept in inbox {
            if tell.send(self.write(kept)).is_err() {
                return;
            }
        }
    }

    fn write(&mut self, kept: Vec<Kept>) -> Result<Saved, String> {
        let lock = match self.locked {
            true => None,
            false => Some(state_file::lock(&self.path, "hc").map_err(|e| e.to_string())?),
        };
        let bytes = print(kept);
        files::replace(&self.path, &bytes).map_err(|e| e.to_string())?;
        self.locked = true;
        let bytes = bytes.len();
        Ok(Saved { bytes, lock })
    }
}

fn print(kept: Vec<Kept>) -> Vec<u8> {
    let image = Image {
        version: VERSION,
        kept,
    };
    // Nothing in it can not be written as JSON.
    let mut bytes = serde_json::to_vec(&image).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn parse(bytes: &[u8]) -> Result<Vec<Kept>, String> {
    let image: Image = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    match image.version {
        VERSION => Ok(image.kept),
        other => Err(format!(
            "it is of version {other}, and this hc knows {VERSION}"
        )),
    }
}

/// The state file as it was found.
#[derive(Default)]
pub struct Opened {
    /// What the last hc knew.
    pub kept: Vec<Kept>,
    /// Nobody else has it; nothing: the disk takes nothing.
    lock: Option<PidFile>,
    /// Why it can not be written now.
    unsaved: Option<String>,
}

/// Where the state file really is.
///
/// # Errors
/// It is a symbolic link that is not followed.
pub fn real_path(path: PathBuf) -> Result<PathBuf, Failure> {
    state_file::real_path(path).map_err(refused)
}

/// Locks the state file, reads what the last hc knew, and writes it once. A disk that takes nothing is no
/// reason not to check anything: that nothing is kept is said, and tried again.
///
/// # Errors
/// Another hc has it; it can not be locked, read or written; or it is no state file.
pub fn open(path: &Path, log: &Log) -> Result<Opened, Failure> {
    let (lock, full) = match state_file::lock(path, "hc") {
        Ok(lock) => (Some(lock), None),
        Err(StateFileError::Full(why)) => (None, Some(why)),
        Err(e) => return Err(refused(e)),
    };
    let kept = state_file::read(path, BEGINNING, parse, |damage, aside| {
        let file = path.display();
        log.error(format_args!(
            "state file {file} can not be used: {damage}; it is now {aside}, and hc knows nothing"
        ));
    });
    let kept = kept.map_err(refused)?;
    let full = match full {
        Some(why) => Some(why),
        None => begin(path, &kept, log)?,
    };
    let unsaved = full.map(|why| format!("{why}; what is said is not kept"));
    Ok(Opened {
        kept,
        lock,
        unsaved,
    })
}

/// Writes it once, as it is ours. Gives why that can not be done yet.
fn begin(path: &Path, kept: &[Kept], log: &Log) -> Result<Option<String>, Failure> {
    for path in state_file::remove_unfinished(path) {
        let path = path.display();
        log.info(format_args!("removed {path}, which an earlier hc left"));
    }
    match state_file::write(path, &print(kept.to_vec())) {
        Ok(()) => Ok(None),
        Err(StateFileError::Full(why)) => Ok(Some(why)),
        Err(e) => Err(refused(e)),
    }
}

fn refused(error: StateFileError) -> Failure {
    let code = match error {
        StateFileError::Taken(_) => exit::CANTCREAT,
        StateFileError::Full(_) | StateFileError::Failed(_) => exit::IOERR,
    };
    Failure::new(code, error)
}
