//! Numbers about a running faild: what it has counted, and what its limits are. Each has a
//! name, so that one which a later version adds is shown by the tools of today.

use crate::bytes::{Bad, Reader, Writer};
use crate::text::Reason;

/// Bytes of [`Figures`] before its first figure, header included.
pub const FIGURES_BYTES_MIN: usize = crate::HEADER_BYTES + 4;

/// Which figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// What happened so far, and how much there is now.
    Counters = 0,
    /// Every limit.
    Limits = 1,
}

impl What {
    fn parse(from: &mut Reader) -> Result<What, Bad> {
        match from.u8()? {
            0 => Ok(What::Counters),
            1 => Ok(What::Limits),
            _ => Err(Bad::Kind),
        }
    }
}

/// Asks for figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskFigures {
    /// Which.
    pub what: What,
    /// Only those after the one of this name: the next page. Empty: from the first.
    pub after: Reason,
}

impl AskFigures {
    pub(crate) fn emit(&self, out: &mut Writer) {
        out.u8(self.what as u8);
        out.text(self.after.as_str());
    }

    pub(crate) fn parse(from: &mut Reader) -> Result<AskFigures, Bad> {
        Ok(AskFigures {
            what: What::parse(from)?,
            after: from.reason()?,
        })
    }
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What it is, in a few words.
    pub name: Reason,
    /// How much.
    pub value: u64,
}

impl Figure {
    /// Bytes that it takes.
    pub fn wire_bytes(&self) -> usize {
        9 + self.name.as_str().len()
    }
}

/// Figures in the daemon's own order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Which.
    pub what: What,
    /// There is more: ask again with `after` the last name.
    pub more: bool,
    /// Those of this page.
    pub figures: Vec<Figure>,
}

impl Figures {
    pub(crate) fn emit(&self, out: &mut Writer) {
        out.u8(self.what as u8);
        out.u8(u8::from(self.more));
        out.u16(u16::try_from(self.figures.len()).unwrap_or(u16::MAX));
        for figure in self.figures.iter().take(usize::from(u16::MAX)) {
            out.text(figure.name.as_str());
            out.u64(figure.value);
        }
    }

    pub(crate) fn parse(from: &mut Reader) -> Result<Figures, Bad> {
        let what = What::parse(from)?;
        let more = from.u8()? & 1 != 0;
        // A figure takes 9 bytes at least.
        let count = from.count(9)?;
        let figure = |from: &mut Reader| {
            Ok(Figure {
                name: from.reason()?,
                value: from.u64()?,
            })
        };
        let figures = (0..count).map(|_| figure(from));
        Ok(Figures {
            what,
            more,
            figures: figures.collect::<Result<_, Bad>>()?,
        })
    }
}
