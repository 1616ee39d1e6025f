//! The state file of a daemon at its start: where it really is, locked, read, and written once.
//! What is in it is not known here.

use std::ffi::OsStr;
use std::fmt::Display;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::daemon::{PidFile, PidFileError, user_id};
use crate::{files, reason};

/// In the mode of a file: others than its user may write it.
const OTHERS_WRITE: u32 = 0o022;

/// Why it can not be used: one sentence.
#[derive(Debug, thiserror::Error)]
pub enum StateFileError {
    /// Another process has it, or something else is where it or its lock is to be.
    #[error("{0}")]
    Taken(String),
    /// The disk is full, or takes nothing any more.
    #[error("{0}")]
    Full(String),
    /// The system refuses.
    #[error("{0}")]
    Failed(String),
}

impl StateFileError {
    fn of(error: &io::Error, sentence: String) -> StateFileError {
        match error.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::ReadOnlyFilesystem => StateFileError::Full(sentence),
            _ => StateFileError::Failed(sentence),
        }
    }
}

/// Where the state file really is: a symbolic link stays one when the file is replaced.
///
/// # Errors
/// It is a link that somebody else has made, or the file belongs to somebody else, or others may
/// write it: what is there is not ours to replace, and not to be believed.
pub fn real_path(path: PathBuf) -> Result<PathBuf, StateFileError> {
    if let Ok(real) = path.canonicalize() {
        return match whose(&path, &real) {
            Some(why) => Err(StateFileError::Taken(format!(
                "{} is not taken for a state file: {why}",
                path.display()
            ))),
            None => Ok(real),
        };
    }
    // Not there yet: then its directory may still have several names.
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(path);
    };
    let folder = folder.canonicalize();
    Ok(folder.map_or_else(|_| path.clone(), |folder| folder.join(name)))
}

/// Why what is really there is not ours; nothing: it is.
fn whose(path: &Path, real: &Path) -> Option<String> {
    let link = fs::symlink_metadata(path).ok()?;
    let user = user_id();
    if link.is_symlink() && link.uid() != user && link.uid() != 0 {
        return Some(format!("it is a symbolic link of user {}", link.uid()));
    }
    let file = fs::metadata(real).ok()?;
    let (owner, real) = (file.uid(), real.display());
    match link.is_symlink() {
        true if owner != user => Some(format!(
            "it is a symbolic link to {real}, which belongs to user {owner}"
        )),
        false if owner != user && owner != 0 => Some(format!("it belongs to user {owner}")),
        _ if file.is_file() && file.mode() & OTHERS_WRITE != 0 => {
            Some("others may write it".to_string())
        }
        _ => None,
    }
}

/// Locks the state file of this program, by a file beside it because the state file itself is
/// replaced.
///
/// # Errors
/// Another process has it, or the lock can not be made.
pub fn lock(path: &Path, program: &str) -> Result<PidFile, StateFileError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let file = path.display();
    PidFile::create(Path::new(&beside)).map_err(|e| match e {
        PidFileError::Held { holder, .. } => StateFileError::Taken(format!(
            "state file {file} is in use by process {holder}: is another {program} running?"
        )),
        PidFileError::Failed { path, source } => {
            let (lock, why) = (path.display(), reason::words(&source));
            let sentence = format!("can not lock state file {file}: can not write {lock}: {why}");
            StateFileError::of(&source, sentence)
        }
        foreign => StateFileError::Taken(format!("can not lock state file {file}: {foreign}")),
    })
}

/// Reads it; one that is not there is as good as an empty one. A state file, which has this
/// `beginning`, that can not be understood is set aside: it must not stop the daemon, nor be
/// lost. `say` is told what is wrong with it, and what it is called now.
///
/// # Errors
/// It can not be read, or not be set aside; or it is another kind of file, which somebody has
/// named by mistake and wants to keep where it is.
pub fn read<T: Default, E>(
    path: &Path,
    beginning: &str,
    parse: impl FnOnce(&[u8]) -> Result<T, E>,
    say: impl FnOnce(E, &dyn Display),
) -> Result<T, StateFileError> {
    let bytes = match files::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(T::default()),
        Err(e) => {
            let (file, why) = (path.display(), reason::words(&e));
            let sentence = format!("can not read state file {file}: {why}");
            return Err(StateFileError::Failed(sentence));
        }
    };
    if !is_ours(&bytes, beginning.as_bytes()) {
        let file = path.display();
        let sentence = format!("{file} is not a state file, so it is left as it is");
        return Err(StateFileError::Taken(sentence));
    }
    parse(&bytes).or_else(|damage| {
        let aside = files::set_aside(path);
        let aside = aside.map_err(|e| StateFileError::Failed(e.to_string()))?;
        say(damage, &aside.display());
        Ok(T::default())
    })
}

/// Removes what earlier ones of the program were writing when they were killed: the state file's
/// name with `.new-` and the number of a process that is no more. Gives what is removed.
pub fn remove_unfinished(path: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Vec::new();
    };
    let prefix = format!("{}.new-", name.to_string_lossy());
    let is_left = |name: &OsStr| {
        let number = name.to_str().and_then(|name| name.strip_prefix(&prefix));
        let number = number.and_then(|number| number.parse::<u32>().ok());
        number.is_some_and(|number| !Path::new(&format!("/proc/{number}")).exists())
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| is_left(&entry.file_name()))
        .map(|entry| entry.path())
        .filter(|path| std::fs::remove_file(path).is_ok())
        .collect()
}

/// Whether this may be what is left of a state file: its beginning is there, or is cut off, or
/// is in a block that a disk has lost, which is read as zeros.
fn is_ours(bytes: &[u8], beginning: &[u8]) -> bool {
    let length = bytes.len().min(beginning.len());
    let (found, wanted) = (&bytes[..length], &beginning[..length]);
    found == wanted || found.iter().all(|byte| *byte == 0)
}

/// Writes it, so that one that can not be written is noticed now and not with the first change.
///
/// # Errors
/// It can not be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), StateFileError> {
    let written = files::replace(path, bytes);
    written.map_err(|e| StateFileError::of(&e, format!("state file: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_state_file_is_told_from_another_file() {
        for (bytes, ours) in [
            (&b"{\"version\":1,"[..], true),
            (b"{\"version\":", true),
            (b"{\"ver", true),
            (b"", true),
            (&[0; 4096], true),
            (b"root:x:0:0:", false),
            (b"{\"failover_state\":1", false),
            (b"load icmp", false),
            (b"\x00\x00\x00\x20ftypisom", false),
        ] {
            assert_eq!(is_ours(bytes, b"{\"version\":"), ours, "{bytes:?}");
        }
    }
}
