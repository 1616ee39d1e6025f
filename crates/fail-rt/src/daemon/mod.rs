//! Becoming a daemon that says when it is ready: whoever started it gets the prompt back when
//! it works, and an exit code when it does not.
//!
//! [`daemonize`] forks. The parent waits: for [`Ready::ready`], then it exits with 0; or for
//! the end of the child, then it exits with the child's code. Until it is ready the child
//! has the terminal and the directory of who started it, so it can say what is wrong and open
//! relative paths. (Under a service manager none of this is needed: stay in front.)
//!
//! One fork, not two: the parent must see the child's exit code. The daemon leads its session
//! then; nothing in this crate opens a terminal without `O_NOCTTY`, so it gets none.

mod keep;
mod pidfile;
mod user;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{
    ForkResult, Pid, chdir, dup2_stderr, dup2_stdin, dup2_stdout, fork, pipe2, setsid,
};

use crate::inherited;

pub use keep::Keep;
pub use pidfile::{PidFile, PidFileError};
pub use user::{DropFailed, drop_to, user_id};

/// The exit code of a child that was killed is that of a shell: this and the signal.
const SIGNAL_EXIT: i32 = 128;

/// In the child, to be told when it is ready. Dropped without that, the parent goes on
/// waiting for its end.
#[must_use]
#[derive(Debug)]
pub struct Ready(File);

/// Goes on in a new process. To be called before there is any thread, socket, pid file or
/// other open descriptor: those that were inherited are closed, so that the daemon keeps
/// nobody's lock or pipe.
/// An error is one of the first process: nothing was started.
pub fn daemonize() -> io::Result<Ready> {
    let threads = threads();
    if threads > 1 {
        // The others would not exist in the child, but their locks would.
        let text = format!("can not go into the background: {threads} threads are running");
        return Err(io::Error::other(text));
    }
    inherited::close_descriptors();
    let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
    match fork_alone()? {
        ForkResult::Child => {
            drop(read);
            Ok(Ready(File::from(write)))
        }
        ForkResult::Parent { child } => {
            drop(write);
            let told = File::from(read).read(&mut [0]);
            let code = match told {
                Ok(1) => 0,
                _ => exit_code(child),
            };
            std::process::exit(code)
        }
    }
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}

/// Whether there is only this one thread.
pub(crate) fn is_alone() -> bool {
    threads() == 1
}

#[allow(
    unsafe_code,
    reason = "fork is only safe without threads, which was just checked"
)]
fn fork_alone() -> io::Result<ForkResult> {
    // SAFETY: this is the only thread, so no lock is held by one that the child lacks.
    Ok(unsafe { fork() }?)
}

fn exit_code(child: Pid) -> i32 {
    loop {
        match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, code)) => return code,
            Ok(WaitStatus::Signaled(_, signal, _)) => {
                let _ = writeln!(io::stderr(), "process {child} was killed by {signal}");
                return SIGNAL_EXIT + signal as i32;
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return 1,
        }
    }
}

impl Ready {
    /// Leaves the terminal, the session and the directory, and lets the parent go. On an error
    /// the parent waits on, for the exit code that the program makes of it.
    pub fn ready(self) -> io::Result<()> {
        setsid()?;
        chdir("/")?;
        let null = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/null")?;
        dup2_stdin(null.as_fd())?;
        dup2_stdout(null.as_fd())?;
        dup2_stderr(null.as_fd())?;
        let mut pipe = self.0;
        match pipe.write(&[0]) {
            // Whoever waited was killed; that is no reason to end.
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(e),
            _ => Ok(()),
        }
    }
}
