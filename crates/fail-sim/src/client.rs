//! People with failc and failstat: read the record, then change it as seen, and once more if
//! somebody else was faster; or make the faild forget the service, or only look at what it
//! remembers and has counted.

use std::collections::BTreeMap;

use std::fmt;

use fail_wire::{Answer, AskFigures, AskHistory, Body, Change, Code, Forget, Key, Marks, Name};
use fail_wire::{DATAGRAM_BYTES_MAX, Packet, Past, Query, Reason, Record, State, emit_padded};
use fail_wire::{What, room_for};

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
    /// `failc forget`.
    Forget,
    /// `failc history`.
    History,
    /// `failstat --figures`.
    Figures,
    /// `failstat`: all records.
    List,
}

impl Verb {
    /// Something is to change, so that it can be said at a console of failsh as well.
    pub fn is_order(self) -> bool {
        !self.only_looks() && self != Verb::Forget
    }

    /// Nothing is to change.
    pub fn only_looks(self) -> bool {
        matches!(self, Verb::History | Verb::Figures | Verb::List)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verb::Away => "away",
            Verb::Back => "back",
            Verb::Hold => "hold",
            Verb::Release => "release",
            Verb::Set(State::Up) => "up",
            Verb::Set(State::Recover) => "recover",
            Verb::Set(State::Fail) => "fail",
            Verb::Forget => "forget",
            Verb::History => "history",
            Verb::Figures => "figures",
            Verb::List => "list",
        })
    }
}

/// What comes of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Nothing more is to be done.
    Done,
    /// The next request.
    Next(Vec<u8>),
    /// What the faild remembers of a service.
    Past(Name, Vec<Past>),
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
            sent: verb.only_looks(),
        };
        let look = match verb {
            Verb::History => Body::AskHistory(AskHistory {
                name: name.clone(),
                before: 0,
            }),
            Verb::Figures => Body::AskFigures(AskFigures {
                what: What::Counters,
                after: Reason::new(""),
            }),
            Verb::List => Body::Query(Query::default()),
            _ => return self.read(id, key, wish),
        };
        self.open.insert(id, wish);
        emit_padded(key, id, &look, DATAGRAM_BYTES_MAX)
    }

    fn read(&mut self, id: u64, key: &Key, wish: Wish) -> Vec<u8> {
        let query = Query {
            names: vec![wish.name.clone()],
            ..Query::default()
        };
        self.open.insert(id, wish);
        emit_padded(key, id, &Body::Query(query), room_for(1))
    }

    /// The answer to a step; what comes next has this number.
    pub fn hear(&mut self, id: u64, key: &Key, bytes: &[u8]) -> Heard {
        self.heard(id, key, bytes).unwrap_or(Heard::Done)
    }

    fn heard(&mut self, id: u64, key: &Key, bytes: &[u8]) -> Option<Heard> {
        let packet = Packet::read(bytes).ok()?;
        let mut wish = self.open.remove(&packet.request())?;
        match packet.body().ok()? {
            Body::Answer(answer) if !wish.sent => self.set(id, key, wish, &answer).map(Heard::Next),
            Body::History(history) => Some(Heard::Past(wish.name, history.entries)),
            Body::Refusal(refusal) if refusal.code == Ok(Code::Stale) && wish.tries > 0 => {
                wish.tries -= 1;
                wish.sent = false;
                Some(Heard::Next(self.read(id, key, wish)))
            }
            _ => None,
        }
    }

    fn set(&mut self, id: u64, key: &Key, wish: Wish, answer: &Answer) -> Option<Vec<u8>> {
        let record = answer.records.first()?;
        let body = match wish.verb {
            Verb::Forget => Body::Forget(Forget {
                nonce: answer.nonce,
                version: record.version,
                name: record.name.clone(),
            }),
            verb => Body::Change(change(verb, answer.nonce, record)?),
        };
        self.open.insert(id, Wish { sent: true, ..wish });
        Some(emit_padded(key, id, &body, room_for(1)))
    }

    /// Nobody waits for an answer any more.
    pub fn forget(&mut self) {
        self.open.clear();
    }
}

fn change(verb: Verb, nonce: u64, record: &Record) -> Option<Change> {
    let none = Marks(0);
    let (state, set, clear) = match verb {
        Verb::Away => (None, Marks::AWAY, none),
        Verb::Back if record.state == State::Fail => (Some(State::Recover), none, Marks::AWAY),
        Verb::Back => (None, none, Marks::AWAY),
        Verb::Hold => (None, Marks::HELD, none),
        Verb::Release => (None, none, Marks::HELD),
        Verb::Set(state) => (Some(state), none, none),
        Verb::Forget | Verb::History | Verb::Figures | Verb::List => return None,
    };
    Some(Change {
        nonce,
        version: record.version,
        name: record.name.clone(),
        state,
        set,
        clear,
        reason: Reason::new(&format!("{verb:?} by hand")),
        interval_ms: 0,
    })
}
