//! Whom a host hears: told to its own faild, and asked of others, so that a cut that goes
//! one way only is seen by people. Nothing is decided by it.

use crate::bytes::{Bad, Reader, Writer};
use crate::name::Name;

/// Bytes of a [`Reported`] before its first entry, header included.
pub const REPORTED_BYTES_MIN: usize = crate::HEADER_BYTES + 11;

/// Whether the one who reports hears a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hear {
    /// The host, by the name that the reporter has for it.
    pub name: Name,
    /// The nonce of that host's faild, when it answered last; 0: it never did. By it a host
    /// knows itself, whatever others call it.
    pub nonce: u64,
    /// Whether it answers.
    pub reachable: bool,
}

impl Hear {
    /// Bytes that this entry takes.
    pub fn wire_bytes(&self) -> usize {
        10 + self.name.as_str().len()
    }

    fn emit(&self, out: &mut Writer) {
        out.text(self.name.as_str());
        out.u64(self.nonce);
        out.u8(u8::from(self.reachable));
    }

    fn parse(from: &mut Reader) -> Result<Hear, Bad> {
        Ok(Hear {
            name: from.name()?,
            nonce: from.u64()?,
            reachable: from.u8()? & 1 != 0,
        })
    }

    fn emit_all(all: &[Hear], out: &mut Writer) {
        out.u16(u16::try_from(all.len()).unwrap_or(u16::MAX));
        let all = all.iter().take(usize::from(u16::MAX));
        all.for_each(|hear| hear.emit(out));
    }

    fn parse_all(from: &mut Reader) -> Result<Vec<Hear>, Bad> {
        // An entry takes 11 bytes at least.
        let count = from.count(11)?;
        (0..count).map(|_| Hear::parse(from)).collect()
    }
}

/// Tells a faild whom its host hears.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The hosts.
    pub hears: Vec<Hear>,
}

impl Report {
    pub(crate) fn emit(&self, out: &mut Writer) {
        Hear::emit_all(&self.hears, out);
    }

    pub(crate) fn parse(from: &mut Reader) -> Result<Report, Bad> {
        let hears = Hear::parse_all(from)?;
        Ok(Report { hears })
    }
}

/// What a faild was told last, as far as there is room for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reported {
    /// How long ago that was, in milliseconds; nothing: it was told nothing.
    pub age_ms: Option<u64>,
    /// The hosts.
    pub hears: Vec<Hear>,
}

impl Reported {
    pub(crate) fn emit(&self, out: &mut Writer) {
        out.u64(self.age_ms.unwrap_or(0));
        out.u8(u8::from(self.age_ms.is_some()));
        Hear::emit_all(&self.hears, out);
    }

    pub(crate) fn parse(from: &mut Reader) -> Result<Reported, Bad> {
        let age_ms = from.u64()?;
        let told = from.u8()? & 1 != 0;
        let age_ms = told.then_some(age_ms);
        let hears = Hear::parse_all(from)?;
        Ok(Reported { age_ms, hears })
    }
}
