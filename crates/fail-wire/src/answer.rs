//! What comes back: records, or a refusal that says why not.

use crate::bytes::{Bad, Reader, Writer};
use crate::record::Record;
use crate::text::Reason;

/// Records in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Random, drawn when the daemon started: what a change must name.
    pub nonce: u64,
    /// There is more: ask again with `after` the last name.
    pub more: bool,
    /// The records of this page.
    pub records: Vec<Record>,
}

/// Bytes of an answer before its first record, header included.
pub const ANSWER_BYTES_MIN: usize = crate::HEADER_BYTES + 11;

impl Answer {
    pub(crate) fn emit(&self, out: &mut Writer) {
        out.u64(self.nonce);
        out.u8(u8::from(self.more));
        emit_records(&self.records, out);
    }

    pub(crate) fn parse(from: &mut Reader) -> Result<Answer, Bad> {
        let nonce = from.u64()?;
        let more = from.u8()? & 1 != 0;
        let records = parse_records(from)?;
        Ok(Answer {
            nonce,
            more,
            records,
        })
    }
}

pub(crate) fn emit_records(records: &[Record], out: &mut Writer) {
    out.u16(u16::try_from(records.len()).unwrap_or(u16::MAX));
    let records = records.iter().take(usize::from(u16::MAX));
    records.for_each(|record| record.emit(out));
}

pub(crate) fn parse_records(from: &mut Reader) -> Result<Vec<Record>, Bad> {
    // A record takes 31 bytes at least.
    let count = from.count(31)?;
    (0..count).map(|_| Record::parse(from)).collect()
}

/// Why a request was not done. The code travels; the sentence is made where it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// The version of the protocol is unknown; `detail` is the highest that is spoken.
    Version = 1,
    /// The type of message is unknown.
    Type = 2,
    /// The message can not be read.
    Malformed = 3,
    /// The community is not known.
    Community = 4,
    /// The community is known, but the message was not made with it.
    Mac = 5,
    /// The community may not change this service.
    ReadOnly = 6,
    /// The daemon has been started anew since the sender looked.
    Nonce = 7,
    /// The record has changed since the sender looked.
    Stale = 8,
    /// A limit is reached: `text` names it, `detail` is its size.
    Limit = 9,
    /// Done, but it could not be written to disk.
    Unsaved = 10,
    /// The request is too short for even one record to come back; `detail` is enough.
    Cramped = 11,
    /// The change would mark as unpublished a state other than `FAIL`.
    Marks = 12,
    /// The program has no debug facility of that name.
    Facility = 13,
    /// The service can not be forgotten: its publisher is alive.
    Published = 14,
}

impl Code {
    /// All codes, in their order.
    pub const ALL: [Code; 14] = [
        Code::Version,
        Code::Type,
        Code::Malformed,
        Code::Community,
        Code::Mac,
        Code::ReadOnly,
        Code::Nonce,
        Code::Stale,
        Code::Limit,
        Code::Unsaved,
        Code::Cramped,
        Code::Marks,
        Code::Facility,
        Code::Published,
    ];

    /// Its name, as `failover-protocol(7)` has it.
    pub fn word(self) -> &'static str {
        match self {
            Code::Version => "version",
            Code::Type => "type",
            Code::Malformed => "malformed",
            Code::Community => "community",
            Code::Mac => "mac",
            Code::ReadOnly => "readonly",
            Code::Nonce => "nonce",
            Code::Stale => "stale",
            Code::Limit => "limit",
            Code::Unsaved => "unsaved",
            Code::Cramped => "cramped",
            Code::Marks => "marks",
            Code::Facility => "facility",
            Code::Published => "published",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Code::Version => "it does not speak this version of the protocol",
            Code::Type => "it does not know this type of message",
            Code::Malformed => "it could not read the message",
            Code::Community => "it does not know this community",
            Code::Mac => "the message was not made with the community it names",
            Code::ReadOnly => "this community may only read the service",
            Code::Nonce => {
                "it was started anew since the record was read; the change is late or replayed"
            }
            Code::Stale => {
                "the record was changed since it was read; the change is late or replayed"
            }
            Code::Limit => "a limit is reached",
            Code::Unsaved => "the change is in force, but could not be written to the state file",
            Code::Cramped => "the request is shorter than its answer would be",
            Code::Marks => "only the state FAIL can be marked as unpublished",
            Code::Facility => "it has no debug facility of that name",
            Code::Published => {
                "a failsh that runs publishes the service; take it out of the policy first"
            }
        }
    }
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why; a number that this program does not know stays a number.
    pub code: Result<Code, u8>,
    /// A figure that belongs to the code.
    pub detail: u32,
    /// A word that belongs to the code.
    pub text: Reason,
    /// The record as it is now, if the sender may read it and that helps.
    pub record: Option<Record>,
}

impl Refusal {
    /// A refusal that is its code and nothing else.
    pub fn plain(code: Code) -> Refusal {
        Refusal {
            code: Ok(code),
            detail: 0,
            text: Reason::default(),
            record: None,
        }
    }

    pub(crate) fn emit(&self, out: &mut Writer) {
        out.u8(self.code.map_or_else(|number| number, |code| code as u8));
        out.u32(self.detail);
        out.text(self.text.as_str());
        out.u8(u8::from(self.record.is_some()));
        if let Some(record) = &self.record {
            record.emit(out);
        }
    }

    pub(crate) fn parse(from: &mut Reader) -> Result<Refusal, Bad> {
        let number = from.u8()?;
        Ok(Refusal {
            code: Code::ALL
                .into_iter()
                .find(|code| *code as u8 == number)
                .ok_or(number),
            detail: from.u32()?,
            text: from.reason()?,
            record: match from.u8()? {
                0 => None,
                _ => Some(Record::parse(from)?),
            },
        })
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.code {
            Ok(Code::Limit) => write!(f, "a limit is reached: {} is {}", self.text, self.detail),
            Ok(Code::Version) => {
                write!(
                    f,
                    "{}: it speaks version {}, this program version {}",
                    Code::Version.sentence(),
                    self.detail,
                    crate::VERSION
                )
            }
            Ok(code) => f.write_str(code.sentence()),
            Err(number) => write!(
                f,
                "it gives reason {number}, which this version does not know"
            ),
        }
    }
}
