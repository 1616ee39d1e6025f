//! A message without what was made of a community: no key id, no HMAC, and its cookie within
//! reach. A recording keeps messages so, and signs them anew with another key.
//!
//! A cookie is made of the key id by the faild that gives it: who knows how it is made could
//! tell the one from the other, so it is exchanged as well.

use crate::bytes::Bad;
use crate::key::{Key, MAC_BYTES};
use crate::message::{HEADER_BYTES, SIGNED_BYTES, VERSION, kind, sign};

/// Magic, version and type before the key id.
const BEFORE_ID: usize = 4;
/// Bytes of the key id.
const ID_BYTES: usize = 4;
/// Bytes of a cookie.
const COOKIE_BYTES: usize = 8;
/// Where the body begins in a bare message.
const BODY_AT: usize = HEADER_BYTES - MAC_BYTES - ID_BYTES;

/// A message without key id and HMAC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bare(Vec<u8>);

impl Bare {
    /// Takes both away from a message.
    ///
    /// # Errors
    /// Too short to have them.
    pub fn of(message: &[u8]) -> Result<Bare, Bad> {
        let body = message.get(HEADER_BYTES..).ok_or(Bad::Short)?;
        let (before, request) = message[..SIGNED_BYTES].split_at(BEFORE_ID);
        let request = &request[ID_BYTES..];
        Ok(Bare([before, request, body].concat()))
    }

    /// What was taken from a [`Bare`] before.
    ///
    /// # Errors
    /// Too short for one.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Bare, Bad> {
        match bytes.len() < BODY_AT {
            true => Err(Bad::Short),
            false => Ok(Bare(bytes)),
        }
    }

    /// All its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same head, and nothing in a body of the same length.
    #[must_use]
    pub fn emptied(mut self) -> Bare {
        self.0[BODY_AT..].fill(0);
        self
    }

    /// The message signed with this key.
    pub fn signed(&self, key: &Key) -> Vec<u8> {
        let mut message = self.unsigned(key.id());
        sign(key, &mut message);
        message
    }

    /// The message with this key id and an HMAC of zeros.
    pub fn unsigned(&self, key_id: u32) -> Vec<u8> {
        let (head, body) = self.0.split_at(BODY_AT);
        let (before, request) = head.split_at(BEFORE_ID);
        let id = key_id.to_be_bytes();
        [before, &id, request, &[0; MAC_BYTES], body].concat()
    }

    fn cookie_at(&self) -> Option<std::ops::Range<usize>> {
        let at = match (self.0[2], self.0[3]) {
            (VERSION, kind::SUBSCRIBE) => BODY_AT,
            // After the nonce.
            (VERSION, kind::NOTIFY) => BODY_AT + 8,
            _ => return None,
        };
        (self.0.len() >= at + COOKIE_BYTES).then_some(at..at + COOKIE_BYTES)
    }

    /// The cookie in it, if it is a message that has one.
    pub fn cookie(&self) -> Option<u64> {
        let bytes = &self.0[self.cookie_at()?];
        Some(bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
    }

    /// With another cookie.
    pub fn set_cookie(&mut self, cookie: u64) {
        if let Some(at) = self.cookie_at() {
            self.0[at].copy_from_slice(&cookie.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Body, Notify, Packet, Query, Subscribe, emit, emit_padded};

    fn key(text: &str) -> Key {
        Key::new(text).unwrap()
    }

    #[test]
    fn a_bare_message_signed_again_is_the_message() {
        let query = Body::Query(Query::default());
        let message = emit_padded(&key("alpha"), 7, &query, 300);
        let bare = Bare::of(&message).unwrap();
        assert_eq!(bare.signed(&key("alpha")), message);
        let other = bare.signed(&key("beta"));
        assert_eq!(other, emit_padded(&key("beta"), 7, &query, 300));
        let unsigned = emit(None, 7, &query);
        assert_eq!(Bare::of(&unsigned).unwrap().unsigned(0), unsigned);
        assert_eq!(Bare::from_bytes(bare.as_bytes().to_vec()), Ok(bare.clone()));
        assert_eq!(bare.emptied().signed(&key("alpha")).len(), 300);
        for n in 0..HEADER_BYTES {
            assert_eq!(Bare::of(&message[..n]), Err(Bad::Short));
        }
    }

    #[test]
    fn cookies_are_where_the_messages_have_them() {
        let subscribe = |cookie| {
            let names = Vec::new();
            Body::Subscribe(Subscribe {
                cookie,
                for_ms: 5,
                names,
            })
        };
        let notify = |cookie| {
            Body::Notify(Notify {
                nonce: 3,
                cookie,
                ..Notify::default()
            })
        };
        for body in [subscribe as fn(u64) -> Body, notify] {
            let mut bare = Bare::of(&emit(Some(&key("a")), 1, &body(77))).unwrap();
            assert_eq!(bare.cookie(), Some(77));
            bare.set_cookie(78);
            let message = bare.signed(&key("a"));
            let packet = Packet::read(&message).unwrap();
            assert!(packet.verify(&key("a")));
            assert_eq!(packet.body(), Ok(body(78)));
        }
        let mut query = Bare::of(&emit(None, 1, &Body::AskReport)).unwrap();
        assert_eq!(query.cookie(), None);
        let same = query.clone();
        query.set_cookie(5);
        assert_eq!(query, same);
    }
}
