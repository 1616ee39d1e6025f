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
mod page;
mod report;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::ops::Bound;

use fail_wire::{
    ANSWER_BYTES_MIN, Answer, Beat, Body, Change, Code, Dice, Key, Marks, Name, Packet, Query,
    Reason, Record, Refusal, State, VERSION, emit,
};

use crate::access::{Access, Rights};
use crate::limits;
use crate::log::{Level, Line};
use crate::machine::Machine;
use crate::time::{Mono, Now, Span};
use entry::Entry;
pub use image::{Image, Kept};
use offenders::Offenders;
use page::Page;
use report::Heard;

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

/// An answer to a change that waits for the disk.
#[derive(Debug, Clone)]
struct Ack {
    to: Asker,
    what: Waiting,
}

/// What is said when the disk has spoken.
#[derive(Debug, Clone)]
enum Waiting {
    /// The change took effect: the record as it is now.
    Done(Record),
    /// It did not, and the record in the refusal may prove that it was done before.
    Stale(Refusal),
}

/// Who asks: proven, and how long the answer may be.
#[derive(Debug, Clone)]
struct Asker {
    peer: Peer,
    key: Key,
    request: u64,
    room: usize,
}

/// What is said about each datagram, for one who looks for a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Chatter {
    /// Who asks and changes what, and what came of it.
    pub access: bool,
    /// What is behind each change of a record.
    pub state: bool,
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
    /// How many of those are changes that took effect.
    unsaved_changes: usize,
    save_no: u64,
    save_under_way: bool,
    dirty: bool,
    /// When to try a failed save again.
    save_again: Option<Mono>,
    offenders: Offenders,
    /// Whom this host hears, as its failsh said last.
    heard: Option<Heard>,
    counters: Counters,
    chatter: Chatter,
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
            unsaved_changes: 0,
            save_no: 0,
            save_under_way: false,
            dirty: false,
            save_again: None,
            offenders: Offenders::default(),
            heard: None,
            counters: Counters::default(),
            chatter: Chatter::default(),
            out: VecDeque::new(),
        }
    }

    /// Says more from now on, or less: lines of level `Debug`, which cost something to make.
    pub fn chat(&mut self, chatter: Chatter) {
        self.chatter = chatter;
    }

    /// What is to be on disk.
    pub fn image(&self) -> Image {
        Image {
            boot: self.boot.clone(),
            records: self
                .entries
                .values()
                .map(|entry| entry.kept().clone())
                .collect(),
        }
    }

    /// What a change must name.
    pub fn nonce(&self) -> u64 {
        self.nonce
    }

    /// How many services have a record.
    pub fn services(&self) -> usize {
        self.entries.len()
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
        if bytes.len() > limits::REQUEST_BYTES_MAX {
            let why = "a datagram that is longer than any request";
            return self.drop_it(now, from, why);
        }
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
            Ok(Body::Report(report)) => self.take_report(now, &asker, report),
            Ok(Body::AskReport) => self.show_report(now, &asker),
            // A faild has its states at this port, and nothing to debug by.
            Ok(Body::SetLevel(_)) => self.refuse(now, &asker, Refusal::plain(Code::Type)),
            // Such a message was dropped before its body was read.
            Ok(Body::Answer(_) | Body::Refusal(_) | Body::Reported(_) | Body::Levels(_)) => {}
            Err(fail_wire::Bad::Type) => self.refuse(now, &asker, Refusal::plain(Code::Type)),
            Err(_) => self.refuse(now, &asker, Refusal::plain(Code::Malformed)),
        }
    }

    fn query(&mut self, now: Now, asker: &Asker, query: &Query) {
        let room = asker.room.saturating_sub(ANSWER_BYTES_MIN);
        let mut page = Page::new(room);
        match query.names.is_empty() {
            true => self.list(now, asker, query.after.as_ref(), &mut page),
            false => self.look_up(now, asker, query, &mut page),
        }
        if let Some(bytes) = page.too_long_for_the_first() {
            let detail = u32::try_from(ANSWER_BYTES_MIN + bytes).unwrap_or(u32::MAX);
            let refusal = Refusal {
                detail,
                ..Refusal::plain(Code::Cramped)
            };
            return self.refuse(now, asker, refusal);
        }
        let (records, more) = page.done();
        if self.chatter.access {
            let (who, all) = (asker.peer.addr, query.names.is_empty());
            let what = match all {
                true => "all services".to_string(),
                false => format!("{} services by name", query.names.len()),
            };
            let text = format!("{who}: asks for {what}: {} records", records.len());
            self.log(Level::Debug, "access", text);
        }
        let answer = Answer {
            nonce: self.nonce,
            more,
            records,
        };
        self.counters.answered += 1;
        self.send(
            asker.peer,
            emit(Some(&asker.key), asker.request, &Body::Answer(answer)),
        );
    }

    /// The records after this one that the asker may read, as many as have room: no more of
    /// the table is looked at than that.
    fn list(&self, now: Now, asker: &Asker, after: Option<&Name>, page: &mut Page) {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let readable = self
            .entries
            .range::<Name, _>((from, Bound::Unbounded))
            .filter(|(name, _)| self.rights(asker, name).is_some());
        page.fill(readable.map(|(_, entry)| entry.record(now)));
    }

    /// The records of these names. Only who names a service can be the one who publishes it.
    fn look_up(&mut self, now: Now, asker: &Asker, query: &Query, page: &mut Page) {
        let mut names: Vec<&Name> = query.names.iter().collect();
        names.retain(|name| query.after.as_ref().is_none_or(|after| *name > after));
        names.sort();
        names.dedup();
        let beat = query.beat.filter(|beat| beat.nonce == self.nonce);
        page.fill(names.into_iter().map(|name| {
            let rights = self.rights(asker, name);
            self.beat(
                now,
                name,
                beat.filter(|_| rights == Some(Rights::ReadWrite)),
            );
            match rights {
                Some(_) => self.record(now, name),
                None => entry::unreadable(name),
            }
        }));
    }

    fn beat(&mut self, now: Now, name: &Name, beat: Option<Beat>) {
        if let (Some(beat), Some(entry)) = (beat, self.entries.get_mut(name)) {
            entry.beat(now, beat);
        }
    }

    fn change(&mut self, now: Now, asker: &Asker, change: &Change) {
        let judged = self.judge(now, asker, change);
        if self.chatter.access {
            let (who, name) = (asker.peer.addr, &change.name);
            let came = judged
                .as_ref()
                .map_or_else(ToString::to_string, |()| "it takes effect".to_string());
            let text = format!("{who}: changes service {name}: {came}");
            self.log(Level::Debug, "access", text);
        }
        match judged {
            Err(refusal) => self.refuse_change(now, asker, change, refusal),
            Ok(()) => {
                let name = change.name.clone();
                let entry = self
                    .entries
                    .entry(name.clone())
                    .or_insert_with(|| Entry::new(name, now));
                let text = entry.change(now, change, &asker.peer.addr.ip().to_string());
                let (record, detail) = (entry.record(now), entry.detail());
                self.counters.changed += 1;
                self.dirty = true;
                self.log(Level::Info, "state", text);
                if self.chatter.state {
                    self.log(Level::Debug, "state", detail);
                }
                self.unsaved_changes += 1;
                self.unsaved.push(Ack {
                    to: asker.clone(),
                    what: Waiting::Done(record),
                });
            }
        }
        self.save();
    }

    fn refuse_change(&mut self, now: Now, asker: &Asker, change: &Change, refusal: Refusal) {
        // Of one kind, whatever service it names: names cost a sender nothing.
        let kind = format!("change refused: {refusal}");
        let shown = format!("service {}: {kind}", change.name);
        self.note(now, asker.peer, &kind, &shown);
        self.counters.refused += 1;
        if refusal.code != Ok(Code::Stale) {
            let bytes = fit(asker, Body::Refusal(refusal));
            return self.send(asker.peer, bytes);
        }
        // Who sent a change twice takes the record in this refusal for proof that it was done
        // and is on disk. So it waits for the disk, or comes without the record.
        let ack = Ack {
            to: asker.clone(),
            what: Waiting::Stale(refusal),
        };
        let waiting = self.unsaved.len() - self.unsaved_changes;
        match self.dirty || self.save_under_way {
            true if waiting < limits::REFUSALS_WAITING_MAX => self.unsaved.push(ack),
            true => self.answer(ack, false),
            false => self.answer(ack, self.save_again.is_none()),
        }
    }

    /// Whether a change may take effect. The order is that of a reader's questions: may he,
    /// does he mean this run of the daemon, does he know what he replaces, does it make sense,
    /// is there room.
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
        if change.set.has(Marks::UNPUBLISHED) && change.state != Some(State::Fail) {
            return Err(Refusal::plain(Code::Marks));
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
        if self.unsaved_changes >= limits::UNSAVED_MAX {
            return limit("unsaved changes", limits::UNSAVED_MAX);
        }
        Ok(())
    }

    fn answer(&mut self, ack: Ack, on_disk: bool) {
        let body = match (ack.what, on_disk) {
            (Waiting::Done(record), true) => Body::Answer(Answer {
                nonce: self.nonce,
                more: false,
                records: vec![record],
            }),
            (Waiting::Done(record), false) => Body::Refusal(Refusal {
                record: Some(record),
                ..Refusal::plain(Code::Unsaved)
            }),
            (Waiting::Stale(refusal), true) => Body::Refusal(refusal),
            (Waiting::Stale(refusal), false) => Body::Refusal(Refusal {
                record: None,
                ..refusal
            }),
        };
        let bytes = fit(&ack.to, body);
        self.send(ack.to.peer, bytes);
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
        self.unsaved_changes = 0;
        let image = self.image();
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
            self.unsaved_changes = 0;
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
