//! The state file: what was said last of each target, as JSON, written by a thread of its own,
//! so that a slow disk delays no check.
//!
//! One save at a time, and at most one per second, fewer where there is much to save. A save that fails is tried again; the log
//! says so once a minute. At the end the file is written once more.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use fail_cli::{Failure, exit};
use fail_core::time::{Mono, Span};
use fail_core::watch::Kept;
use fail_rt::daemon::{PidFile, PidFileError};
use fail_rt::log::Log;
use fail_rt::poller::Waker;
use fail_rt::queue::{self, Receiver, Sender};
use fail_rt::{clock, files, reason};
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

#[derive(Serialize, Deserialize)]
struct Image {
    version: u32,
    kept: Vec<Kept>,
}

/// The way to the disk.
pub struct Store {
    /// Nothing: there is no state file.
    thread: Option<mpsc::Sender<Vec<Kept>>>,
    done: Receiver<Result<usize, String>>,
    log: Log,
    /// Something has changed since the last save.
    wanted: bool,
    under_way: usize,
    next: Mono,
    /// Since when it fails, and when that was said last.
    trouble: Option<Mono>,
}

impl Store {
    /// A store for this file.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn new(path: Option<PathBuf>, waker: &Waker, log: Log) -> io::Result<Store> {
        // One save at a time, and one more at the end.
        let (tell, done) = queue::bounded(waker, 2);
        let thread = path.map(|path| {
            let (orders, inbox) = mpsc::channel();
            let thread = std::thread::Builder::new().name("state-file".to_string());
            thread.spawn(move || write_all(&path, &inbox, &tell))?;
            Ok::<_, io::Error>(orders)
        });
        Ok(Store {
            thread: thread.transpose()?,
            done,
            log,
            wanted: false,
            under_way: 0,
            next: Mono(0),
            trouble: None,
        })
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
            Err(_) => self.trouble(now, "the thread for the state file has ended"),
        }
    }

    fn on_done(&mut self, now: Mono, done: Result<usize, String>) {
        match done {
            Ok(bytes) => {
                self.log
                    .debug(format_args!("state file: saved {bytes} bytes"));
                if self.trouble.take().is_some() {
                    self.log.info("the state file is written again");
                }
            }
            Err(why) => {
                self.wanted = true;
                self.next = now + AGAIN;
                self.trouble(now, &why);
            }
        }
    }

    fn trouble(&mut self, now: Mono, why: &str) {
        if self.trouble.is_none_or(|at| now - at >= TROUBLE_EVERY) {
            self.trouble = Some(now);
            self.log.error(format_args!("state file: {why}"));
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

fn write_all(path: &Path, inbox: &mpsc::Receiver<Vec<Kept>>, tell: &Sender<Result<usize, String>>) {
    for kept in inbox {
        let bytes = print(kept);
        let saved = files::replace(path, &bytes);
        let saved = saved.map(|()| bytes.len()).map_err(|e| e.to_string());
        if tell.send(saved).is_err() {
            return;
        }
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

/// Where the state file really is: a symbolic link stays one when the file is replaced.
pub fn real_path(path: PathBuf) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return path;
    };
    let folder = folder.canonicalize();
    folder.map_or_else(|_| path.clone(), |folder| folder.join(name))
}

/// Locks the state file, by a file beside it because the state file itself is replaced.
///
/// # Errors
/// Another hc has it, or the lock can not be made.
pub fn lock(path: &Path) -> Result<PidFile, Failure> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let file = path.display();
    PidFile::create(Path::new(&beside)).map_err(|e| match e {
        PidFileError::Held { holder, .. } => Failure::new(
            exit::CANTCREAT,
            format!("state file {file} is in use by process {holder}: is another hc running?"),
        ),
        PidFileError::Failed { path, source } => {
            let (lock, why) = (path.display(), reason::words(&source));
            let sentence = format!("can not lock state file {file}: can not write {lock}: {why}");
            Failure::new(exit::IOERR, sentence)
        }
        foreign => Failure::new(
            exit::CANTCREAT,
            format!("can not lock state file {file}: {foreign}"),
        ),
    })
}

/// Reads what the last hc knew, and writes it once, so that a file that can not be written is
/// noticed now and not with the first change.
///
/// # Errors
/// It can not be read or written.
pub fn take(path: &Path, log: &Log) -> Result<Vec<Kept>, Failure> {
    let kept = read(path, log)?;
    let written = files::replace(path, &print(kept.clone()));
    written.map_err(|e| Failure::new(exit::IOERR, format!("state file: {e}")))?;
    Ok(kept)
}

/// Reads it. A damaged file is set aside: it must not stop the daemon, nor
/// be lost.
fn read(path: &Path, log: &Log) -> Result<Vec<Kept>, Failure> {
    let file = path.display();
    let bytes = match files::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => {
            let sentence = format!("can not read state file {file}: {}", reason::words(&e));
            return Err(Failure::new(exit::IOERR, sentence));
        }
    };
    parse(&bytes).or_else(|damage| {
        let aside = files::set_aside(path).map_err(|e| Failure::new(exit::IOERR, e))?;
        let aside = aside.display();
        log.error(format_args!(
            "state file {file} can not be used: {damage}; it is now {aside}, and hc knows nothing"
        ));
        Ok(Vec::new())
    })
}
