//! Debug levels: how much a running program logs of each of its facilities. Spoken by
//! faildebug to the debug port of a program, never by one daemon to another.

use crate::bytes::{Bad, Reader, Writer};
use crate::text::Reason;

/// Facilities in one answer: no program has nearly as many.
pub const FACILITIES_MAX: usize = 32;

/// Bytes that make room for the answer of any program of the suite.
pub const LEVELS_ROOM: usize = 700;

/// Lists the levels, or sets one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetLevel {
    /// What the program said last: a replayed order names an old one. Any, to list.
    pub stamp: u64,
    /// Which facility gets which level; nothing: only list.
    pub set: Option<(Reason, u8)>,
}

impl SetLevel {
    pub(crate) fn emit(&self, out: &mut Writer) {
        out.u64(self.stamp);
        match &self.set {
            None => out.u8(0),
            Some((facility, level)) => {
                out.u8(1);
                out.text(facility.as_str());
                out.u8(*level);
            }
        }
    }

    pub(crate) fn parse(from: &mut Reader) -> Result<SetLevel, Bad> {
        let stamp = from.u64()?;
        let set = match from.u8()? {
            0 => None,
            _ => Some((from.reason()?, from.u8()?)),
        };
        Ok(SetLevel { stamp, set })
    }
}

/// The levels as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels {
    /// What the next order must name.
    pub stamp: u64,
    /// The program's name.
    pub program: Reason,
    /// Each facility and its level, in the program's order.
    pub levels: Vec<(Reason, u8)>,
}

impl Levels {
    pub(crate) fn emit(&self, out: &mut Writer) {
        out.u64(self.stamp);
        out.text(self.program.as_str());
        let levels = &self.levels[..self.levels.len().min(FACILITIES_MAX)];
        out.u8(u8::try_from(levels.len()).unwrap_or(u8::MAX));
        for (facility, level) in levels {
            out.text(facility.as_str());
            out.u8(*level);
        }
    }

    pub(crate) fn parse(from: &mut Reader) -> Result<Levels, Bad> {
        let (stamp, program) = (from.u64()?, from.reason()?);
        let count = usize::from(from.u8()?);
        if count > FACILITIES_MAX {
            return Err(Bad::Short);
        }
        let levels = (0..count)
            .map(|_| Ok((from.reason()?, from.u8()?)))
            .collect::<Result<_, Bad>>()?;
        Ok(Levels {
            stamp,
            program,
            levels,
        })
    }
}
