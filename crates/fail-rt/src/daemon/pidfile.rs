//! A pid file that is also the lock of its daemon.
//!
//! The lock is the truth, the number in it is for people and scripts: a file left by a crash
//! holds nobody up. It is a write lock of the open file (`F_OFD_SETLK`), which only who may
//! write the file can take, where any user could take the lock of `flock` and keep us out.
//!
//! The file is not created through a symbolic link, and one that holds anything but a number
//! is left alone. It goes away with the daemon, if it is still ours. To be created after [`daemonize`](super::daemonize), which changes the number.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};

use crate::reason;

/// Longer than any number of a process; what has more is no pid file.
const CONTENT_MAX: usize = 32;

/// Times that the file may be replaced under our hands before we give up.
const RACES_MAX: usize = 10;

/// A locked file with our number; removed on drop.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    file: File,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum PidFileError {
    /// Another process holds it.
    #[error("{} is held by process {holder}: it is running already", path.display())]
    Held {
        /// The file.
        path: PathBuf,
        /// What the file says, `?` if nothing yet.
        holder: String,
    },
    /// It is something else.
    #[error("{} is not a pid file, so it is left as it is: {why}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        why: &'static str,
    },
    /// The system refuses.
    #[error("can not write pid file {}: {}", path.display(), reason::words(.source))]
    Failed {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl PidFile {
    /// Creates or takes over the file, locks it and writes our number into it. A relative path
    /// is read now, and later must not change its meaning: it is made absolute.
    pub fn create(path: &Path) -> Result<PidFile, PidFileError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let failed = |source| PidFileError::Failed {
            path: path.clone(),
            source,
        };
        for _ in 0..RACES_MAX {
            let file = open(&path)?;
            match lock(&file) {
                Ok(()) => {}
                Err(Errno::EAGAIN | Errno::EACCES) => {
                    let holder = content(&file).unwrap_or_default();
                    let holder = match holder.trim().parse::<u32>() {
                        Ok(number) => number.to_string(),
                        Err(_) => "?".to_owned(),
                    };
                    let path = path.clone();
                    return Err(PidFileError::Held { path, holder });
                }
                Err(errno) => return Err(failed(errno.into())),
            }
            // Its last holder may have removed it between our opening and our locking.
            if !is_still(&path, &file) {
                continue;
            }
            check_content(&path, &file)?;
            write_number(&file).map_err(failed)?;
            return Ok(PidFile { path, file });
        }
        Err(failed(io::Error::other("it keeps being replaced")))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if !is_still(&self.path, &self.file) {
            return;
        }
        // Who gave up his rights may not remove it; then it is at least empty.
        if fs::remove_file(&self.path).is_err() {
            let _ = self.file.set_len(0);
        }
    }
}

fn open(path: &Path) -> Result<File, PidFileError> {
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o644)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path);
    let foreign = |why| PidFileError::Foreign {
        path: path.to_owned(),
        why,
    };
    let failed = |source| PidFileError::Failed {
        path: path.to_owned(),
        source,
    };
    match opened {
        Ok(file) if file.metadata().map_err(failed)?.is_file() => Ok(file),
        Ok(_) => Err(foreign("it is not a regular file")),
        Err(e) if e.raw_os_error() == Some(libc::ELOOP) => Err(foreign("it is a symbolic link")),
        Err(e) if e.raw_os_error() == Some(libc::EISDIR) => Err(foreign("it is a directory")),
        Err(e) => Err(failed(e)),
    }
}

/// Locks the whole file for as long as it is open.
fn lock(file: &File) -> Result<(), Errno> {
    // Every field has a meaning for this call, or is padding that zero suits.
    let whole = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(file.as_fd(), FcntlArg::F_OFD_SETLK(&whole)).map(drop)
}

fn content(file: &File) -> io::Result<String> {
    let mut bytes = [0; CONTENT_MAX + 1];
    let n = file.read_at(&mut bytes, 0)?;
    Ok(String::from_utf8_lossy(&bytes[..n]).into_owned())
}

fn check_content(path: &Path, file: &File) -> Result<(), PidFileError> {
    let text = content(file).map_err(|source| PidFileError::Failed {
        path: path.to_owned(),
        source,
    })?;
    let number = text.trim();
    if number.is_empty() && text.len() < 2 || number.parse::<u32>().is_ok() {
        return Ok(());
    }
    Err(PidFileError::Foreign {
        path: path.to_owned(),
        why: "it holds something other than a number",
    })
}

fn write_number(file: &File) -> io::Result<()> {
    let line = format!("{}\n", std::process::id());
    file.write_all_at(line.as_bytes(), 0)?;
    file.set_len(line.len() as u64)
}

fn is_still(path: &Path, file: &File) -> bool {
    let (Ok(there), Ok(ours)) = (fs::symlink_metadata(path), file.metadata()) else {
        return false;
    };
    (there.dev(), there.ino()) == (ours.dev(), ours.ino())
}
