//! The question: what is the state of these services?

use crate::bytes::{Bad, Reader, Writer};
use crate::name::Name;

/// Asks for the records of some services, or of all that the community may read.
///
/// Over UDP the answer is never longer than the question: see [`crate::emit_padded`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// The asker is the one who publishes these services' states, and is alive.
    pub beat: Option<Beat>,
    /// Only services whose names come after this one: the next page.
    pub after: Option<Name>,
    /// The services; none: all.
    pub names: Vec<Name>,
}

/// The sign of life of a publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beat {
    /// Which start of the daemon it is meant for.
    pub nonce: u64,
    /// Grows with each beat, so that a replayed one proves nothing.
    pub count: u64,
    /// How soon the next one comes at the latest, in milliseconds.
    pub interval_ms: u32,
}

impl Query {
    pub(crate) fn emit(&self, out: &mut Writer) {
        let beat = self.beat.unwrap_or(Beat {
            nonce: 0,
            count: 0,
            interval_ms: 0,
        });
        out.u64(beat.nonce);
        out.u64(beat.count);
        out.u32(beat.interval_ms);
        out.text(self.after.as_ref().map_or("", Name::as_str));
        emit_names(&self.names, out);
    }

    pub(crate) fn parse(from: &mut Reader) -> Result<Query, Bad> {
        let beat = Beat {
            nonce: from.u64()?,
            count: from.u64()?,
            interval_ms: from.u32()?,
        };
        let after = match from.text()? {
            "" => None,
            text => Some(Name::new(text).map_err(|_| Bad::Name)?),
        };
        let names = parse_names(from)?;
        let beat = (beat.interval_ms != 0).then_some(beat);
        Ok(Query { beat, after, names })
    }
}

pub(crate) fn emit_names(names: &[Name], out: &mut Writer) {
    out.u16(u16::try_from(names.len()).unwrap_or(u16::MAX));
    let names = names.iter().take(usize::from(u16::MAX));
    names.for_each(|name| out.text(name.as_str()));
}

pub(crate) fn parse_names(from: &mut Reader) -> Result<Vec<Name>, Bad> {
    // A name takes two bytes at least.
    let count = from.count(2)?;
    (0..count).map(|_| from.name()).collect()
}
