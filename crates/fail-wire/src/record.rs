//! What a faild says about one service.

use crate::bytes::{Bad, Reader, Writer};
use crate::name::Name;
use crate::state::State;
use crate::text::Reason;

/// Facts and wishes beside the state, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Marks(pub u8);

impl Marks {
    /// Wish: failsh observes and changes nothing.
    pub const HELD: Marks = Marks(1);
    /// Wish: the service is to be served elsewhere.
    pub const AWAY: Marks = Marks(2);
    /// Fact: nobody has supervised it for three intervals of its publisher, or for three
    /// seconds where there never was one.
    pub const UNSUPERVISED: Marks = Marks(4);
    /// Fact: nobody has published a state since this faild or this host came up.
    pub const UNPUBLISHED: Marks = Marks(8);
    /// Fact: this community may not read the service.
    pub const UNREADABLE: Marks = Marks(16);

    /// Fact: a start script is about to run or runs. Published before it runs, so that of two
    /// hosts that hear each other one sees the other in time.
    pub const STARTING: Marks = Marks(32);

    /// The marks that people set and clear.
    pub const WISHES: Marks = Marks(1 | 2);

    /// The marks that a change may set. `unpublished` goes with a change to `FAIL` and with no
    /// other: whoever leaves withdraws what he has published.
    pub const SETTABLE: Marks = Marks(1 | 2 | 8 | 32);

    /// The marks that a change may clear.
    pub const CLEARABLE: Marks = Marks(1 | 2 | 32);

    /// Names of the marks, for people and for JSON.
    pub const NAMES: [(Marks, &str); 6] = [
        (Marks::HELD, "held"),
        (Marks::AWAY, "away"),
        (Marks::UNSUPERVISED, "unsupervised"),
        (Marks::UNPUBLISHED, "unpublished"),
        (Marks::UNREADABLE, "unreadable"),
        (Marks::STARTING, "starting"),
    ];

    /// Whether any of these marks is set.
    pub fn has(self, marks: Marks) -> bool {
        self.0 & marks.0 != 0
    }

    /// With these marks as well.
    #[must_use]
    pub fn with(self, marks: Marks) -> Marks {
        Marks(self.0 | marks.0)
    }

    /// Without these marks.
    #[must_use]
    pub fn without(self, marks: Marks) -> Marks {
        Marks(self.0 & !marks.0)
    }

    /// The names of the marks that are set.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Marks::NAMES
            .into_iter()
            .filter(move |(mark, _)| self.has(*mark))
            .map(|(_, word)| word)
    }
}

/// One service as a faild sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The service.
    pub name: Name,
    /// Its state on that host.
    pub state: State,
    /// Facts and wishes beside the state.
    pub marks: Marks,
    /// Grows by one with each change; 0: this faild has never heard of the service.
    pub version: u64,
    /// Milliseconds since the last change, on the faild's own clock.
    pub age_ms: u64,
    /// When that was, in milliseconds since 1970 UTC. For people only.
    pub last_change: i64,
    /// Why it is as it is.
    pub reason: Reason,
}

impl Record {
    /// Whether it stands for a service that this faild does not know.
    pub fn is_unknown(&self) -> bool {
        self.marks.has(Marks::UNPUBLISHED) && self.last_change == 0
    }

    /// Bytes that this record takes in an answer.
    pub fn wire_bytes(&self) -> usize {
        30 + self.name.as_str().len() + self.reason.as_str().len()
    }

    /// A record is preceded by its length, so that a later version may add to its end.
    pub(crate) fn emit(&self, out: &mut Writer) {
        out.u16(u16::try_from(self.wire_bytes() - 2).unwrap_or(u16::MAX));
        out.text(self.name.as_str());
        out.u8(self.state as u8);
        out.u8(self.marks.0);
        out.u64(self.version);
        out.u64(self.age_ms);
        out.u64(self.last_change as u64);
        out.text(self.reason.as_str());
    }

    pub(crate) fn parse(from: &mut Reader) -> Result<Record, Bad> {
        let len = from.u16()?;
        let mut fields = Reader(from.take(usize::from(len))?);
        Ok(Record {
            name: fields.name()?,
            state: State::from_code(fields.u8()?).ok_or(Bad::State)?,
            marks: Marks(fields.u8()?),
            version: fields.u64()?,
            age_ms: fields.u64()?,
            last_change: fields.u64()? as i64,
            reason: fields.reason()?,
        })
    }
}
