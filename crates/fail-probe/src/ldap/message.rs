//! Messages of LDAP (RFC 4511): the four that are sent, and of those that come what a check
//! needs. They are read without going into them any deeper, so that none can be too deep.

use ldap3::asn1::{ASNTag, PL, StructureTag};
use ldap3::parse_filter;

/// Bytes of one message. Nobody asks for attributes: an answer is a name and some words.
pub(super) const MESSAGE_BYTES_MAX: usize = 256 * 1024;

const SEQUENCE: u8 = 0x30;
const BOOLEAN: u8 = 1;
const INTEGER: u8 = 2;
const OCTETS: u8 = 4;
const ENUMERATED: u8 = 10;

const BIND: u8 = 0x60;
const BOUND: u8 = 0x61;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const ENTRY: u8 = 0x64;
const FOUND: u8 = 0x65;
const REFERENCE: u8 = 0x73;
const EXTENDED: u8 = 0x77;
const EXTENDED_ANSWER: u8 = 0x78;

/// Of a bind with a password, and of the name of an extended question.
const CONTEXT_0: u8 = 0x80;

/// What TLS begins with (RFC 4511, 4.14).
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

/// No attributes (RFC 4511, 4.5.1.8).
const NONE: &[u8] = b"1.1";

/// What a code means, for those that one meets.
const CODES: [(u32, &str); 17] = [
    (1, "operations error"),
    (2, "protocol error"),
    (3, "time limit exceeded"),
    (4, "size limit exceeded"),
    (7, "method not supported"),
    (8, "stronger authentication required"),
    (10, "referral"),
    (11, "administrative limit exceeded"),
    (13, "confidentiality required"),
    (32, "no such object"),
    (34, "invalid DN"),
    (48, "inappropriate authentication"),
    (49, "invalid credentials"),
    (50, "insufficient access rights"),
    (51, "busy"),
    (52, "unavailable"),
    (53, "unwilling to perform"),
];

/// A code in words.
pub(super) fn code(code: u32) -> String {
    let known = CODES.iter().find(|(number, _)| *number == code);
    known.map_or_else(|| format!("code {code}"), |(_, words)| (*words).to_string())
}

/// What is sent, without its number.
pub(super) struct Op {
    bytes: Vec<u8>,
    kind: Kind,
}

/// By what a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bound,
    Extended,
    Other,
}

/// What came.
pub(super) enum Answer {
    Bound { code: u32, text: String },
    Extended { code: u32, text: String },
    Entry,
    Reference,
    Found { code: u32, text: String },
}

impl Op {
    /// As a message with this number.
    pub(super) fn message(&self, number: u32) -> Vec<u8> {
        element(SEQUENCE, &[integer(number), self.bytes.clone()].concat())
    }

    pub(super) fn answered_by(&self) -> Kind {
        self.kind
    }
}

pub(super) fn start_tls() -> Op {
    Op {
        bytes: element(EXTENDED, &element(CONTEXT_0, START_TLS)),
        kind: Kind::Extended,
    }
}

pub(super) fn bind(name: &str, password: &str) -> Op {
    let parts = [
        integer(3),
        element(OCTETS, name.as_bytes()),
        element(CONTEXT_0, password.as_bytes()),
    ];
    Op {
        bytes: element(BIND, &parts.concat()),
        kind: Kind::Bound,
    }
}

pub(super) fn unbind() -> Op {
    Op {
        bytes: element(UNBIND, &[]),
        kind: Kind::Other,
    }
}

/// For at most so many entries, at the base (none: the root DSE) and below it. None: the filter
/// is none.
pub(super) fn search(base: Option<&str>, filter: &str, entries: u32) -> Option<Op> {
    /// Of scopes: only the base, and all that is below.
    const BASE: u8 = 0;
    const SUBTREE: u8 = 2;
    let filter = parse_filter(filter).ok()?;
    let parts = [
        element(OCTETS, base.unwrap_or("").as_bytes()),
        element(ENUMERATED, &[if base.is_some() { SUBTREE } else { BASE }]),
        // Aliases are never followed.
        element(ENUMERATED, &[0]),
        integer(entries),
        // No limit of time but ours, and values too.
        integer(0),
        element(BOOLEAN, &[0]),
        whole(filter.into_structure()),
        element(SEQUENCE, &element(OCTETS, NONE)),
    ];
    Some(Op {
        bytes: element(SEARCH, &parts.concat()),
        kind: Kind::Other,
    })
}

/// A structure of the library as bytes.
fn whole(tag: StructureTag) -> Vec<u8> {
    // Filters have no tags above 30.
    let id = u8::try_from(tag.id).unwrap_or(0) | (tag.class as u8) << 6;
    match tag.payload {
        PL::P(bytes) => element(id, &bytes),
        PL::C(parts) => {
            let parts: Vec<_> = parts.into_iter().map(whole).collect();
            element(id | 0x20, &parts.concat())
        }
    }
}

/// In as few bytes as it takes; the first bit is the sign.
fn integer(number: u32) -> Vec<u8> {
    let bytes = u64::from(number).to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count().min(7);
    let sign = usize::from(bytes[zeros] & 0x80 != 0);
    element(INTEGER, &bytes[zeros - sign..])
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    // What we say is far below four gigabytes.
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let mut bytes = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => bytes.push(short),
        _ => {
            bytes.push(0x84);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

/// Tag, and where the content begins and ends. None: not all of the head is there.
fn head(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, &'static str> {
    let [tag, first, rest @ ..] = bytes else {
        return Ok(None);
    };
    let size = usize::from(first & 0x7f);
    if first & 0x80 == 0 {
        return Ok(Some((*tag, 2, 2 + size)));
    }
    if size == 0 || size > 4 {
        return Err("a length that can not be");
    }
    let Some(digits) = rest.get(..size) else {
        return Ok(None);
    };
    let length = digits
        .iter()
        .fold(0usize, |all, digit| all << 8 | usize::from(*digit));
    Ok(Some((*tag, 2 + size, (2 + size).saturating_add(length))))
}

/// How long the message is that these bytes begin; none: that is not known yet.
///
/// # Errors
/// They begin none.
pub(super) fn frame(bytes: &[u8]) -> Result<Option<usize>, &'static str> {
    if bytes.first().is_some_and(|tag| *tag != SEQUENCE) {
        return Err("its answer begins with something else");
    }
    Ok(head(bytes)?.map(|(_, _, end)| end))
}

/// The first element: its tag, its content, and what follows.
fn first(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, start, end) = head(bytes).ok()??;
    Some((tag, bytes.get(start..end)?, &bytes[end..]))
}

/// The content of the first element, if it has this tag, and what follows.
fn expect(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    first(bytes)
        .filter(|(t, ..)| *t == tag)
        .map(|(_, content, rest)| (content, rest))
}

fn number(bytes: &[u8]) -> Option<u32> {
    let fits = (1..=4).contains(&bytes.len());
    fits.then(|| {
        bytes
            .iter()
            .fold(0, |all, byte| all << 8 | u32::from(*byte))
    })
}

/// A whole message: its number and what it says. None: it is broken.
pub(super) fn read(bytes: &[u8]) -> Option<(u32, Answer)> {
    let (message, _) = expect(SEQUENCE, bytes)?;
    let (id, op) = expect(INTEGER, message)?;
    let id = number(id)?;
    let (tag, content, _) = first(op)?;
    let result = || {
        let (code, rest) = expect(ENUMERATED, content)?;
        let (_, rest) = expect(OCTETS, rest)?;
        let (text, _) = expect(OCTETS, rest)?;
        Some((number(code)?, String::from_utf8_lossy(text).into_owned()))
    };
    let answer = match tag {
        BOUND => result().map(|(code, text)| Answer::Bound { code, text }),
        EXTENDED_ANSWER => result().map(|(code, text)| Answer::Extended { code, text }),
        FOUND => result().map(|(code, text)| Answer::Found { code, text }),
        ENTRY => expect(OCTETS, content).map(|_| Answer::Entry),
        REFERENCE => Some(Answer::Reference),
        _ => None,
    };
    Some((id, answer?))
}
