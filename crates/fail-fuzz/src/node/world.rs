//! One node with a disk, and all that was promised about it: what happened is told to it, and
//! what it wants done is held against a list of what it has done so far.

use std::collections::BTreeMap;

use fail_core::access::Rights;
use fail_core::limits;
use fail_core::log::Level;
use fail_core::machine::Machine;
use fail_core::node::{Image, In, Kept, Node, Out, Peer};
use fail_core::time::{Mono, Now, Span, Wall};
use fail_wire::{Body, Code, Key, Marks, Name, Packet, Record};

use super::rules::{Rules, keys, maker};

/// What is known of a message that came.
#[derive(Debug, Clone, Default)]
struct Asked {
    /// The longest that had this id.
    bytes: usize,
    /// It orders something, as one says who has proved it. Others may have used its id, too.
    orders: bool,
    /// Orders with a proof that are not answered yet.
    owed: usize,
}

/// A node, its disk, and the list.
pub struct World {
    pub now: Now,
    pub node: Node,
    pub rules: Rules,
    pub keys: Vec<Key>,
    /// Everything that came, to come again.
    pub past: Vec<(Peer, Vec<u8>)>,
    pub boot: &'static str,
    /// What is on disk.
    pub disk: Image,
    /// The save under way.
    pub save: Option<(u64, Image)>,
    saves: u64,
    /// What an acknowledgement may rest on: the disk, or what was found there at the start.
    proof: Image,
    /// Up to which version a service was forgotten.
    forgotten: BTreeMap<Name, u64>,
    /// The same since the start: what was made before it has another nonce.
    floor: BTreeMap<Name, u64>,
    asked: BTreeMap<u64, Asked>,
    /// Since the start something was changed.
    pub changed: bool,
}

impl World {
    pub fn new(rules: Rules) -> World {
        let keys = keys();
        let now = Now {
            mono: Mono(1_000_000_000),
            wall: Wall(1_700_000_000_000),
        };
        let boot = "one boot";
        let access = rules.access(&keys);
        World {
            now,
            node: Node::new(now, boot, &[7; 32], access, Image::default()),
            rules,
            keys,
            past: Vec::new(),
            boot,
            disk: Image::default(),
            save: None,
            saves: 0,
            proof: Image::default(),
            forgotten: BTreeMap::new(),
            floor: BTreeMap::new(),
            asked: BTreeMap::new(),
            changed: false,
        }
    }

    /// The node dies, and comes back with what is on disk.
    pub fn restart(&mut self, boot: &'static str, seed: u8) {
        // A boot that left nothing on disk is forgotten with what it knew.
        let same = self.disk.boot == boot;
        let access = self.rules.access(&self.keys);
        self.node = Node::new(self.now, boot, &[seed; 32], access, self.disk.clone());
        (self.boot, self.save, self.saves, self.changed) = (boot, None, 0, false);
        self.asked.values_mut().for_each(|asked| asked.owed = 0);
        self.floor.clear();
        self.proof = self.node.image();
        assert_eq!(self.proof.records.len(), self.disk.records.len());
        for (now, was) in self.proof.records.iter().zip(&self.disk.records) {
            match same {
                true => assert_eq!(now, was, "what is on disk is known again"),
                false => {
                    let wishes = Marks(was.marks.0 & Marks::WISHES.0);
                    assert_eq!(now.marks, wishes.with(Marks::UNPUBLISHED));
                    assert_eq!(now.version, was.version.saturating_add(1));
                    assert_eq!(now.state, fail_wire::State::Fail, "nothing runs any more");
                }
            }
        }
        self.node.debug(vec![("access", 1), ("state", 1)]);
    }

    /// Something happens that changes no record.
    pub fn happens(&mut self, input: In) {
        let before = self.node.image();
        self.node.handle(self.now, input);
        assert_eq!(self.node.image(), before, "only a message changes a record");
        self.drain(None);
    }

    /// Time passes; when its time has come the node acts.
    pub fn pass(&mut self, span: Span) {
        self.now.mono = self.now.mono + span;
        if self.node.deadline().is_some_and(|at| at <= self.now.mono) {
            let before = self.node.image();
            self.node.expire(self.now);
            let next = self.node.deadline();
            assert!(
                next.is_none_or(|at| at > self.now.mono),
                "the deadline lies ahead"
            );
            assert_eq!(self.node.image(), before, "time changes no record");
            self.drain(None);
        }
    }

    /// The disk has spoken of the save under way.
    pub fn saved(&mut self, ok: bool) {
        if let Some((no, image)) = self.save.take() {
            if ok {
                (self.disk, self.proof) = (image.clone(), image);
            }
            self.happens(In::Saved { no, ok });
        }
    }

    /// A message arrives.
    pub fn arrives(&mut self, from: Peer, bytes: Vec<u8>) {
        let before = self.node.image();
        let allowed = self.allowed(from, &bytes);
        let packet = Packet::read(&bytes).ok();
        let proven = packet.filter(|packet| !packet.answers() && packet.speaks_version());
        let proven = proven.filter(|_| bytes.len() <= limits::REQUEST_BYTES_MAX);
        let maker = proven.and_then(|packet| maker(&self.keys, &packet));
        let known = maker.filter(|community| self.rules.knows(*community));
        let body = packet.and_then(|packet| packet.body().ok());
        if let Some(packet) = packet {
            let orders = matches!(body, Some(Body::Change(_) | Body::Forget(_)));
            let asked = self.asked.entry(packet.request()).or_default();
            asked.bytes = asked.bytes.max(bytes.len());
            asked.orders |= orders && maker.is_some();
            asked.owed += usize::from(orders && known.is_some());
        }
        let input = In::Datagram {
            from,
            bytes: bytes.clone(),
        };
        self.node.handle(self.now, input);
        self.hold_to(&before, allowed);
        let nobody = packet.is_none_or(|packet| packet.answers());
        let sent = self.drain(known.zip(packet.map(|p| (p.request(), from))));
        assert!(!nobody || sent == 0, "what answers is not answered");
        self.past.push((from, bytes));
    }

    /// The one record that this message may change: by its proof, the rights of its maker, and
    /// what it says it has seen.
    fn allowed(&self, from: Peer, bytes: &[u8]) -> Option<(Name, bool)> {
        let packet = Packet::read(bytes).ok()?;
        let community = maker(&self.keys, &packet)?;
        let (name, nonce, version, forget) = match packet.body().ok()? {
            Body::Change(change) => (change.name, change.nonce, change.version, false),
            Body::Forget(forget) => (forget.name, forget.nonce, forget.version, true),
            _ => return None,
        };
        let seen =
            nonce == self.node.nonce() && version == self.node.record(self.now, &name).version;
        let writes = self.rules.rights(community, &name, from.addr) == Some(Rights::ReadWrite);
        (seen && writes && self.rules.knows(community)).then_some((name, forget))
    }

    /// What became of the records is what was allowed, or nothing.
    fn hold_to(&mut self, before: &Image, allowed: Option<(Name, bool)>) {
        let after = self.node.image();
        assert!(after.records.len() <= limits::SERVICES_MAX);
        let split = |image: &Image| -> (Option<Kept>, Vec<Kept>) {
            let this = |kept: &&Kept| allowed.as_ref().is_some_and(|(name, _)| kept.name == *name);
            let others = image.records.iter().filter(|kept| !this(kept)).cloned();
            (image.records.iter().find(this).cloned(), others.collect())
        };
        let ((was, others_were), (is, others_are)) = (split(before), split(&after));
        assert_eq!(
            others_are, others_were,
            "a record changed that nobody might change"
        );
        if was == is {
            return;
        }
        self.changed = true;
        match (allowed, was, is) {
            (Some((_, false)), was, Some(is)) => {
                let least = was.map_or(0, |kept| kept.version);
                assert!(is.version > least || least == u64::MAX, "its version grows");
                let forgotten = self.floor.get(&is.name).copied().unwrap_or(0);
                let fresh = is.version > forgotten || forgotten == u64::MAX;
                assert!(fresh, "no change brings back what was forgotten");
            }
            (Some((name, true)), Some(was), None) => {
                self.floor.insert(name.clone(), was.version);
                self.forgotten.insert(name, was.version);
            }
            (allowed, was, is) => {
                assert_eq!(was, is, "a change makes, and a forget takes: {allowed:?}");
            }
        }
    }

    /// What it wants done. Gives how many messages it sent.
    fn drain(&mut self, current: Option<(usize, (u64, Peer))>) -> usize {
        let mut sent = 0;
        while let Some(out) = self.node.poll() {
            match out {
                Out::Send { to, bytes } => {
                    sent += 1;
                    self.sends(to, &bytes, current);
                }
                Out::Save { no, image } => {
                    assert!(self.save.is_none(), "one save at a time");
                    assert_eq!(image, self.node.image(), "what is saved is what is known");
                    assert!(no > self.saves, "their numbers grow");
                    (self.saves, self.save) = (no, Some((no, image)));
                }
                Out::Log(line) => {
                    assert!(line.level <= Level::Debug && !line.text.is_empty());
                }
                Out::Level { level, .. } => assert!(level <= 2),
                Out::Know { peer } | Out::Forget { peer } => {
                    assert!(peer.stream.is_none() && peer.local.is_some());
                }
            }
        }
        sent
    }

    #[expect(
        clippy::expect_used,
        reason = "a node that sends what is no message is broken"
    )]
    fn sends(&mut self, to: Peer, bytes: &[u8], current: Option<(usize, (u64, Peer))>) {
        let packet = Packet::read(bytes).expect("it sends messages");
        let body = packet.body().expect("it sends what can be read");
        assert!(packet.answers(), "it asks nobody");
        let asked = self.asked.get_mut(&packet.request());
        let asked = asked.expect("it answers what was asked");
        match to.stream {
            None => assert!(
                bytes.len() <= asked.bytes,
                "no longer than what was asked: {body:?}"
            ),
            Some(_) => assert!(bytes.len() <= limits::STREAM_ANSWER_BYTES_MAX),
        }
        let maker = maker(&self.keys, &packet);
        if maker.is_none() {
            assert_eq!(packet.key_id(), 0);
            let Body::Refusal(refusal) = &body else {
                return assert!(matches!(body, Body::Refusal(_)), "unproven: {body:?}");
            };
            let codes = [Code::Version, Code::Community, Code::Mac].map(Ok);
            assert!(codes.contains(&refusal.code) && refusal.record.is_none());
            assert!(refusal.text.as_str().is_empty());
            return;
        }
        let orders = asked.orders;
        if orders {
            assert!(asked.owed > 0, "each order is answered once: {body:?}");
            asked.owed -= 1;
        }
        if let (Some((community, (request, from))), Some(_)) = (current, maker) {
            if request == packet.request() {
                assert_eq!(
                    maker,
                    Some(community),
                    "it answers with the key it was asked with"
                );
                self.shows_only(community, from, &body);
            }
        }
        match &body {
            Body::Answer(answer) if orders => {
                assert!(answer.records.len() <= 1);
                answer
                    .records
                    .iter()
                    .for_each(|record| self.rests_on_disk(record));
            }
            Body::Refusal(refusal) if refusal.code == Ok(Code::Stale) => {
                refusal
                    .record
                    .iter()
                    .for_each(|record| self.rests_on_disk(record));
            }
            Body::History(history) => {
                assert!(history.entries.len() <= limits::HISTORY_MAX);
                let pairs = history.entries.windows(2);
                let falls = |pair: &[fail_wire::Past]| {
                    pair[0].version > pair[1].version || pair[0].version == u64::MAX
                };
                pairs.for_each(|pair| assert!(falls(pair), "the newest first: {pair:?}"));
            }
            Body::Reported(reported) => assert!(reported.hears.len() <= limits::HEARS_MAX),
            _ => {}
        }
    }

    /// What is shown may be read by him.
    fn shows_only(&self, community: usize, from: Peer, body: &Body) {
        let records: Vec<&Record> = match body {
            Body::Answer(answer) => answer.records.iter().collect(),
            Body::Notify(notify) => notify.records.iter().collect(),
            Body::Refusal(refusal) => refusal.record.iter().collect(),
            _ => return,
        };
        for record in records {
            let may = self
                .rules
                .rights(community, &record.name, from.addr)
                .is_some();
            assert!(may || record.marks == Marks::UNREADABLE, "{record:?}");
            assert!(may || record.version == 0 && record.last_change == 0);
        }
    }

    /// What is said to be done is on disk, or was made undone by somebody later.
    fn rests_on_disk(&self, record: &Record) {
        let on_disk = self
            .proof
            .records
            .iter()
            .find(|kept| kept.name == record.name);
        let forgotten = self.forgotten.get(&record.name).copied();
        let good = match on_disk {
            Some(kept) if record.is_unknown() => kept.version >= record.version,
            Some(kept) if kept.version == record.version => kept.state == record.state,
            Some(kept) => kept.version > record.version || kept.version == u64::MAX,
            None => record.is_unknown() || forgotten.is_some_and(|v| v >= record.version),
        };
        assert!(
            good,
            "{record:?} is shown as done, and on disk is {on_disk:?}"
        );
    }

    /// In the end everything is on disk and everybody has his answer.
    pub fn end(&mut self) {
        for _ in 0..4 {
            self.saved(true);
        }
        // A save that failed is tried again by itself.
        while self.save.is_none() && self.changed && self.disk != self.node.image() {
            let before = self.now.mono;
            let Some(next) = self.node.deadline() else {
                break;
            };
            self.pass(next.max(before) - before);
        }
        self.saved(true);
        assert!(self.save.is_none());
        if self.changed {
            assert_eq!(self.disk, self.node.image(), "what was changed is on disk");
        }
        let owed: Vec<_> = self
            .asked
            .iter()
            .filter(|(_, asked)| asked.owed > 0)
            .collect();
        assert!(owed.is_empty(), "nobody waits for ever: {owed:?}");
    }
}
