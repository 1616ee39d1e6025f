//! The order: this service is now in that state; or: an administrator wishes so; or: forget
//! that there ever was such a service.

use crate::bytes::{Bad, Reader, Writer};
use crate::name::Name;
use crate::record::Marks;
use crate::state::State;
use crate::text::Reason;

/// On the wire, the state code that leaves the state as it is.
const LEAVE: u8 = 255;

/// Changes one record, if it still is as the sender saw it (compare and set).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The start of the daemon in which the sender saw the record.
    pub nonce: u64,
    /// The version of the record that this change replaces.
    pub version: u64,
    /// The service.
    pub name: Name,
    /// The new state; nothing: as it is.
    pub state: Option<State>,
    /// Wishes to set.
    pub set: Marks,
    /// Wishes to clear.
    pub clear: Marks,
    /// Why.
    pub reason: Reason,
    /// The publisher's interval in milliseconds; 0: by hand, nobody will ask again.
    pub interval_ms: u32,
}

impl Change {
    pub(crate) fn emit(&self, out: &mut Writer) {
        out.u64(self.nonce);
        out.u64(self.version);
        out.text(self.name.as_str());
        out.u8(self.state.map_or(LEAVE, |state| state as u8));
        out.u8(self.set.0);
        out.u8(self.clear.0);
        out.text(self.reason.as_str());
        out.u32(self.interval_ms);
    }

    pub(crate) fn parse(from: &mut Reader) -> Result<Change, Bad> {
        Ok(Change {
            nonce: from.u64()?,
            version: from.u64()?,
            name: from.name()?,
            state: match from.u8()? {
                LEAVE => None,
                code => Some(State::from_code(code).ok_or(Bad::State)?),
            },
            set: Marks(from.u8()?),
            clear: Marks(from.u8()?),
            reason: from.reason()?,
            interval_ms: from.u32()?,
        })
    }
}

/// Forgets a service, if its record still is as the sender saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forget {
    /// The start of the daemon in which the sender saw the record.
    pub nonce: u64,
    /// The version of the record.
    pub version: u64,
    /// The service.
    pub name: Name,
}

impl Forget {
    pub(crate) fn emit(&self, out: &mut Writer) {
        out.u64(self.nonce);
        out.u64(self.version);
        out.text(self.name.as_str());
    }

    pub(crate) fn parse(from: &mut Reader) -> Result<Forget, Bad> {
        Ok(Forget {
            nonce: from.u64()?,
            version: from.u64()?,
            name: from.name()?,
        })
    }
}
