//! The faild of another host, played by what is known of it: it answers when it did, with what
//! it said, and tells of changes when it told of them.

use std::collections::{BTreeMap, BTreeSet};

use fail_core::time::{Mono, Span};
use fail_wire::{
    ANSWER_BYTES_MIN, Answer, Body, Key, Marks, Name, Notify, Packet, Query, Reason, Record, State,
    Subscribe, emit,
};

use super::facts::Heard;

/// Its cookie: nobody else is there who could guess it.
const COOKIE: u64 = 1;

/// A nonce where none is known.
const NONCE: u64 = 1;

/// A puppet's subscribers, by key id, and what it was asked that nobody knows.
#[derive(Debug, Default)]
pub struct Puppet {
    subscribers: BTreeMap<u32, Subscriber>,
    /// Services of which it has never said anything.
    pub unknown: BTreeSet<Name>,
    /// It was asked, and it never had been before.
    pub never_asked: bool,
    /// Messages lost or slow that have been.
    spent: BTreeSet<Mono>,
}

#[derive(Debug)]
struct Subscriber {
    request: u64,
    key: Key,
    names: Vec<Name>,
    left_ms: u32,
    number: u64,
}

impl Puppet {
    /// What it answers to this message at this moment, and how soon, if it answers.
    pub fn asked(
        &mut self,
        heard: Option<&Heard>,
        now: Mono,
        key: &Key,
        packet: &Packet,
    ) -> Option<(Span, Vec<u8>)> {
        let known =
            heard.and_then(|heard| Some((heard, heard.questions.nearest(now, &mut self.spent)?)));
        let Some((heard, took)) = known else {
            self.never_asked = true;
            return None;
        };
        let (took, body) = (took?, packet.body().ok()?);
        let nonce = heard.nonces.at(now).map_or(NONCE, |(_, nonce)| *nonce);
        let body = match body {
            Body::Query(query) => {
                Body::Answer(self.answer(heard, now, nonce, &query, packet.bytes_len()))
            }
            Body::Subscribe(subscribe) => {
                Body::Notify(self.subscribe(nonce, key, packet.request(), subscribe))
            }
            _ => return None,
        };
        Some((took, emit(Some(key), packet.request(), &body)))
    }

    fn answer(
        &mut self,
        heard: &Heard,
        now: Mono,
        nonce: u64,
        query: &Query,
        room: usize,
    ) -> Answer {
        let mut names: Vec<&Name> = query.names.iter().collect();
        names.sort();
        names.retain(|name| query.after.as_ref().is_none_or(|after| *name > after));
        let (mut records, mut bytes, mut more) = (Vec::new(), ANSWER_BYTES_MIN, false);
        for name in names {
            let record = match record(heard, name, now) {
                Some(record) => record,
                None => {
                    self.unknown.insert(name.clone());
                    nothing(name)
                }
            };
            bytes += record.wire_bytes();
            if bytes > room {
                more = true;
                break;
            }
            records.push(record);
        }
        Answer {
            nonce,
            more,
            records,
        }
    }

    fn subscribe(&mut self, nonce: u64, key: &Key, request: u64, wanted: Subscribe) -> Notify {
        let mut left_ms = 0;
        if wanted.cookie == COOKIE {
            left_ms = wanted.for_ms;
            let fresh = || Subscriber {
                request,
                key: key.clone(),
                names: Vec::new(),
                left_ms,
                number: 0,
            };
            let holder = self.subscribers.entry(key.id()).or_insert_with(fresh);
            holder.request = request;
            holder.names = wanted.names;
        }
        Notify {
            nonce,
            cookie: COOKIE,
            left_ms,
            ..Notify::default()
        }
    }

    /// It tells of these changes: a message for each subscriber.
    pub fn tells(&mut self, nonce: Option<u64>, records: &[Record]) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        for holder in self.subscribers.values_mut() {
            let wanted =
                |record: &&Record| holder.names.is_empty() || holder.names.contains(&record.name);
            let records: Vec<Record> = records.iter().filter(wanted).cloned().collect();
            if records.is_empty() {
                continue;
            }
            holder.number += 1;
            let notify = Notify {
                nonce: nonce.unwrap_or(NONCE),
                cookie: COOKIE,
                left_ms: holder.left_ms,
                number: holder.number,
                more: false,
                records,
            };
            let body = Body::Notify(notify);
            messages.push(emit(Some(&holder.key), holder.request, &body));
        }
        messages
    }
}

/// What was said of a service, as old as it is now.
pub fn record(heard: &Heard, name: &Name, now: Mono) -> Option<Record> {
    let (at, record) = heard.records.get(name)?.at(now)?;
    let age_ms = record.age_ms + (now - *at).as_millis();
    Some(Record {
        age_ms,
        ..record.clone()
    })
}

/// As a faild answers that has never heard of a service.
fn nothing(name: &Name) -> Record {
    Record {
        name: name.clone(),
        state: State::Fail,
        marks: Marks::UNPUBLISHED,
        version: 0,
        age_ms: 0,
        last_change: 0,
        reason: Reason::new("unknown"),
    }
}
