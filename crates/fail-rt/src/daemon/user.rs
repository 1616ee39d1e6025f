//! Giving up the rights of root, for good, and making sure of it.

use std::ffi::CString;

use nix::errno::Errno;
use nix::unistd::{Gid, Uid, User, getresgid, getresuid, initgroups, setresgid, setresuid, setuid};

use crate::reason;

/// Why we are still who we were.
#[derive(Debug, thiserror::Error)]
pub enum DropFailed {
    /// The user database does not know the name or number.
    #[error("there is no user \"{0}\"")]
    Unknown(String),
    /// The user database can not be read.
    #[error("can not look up user \"{user}\": {}", reason::errno_words(*.why))]
    Lookup {
        /// Who.
        user: String,
        /// Why.
        why: Errno,
    },
    /// The system refuses.
    #[error("can not become user \"{user}\": {what}: {}", reason::errno_words(*.why))]
    Refused {
        /// Who.
        user: String,
        /// The step that failed.
        what: &'static str,
        /// Why.
        why: Errno,
    },
    /// What was to be kept can not be.
    #[error("can not become user \"{user}\" and go on locking memory: {why}")]
    Keep {
        /// Who.
        user: String,
        /// Why.
        why: String,
    },
    /// All steps went well, and yet. To go on would be dangerous.
    #[error("can not become user \"{0}\": the system said yes, but root can be had back")]
    NotForGood(String),
}

/// Becomes that user, by name or number, with the groups the user database gives him. Whoever
/// is that user already stays so.
pub fn drop_to(user: &str) -> Result<(), DropFailed> {
    let found = match user.parse() {
        Ok(number) => User::from_uid(Uid::from_raw(number)),
        Err(_) => User::from_name(user),
    };
    let found = found.map_err(|why| DropFailed::Lookup {
        user: user.to_owned(),
        why,
    })?;
    let found = found.ok_or_else(|| DropFailed::Unknown(user.to_owned()))?;
    if has_become(found.uid, found.gid) && !Uid::effective().is_root() {
        return Ok(());
    }
    let refused = |what| {
        move |why| DropFailed::Refused {
            user: user.to_owned(),
            what,
            why,
        }
    };
    let name = CString::new(found.name).map_err(|_| DropFailed::Unknown(user.to_owned()))?;
    // In this order: without root the groups can not be changed any more.
    initgroups(&name, found.gid).map_err(refused("setting its groups"))?;
    setresgid(found.gid, found.gid, found.gid).map_err(refused("setting its group"))?;
    setresuid(found.uid, found.uid, found.uid).map_err(refused("setting its number"))?;
    let back = !found.uid.is_root() && setuid(Uid::from_raw(0)).is_ok();
    if back || !has_become(found.uid, found.gid) {
        return Err(DropFailed::NotForGood(user.to_owned()));
    }
    Ok(())
}

/// As whom this process runs; 0 is root.
pub fn user_id() -> u32 {
    Uid::effective().as_raw()
}

fn has_become(uid: Uid, gid: Gid) -> bool {
    let uids = getresuid().is_ok_and(|is| is.real == uid && is.effective == uid && is.saved == uid);
    let gids = getresgid().is_ok_and(|is| is.real == gid && is.effective == gid && is.saved == gid);
    uids && gids
}
