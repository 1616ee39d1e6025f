//! What is remembered and told of decisions: the journal of each service, the events that
//! traps wait for, and which views have changed since somebody looked.

use fail_wire::Name;

use super::Plan;
use crate::event::EventKind;
use crate::time::Now;

/// What kind of entry a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "filled in by the next change")]
pub(super) enum NoteKind {
    /// A new state, and why.
    State,
    /// What the rule says, when that is news.
    Decision,
    /// A script begins or ends.
    Script,
    /// A check that went badly, or went well again.
    Check,
    /// Somebody changed the record by hand.
    Hand,
    /// A wish came or went.
    Wish,
    /// The policy was read again, or changed at the console.
    Policy,
}

impl Plan {
    /// Writes a line into the journal of a service.
    pub(super) fn note(&mut self, _now: Now, _name: &Name, _kind: NoteKind, _text: &str) {}

    /// Something has happened that traps and monitors want to know.
    pub(super) fn fire(
        &mut self,
        _now: Now,
        _kind: EventKind,
        _subject: &Name,
        _data: Vec<(&'static str, String)>,
    ) {
    }

    /// The view of a service is no longer what it was.
    pub(super) fn touch(&mut self, _name: &Name) {}

    /// The view of a host is no longer what it was.
    pub(super) fn touch_host(&mut self, _name: &Name) {}
}
