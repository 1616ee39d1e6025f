//! Daemons of other versions, as they look from outside: while hosts are updated they live
//! together with those of today.
//!
//! An older faild knows two requests, query and change, and refuses all others as unknown
//! types; an older failsh sends no others. A later faild adds to the end of its messages and
//! sets marks that nobody knows yet; a later failsh adds to its requests, and now and then
//! sends a type that nobody knows. The version after that does not speak this protocol any
//! more: it refuses whatever it is asked, unsigned, since it has no key in common.

use std::fmt;

use fail_wire::{Body, Code, Key, Marks, Packet, Refusal, emit, emit_padded};

/// Which version a daemon is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skew {
    /// That of the code.
    Today,
    /// The first.
    Past,
    /// One that adds to this protocol.
    Future,
    /// One that speaks another.
    Next,
}

impl Skew {
    /// All of them.
    pub const ALL: [Skew; 4] = [Skew::Today, Skew::Past, Skew::Future, Skew::Next];

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Skew::Today => "today",
            Skew::Past => "past",
            Skew::Future => "future",
            Skew::Next => "next",
        }
    }
}

impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Marks that a later version may know.
const FURTHER: Marks = Marks(0xc0);

/// Bytes that it adds to the end of its messages.
const MORE: usize = 12;

/// What a faild of this version says to a request by itself; nothing: it does as today's does.
pub fn refuses(skew: Skew, keys: &[Key], bytes: &[u8]) -> Option<Vec<u8>> {
    let packet = Packet::read(bytes)
        .ok()
        .filter(|packet| !packet.answers())?;
    match skew {
        Skew::Today | Skew::Future => None,
        Skew::Past => {
            let key = keys.iter().find(|key| packet.verify(key))?;
            let known = matches!(packet.body(), Ok(Body::Query(_) | Body::Change(_)));
            let refusal = Body::Refusal(Refusal::plain(Code::Type));
            (!known).then(|| emit(Some(key), packet.request(), &refusal))
        }
        Skew::Next => {
            let mut refusal = emit(
                None,
                packet.request(),
                &Body::Refusal(Refusal::plain(Code::Version)),
            );
            // The version stands behind the two letters of the protocol.
            refusal[2] = fail_wire::VERSION + 1;
            Some(refusal)
        }
    }
}

/// What a faild of this version sends where today's sends this.
pub fn answers(skew: Skew, keys: &[Key], bytes: Vec<u8>) -> Vec<u8> {
    if skew != Skew::Future {
        return bytes;
    }
    let read = || {
        let packet = Packet::read(&bytes).ok()?;
        let key = keys.iter().find(|key| packet.verify(key))?;
        let mut body = packet.body().ok()?;
        let records = match &mut body {
            Body::Answer(answer) => answer.records.iter_mut(),
            Body::Notify(notify) => notify.records.iter_mut(),
            _ => [].iter_mut(),
        };
        records.for_each(|record| record.marks = record.marks.with(FURTHER));
        let len = bytes.len() + MORE;
        Some(emit_padded(key, packet.request(), &body, len))
    };
    read().unwrap_or(bytes)
}

/// What a failsh of this version sends where today's sends this; an older one sends less.
pub fn asks(skew: Skew, keys: &[Key], bytes: Vec<u8>) -> Vec<Vec<u8>> {
    let packet = Packet::read(&bytes).ok();
    let body = packet.and_then(|packet| packet.body().ok());
    match (skew, packet, body) {
        (Skew::Past, _, Some(Body::Query(_) | Body::Change(_))) => vec![bytes],
        (Skew::Past, ..) => Vec::new(),
        (Skew::Future, Some(packet), Some(body)) => {
            let Some(key) = keys.iter().find(|key| packet.verify(key)) else {
                return vec![bytes];
            };
            let id = packet.request();
            let longer = emit_padded(key, id, &body, bytes.len() + MORE);
            match body {
                Body::AskReport => vec![longer, unknown(key, !id)],
                _ => vec![longer],
            }
        }
        _ => vec![bytes],
    }
}

/// A request of a type that nobody knows. Who can not read the type does not look at the
/// signature either, so that of another type will do.
fn unknown(key: &Key, id: u64) -> Vec<u8> {
    let mut bytes = emit_padded(key, id, &Body::AskReport, 200);
    bytes[3] = 0x7d;
    bytes
}
