//! Which files faild goes on needing once it is set up, and what is said of the sandbox.
//!
//! The community file is read again, after it was replaced by a rename, say: its directory. The
//! state file is replaced as a whole: its directory, and where the permissions of files keep us
//! out of everything else anyway, the one above it, so that a directory that was removed and
//! made again, or mounted anew, is found. Root owns too much for that.

use std::io;
use std::path::{Path, PathBuf};

use fail_rt::daemon::{self, Keep};
use fail_rt::log::Log;
use fail_rt::sandbox::{self, InForce, Use};

use crate::setup::Files;

/// Gives up everything but those.
pub fn enter(files: &Files, keep: Keep) -> io::Result<InForce> {
    let mut places = Vec::new();
    if let Some(path) = &files.community_file {
        // Where the link is, and where what it points to is.
        places.extend(directory(path).map(|path| (path, Use::Read)));
        let real = path.canonicalize().ok();
        let real = real.as_deref().and_then(directory);
        places.extend(real.map(|path| (path, Use::Read)));
    }
    if let Some(home) = files.state_file.as_deref().and_then(directory) {
        if daemon::user_id() != 0 {
            places.extend(directory(&home).map(|above| (above, Use::Replace)));
        }
        places.push((home, Use::Replace));
    }
    let pid_file = files.pid_file.as_deref().and_then(directory);
    places.extend(pid_file.map(|path| (path, Use::Remove)));
    sandbox::enter(&places, keep)
}

fn directory(path: &Path) -> Option<PathBuf> {
    path.parent().map(Path::to_path_buf)
}

/// One line: what is in force.
pub fn report(sandbox: Option<&InForce>, log: &Log) {
    match sandbox {
        None => log.warn("sandbox: none (--no-sandbox)"),
        Some(sandbox) if sandbox.is_complete() => log.info(sandbox),
        Some(sandbox) => log.warn(sandbox),
    }
}
