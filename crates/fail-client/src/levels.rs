//! The debug levels of a running program.

use fail_wire::{Body, Code, LEVELS_ROOM, Levels, Reason, SetLevel};

use crate::{Client, Error, RACES_MAX};

impl Client {
    /// The debug levels of the program at this address.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub fn levels(&mut self) -> Result<Levels, Error> {
        self.order(SetLevel {
            stamp: 0,
            set: None,
        })
    }

    /// Gives a facility another level, and tells all levels as they are then.
    ///
    /// # Errors
    /// No answer, or a refusal: there is no such facility.
    pub fn set_level(&mut self, facility: &str, level: u8) -> Result<Levels, Error> {
        let facility = Reason::new(facility);
        let mut now = self.levels()?;
        for _ in 0..RACES_MAX {
            let order = SetLevel {
                stamp: now.stamp,
                set: Some((facility.clone(), level)),
            };
            match self.order(order) {
                Err(Error::Refused { refusal, .. }) if refusal.code == Ok(Code::Stale) => {}
                answer => return answer,
            }
            // Somebody was faster, or the answer to our own first try was lost.
            let next = self.levels()?;
            if next.stamp == now.stamp.wrapping_add(1)
                && next.levels.contains(&(facility.clone(), level))
            {
                return Ok(next);
            }
            now = next;
        }
        Err(Error::Raced)
    }

    fn order(&mut self, order: SetLevel) -> Result<Levels, Error> {
        match self.ask(&Body::SetLevel(order), LEVELS_ROOM)? {
            Body::Levels(levels) => Ok(levels),
            other => Err(self.odd(other)),
        }
    }
}
