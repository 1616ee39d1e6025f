//! What happened to a service lately, as its faild remembers.

use crate::bytes::{Bad, Reader, Writer};
use crate::name::Name;
use crate::record::Marks;
use crate::state::State;
use crate::text::Reason;

/// Bytes of a [`History`] before its first entry, header included.
pub const HISTORY_BYTES_MIN: usize = crate::HEADER_BYTES + 11;

/// Asks what happened to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskHistory {
    /// Which.
    pub name: Name,
    /// Only what came before this version: the next page. 0: the newest first.
    pub before: u64,
}

impl AskHistory {
    pub(crate) fn emit(&self, out: &mut Writer) {
        out.text(self.name.as_str());
        out.u64(self.before);
    }

    pub(crate) fn parse(from: &mut Reader) -> Result<AskHistory, Bad> {
        Ok(AskHistory {
            name: from.name()?,
            before: from.u64()?,
        })
    }
}

/// One change of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The version that it made.
    pub version: u64,
    /// The state after it.
    pub state: State,
    /// The marks after it.
    pub marks: Marks,
    /// Milliseconds since then, on the faild's own clock.
    pub age_ms: u64,
    /// When that was, in milliseconds since 1970 UTC. For people only.
    pub at: i64,
    /// Why.
    pub reason: Reason,
    /// Who asked for it: an address.
    pub who: Reason,
}

impl Past {
    /// Bytes that this entry takes.
    pub fn wire_bytes(&self) -> usize {
        30 + self.reason.as_str().len() + self.who.as_str().len()
    }

    /// An entry is preceded by its length, so that a later version may add to its end.
    fn emit(&self, out: &mut Writer) {
        out.u16(u16::try_from(self.wire_bytes() - 2).unwrap_or(u16::MAX));
        out.u64(self.version);
        out.u8(self.state as u8);
        out.u8(self.marks.0);
        out.u64(self.age_ms);
        out.u64(self.at as u64);
        out.text(self.reason.as_str());
        out.text(self.who.as_str());
    }

    fn parse(from: &mut Reader) -> Result<Past, Bad> {
        let len = from.u16()?;
        let mut from = Reader(from.take(usize::from(len))?);
        Ok(Past {
            version: from.u64()?,
            state: State::from_code(from.u8()?).ok_or(Bad::State)?,
            marks: Marks(from.u8()?),
            age_ms: from.u64()?,
            at: from.u64()? as i64,
            reason: from.reason()?,
            who: from.reason()?,
        })
    }
}

/// The newest entries first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// As in an [`Answer`](crate::Answer).
    pub nonce: u64,
    /// There is more: ask again with `before` the last version.
    pub more: bool,
    /// The entries of this page.
    pub entries: Vec<Past>,
}

impl History {
    pub(crate) fn emit(&self, out: &mut Writer) {
        out.u64(self.nonce);
        out.u8(u8::from(self.more));
        out.u16(u16::try_from(self.entries.len()).unwrap_or(u16::MAX));
        let entries = self.entries.iter().take(usize::from(u16::MAX));
        entries.for_each(|entry| entry.emit(out));
    }

    pub(crate) fn parse(from: &mut Reader) -> Result<History, Bad> {
        let nonce = from.u64()?;
        let more = from.u8()? & 1 != 0;
        // An entry takes 30 bytes at least.
        let count = from.count(30)?;
        let entries = (0..count).map(|_| Past::parse(from));
        Ok(History {
            nonce,
            more,
            entries: entries.collect::<Result<_, _>>()?,
        })
    }
}
