//! What the policy commands share: the draft they fill in, and who said what where.
//!
//! While files are read, everything goes into the draft. From then on it is the policy in
//! force, and only a console changes it, by way of an [edit](super::edit).

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use fail_core::policy::Service;
use fail_wire::Name;

use super::codes::{Code, Fault};
use super::draft::{Draft, Key};
use super::edit::{Edit, Loan};
use super::place::Blame;
use crate::board::Board;
use crate::tcl::{Interp, TclError};
use crate::thread::Out;

/// The shared state of the policy commands of one interpreter.
pub(crate) struct Site {
    pub(super) draft: RefCell<Draft>,
    /// Where the last error that a command of ours raised comes from.
    pub(super) blame: RefCell<Option<Blame>>,
    /// All files have been read: nothing can be set any more, but at a console.
    pub(super) closed: Cell<bool>,
    pub(super) out: Out,
    /// What the engine holds for true.
    pub(super) board: Board,
    /// Commands of consoles that are on their way, by their coroutines.
    pub(super) edits: RefCell<BTreeMap<String, Edit>>,
    /// What goes back to its old value, by number.
    pub(super) loans: RefCell<BTreeMap<u64, Loan>>,
    /// How often the draft has been changed since it is the policy.
    pub(super) changes: Cell<u64>,
}

impl Site {
    pub(crate) fn new(out: Out, board: Board) -> Site {
        Site {
            draft: RefCell::default(),
            blame: RefCell::default(),
            closed: Cell::new(false),
            out,
            board,
            edits: RefCell::default(),
            loans: RefCell::default(),
            changes: Cell::new(0),
        }
    }

    /// All files have been read: from now on only scripts and callbacks run.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// One service of the policy.
    pub(crate) fn with_service<T>(&self, name: &Name, f: impl FnOnce(&Service) -> T) -> Option<T> {
        self.draft.borrow().policy.services.get(name).map(f)
    }

    /// The policy as the caller sees it: a console command sees its own changes at once. `f`
    /// must not run any Tcl.
    pub(super) fn read<T>(&self, interp: &Interp, f: impl FnOnce(&Draft) -> T) -> T {
        if let Some(origin) = self.origin(interp) {
            let edits = self.edits.borrow();
            if let Some(draft) = edits.get(&origin).and_then(Edit::draft) {
                return f(draft);
            }
        }
        f(&self.draft.borrow())
    }

    /// Changes the policy, if the caller may: `keys` are what `f` sets. `f` must not run any
    /// Tcl. A change that fails has changed nothing.
    pub(super) fn change(
        &self,
        interp: &Interp,
        about: &str,
        keys: Vec<Key>,
        f: impl FnOnce(&mut Draft) -> Result<(), Fault>,
    ) -> Result<(), TclError> {
        // Only limits can still be exceeded, and those have a code of their own.
        let wrong = |fault: Fault| fault.error(about, || Code::Closed);
        if !self.closed.get() {
            return f(&mut self.draft.borrow_mut()).map_err(wrong);
        }
        let origin = self.origin(interp);
        let mut edits = self.edits.borrow_mut();
        let edit = origin.and_then(|origin| edits.get_mut(&origin));
        let Some(edit) = edit else {
            let only = "settings can only be made while the policy is read, or at a console";
            return Err(Code::Closed.error(format!("{about}: {only}, not by a script")));
        };
        edit.change(&self.draft.borrow(), self.changes.get(), keys, f)
            .map_err(wrong)
    }

    /// The console command that is calling, if it is one.
    pub(super) fn origin(&self, interp: &Interp) -> Option<String> {
        if self.edits.borrow().is_empty() {
            return None;
        }
        let origin = interp.command(["info", "coroutine"]).ok()?.to_text();
        self.edits.borrow().contains_key(&origin).then_some(origin)
    }
}
