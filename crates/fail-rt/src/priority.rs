//! Being served before others: memory that is never swapped out, and a lower nice value; and as
//! many descriptors as are needed.
//!
//! The first two are for a process without threads, and with the rights of root; each says what
//! it needs where it may not.

#![allow(unsafe_code, reason = "setpriority has no safe wrapper")]

use std::io;

use nix::errno::Errno;
use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};

use crate::daemon::Keep;
use crate::reason;

/// Why it is served as everybody else.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Memory stays as it is.
    #[error(
        "can not lock the memory: {}; it takes root with CAP_IPC_LOCK, or an unlimited \
         RLIMIT_MEMLOCK (LimitMEMLOCK=infinity)", reason::errno_words(*.0)
    )]
    Memory(Errno),
    /// The nice value stays as it is.
    #[error(
        "can not lower the nice value by {by}: {}; it takes root with CAP_SYS_NICE, or a limit \
         that allows it (LimitNICE)", reason::words(.why)
    )]
    Nice {
        /// By how much it was to be lower.
        by: i32,
        /// Why.
        why: io::Error,
    },
}

/// Makes room for so many descriptors, as far as the hard limit allows: the usual soft one of
/// 1024 is for programs that use `select`. Gives how many there may be. Not for who starts
/// other programs, which inherit it.
pub fn make_room_for_files(wanted: u64) -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return 0;
    };
    let more = wanted.min(hard);
    match soft < more && setrlimit(Resource::RLIMIT_NOFILE, more, hard).is_ok() {
        true => more,
        false => soft,
    }
}

/// Locks all memory, also what there will be later, and says what must be kept for that. To be
/// called while root is there, and after the last fork.
///
/// The limit is lifted first: with one, memory that is wanted later could not be had, which is
/// the end of a program. Where it may not be lifted, the capability does the same, and stays.
pub fn lock_memory() -> Result<Keep, Refused> {
    let lifted = setrlimit(Resource::RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY);
    let soft = getrlimit(Resource::RLIMIT_MEMLOCK).map_or(0, |(soft, _)| soft);
    let keep = match (lifted, soft) {
        (Ok(()), _) | (Err(_), RLIM_INFINITY) => Keep::Nothing,
        (Err(why), _) => {
            let lock = caps::Capability::CAP_IPC_LOCK;
            match caps::has_cap(None, caps::CapSet::Effective, lock) {
                Ok(true) => Keep::LockMemory,
                _ => return Err(Refused::Memory(why)),
            }
        }
    };
    mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE).map_err(Refused::Memory)?;
    Ok(keep)
}

/// Lowers the nice value by so much; the kernel goes no lower than -20.
pub fn lower_nice(by: i32) -> Result<(), Refused> {
    // SAFETY: both calls take and give plain numbers. -1 is a nice value as good as any other,
    // so it is no error by itself.
    let done = unsafe {
        let now = libc::getpriority(libc::PRIO_PROCESS, 0);
        libc::setpriority(libc::PRIO_PROCESS, 0, now.saturating_sub(by))
    };
    match done {
        0 => Ok(()),
        _ => Err(Refused::Nice {
            by,
            why: io::Error::last_os_error(),
        }),
    }
}
