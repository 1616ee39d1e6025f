//! Telling of changes as they happen: subscribe, notify, acknowledge.
//!
//! A notify carries records as they are now, not what happened to them: one that is lost is
//! made up for by the next, and only the acknowledgement of the last one counts.

use crate::answer::{emit_records, parse_records};
use crate::bytes::{Bad, Reader, Writer};
use crate::name::Name;
use crate::query::{emit_names, parse_names};
use crate::record::Record;

/// Bytes of a [`Notify`] before its first record, header included: a shorter [`Subscribe`]
/// has no room for any answer.
pub const NOTIFY_BYTES_MIN: usize = crate::HEADER_BYTES + 31;

/// Asks to be told of changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subscribe {
    /// What the daemon said in its last answer, to show that its answers arrive at the
    /// sender's address; 0 at first.
    pub cookie: u64,
    /// For how long, in milliseconds; 0: no longer.
    pub for_ms: u32,
    /// Of these services; none: of all that the community may read.
    pub names: Vec<Name>,
}

impl Subscribe {
    pub(crate) fn emit(&self, out: &mut Writer) {
        out.u64(self.cookie);
        out.u32(self.for_ms);
        emit_names(&self.names, out);
    }

    pub(crate) fn parse(from: &mut Reader) -> Result<Subscribe, Bad> {
        Ok(Subscribe {
            cookie: from.u64()?,
            for_ms: from.u32()?,
            names: parse_names(from)?,
        })
    }
}

/// Answers a [`Subscribe`], and tells of changes from then on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notify {
    /// As in an [`Answer`](crate::Answer).
    pub nonce: u64,
    /// What the next subscribe must name.
    pub cookie: u64,
    /// How long the subscription lasts still, in milliseconds; 0: there is none.
    pub left_ms: u32,
    /// Which one this is, from 1; 0: the answer to a subscribe, not to be acknowledged.
    pub number: u64,
    /// More has changed than there is room for: ask for the records.
    pub more: bool,
    /// The records that changed since the last acknowledgement.
    pub records: Vec<Record>,
}

impl Notify {
    pub(crate) fn emit(&self, out: &mut Writer) {
        out.u64(self.nonce);
        out.u64(self.cookie);
        out.u32(self.left_ms);
        out.u64(self.number);
        out.u8(u8::from(self.more));
        emit_records(&self.records, out);
    }

    pub(crate) fn parse(from: &mut Reader) -> Result<Notify, Bad> {
        Ok(Notify {
            nonce: from.u64()?,
            cookie: from.u64()?,
            left_ms: from.u32()?,
            number: from.u64()?,
            more: from.u8()? & 1 != 0,
            records: parse_records(from)?,
        })
    }
}

/// Says that a [`Notify`] has arrived. It has the request id of the notify, and is not
/// answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledge {
    /// The start of the daemon that sent it.
    pub nonce: u64,
    /// Which one.
    pub number: u64,
}

impl Acknowledge {
    pub(crate) fn emit(self, out: &mut Writer) {
        out.u64(self.nonce);
        out.u64(self.number);
    }

    pub(crate) fn parse(from: &mut Reader) -> Result<Acknowledge, Bad> {
        Ok(Acknowledge {
            nonce: from.u64()?,
            number: from.u64()?,
        })
    }
}
