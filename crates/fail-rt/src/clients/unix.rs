//! A unix socket in the file system, for its owner alone.
//!
//! The file has mode 0600 from its first moment: on Linux it gets the mode that the socket has
//! before it is bound. One that nobody answers, left by a crash, is replaced; one that somebody
//! answers is his; what is no socket is never touched. It goes away with us, if it is still
//! ours.

use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind as bind_fd, connect, listen, socket,
};
use nix::sys::stat::{Mode, fchmod};

use super::listener::ListenFailed;

/// Connections that wait to be let in.
const BACKLOG: i32 = 64;

/// The file of a socket; removed on drop.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Device and inode: which file it is.
    id: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if id(&self.path).is_ok_and(|there| there == self.id) {
            // Who gave up his rights may not remove it; then the next one replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A listening socket there. A relative path is read now: later it must mean the same.
pub(super) fn bind(path: &Path) -> Result<(UnixListener, SocketFile), ListenFailed> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let failed = |source: io::Error| ListenFailed::Unix {
        path: path.clone(),
        source,
    };
    let address = UnixAddr::new(&path).map_err(|e| failed(e.into()))?;
    clear(&path, &address)?;
    let open = || -> io::Result<(UnixListener, SocketFile)> {
        let fd = stream()?;
        fchmod(&fd, Mode::S_IRUSR | Mode::S_IWUSR)?;
        bind_fd(fd.as_raw_fd(), &address)?;
        let file = SocketFile {
            path: path.clone(),
            id: id(&path)?,
        };
        listen(&fd, Backlog::new(BACKLOG)?)?;
        Ok((UnixListener::from(fd), file))
    };
    open().map_err(failed)
}

fn stream() -> Result<std::os::fd::OwnedFd, Errno> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    socket(AddressFamily::Unix, SockType::Stream, flags, None)
}

/// Takes away what a crash has left.
fn clear(path: &Path, address: &UnixAddr) -> Result<(), ListenFailed> {
    let failed = |source: io::Error| ListenFailed::Unix {
        path: path.to_owned(),
        source,
    };
    let found = match fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(failed)?,
    };
    let path = path.to_owned();
    if !found.file_type().is_socket() {
        return Err(ListenFailed::Foreign { path });
    }
    let knock = stream().map_err(|e| failed(e.into()))?;
    match connect(knock.as_raw_fd(), address) {
        Err(Errno::ECONNREFUSED) => {}
        Err(Errno::ENOENT) => return Ok(()),
        // It listens, or its queue is full because it is stopped.
        Ok(()) | Err(Errno::EAGAIN) => return Err(ListenFailed::Taken { path }),
        Err(e) => return Err(failed(e.into())),
    }
    // Somebody who starts at the same time may have replaced it since we knocked.
    if id(&path).is_ok_and(|there| there == (found.dev(), found.ino())) {
        fs::remove_file(&path).map_err(failed)?;
    }
    Ok(())
}

fn id(path: &Path) -> io::Result<(u64, u64)> {
    let found = fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}
