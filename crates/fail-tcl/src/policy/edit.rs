//! Settings from a console: all of one command together, or none.
//!
//! Who runs a console command says when it begins and how it ended, by the name of its
//! coroutine.

use fail_core::policy::Policy;

use super::Site;
use crate::tcl::{Interp, TclError};

impl Site {
    /// A console command begins, in the coroutine of this name.
    pub(crate) fn begin_edit(&self, _origin: &str) {}

    /// It has ended, well or not. The new policy, if it has made one; an error if its settings
    /// make no sense. Then nothing has changed.
    pub(crate) fn end_edit(
        &self,
        _interp: &Interp,
        _origin: &str,
        _well: bool,
    ) -> Result<Option<Policy>, TclError> {
        Ok(None)
    }
}
