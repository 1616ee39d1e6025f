//! faild: holds the state of any number of services, answers, never acts.
//!
//! Datagrams come in as bytes with their sender. A query is answered at once; a change is
//! checked (key, rights, daemon, version), takes effect at once, and is acknowledged when it
//! is on disk. Whatever can not be read is counted and dropped; whoever shows no key gets a
//! refusal no longer than the request. Not here: sockets, files, and any idea of what a
//! service is.

mod entry;
mod image;
mod offenders;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use fail_wire::{
    ANSWER_BYTES_MIN, Answer, Body, Change, Code, Dice, Key, Name, Packet, Query, Reason, Record,
    Refusal, VERSION, emit,
};

use crate::access::{Access, Rights};
use crate::limits;
use crate::log::{Level, Line};
use crate::machine::Machine;
use crate::time::{Mono, Now, Span};
use entry::Entry;
pub use image::{Image, Kept};
use offenders::Offenders;

/// Where a datagram came from, and by which way an answer goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The sender.
    pub addr: SocketAddr,
    /// The address that was asked; the answer leaves from there.
    pub local: Option<SocketAddr>,
}

/// What happens to a faild.
#[derive(Debug, Clone)]
pub enum In {
    /// A datagram arrived.
    Datagram {
        /// From whom.
        from: Peer,
        /// Whatever it is.
        bytes: Vec<u8>,
    },
    /// An [`Out::Save`] is done.
    Saved {
        /// Its number.
        no: u64,
        /// Whether it is on disk.
        ok: bool,
    },
    /// The community file was read again.
    Access(Access),
}

/// What a faild wants done.
#[derive(Debug, Clone)]
#[must_use]
pub enum Out {
    /// Send an answer.
    Send {
        /// To whom.
        to: Peer,
        /// The whole message.
        bytes: Vec<u8>,
    },
    /// Put this on disk and say so with [`In::Saved`]. At most one is under way.
    Save {
        /// Brings the answer back.
        no: u64,
        /// What is to be on disk.
        image: Image,
    },
    /// A line for the log.
    Log(Line),
}

/// What has happened so far, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Datagrams that arrived.
    pub received: u64,
    /// Queries that were answered.
    pub answered: u64,
    /// Changes that took effect.
    pub changed: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Datagrams that got no answer.
    pub dropped: u64,
}

/// An acknowledgement that waits for the disk.
#[derive(Debug, Clone)]
struct Ack {
    to: Peer,
    saved: Vec<u8>,
    unsaved: Vec<u8>,
}

/// Who asks: proven, and how long the answer may be.
struct Asker {
    peer: Peer,
    key: Key,
    request: u64,
    room: usize,
}

/// The state daemon.
#[derive(Debug)]
pub struct Node {
    boot: String,
    nonce: u64,
    access: Access,
    entries: BTreeMap<Name, Entry>,
    /// Acknowledgements that wait for the save under way.
    saving: Vec<Ack>,
    /// Acknowledgements that came too late for it, and wait for the next.
    unsaved: Vec<Ack>,
    save_no: u64,
    save_under_way: bool,
    dirty: bool,
    /// When to try a failed save again.
    save_again: Option<Mono>,
    offenders: Offenders,
    counters: Counters,
    out: VecDeque<Out>,
}

/// How long after a failed save the next one is tried, if no change asks for one earlier.
const SAVE_AGAIN: Span = Span::from_secs(5);

impl Node {
    /// A faild in the boot `boot`, with what its last run left on disk.
    pub fn new(now: Now, boot: &str, seed: &[u8; 32], access: Access, image: Image) -> Node {
        let same_boot = image.boot == boot;
        let entry = |kept: Kept| match same_boot {
            true => Entry::from_disk(kept, now),
            false => Entry::after_reboot(kept, now),
        };
        let entries = image.records.into_iter().take(limits::SERVICES_MAX);
        Node {
            boot: boot.to_string(),
            nonce: Dice::new(seed).roll(),
            access,
            entries: entries
                .map(|kept| (kept.name.clone(), entry(kept)))
                .collect(),
            saving: Vec::new(),
            unsaved: Vec::new(),
            save_no: 0,
            save_under_way: false,
            dirty: false,
            save_again: None,
            offenders: Offenders::default(),
            counters: Counters::default(),
            out: VecDeque::new(),
        }
    }

    /// What a change must name.
    pub fn nonce(&self) -> u64 {
        self.nonce
    }

    /// What has happened so far, in numbers.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The record of a service as the wire would show it.
    pub fn record(&self, now: Now, name: &Name) -> Record {
        self.entries
            .get(name)
            .map_or_else(|| entry::unknown(name), |entry| entry.record(now))
    }

    fn datagram(&mut self, now: Now, from: Peer, bytes: &[u8]) {
        self.counters.received += 1;
        let packet = match Packet::read(bytes) {
            Ok(packet) if packet.answers() => {
                return self.drop_it(now, from, "an answer that nobody asked for");
            }
            Ok(packet) => packet,
            Err(bad) => {
                return self.drop_it(now, from, &format!("a datagram that is no message: {bad}"));
            }
        };
        if !packet.speaks_version() {
            return self.refuse_stranger(now, from, &packet, Code::Version);
        }
        let Some(key) = self.access.key(packet.key_id()).cloned() else {
            return self.refuse_stranger(now, from, &packet, Code::Community);
        };
        if !packet.verify(&key) {
            return self.refuse_stranger(now, from, &packet, Code::Mac);
        }
        let asker = Asker {
            peer: from,
            key,
            request: packet.request(),
            room: packet.bytes_len(),
        };
        match packet.body() {
            Ok(Body::Query(query)) => self.query(now, &asker, &query),
            Ok(Body::Change(change)) => self.change(now, &asker, &change),
            Ok(Body::Answer(_) | Body::Refusal(_)) => {}
            Err(fail_wire::Bad::Type) => self.refuse(now, &asker, Refusal::plain(Code::Type)),
            Err(_) => self.refuse(now, &asker, Refusal::plain(Code::Malformed)),
        }
    }

    fn query(&mut self, now: Now, asker: &Asker, query: &Query) {
        let after = |name: &Name| query.after.as_ref().is_none_or(|after| name > after);
        let mut names: Vec<Name> = match query.names.is_empty() {
            true => self
                .entries
                .keys()
                .filter(|name| self.rights(asker, name).is_some())
                .cloned()
                .collect(),
            false => query.names.clone(),
        };
        names.retain(after);
        names.sort();
        names.dedup();
        let mut answer = Answer {
            nonce: self.nonce,
            more: false,
            records: Vec::new(),
        };
        let mut room = asker.room.saturating_sub(ANSWER_BYTES_MIN);
        for name in names {
            let rights = self.rights(asker, &name);
            // Only who names a service can be the one who publishes it.
            let beat = query.beat.filter(|_| !query.names.is_empty());
            if let (Some(beat), Some(Rights::ReadWrite)) = (beat, rights) {
                if let Some(entry) = self
                    .entries
                    .get_mut(&name)
                    .filter(|_| beat.nonce == self.nonce)
                {
                    entry.beat(now, beat);
                }
            }
            let record = match rights {
                Some(_) => self.record(now, &name),
                None => entry::unreadable(&name),
            };
            if record.wire_bytes() > room {
                if answer.records.is_empty() {
                    let detail =
                        u32::try_from(ANSWER_BYTES_MIN + record.wire_bytes()).unwrap_or(u32::MAX);
                    return self.refuse(
                        now,
                        asker,
                        Refusal {
                            detail,
                            ..Refusal::plain(Code::Cramped)
                        },
                    );
                }
                answer.more = true;
                break;
            }
            room -= record.wire_bytes();
            answer.records.push(record);
        }
        self.counters.answered += 1;
        self.send(
            asker.peer,
            emit(Some(&asker.key), asker.request, &Body::Answer(answer)),
        );
    }

    fn change(&mut self, now: Now, asker: &Asker, change: &Change) {
        match self.judge(now, asker, change) {
            Err(refusal) => {
                // Of one kind, whatever service it names: names cost a sender nothing.
                let kind = format!("change refused: {refusal}");
                let shown = format!("service {}: {kind}", change.name);
                self.note(now, asker.peer, &kind, &shown);
                self.counters.refused += 1;
                // Who sent a change twice takes the record in the refusal for proof that it was
                // done and is on disk. So it is shown only if it is there.
                let bare = Refusal {
                    record: None,
                    ..refusal.clone()
                };
                self.acknowledge(Ack {
                    to: asker.peer,
                    saved: fit(asker, Body::Refusal(refusal)),
                    unsaved: fit(asker, Body::Refusal(bare)),
                });
            }
            Ok(()) => {
                let name = change.name.clone();
                let entry = self
                    .entries
                    .entry(name.clone())
                    .or_insert_with(|| Entry::new(name, now));
                let text = entry.change(now, change, &asker.peer.addr.ip().to_string());
                let record = entry.record(now);
                self.counters.changed += 1;
                self.dirty = true;
                self.log(Level::Info, "state", text);
                let answer = Answer {
                    nonce: self.nonce,
                    more: false,
                    records: vec![record.clone()],
                };
                let refusal = Refusal {
                    record: Some(record),
                    ..Refusal::plain(Code::Unsaved)
                };
                self.acknowledge(Ack {
                    to: asker.peer,
                    saved: fit(asker, Body::Answer(answer)),
                    unsaved: fit(asker, Body::Refusal(refusal)),
                });
            }
        }
        self.save();
    }

    /// Whether a change may take effect. The order is that of a reader's questions: may he,
    /// does he mean this run of the daemon, does he know what he replaces, is there room.
    fn judge(&self, now: Now, asker: &Asker, change: &Change) -> Result<(), Refusal> {
        let readable = self.rights(asker, &change.name).is_some();
        let record = || readable.then(|| self.record(now, &change.name));
        if self.rights(asker, &change.name) != Some(Rights::ReadWrite) {
            return Err(Refusal {
                record: record(),
                ..Refusal::plain(Code::ReadOnly)
            });
        }
        if change.nonce != self.nonce {
            return Err(Refusal {
                record: record(),
                ..Refusal::plain(Code::Nonce)
            });
        }
        let version = self.entries.get(&change.name).map_or(0, Entry::version);
        if change.version != version {
            return Err(Refusal {
                record: record(),
                ..Refusal::plain(Code::Stale)
            });
        }
        let limit = |text: &str, limit: usize| {
            let detail = u32::try_from(limit).unwrap_or(u32::MAX);
            Err(Refusal {
                detail,
                text: Reason::new(text),
                ..Refusal::plain(Code::Limit)
            })
        };
        if version == 0 && self.entries.len() >= limits::SERVICES_MAX {
            return limit("services", limits::SERVICES_MAX);
        }
        if self.unsaved.len() >= limits::UNSAVED_MAX {
            return limit("unsaved changes", limits::UNSAVED_MAX);
        }
        Ok(())
    }

    /// Answers a change, but not before everything that it has seen is on disk: a refusal
    /// shows the record, and a record that is shown must not be lost.
    fn acknowledge(&mut self, ack: Ack) {
        match self.dirty || self.save_under_way {
            true if self.unsaved.len() < 2 * limits::UNSAVED_MAX => self.unsaved.push(ack),
            true => self.counters.dropped += 1,
            false => self.answer(ack, self.save_again.is_none()),
        }
    }

    fn answer(&mut self, ack: Ack, on_disk: bool) {
        self.send(ack.to, if on_disk { ack.saved } else { ack.unsaved });
    }

    /// Starts a save unless one is under way. Changes that arrive meanwhile share the next.
    fn save(&mut self) {
        if !self.dirty || self.save_under_way {
            return;
        }
        self.dirty = false;
        self.save_again = None;
        self.save_under_way = true;
        self.save_no += 1;
        self.saving = std::mem::take(&mut self.unsaved);
        let records = self
            .entries
            .values()
            .map(|entry| entry.kept().clone())
            .collect();
        let image = Image {
            boot: self.boot.clone(),
            records,
        };
        self.out.push_back(Out::Save {
            no: self.save_no,
            image,
        });
    }

    fn saved(&mut self, now: Now, no: u64, ok: bool) {
        if !self.save_under_way || no != self.save_no {
            return;
        }
        self.save_under_way = false;
        self.save_again = (!ok).then(|| now.mono + SAVE_AGAIN);
        for ack in std::mem::take(&mut self.saving) {
            self.answer(ack, ok);
        }
        // A refusal that came while the disk was busy, with nothing new to write.
        if !self.dirty {
            for ack in std::mem::take(&mut self.unsaved) {
                self.answer(ack, ok);
            }
        }
        self.save();
    }

    fn rights(&self, asker: &Asker, name: &Name) -> Option<Rights> {
        self.access.rights(
            &asker.key,
            name,
            asker.peer.addr.ip().to_canonical().is_loopback(),
        )
    }

    fn send(&mut self, to: Peer, bytes: Vec<u8>) {
        self.out.push_back(Out::Send { to, bytes });
    }

    fn refuse(&mut self, now: Now, asker: &Asker, refusal: Refusal) {
        let kind = format!("refused: {refusal}");
        self.note(now, asker.peer, &kind, &kind);
        self.counters.refused += 1;
        let bytes = fit(asker, Body::Refusal(refusal));
        // Only a message too short to be a request of ours has no room for its refusal.
        if bytes.len() <= asker.room {
            self.send(asker.peer, bytes);
        }
    }

    /// Whoever has shown no key is told why in a message no longer than his own.
    fn refuse_stranger(&mut self, now: Now, to: Peer, packet: &Packet, code: Code) {
        let detail = if code == Code::Version {
            u32::from(VERSION)
        } else {
            0
        };
        let refusal = Refusal {
            detail,
            ..Refusal::plain(code)
        };
        let kind = format!("refused: {refusal}");
        self.note(now, to, &kind, &kind);
        let bytes = emit(None, packet.request(), &Body::Refusal(refusal));
        if bytes.len() <= packet.bytes_len() {
            self.counters.refused += 1;
            self.send(to, bytes);
        } else {
            self.counters.dropped += 1;
        }
    }

    fn drop_it(&mut self, now: Now, from: Peer, why: &str) {
        self.counters.dropped += 1;
        self.note(now, from, why, why);
    }

    fn note(&mut self, now: Now, who: Peer, kind: &str, shown: &str) {
        let line = self.offenders.note(now.mono, who.addr.ip(), kind, shown);
        if let Some(text) = line {
            self.log(Level::Warn, "access", text);
        }
    }

    fn log(&mut self, level: Level, facility: &'static str, text: String) {
        self.out.push_back(Out::Log(Line {
            level,
            facility,
            text,
        }));
    }

    fn check_invariants(&self) {
        debug_assert!(
            self.entries.len() <= limits::SERVICES_MAX,
            "the table of services has its limit"
        );
        debug_assert!(
            self.save_under_way || self.saving.is_empty(),
            "who waits, waits for a save"
        );
        debug_assert!(
            !self.dirty || self.save_under_way,
            "what changed is on its way to the disk"
        );
        debug_assert!(
            self.save_under_way || self.unsaved.is_empty(),
            "nobody is forgotten"
        );
    }
}

/// A signed answer that is no longer than its request: without the record if need be.
fn fit(asker: &Asker, body: Body) -> Vec<u8> {
    let bytes = emit(Some(&asker.key), asker.request, &body);
    if bytes.len() <= asker.room {
        return bytes;
    }
    let body = match body {
        Body::Answer(answer) => Body::Answer(Answer {
            records: Vec::new(),
            ..answer
        }),
        Body::Refusal(refusal) => Body::Refusal(Refusal {
            record: None,
            text: Reason::default(),
            ..refusal
        }),
        other => other,
    };
    emit(Some(&asker.key), asker.request, &body)
}

impl Machine for Node {
    type In = In;
    type Out = Out;

    fn handle(&mut self, now: Now, input: In) {
        match input {
            In::Datagram { from, bytes } => self.datagram(now, from, &bytes),
            In::Saved { no, ok } => self.saved(now, no, ok),
            In::Access(access) => self.access = access,
        }
        self.check_invariants();
    }

    /// Only a failed save makes a faild act by itself.
    fn expire(&mut self, now: Now) {
        if self.save_again.is_some_and(|at| at <= now.mono) {
            self.dirty = true;
            self.save();
        }
        self.check_invariants();
    }

    fn deadline(&self) -> Option<Mono> {
        self.save_again
    }

    fn poll(&mut self) -> Option<Out> {
        self.out.pop_front()
    }
}

#[cfg(test)]
mod tests;
