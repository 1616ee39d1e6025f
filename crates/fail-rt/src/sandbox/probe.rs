//! Whether the calls that make the sandbox may be made. Whoever started this process may have
//! set a filter of its own that ends who makes them, as `SystemCallFilter` of systemd does: a
//! child finds out, so that it costs only the child.

#![allow(
    unsafe_code,
    reason = "fork is only safe without threads, which was checked"
)]

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

/// Why a part is missing then.
const FORBIDDEN: &str = "forbidden by whoever started this process";

/// Tries a call with arguments that mean nothing, so that it does nothing.
pub(super) fn may(call: libc::c_long) -> Result<(), String> {
    // SAFETY: this is the only thread, so no lock is held by one that the child lacks.
    match unsafe { fork() } {
        Ok(ForkResult::Child) => {
            // SAFETY: no command, option or version of any of these calls is -1, and no memory
            // is at -1. The child then ends without running anything of its parent.
            unsafe {
                libc::syscall(call, -1, -1, -1, -1);
                libc::_exit(0)
            }
        }
        Ok(ForkResult::Parent { child }) => loop {
            match waitpid(child, None) {
                Ok(WaitStatus::Exited(..)) => return Ok(()),
                Err(Errno::EINTR) => {}
                _ => return Err(FORBIDDEN.to_owned()),
            }
        },
        // Then it is tried without.
        Err(_) => Ok(()),
    }
}
