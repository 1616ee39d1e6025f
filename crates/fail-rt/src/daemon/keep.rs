//! Capabilities: which one may outlive root, and how all others are given up.

use caps::{CapSet, Capability, CapsHashSet, errors::CapsError};
use nix::sys::prctl::set_keepcaps;

use super::user::{DropFailed, drop_to};
use crate::reason;

/// What a program goes on needing of the rights of root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// None.
    #[default]
    Nothing,
    /// To lock memory that it does not have yet.
    LockMemory,
}

impl Keep {
    /// Becomes that user as [`drop_to`] does, but keeps this.
    pub fn and_drop_to(self, user: &str) -> Result<(), DropFailed> {
        if self == Keep::Nothing {
            return drop_to(user);
        }
        let refused = |why: String| DropFailed::Keep {
            user: user.to_owned(),
            why,
        };
        set_keepcaps(true).map_err(|e| refused(reason::errno_words(e)))?;
        drop_to(user)?;
        self.only().map_err(|e| refused(e.to_string()))
    }

    /// Gives up all capabilities but this, in this thread and in those it starts.
    pub(crate) fn only(self) -> Result<(), CapsError> {
        let keep: CapsHashSet = match self {
            Keep::Nothing => CapsHashSet::new(),
            Keep::LockMemory => [Capability::CAP_IPC_LOCK].into(),
        };
        // What a program that is started could get; who may not take that away has none.
        let _ = caps::clear(None, CapSet::Bounding);
        caps::clear(None, CapSet::Inheritable)?;
        // In this order: what works must be permitted.
        caps::set(None, CapSet::Effective, &keep)?;
        caps::set(None, CapSet::Permitted, &keep)
    }
}
