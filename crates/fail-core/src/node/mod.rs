//! faild: holds the state of any number of services, answers, never acts.
//!
//! Datagrams come in as bytes with their sender. A query is answered at once; a change is
//! checked (key, rights, daemon, version), takes effect at once, and is acknowledged when it
//! is on disk. Whatever can not be read is counted and dropped; whoever shows no key gets a
//! refusal no longer than the request. Not here: sockets, files, and any idea of what a
//! service is.

mod changes;
mod entry;
mod figures;
mod history;
mod image;
mod offenders;
mod page;
mod pushes;
mod regulars;
mod report;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::ops::Bound;

use fail_wire::{
    ANSWER_BYTES_MIN, Answer, Beat, Body, Code, Dice, Key, Name, Packet, Query, Reason, Record,
    Refusal, SetLevel, VERSION, emit,
};

use crate::access::{Access, Rights};
use crate::debug::{Facilities, LEVEL_MAX, Orders};
use crate::limits;
use crate::log::{Level, Line};
use crate::machine::Machine;
use crate::time::{Mono, Now, Span};
pub use changes::at_limit;
use changes::cramped;
use entry::Entry;
pub use figures::{Counters, LIMITS};
pub use image::{Image, Kept};
use offenders::Offenders;
use page::Page;
use pushes::Pushes;
pub use pushes::{Holder, cookie};
use regulars::Regulars;
use report::Heard;

/// Where a datagram came from, and by which way an answer goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Peer {
    /// The sender.
    pub addr: SocketAddr,
    /// The address that was asked; the answer leaves from there.
    pub local: Option<SocketAddr>,
    /// The connection by which it came and an answer goes back; nothing: it was a datagram.
    pub stream: Option<u64>,
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
    /// What the program around it has counted: shown with its own figures.
    Beside(Vec<(&'static str, u64)>),
    /// A connection is no more.
    Gone {
        /// Which.
        stream: u64,
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
    /// Log so much of this facility from now on.
    Level {
        /// One of those that were named to [`Node::debug`].
        facility: &'static str,
        /// 0 to 2.
        level: u8,
    },
    /// What this peer sends is to be read before what others send, from now on.
    Know {
        /// Who, and where it asks.
        peer: Peer,
    },
    /// No longer.
    Forget {
        /// As it was said.
        peer: Peer,
    },
    /// A line for the log.
    Log(Line),
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
struct Chatter {
    /// Who asks and changes what, and what came of it.
    access: bool,
    /// What is behind each change of a record.
    state: bool,
}

/// The state daemon.
#[derive(Debug, Clone)]
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
    pushes: Pushes,
    regulars: Regulars,
    /// Every record that was forgotten had a smaller version.
    floor: u64,
    orders: Orders,
    facilities: Vec<(&'static str, u8)>,
    /// What the program around it has counted.
    beside: Vec<(&'static str, u64)>,
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
        let mut dice = Dice::new(seed);
        let entries = image.records.into_iter().take(limits::SERVICES_MAX);
        Node {
            boot: boot.to_string(),
            nonce: dice.roll(),
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
            pushes: Pushes::new(dice.key()),
            regulars: Regulars::default(),
            floor: 0,
            orders: Orders::new("faild", dice.roll()),
            facilities: Vec::new(),
            beside: Vec::new(),
            counters: Counters::default(),
            chatter: Chatter::default(),
            out: VecDeque::new(),
        }
    }

    /// What the debug levels are from the start. Whoever may change every service may list
    /// and set them; [`Out::Level`] says so.
    pub fn debug(&mut self, facilities: Vec<(&'static str, u8)>) {
        self.facilities = facilities;
        self.chat();
    }

    fn chat(&mut self) {
        let shown = |name| {
            self.facilities
                .iter()
                .any(|(n, level)| *n == name && *level > 0)
        };
        self.chatter = Chatter {
            access: shown("access"),
            state: shown("state"),
        };
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
        self.entries.get(name).map_or_else(
            || entry::unknown(name, self.floor),
            |entry| entry.record(now),
        )
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
        if self.regulars.asked(now.mono, from) {
            self.out.push_back(Out::Know { peer: from });
        }
        // Who has a connection gets what is sent to him, and nobody else does.
        let room = match from.stream {
            Some(_) => limits::STREAM_ANSWER_BYTES_MAX,
            None => packet.bytes_len(),
        };
        let asker = Asker {
            peer: from,
            key,
            request: packet.request(),
            room,
        };
        match packet.body() {
            Ok(Body::Query(query)) => self.query(now, &asker, &query),
            Ok(Body::Change(change)) => self.change(now, &asker, &change),
            Ok(Body::Report(report)) => self.take_report(now, &asker, report),
            Ok(Body::AskReport) => self.show_report(now, &asker),
            Ok(Body::SetLevel(order)) => self.set_level(now, &asker, order),
            Ok(Body::Subscribe(subscribe)) => self.subscribe(now, &asker, subscribe),
            Ok(Body::Acknowledge(heard)) => self.acknowledged(now, &asker, heard),
            Ok(Body::Forget(forget)) => self.forget(now, &asker, &forget),
            Ok(Body::AskHistory(ask)) => self.show_history(now, &asker, &ask),
            Ok(Body::AskFigures(ask)) => self.show_figures(now, &asker, &ask),
            // Such a message was dropped before its body was read.
            Ok(
                Body::Answer(_)
                | Body::Refusal(_)
                | Body::Reported(_)
                | Body::Levels(_)
                | Body::Notify(_)
                | Body::History(_)
                | Body::Figures(_),
            ) => {}
            Err(fail_wire::Bad::Type) => self.refuse(now, &asker, Refusal::plain(Code::Type)),
            Err(_) => self.refuse(now, &asker, Refusal::plain(Code::Malformed)),
        }
    }

    fn query(&mut self, now: Now, asker: &Asker, query: &Query) {
        let mut page = Page::new(asker.room, ANSWER_BYTES_MIN, Record::wire_bytes);
        match query.names.is_empty() {
            true => self.list(now, asker, query.after.as_ref(), &mut page),
            false => self.look_up(now, asker, query, &mut page),
        }
        if let Some(bytes) = page.wants() {
            return self.refuse(now, asker, cramped(bytes));
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
    fn list(&self, now: Now, asker: &Asker, after: Option<&Name>, page: &mut Page<Record>) {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let readable = self
            .entries
            .range::<Name, _>((from, Bound::Unbounded))
            .filter(|(name, _)| self.rights(asker, name).is_some());
        page.fill(readable.map(|(_, entry)| entry.record(now)));
    }

    /// The records of these names. Only who names a service can be the one who publishes it.
    fn look_up(&mut self, now: Now, asker: &Asker, query: &Query, page: &mut Page<Record>) {
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

    /// An order of [`fail_wire::SetLevel`], from somebody who may change every service.
    fn set_level(&mut self, now: Now, asker: &Asker, order: SetLevel) {
        let loopback = asker.peer.addr.ip().to_canonical().is_loopback();
        if !self.access.may_change_everything(&asker.key, loopback) {
            return self.refuse(now, asker, Refusal::plain(Code::ReadOnly));
        }
        // Nothing may be done that there is no room to say. All answers are of one length.
        let mut facilities = OwnFacilities(&mut self.facilities, None);
        let answer = |levels| emit(Some(&asker.key), asker.request, &Body::Levels(levels));
        let bytes = answer(self.orders.levels(&facilities)).len();
        if bytes > asker.room {
            return self.refuse(now, asker, cramped(bytes));
        }
        let obeyed = self.orders.obey(order, &mut facilities);
        if let Some((facility, level)) = facilities.1 {
            self.chat();
            self.out.push_back(Out::Level { facility, level });
            let who = asker.peer.addr;
            let text = format!("{who}: debug level of {facility} is {level} from now on");
            self.log(Level::Info, "access", text);
        }
        match obeyed {
            Err(code) => self.refuse(now, asker, Refusal::plain(code)),
            Ok((levels, _)) => {
                self.counters.answered += 1;
                self.send(asker.peer, answer(levels));
            }
        }
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
        self.counters.refused(refusal.code);
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
            self.counters.refused(Ok(code));
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

/// The facilities of a faild, and which of them was set.
struct OwnFacilities<'a>(&'a mut Vec<(&'static str, u8)>, Option<(&'static str, u8)>);

impl Facilities for OwnFacilities<'_> {
    fn list(&self) -> Vec<(&'static str, u8)> {
        self.0.clone()
    }

    fn set(&mut self, facility: &str, level: u8) -> bool {
        let found = self.0.iter_mut().find(|(name, _)| *name == facility);
        if let Some((name, is)) = found {
            *is = level.min(LEVEL_MAX);
            self.1 = Some((name, *is));
        }
        self.1.is_some()
    }
}

impl Machine for Node {
    type In = In;
    type Out = Out;

    fn handle(&mut self, now: Now, input: In) {
        match input {
            In::Datagram { from, bytes } => {
                let gone = self.regulars.look(now.mono);
                self.out
                    .extend(gone.into_iter().map(|peer| Out::Forget { peer }));
                self.datagram(now, from, &bytes);
            }
            In::Beside(figures) => self.beside = figures,
            In::Gone { stream } => self.pushes.gone(stream),
            In::Saved { no, ok } => self.saved(now, no, ok),
            In::Access(access) => {
                self.pushes.hold_to(&access);
                self.access = access;
            }
        }
        self.push_news(now);
        self.check_invariants();
    }

    /// Only a failed save, and what subscribers have not acknowledged, makes a faild act by
    /// itself.
    fn expire(&mut self, now: Now) {
        if self.save_again.is_some_and(|at| at <= now.mono) {
            self.dirty = true;
            self.save();
        }
        self.expire_pushes(now);
        self.check_invariants();
    }

    fn deadline(&self) -> Option<Mono> {
        let times = [self.save_again, self.pushes.deadline()];
        times.into_iter().flatten().min()
    }

    fn poll(&mut self) -> Option<Out> {
        self.out.pop_front()
    }
}

#[cfg(test)]
mod tests;
