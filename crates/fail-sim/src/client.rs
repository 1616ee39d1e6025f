//! People with failc: read the record, then change it as seen, and once more if somebody
//! else was faster.

use std::collections::BTreeMap;

use fail_wire::{Answer, Body, Change, Code, Key, Marks, Name, Packet, Query, Reason, Record};
use fail_wire::{State, emit_padded, room_for};

/// What people want of a service on their host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `failc away`.
    Away,
    /// `failc back`: from FAIL the service becomes RECOVER.
    Back,
    /// `failc hold`.
    Hold,
    /// `failc release`.
    Release,
    /// A fact, said by hand.
    Set(State),
}

/// A wish that is not fulfilled yet.
#[derive(Debug, Clone)]
struct Wish {
    name: Name,
    verb: Verb,
    tries: u32,
    /// The change was sent; the next answer is its acknowledgement.
    sent: bool,
}

/// Everybody who types failc on one host.
#[derive(Debug, Clone, Default)]
pub struct Clerk {
    open: BTreeMap<u64, Wish>,
}

/// How often a change that came too late is tried again.
const TRIES: u32 = 3;

impl Clerk {
    /// The first step: how is it now?
    pub fn ask(&mut self, id: u64, key: &Key, name: &Name, verb: Verb) -> Vec<u8> {
        let wish = Wish {
            name: name.clone(),
            verb,
            tries: TRIES,
            sent: false,
        };
        self.read(id, key, wish)
    }

    fn read(&mut self, id: u64, key: &Key, wish: Wish) -> Vec<u8> {
        let query = Query {
            names: vec![wish.name.clone()],
            ..Query::default()
        };
        self.open.insert(id, wish);
        emit_padded(key, id, &Body::Query(query), room_for(1))
    }

    /// The answer to a step; gives the next one, with this number.
    pub fn hear(&mut self, id: u64, key: &Key, bytes: &[u8]) -> Option<Vec<u8>> {
        let packet = Packet::read(bytes).ok()?;
        let mut wish = self.open.remove(&packet.request())?;
        match packet.body().ok()? {
            Body::Answer(answer) if !wish.sent => self.set(id, key, wish, &answer),
            Body::Refusal(refusal) if refusal.code == Ok(Code::Stale) && wish.tries > 0 => {
                wish.tries -= 1;
                wish.sent = false;
                Some(self.read(id, key, wish))
            }
            _ => None,
        }
    }

    fn set(&mut self, id: u64, key: &Key, wish: Wish, answer: &Answer) -> Option<Vec<u8>> {
        let record = answer.records.first()?;
        let change = change(wish.verb, answer.nonce, record);
        self.open.insert(id, Wish { sent: true, ..wish });
        Some(emit_padded(key, id, &Body::Change(change), room_for(1)))
    }

    /// Nobody waits for an answer any more.
    pub fn forget(&mut self) {
        self.open.clear();
    }
}

fn change(verb: Verb, nonce: u64, record: &Record) -> Change {
    let none = Marks(0);
    let (state, set, clear) = match verb {
        Verb::Away => (None, Marks::AWAY, none),
        Verb::Back if record.state == State::Fail => (Some(State::Recover), none, Marks::AWAY),
        Verb::Back => (None, none, Marks::AWAY),
        Verb::Hold => (None, Marks::HELD, none),
        Verb::Release => (None, none, Marks::HELD),
        Verb::Set(state) => (Some(state), none, none),
    };
    Change {
        nonce,
        version: record.version,
        name: record.name.clone(),
        state,
        set,
        clear,
        reason: Reason::new(&format!("{verb:?} by hand")),
        interval_ms: 0,
    }
}
