//! Giving up, for good, what a program does not need once it is set up: capabilities, new
//! privileges, files outside a few directories, and most system calls.
//!
//! Root is given up before ([`drop_to`](crate::daemon::drop_to)). All of it is for this thread
//! and for those that it starts, so [`enter`] is for a process that has no other yet: a log may
//! be there, but must not have spoken. Each part is had where the kernel has it; what is missing
//! is no reason not to run, but is said ([`InForce`]).
//!
//! Which directories those are is the program's business; which system calls are left is in
//! `calls`, and is enough for sockets, files, threads and the loop. No program can be started.

#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
))]
mod calls;
mod files;
mod probe;

use std::fmt;
use std::io;
use std::path::PathBuf;

use nix::sys::prctl::set_no_new_privs;

use crate::daemon::{Keep, is_alone};
use crate::reason;

/// What may be done in a directory, and in what is below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Files may be read.
    Read,
    /// Files may be read, made, written, renamed and removed.
    Replace,
    /// Files may be removed.
    Remove,
}

/// What a process has given up.
#[derive(Debug)]
pub struct InForce {
    keep: Keep,
    /// Nothing: they are given up. Otherwise why not.
    rights: Result<(), String>,
    files: Result<files::Extent, String>,
    calls: Result<(), String>,
}

/// Gives up everything but these uses of files, and the system calls of such a program. A
/// directory that is not there is left out.
///
/// # Errors
/// There are other threads, which would not be bound.
pub fn enter(places: &[(PathBuf, Use)], keep: Keep) -> io::Result<InForce> {
    if !is_alone() {
        return Err(io::Error::other("other threads are running already"));
    }
    // What the system's library reads from files of its own the first time.
    clock_zone();
    let rights = set_no_new_privs().map_err(reason::errno_words);
    let files = probe::may(libc::SYS_landlock_create_ruleset);
    let files = files.and_then(|()| files::restrict(places));
    let rights = rights.and_then(|()| {
        probe::may(libc::SYS_capset)?;
        keep.only().map_err(|e| e.to_string())
    });
    let calls = restrict_calls();
    Ok(InForce {
        keep,
        rights,
        files,
        calls,
    })
}

#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
))]
fn restrict_calls() -> Result<(), String> {
    probe::may(libc::SYS_seccomp)?;
    calls::restrict()
}

#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
)))]
fn restrict_calls() -> Result<(), String> {
    Err("not known for this kind of processor".to_owned())
}

/// Lines for syslog carry the local time, and the file that says what that is can not be read
/// later.
#[allow(unsafe_code, reason = "tzset has no safe wrapper")]
fn clock_zone() {
    unsafe extern "C" {
        fn tzset();
    }
    // SAFETY: it reads the environment, which no other thread can change: there is none.
    unsafe { tzset() }
}

impl InForce {
    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.rights.is_ok() && self.files.is_ok() && self.calls.is_ok()
    }

    /// Whether files are out of reach.
    pub fn binds_files(&self) -> bool {
        self.files.is_ok()
    }
}

/// One line for the log.
impl fmt::Display for InForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut have, mut lack) = (Vec::new(), Vec::new());
        match (&self.rights, self.keep) {
            (Ok(()), Keep::Nothing) => have.push("no capabilities, no new ones".to_owned()),
            (Ok(()), Keep::LockMemory) => {
                have.push("no capability but that to lock memory, no new ones".to_owned());
            }
            (Err(why), _) => lack.push(format!("capabilities ({why})")),
        }
        match &self.files {
            Ok(extent) => have.push(format!("few files{extent}")),
            Err(why) => lack.push(format!("files ({why})")),
        }
        match &self.calls {
            Ok(()) => have.push("few system calls".to_owned()),
            Err(why) => lack.push(format!("system calls ({why})")),
        }
        match have.is_empty() {
            true => f.write_str("sandbox: nothing")?,
            false => write!(f, "sandbox: {}", have.join(", "))?,
        }
        match lack.is_empty() {
            true => Ok(()),
            false => write!(f, "; not in force for {}", lack.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_in_force_and_what_is_not() {
        let old = InForce {
            keep: Keep::Nothing,
            rights: Ok(()),
            files: Err("this kernel has no Landlock".to_owned()),
            calls: Ok(()),
        };
        assert_eq!(
            old.to_string(),
            "sandbox: no capabilities, no new ones, few system calls; not in force for files \
             (this kernel has no Landlock)"
        );
        assert!(!old.is_complete() && !old.binds_files());
        let none = InForce {
            rights: Err("x".to_owned()),
            calls: Err("y".to_owned()),
            ..old
        };
        assert!(none.to_string().starts_with("sandbox: nothing; not in"));
    }

    #[test]
    fn who_has_threads_already_may_not_enter() {
        // The harness runs each test in a thread of its own.
        let refused = enter(&[], Keep::Nothing).unwrap_err();
        assert_eq!(refused.to_string(), "other threads are running already");
    }
}
