//! The state file of a daemon at its start: where it really is, locked, read, and written once.
//! What is in it is not known here.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use crate::daemon::{PidFile, PidFileError};
use crate::{files, reason};

/// Why it can not be used: one sentence.
#[derive(Debug, thiserror::Error)]
pub enum StateFileError {
    /// Another process has it, or something else is where its lock is to be.
    #[error("{0}")]
    Taken(String),
    /// The system refuses.
    #[error("{0}")]
    Failed(String),
}

/// Where the state file really is: a symbolic link stays one when the file is replaced.
pub fn real_path(path: PathBuf) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    // Not there yet: then its directory may still have several names.
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return path;
    };
    folder
        .canonicalize()
        .map_or_else(|_| path.clone(), |folder| folder.join(name))
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
            StateFileError::Failed(format!(
                "can not lock state file {file}: can not write {lock}: {why}"
            ))
        }
        foreign => StateFileError::Taken(format!("can not lock state file {file}: {foreign}")),
    })
}

/// Reads it; one that is not there is as good as an empty one. What can not be understood is set
/// aside: it must not stop the daemon, nor be lost. `say` is told what is wrong with it, and
/// what it is called now.
///
/// # Errors
/// It can not be read, or not be set aside.
pub fn read<T: Default, E>(
    path: &Path,
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

/// Writes it, so that one that can not be written is noticed now and not with the first change.
///
/// # Errors
/// It can not be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), StateFileError> {
    let written = files::replace(path, bytes);
    written.map_err(|e| StateFileError::Failed(format!("state file: {e}")))
}
