//! The state file, written by a thread of its own, so that a slow disk never delays an
//! answer to a query. One save at a time: the machine asks for the next when it has heard of
//! the last.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use fail_conf::state;
use fail_core::node::Image;
use fail_rt::files;
use fail_rt::poller::Waker;
use fail_rt::queue::{self, Receiver, Sender};

/// What came of a save: its number, and what it was or one sentence if it failed.
pub type Saved = (u64, Result<Written, String>);

/// What a save was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    pub bytes: usize,
    pub took: Duration,
}

/// The way to the disk.
pub struct Store {
    /// Nothing: there is no state file, and every save is done at once.
    thread: Option<mpsc::Sender<(u64, Image)>>,
    done: Receiver<Saved>,
    tell: Sender<Saved>,
    under_way: usize,
}

impl Store {
    /// A store for this file; `bound` is one that a sandbox keeps in its directory.
    pub fn new(path: Option<PathBuf>, bound: bool, waker: &Waker) -> io::Result<Store> {
        // At most one save is under way.
        let (tell, done) = queue::bounded(waker, 2);
        let thread = match path {
            None => None,
            Some(path) => {
                let (orders, inbox) = mpsc::channel();
                let tell = tell.clone();
                let name = "state-file".to_string();
                let home = Home::of(&path, bound);
                std::thread::Builder::new()
                    .name(name)
                    .spawn(move || write_all(&path, &home, &inbox, &tell))?;
                Some(orders)
            }
        };
        Ok(Store {
            thread,
            done,
            tell,
            under_way: 0,
        })
    }

    /// Puts this on disk. What came of it is found by [`Store::poll`].
    pub fn save(&mut self, no: u64, image: Image) {
        self.under_way += 1;
        let orphaned = match &self.thread {
            None => {
                // The queue has room for the one save that is under way.
                let _ = self.tell.send((no, Ok(Written::default())));
                false
            }
            Some(thread) => thread.send((no, image)).is_err(),
        };
        if orphaned {
            let _ = self.tell.send((
                no,
                Err("the thread for the state file has ended".to_string()),
            ));
        }
    }

    /// A save that is done.
    pub fn poll(&mut self) -> Option<Saved> {
        let saved = self.done.poll()?;
        self.under_way -= 1;
        Some(saved)
    }

    /// Whether a save is not done yet.
    pub fn is_busy(&self) -> bool {
        self.under_way > 0
    }
}

/// The directory of the state file, as it was when the sandbox was entered.
struct Home {
    path: PathBuf,
    identity: Option<(u64, u64)>,
    bound: bool,
}

impl Home {
    fn of(file: &Path, bound: bool) -> Home {
        let path = file.parent().unwrap_or(Path::new("/")).to_path_buf();
        Home {
            identity: identity(&path),
            path,
            bound,
        }
    }

    /// A sentence for why a save failed.
    fn explain(&self, error: &io::Error) -> String {
        let denied = self.bound && error.kind() == io::ErrorKind::PermissionDenied;
        match denied && identity(&self.path) != self.identity {
            true => format!(
                "{error} ({} is not the directory that was there when faild was started, and \
                 its sandbox knows no other: it has to be started again)",
                self.path.display()
            ),
            false => error.to_string(),
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.dev(), data.ino()))
}

fn write_all(path: &Path, home: &Home, inbox: &mpsc::Receiver<(u64, Image)>, tell: &Sender<Saved>) {
    for (no, image) in inbox {
        let began = Instant::now();
        let content = state::print(&image);
        let saved = files::replace(path, &content).map_err(|e| home.explain(&e));
        let saved = saved.map(|()| Written {
            bytes: content.len(),
            took: began.elapsed(),
        });
        // Nobody left to tell: the daemon is ending, and the file is as it should be.
        if tell.send((no, saved)).is_err() {
            return;
        }
    }
}
