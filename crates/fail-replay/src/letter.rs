//! A message as a recording has it: bare, with who signed it.
//!
//! What verifies with a known community is written with its stand-in, and a reader signs it
//! anew. Of what does not verify only the head is kept, which is all that a machine reads of
//! it: what a stranger signed, or sent by mistake, is nobody else's to see.

use fail_wire::{Bare, Packet};
use serde::{Deserialize, Serialize};

use crate::base64;
use crate::stands::{STRANGER, Stand, Stands};

/// Bytes of what is no message that are kept: magic, version and type.
const JUNK_HEAD: usize = 4;

/// Whose signature a message has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// That of this stand-in's community.
    Key(String),
    /// It says so, and it is not true.
    Forged(String),
    /// That of a community that is not known here.
    Stranger,
    /// None: a refusal to somebody who has shown no key.
    Nobody,
    /// It is no message at all.
    Junk,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Whose.
    pub by: By,
    /// Base64, without the zeros at the end.
    pub bytes: String,
    /// How many bytes there are, with the zeros.
    pub len: usize,
}

impl Letter {
    /// What is written of a message. Its cookie is exchanged as said.
    pub fn of(message: &[u8], stands: &Stands, cookie: impl FnOnce(&Stand, u64) -> u64) -> Letter {
        let packet = Packet::read(message);
        let (Ok(packet), Ok(mut bare)) = (packet, Bare::of(message)) else {
            let mut junk = message.to_vec();
            junk.iter_mut().skip(JUNK_HEAD).for_each(|byte| *byte = 0);
            return Letter::new(By::Junk, &junk);
        };
        if packet.key_id() == 0 {
            return Letter::new(By::Nobody, bare.as_bytes());
        }
        let Some(stand) = stands.with_id(packet.key_id()) else {
            return Letter::new(By::Stranger, bare.emptied().as_bytes());
        };
        if !packet.verify(&stand.real) {
            return Letter::new(By::Forged(stand.text.clone()), bare.emptied().as_bytes());
        }
        if let Some(old) = bare.cookie() {
            bare.set_cookie(cookie(stand, old));
        }
        Letter::new(By::Key(stand.text.clone()), bare.as_bytes())
    }

    fn new(by: By, bytes: &[u8]) -> Letter {
        let end = bytes.iter().rposition(|byte| *byte != 0);
        let text = base64::encode(&bytes[..end.map_or(0, |end| end + 1)]);
        let len = bytes.len();
        Letter {
            by,
            bytes: text,
            len,
        }
    }

    /// The message again.
    ///
    /// # Errors
    /// It is none, or the stand-in was not named before.
    pub fn message(&self, stands: &Stands) -> Result<Vec<u8>, String> {
        let bytes = base64::decode(&self.bytes);
        // No message is longer than what a connection takes in one piece.
        let fits = |bytes: &Vec<u8>| bytes.len() <= self.len && self.len <= usize::from(u16::MAX);
        let mut bytes = bytes.filter(fits).ok_or("a message that is none")?;
        bytes.resize(self.len, 0);
        if self.by == By::Junk {
            return Ok(bytes);
        }
        let bare = Bare::from_bytes(bytes).map_err(|bad| format!("a message: {bad}"))?;
        let stand = |text: &String| {
            let key = fail_wire::Key::new(text).ok();
            let stand = key.and_then(|key| stands.with_id(key.id()));
            stand.ok_or_else(|| format!("stand-in \"{text}\" was not named before"))
        };
        Ok(match &self.by {
            By::Key(text) => bare.signed(&stand(text)?.key),
            By::Forged(text) => bare.unsigned(stand(text)?.key.id()),
            By::Stranger => bare.unsigned(STRANGER),
            By::Nobody | By::Junk => bare.unsigned(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fail_wire::{Body, Key, Query, Subscribe, emit, emit_padded};

    fn key(text: &str) -> Key {
        Key::new(text).unwrap()
    }

    fn stands() -> (Stands, Stands) {
        let mut written = Stands::recording(key("secret"));
        written.admit([key("alpha")]);
        let mut read = Stands::replaying();
        read.replay(&written.community("alpha")).unwrap();
        (written, read)
    }

    #[test]
    fn what_was_signed_is_signed_by_the_stand_in() {
        let (written, read) = stands();
        let stand = key(&written.community("alpha"));
        let query = Body::Query(Query::default());
        let message = emit_padded(&key("alpha"), 7, &query, 1400);
        let letter = Letter::of(&message, &written, |_, cookie| cookie);
        assert!(letter.bytes.len() < 30, "{letter:?}");
        let expected = emit_padded(&stand, 7, &query, 1400);
        assert_eq!(letter.message(&read), Ok(expected.clone()));
        // And told once more, in a replay, it is the same.
        assert_eq!(Letter::of(&expected, &read, |_, c| c), letter);
    }

    #[test]
    fn of_what_does_not_verify_only_the_head_is_kept() {
        let (written, read) = stands();
        let body = Body::Subscribe(Subscribe {
            cookie: 5,
            for_ms: 6,
            names: vec![fail_wire::Name::new("private").unwrap()],
        });
        let stranger = emit(Some(&key("beta")), 7, &body);
        let mut forged = emit(Some(&key("alpha")), 7, &body);
        forged[20] ^= 1;
        let unsigned = emit(None, 7, &Body::AskReport);
        let junk = b"FO\x01\x02 my password is alpha".to_vec();
        for (message, by) in [
            (&stranger, By::Stranger),
            (&forged, By::Forged(written.community("alpha"))),
            (&unsigned, By::Nobody),
            (&junk, By::Junk),
        ] {
            let letter = Letter::of(message, &written, |_, _| panic!("no cookie is read"));
            assert_eq!(letter.by, by);
            let again = letter.message(&read).unwrap();
            assert_eq!(again.len(), message.len());
            let text = String::from_utf8_lossy(&again).into_owned();
            assert!(!text.contains("private") && !text.contains("password"));
            assert_eq!(Letter::of(&again, &read, |_, c| c), letter);
            assert_eq!(
                Packet::read(message).map(|packet| packet.request()),
                Packet::read(&again).map(|packet| packet.request())
            );
        }
    }
}
