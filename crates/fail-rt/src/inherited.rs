//! What a process may have been given by whoever started it, made harmless, so that it is not
//! handed on to children: ignored signals and open descriptors.
//!
//! Done once for the whole process instead of between fork and exec of each child: so the
//! children can be started by `posix_spawn`, and nothing of ours runs in them. (The signal
//! mask and SIGPIPE of a child are put in order by the standard library.)

#![allow(
    unsafe_code,
    reason = "sigaction, signal, close_range and fcntl have no safe wrapper for these uses"
)]

/// The last of the ordinary signals; those above are real-time signals, which nobody ignores.
const SIGNAL_LAST: libc::c_int = 31;

/// Descriptors looked at on a kernel that has no `close_range` (before 5.11): the usual limit
/// of a process.
const DESCRIPTORS_LOOKED_AT: libc::c_int = 1024;

/// Signals that were ignored get their default back; handlers stay. SIGPIPE is ignored.
pub(crate) fn reset_signals() {
    // Libc's own handling makes it fail for some numbers (KILL, STOP); that is as good.
    for number in (1..=SIGNAL_LAST).filter(|n| *n != libc::SIGPIPE) {
        // SAFETY: sigaction with no new action only writes the old one into `old`, which is
        // plain data for which zeros are valid; signal sets a constant disposition.
        unsafe {
            let mut old: libc::sigaction = std::mem::zeroed();
            let known = libc::sigaction(number, std::ptr::null(), &raw mut old) == 0;
            if known && old.sa_sigaction == libc::SIG_IGN {
                libc::signal(number, libc::SIG_DFL);
            }
        }
    }
    // SAFETY: sets a constant disposition.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}

/// Closes every descriptor above standard error. Only for who has opened nothing himself.
pub(crate) fn close_descriptors() {
    const FIRST: libc::c_int = 3;
    // SAFETY: the call reads no memory, and the caller owns none of what it closes.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, 0) };
    if closed == 0 {
        return;
    }
    for fd in FIRST..DESCRIPTORS_LOOKED_AT {
        // SAFETY: closes what the caller does not own, or fails because it is not open.
        unsafe {
            libc::close(fd);
        }
    }
}

/// Every descriptor above standard error that is open now closes when a child is started.
pub(crate) fn seal_descriptors() {
    const FIRST: libc::c_int = 3;
    // SAFETY: with CLOSE_RANGE_CLOEXEC the call closes nothing and reads no memory.
    let sealed = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            FIRST,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    if sealed == 0 {
        return;
    }
    for fd in FIRST..DESCRIPTORS_LOOKED_AT {
        // SAFETY: sets a flag of a descriptor, or fails because it is not open.
        unsafe {
            libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
        }
    }
}
