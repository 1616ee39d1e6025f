//! A whole message: header, HMAC, body.
//!
//! ```text
//!  0       2       3       4        8            16                    48
//!  +-------+-------+-------+--------+------------+---------------------+------ - -
//!  | "FO"  |version| type  | key id | request id | HMAC-SHA256         | body
//!  +-------+-------+-------+--------+------------+---------------------+------ - -
//! ```
//!
//! The HMAC covers bytes 0 to 16 and the body. The first 16 bytes mean the same in every
//! version of the protocol, so that any version can be refused properly.

use crate::answer::{Answer, Code, Refusal};
use crate::bytes::{Bad, Reader, Writer};
use crate::change::{Change, Forget};
use crate::figures::{AskFigures, Figures};
use crate::history::{AskHistory, History};
use crate::key::{Key, MAC_BYTES};
use crate::levels::{Levels, SetLevel};
use crate::push::{Acknowledge, Notify, Subscribe};
use crate::query::Query;
use crate::report::{Report, Reported};

/// The version written here.
pub const VERSION: u8 = 1;

/// Bytes before the body.
pub const HEADER_BYTES: usize = 48;

/// Bytes that the HMAC covers before the body.
pub(crate) const SIGNED_BYTES: usize = HEADER_BYTES - MAC_BYTES;

const MAGIC: &[u8; 2] = b"FO";

/// Set in the type of every message that answers another: such a message is never
/// answered, so two daemons can not be set to talk to each other.
pub const ANSWERS: u8 = 0x80;

/// Types of messages.
pub(crate) mod kind {
    pub const QUERY: u8 = 1;
    pub const CHANGE: u8 = 2;
    pub const SUBSCRIBE: u8 = 3;
    pub const ACKNOWLEDGE: u8 = 4;
    pub const REPORT: u8 = 5;
    pub const ASK_REPORT: u8 = 6;
    pub const SET_LEVEL: u8 = 7;
    pub const FORGET: u8 = 8;
    pub const ASK_HISTORY: u8 = 9;
    pub const ASK_FIGURES: u8 = 10;
    pub const ANSWER: u8 = 0x81;
    pub const NOTIFY: u8 = 0x83;
    pub const REPORTED: u8 = 0x85;
    pub const LEVELS: u8 = 0x87;
    pub const HISTORY: u8 = 0x89;
    pub const FIGURES: u8 = 0x8a;
    pub const REFUSAL: u8 = 0xff;
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// What is the state of these services?
    Query(Query),
    /// Change this record.
    Change(Change),
    /// List the debug levels, or set one.
    SetLevel(SetLevel),
    /// These are the records.
    Answer(Answer),
    /// These are the debug levels.
    Levels(Levels),
    /// No, because.
    Refusal(Refusal),
    /// These hosts are heard here.
    Report(Report),
    /// What were you told last of whom your host hears?
    AskReport,
    /// This.
    Reported(Reported),
    /// Tell me of changes.
    Subscribe(Subscribe),
    /// This has changed.
    Notify(Notify),
    /// I have heard it.
    Acknowledge(Acknowledge),
    /// Forget this service.
    Forget(Forget),
    /// What happened to this service?
    AskHistory(AskHistory),
    /// This.
    History(History),
    /// What have you counted, or what are your limits?
    AskFigures(AskFigures),
    /// These.
    Figures(Figures),
}

/// Writes a message. Without a key the HMAC and the key id are zero: only a refusal to
/// somebody who has shown no key is sent so.
pub fn emit(key: Option<&Key>, request: u64, body: &Body) -> Vec<u8> {
    let mut bytes = unsigned(key, request, body);
    if let Some(key) = key {
        sign(key, &mut bytes);
    }
    bytes
}

/// Writes a request and fills it up with zeros to `len` bytes, if it is shorter.
///
/// An answer over UDP is never longer than its request, so that nobody can use a faild to
/// flood a third party, not even with a community that everyone knows. The asker says by
/// the length of the request how long an answer may be.
pub fn emit_padded(key: &Key, request: u64, body: &Body, len: usize) -> Vec<u8> {
    let mut bytes = unsigned(Some(key), request, body);
    bytes.resize(bytes.len().max(len), 0);
    sign(key, &mut bytes);
    bytes
}

fn unsigned(key: Option<&Key>, request: u64, body: &Body) -> Vec<u8> {
    let mut out = Writer(Vec::with_capacity(256));
    out.0.extend(MAGIC);
    out.u8(VERSION);
    out.u8(match body {
        Body::Query(_) => kind::QUERY,
        Body::Change(_) => kind::CHANGE,
        Body::SetLevel(_) => kind::SET_LEVEL,
        Body::Answer(_) => kind::ANSWER,
        Body::Levels(_) => kind::LEVELS,
        Body::Refusal(_) => kind::REFUSAL,
        Body::Report(_) => kind::REPORT,
        Body::AskReport => kind::ASK_REPORT,
        Body::Reported(_) => kind::REPORTED,
        Body::Subscribe(_) => kind::SUBSCRIBE,
        Body::Notify(_) => kind::NOTIFY,
        Body::Acknowledge(_) => kind::ACKNOWLEDGE,
        Body::Forget(_) => kind::FORGET,
        Body::AskHistory(_) => kind::ASK_HISTORY,
        Body::History(_) => kind::HISTORY,
        Body::AskFigures(_) => kind::ASK_FIGURES,
        Body::Figures(_) => kind::FIGURES,
    });
    out.u32(key.map_or(0, Key::id));
    out.u64(request);
    out.0.extend([0; MAC_BYTES]);
    match body {
        Body::Query(query) => query.emit(&mut out),
        Body::Change(change) => change.emit(&mut out),
        Body::SetLevel(order) => order.emit(&mut out),
        Body::Answer(answer) => answer.emit(&mut out),
        Body::Levels(levels) => levels.emit(&mut out),
        Body::Refusal(refusal) => refusal.emit(&mut out),
        Body::Report(report) => report.emit(&mut out),
        Body::AskReport => {}
        Body::Reported(reported) => reported.emit(&mut out),
        Body::Subscribe(subscribe) => subscribe.emit(&mut out),
        Body::Notify(notify) => notify.emit(&mut out),
        Body::Acknowledge(acknowledge) => acknowledge.emit(&mut out),
        Body::Forget(forget) => forget.emit(&mut out),
        Body::AskHistory(ask) => ask.emit(&mut out),
        Body::History(history) => history.emit(&mut out),
        Body::AskFigures(ask) => ask.emit(&mut out),
        Body::Figures(figures) => figures.emit(&mut out),
    }
    out.0
}

pub(crate) fn sign(key: &Key, bytes: &mut [u8]) {
    let (head, body) = bytes.split_at_mut(HEADER_BYTES);
    let (signed, mac) = head.split_at_mut(SIGNED_BYTES);
    mac.copy_from_slice(&key.mac(&[signed, body]));
}

/// A message whose header has been read and whose body has not.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    bytes: &'a [u8],
    version: u8,
    kind: u8,
    key_id: u32,
    request: u64,
}

impl<'a> Packet<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// Too short, or not a message of this protocol at all.
    pub fn read(bytes: &'a [u8]) -> Result<Packet<'a>, Bad> {
        let mut from = Reader(bytes);
        if from.take(2)? != MAGIC {
            return Err(Bad::Magic);
        }
        let packet = Packet {
            bytes,
            version: from.u8()?,
            kind: from.u8()?,
            key_id: from.u32()?,
            request: from.u64()?,
        };
        from.take(MAC_BYTES)?;
        Ok(packet)
    }

    /// The number that binds an answer to its request.
    pub fn request(&self) -> u64 {
        self.request
    }

    /// Which key it claims to be made with; 0: none.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// Its length: over UDP, the most that an answer to it may have.
    pub fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it answers another message.
    pub fn answers(&self) -> bool {
        self.kind & ANSWERS != 0
    }

    /// Whether this program speaks the message's version.
    pub fn speaks_version(&self) -> bool {
        self.version == VERSION
    }

    /// Whether it says that it was made with this key, was, and arrived as it was made.
    pub fn verify(&self, key: &Key) -> bool {
        if self.key_id != key.id() {
            return false;
        }
        let (head, body) = self.bytes.split_at(HEADER_BYTES);
        let (signed, mac) = head.split_at(SIGNED_BYTES);
        key.verifies(&[signed, body], mac)
    }

    /// Reads the body. What a later version has added to its end is skipped.
    ///
    /// A refusal of another version has a layout that nobody knows here, but its header alone
    /// says which version would be understood there.
    ///
    /// # Errors
    /// Unknown version or type, or a field that can not be read.
    pub fn body(&self) -> Result<Body, Bad> {
        if !self.speaks_version() {
            let detail = self.version.into();
            return match self.kind {
                kind::REFUSAL => Ok(Body::Refusal(Refusal {
                    detail,
                    ..Refusal::plain(Code::Version)
                })),
                _ => Err(Bad::Version),
            };
        }
        let mut from = Reader(&self.bytes[HEADER_BYTES..]);
        match self.kind {
            kind::QUERY => Query::parse(&mut from).map(Body::Query),
            kind::CHANGE => Change::parse(&mut from).map(Body::Change),
            kind::SET_LEVEL => SetLevel::parse(&mut from).map(Body::SetLevel),
            kind::ANSWER => Answer::parse(&mut from).map(Body::Answer),
            kind::LEVELS => Levels::parse(&mut from).map(Body::Levels),
            kind::REFUSAL => Refusal::parse(&mut from).map(Body::Refusal),
            kind::REPORT => Report::parse(&mut from).map(Body::Report),
            kind::ASK_REPORT => Ok(Body::AskReport),
            kind::REPORTED => Reported::parse(&mut from).map(Body::Reported),
            kind::SUBSCRIBE => Subscribe::parse(&mut from).map(Body::Subscribe),
            kind::NOTIFY => Notify::parse(&mut from).map(Body::Notify),
            kind::ACKNOWLEDGE => Acknowledge::parse(&mut from).map(Body::Acknowledge),
            kind::FORGET => Forget::parse(&mut from).map(Body::Forget),
            kind::ASK_HISTORY => AskHistory::parse(&mut from).map(Body::AskHistory),
            kind::HISTORY => History::parse(&mut from).map(Body::History),
            kind::ASK_FIGURES => AskFigures::parse(&mut from).map(Body::AskFigures),
            kind::FIGURES => Figures::parse(&mut from).map(Body::Figures),
            _ => Err(Bad::Type),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    /// The id is covered by the proof, so who turns it breaks the proof too: only somebody who
    /// has the key can make this one.
    #[test]
    fn a_message_that_names_another_key_is_not_of_this_one_though_its_proof_is_right() {
        let (key, other) = (Key::new("s3cret").unwrap(), Key::new("public").unwrap());
        let mut bytes = emit(Some(&key), 7, &Body::AskReport);
        assert!(Packet::read(&bytes).unwrap().verify(&key));
        for id in [other.id(), 0, key.id() ^ 1] {
            bytes[4..8].copy_from_slice(&id.to_be_bytes());
            sign(&key, &mut bytes);
            let packet = Packet::read(&bytes).unwrap();
            let (head, body) = bytes.split_at(HEADER_BYTES);
            let (signed, mac) = head.split_at(SIGNED_BYTES);
            assert!(key.verifies(&[signed, body], mac), "the proof is right");
            assert_eq!(packet.key_id(), id);
            assert!(!packet.verify(&key) && !packet.verify(&other), "{id:08x}");
        }
        bytes[4..8].copy_from_slice(&key.id().to_be_bytes());
        sign(&key, &mut bytes);
        assert!(Packet::read(&bytes).unwrap().verify(&key), "and back");
    }
}
