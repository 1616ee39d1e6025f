//! Changing a record by compare-and-set, and forgetting it.

use fail_wire::{
    Body, Change, Code, Forget, Marks, Name, Reason, Record, Refusal, State, room_for,
};

use crate::{Client, Error};

/// A change to ask for; the client fills in what compare-and-set needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The new state; nothing: as it is.
    pub state: Option<State>,
    /// Wishes to set.
    pub set: Marks,
    /// Wishes to clear.
    pub clear: Marks,
    /// Why.
    pub reason: Reason,
}

/// How often a change is tried again because somebody else was faster.
pub(crate) const RACES_MAX: u32 = 5;

impl Client {
    /// Changes a record: reads it, lets `wanted` say what it should become, and replaces
    /// just the version that was read. If somebody else was faster, all over again.
    ///
    /// # Errors
    /// No answer, or a refusal that trying again does not mend.
    pub fn change(
        &mut self,
        name: &Name,
        wanted: impl Fn(&Record) -> Wanted,
    ) -> Result<Record, Error> {
        let mut races = 0;
        loop {
            let (record, nonce) = self.read_one(name)?;
            let Wanted {
                state,
                set,
                clear,
                reason,
            } = wanted(&record);
            let version = record.version;
            let change = Change {
                nonce,
                version,
                name: name.clone(),
                state,
                set,
                clear,
                reason,
                interval_ms: 0,
            };
            match self.change_exactly(&change) {
                Err(error)
                    if races < RACES_MAX
                        && matches!(error.code(), Some(Code::Stale | Code::Nonce)) =>
                {
                    races += 1;
                }
                other => return other,
            }
        }
    }

    /// Sends just this change.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub fn change_exactly(&mut self, change: &Change) -> Result<Record, Error> {
        let answer = self.ask(&Body::Change(change.clone()), room_for(1));
        match answer {
            Ok(Body::Answer(answer)) => self.only(answer.records),
            Ok(other) => Err(self.odd(other)),
            // The first of several tries was done and its answer was lost.
            Err(Error::Refused { refusal, .. }) if is_done(change, &refusal) => {
                refusal.record.ok_or(Error::Protocol {
                    faild: self.faild,
                    problem: "a refusal without its record",
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Has a service forgotten, and gives its record as it is then: unknown. Somebody who
    /// changes it at the same time is heard first.
    ///
    /// # Errors
    /// No answer, or a refusal: its publisher is alive ([`Code::Published`]).
    pub fn forget(&mut self, name: &Name) -> Result<Record, Error> {
        let mut races = 0;
        loop {
            let (record, nonce) = self.read_one(name)?;
            let forget = Forget {
                nonce,
                version: record.version,
                name: name.clone(),
            };
            match self.ask(&Body::Forget(forget), room_for(1)) {
                Ok(Body::Answer(answer)) => return self.only(answer.records),
                Ok(other) => return Err(self.odd(other)),
                Err(error)
                    if races < RACES_MAX
                        && matches!(error.code(), Some(Code::Stale | Code::Nonce)) =>
                {
                    races += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The record in an acknowledgement.
    fn only(&self, records: Vec<Record>) -> Result<Record, Error> {
        records.into_iter().next().ok_or(Error::Protocol {
            faild: self.faild,
            problem: "an acknowledgement without a record",
        })
    }
}

/// Whether the record that a refusal shows is just what this change would have made of it.
fn is_done(change: &Change, refusal: &Refusal) -> bool {
    let Some(record) = refusal
        .record
        .as_ref()
        .filter(|_| refusal.code == Ok(Code::Stale))
    else {
        return false;
    };
    // Nothing that the other side says may be out of range.
    change.version.checked_add(1) == Some(record.version)
        && change.state.is_none_or(|state| state == record.state)
        && record.marks.without(change.clear).with(change.set) == record.marks
        && record.reason == change.reason
}
