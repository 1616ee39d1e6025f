//! Files that are the old one or the new one after a kill or a power failure, never half.
//!
//! [`replace`] returns when the new content is on the disk, or says what failed and that the
//! old file stands. [`set_aside`] keeps a damaged file for whoever wants to know why. Neither
//! follows or clobbers anything that was in the way of its own names.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::clock;
use crate::reason;

/// Damaged files of one second; past that somebody has to look at them first.
const SET_ASIDE_MAX: u32 = 100;

/// Gives the file this content, durably: a new file beside it, written, synced, renamed over
/// it, and the directory synced. Only its owner may read it.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temp = temporary(path)?;
    let unchanged = "the old file is unchanged";
    let failed = |doing: &str, on: &Path, e: io::Error| {
        let what = format!("can not {doing} {}", on.display());
        sentence(&e, format!("{what}: {}; {unchanged}", reason::words(&e)))
    };
    let mut file = create(&temp).map_err(|e| failed("create", &temp, e))?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|e| failed("write", &temp, e));
    drop(file);
    let renamed = written.and_then(|()| {
        fs::rename(&temp, path).map_err(|e| failed("put the new content in place of", path, e))
    });
    if let Err(e) = renamed {
        let _ = fs::remove_file(&temp);
        return Err(e);
    }
    sync(directory(path)).map_err(|e| {
        let text = format!(
            "can not sync the directory of {}: {}; the new file is in place, but a power \
             failure may bring back the old one",
            path.display(),
            reason::words(&e)
        );
        sentence(&e, text)
    })
}

/// Bytes of a file that is ours, such as a state file: no real one is as large.
pub const OWN_BYTES_MAX: usize = 1 << 30;

/// What is in a regular file that is ours. Anything else, a FIFO say, is an error and nothing to
/// wait for.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    Ok(read_with_metadata(path, OWN_BYTES_MAX)?.0)
}

/// The same of a file of at most so many bytes, and whose it is and who may do what with it. Of
/// a longer one no more is read.
pub fn read_with_metadata(path: &Path, most: usize) -> io::Result<(Vec<u8>, Metadata)> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)?;
    let data = file.metadata()?;
    if !data.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let most = most as u64;
    let mut bytes = Vec::new();
    if data.len() <= most {
        // One more than it may have, to see that it has grown meanwhile.
        file.take(most + 1).read_to_end(&mut bytes)?;
    }
    match data.len().max(bytes.len() as u64) > most {
        true => Err(io::Error::other(format!("it has more than {most} bytes"))),
        false => Ok((bytes, data)),
    }
}

/// Renames a damaged file to `path.damaged-utc-n` and says what it is called now. Nothing is
/// ever overwritten.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let stem = format!(".damaged-{}", clock::utc(clock::now().wall));
    let mut last = io::Error::from_raw_os_error(libc::EEXIST);
    for n in 1..=SET_ASIDE_MAX {
        let new = with_suffix(path, &format!("{stem}-{n}"));
        // A link fails when the name is taken, where a rename would clobber it.
        let moved = fs::hard_link(path, &new)
            .and_then(|()| fs::remove_file(path).inspect_err(|_| drop(fs::remove_file(&new))));
        match moved {
            Ok(()) => {
                // The old name may come back after a power failure: then it is damaged again.
                let _ = sync(directory(path));
                return Ok(new);
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => last = e,
            Err(e) => {
                last = e;
                break;
            }
        }
    }
    let (text, why) = (path.display(), reason::words(&last));
    let text = format!("can not set aside the damaged {text}: {why}; it is where it was");
    Err(sentence(&last, text))
}

/// Of this process, in the same directory because a rename can not cross file systems.
fn temporary(path: &Path) -> io::Result<PathBuf> {
    if path.file_name().is_none() {
        let text = format!("can not write {}: it names no file", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(with_suffix(path, &format!(".new-{}", std::process::id())))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut text = OsString::from(path);
    text.push(suffix);
    PathBuf::from(text)
}

fn create(path: &Path) -> io::Result<File> {
    let open = || {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
    };
    match open() {
        // Left by an earlier process of this number that was killed. Removing it removes a
        // symbolic link too, not what it points to.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            open()
        }
        other => other,
    }
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn sentence(error: &io::Error, text: String) -> io::Error {
    io::Error::new(error.kind(), text)
}
