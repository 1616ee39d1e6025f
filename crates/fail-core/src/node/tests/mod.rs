//! Story tests of the state daemon: datagrams in, datagrams, saves and lines out. The disk
//! and the clock are in the hands of the test.

use std::net::SocketAddr;

use fail_wire::{Beat, Change, Marks, State, emit_padded, room_for};

use super::*;
use crate::time::Wall;

mod abuse;
mod changes;
mod figures;
mod forget;
mod history;
mod pushes;
mod queries;
mod regulars;
mod reports;
mod restarts;
mod streams;

const BOOT: &str = "this boot";
const HOST: &str = "192.0.2.9:1000";

/// A faild with three communities: `rw` may do everything, `ro` may read everything, `web`
/// may change web and knows nothing else.
struct Lab {
    node: Node,
    now: Now,
    sent: Vec<Vec<u8>>,
    saves: Vec<(u64, Image)>,
    log: Vec<String>,
    levels: Vec<(&'static str, u8)>,
    known: Vec<Peer>,
}

fn at(ms: u64) -> Now {
    Now {
        mono: Mono(1) + Span::from_millis(ms),
        wall: Wall(ms as i64),
    }
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn key(community: &str) -> Key {
    Key::new(community).unwrap()
}

fn rules() -> Access {
    let mut access = Access::none();
    access.add(None, key("rw"), Rights::ReadWrite).unwrap();
    access.add(None, key("ro"), Rights::ReadOnly).unwrap();
    let web = Some(name("web"));
    access.add(web, key("web"), Rights::ReadWrite).unwrap();
    access
}

fn peer(text: &str) -> Peer {
    let addr: SocketAddr = text.parse().unwrap();
    Peer {
        addr,
        local: None,
        stream: None,
    }
}

/// A query for these services, or for all.
fn query(names: &[&str]) -> Body {
    Body::Query(Query {
        beat: None,
        after: None,
        names: names.iter().map(|text| name(text)).collect(),
    })
}

impl Lab {
    fn new() -> Lab {
        Lab::with(rules(), Image::default())
    }

    fn with(access: Access, image: Image) -> Lab {
        Lab {
            node: Node::new(at(0), BOOT, &[7; 32], access, image),
            now: at(0),
            sent: Vec::new(),
            saves: Vec::new(),
            log: Vec::new(),
            levels: Vec::new(),
            known: Vec::new(),
        }
    }

    fn handle(&mut self, input: In) {
        self.node.handle(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(out) = self.node.poll() {
            match out {
                Out::Send { bytes, .. } => self.sent.push(bytes),
                Out::Save { no, image } => self.saves.push((no, image)),
                Out::Log(line) => self.log.push(line.text),
                Out::Level { facility, level } => self.levels.push((facility, level)),
                Out::Know { peer } => self.known.push(peer),
                Out::Forget { peer } => self.known.retain(|known| *known != peer),
            }
        }
    }

    /// Lets time pass, and the machine act when its deadline comes.
    fn pass(&mut self, ms: u64) {
        self.now = at(self.now.wall.0 as u64 + ms);
        if self.node.deadline().is_some_and(|at| at <= self.now.mono) {
            self.node.expire(self.now);
            assert!(self.node.deadline().is_none_or(|at| at > self.now.mono));
            self.drain();
        }
    }

    /// The disk says what came of the oldest save.
    fn saved(&mut self, ok: bool) -> Image {
        let (no, image) = self.saves.remove(0);
        self.handle(In::Saved { no, ok });
        image
    }

    fn bytes(&mut self, from: &str, bytes: &[u8]) {
        let (from, bytes) = (peer(from), bytes.to_vec());
        self.handle(In::Datagram { from, bytes });
    }

    fn send(&mut self, community: &str, body: &Body, room: usize) {
        let bytes = emit_padded(&key(community), 5, body, room);
        self.bytes(HOST, &bytes);
    }

    /// The one answer that was sent since the last look.
    fn heard(&mut self, community: &str) -> Body {
        assert_eq!(self.sent.len(), 1, "answers, where one should be");
        let bytes = self.sent.remove(0);
        let packet = Packet::read(&bytes).unwrap();
        assert!(packet.verify(&key(community)) && packet.answers());
        assert_eq!(packet.request(), 5);
        packet.body().unwrap()
    }

    fn ask(&mut self, community: &str, body: &Body) -> Body {
        self.send(community, body, 1400);
        self.heard(community)
    }

    fn records(&mut self, community: &str, names: &[&str]) -> Vec<Record> {
        match self.ask(community, &query(names)) {
            Body::Answer(answer) => answer.records,
            other => panic!("{other:?}"),
        }
    }

    fn record(&mut self, service: &str) -> Record {
        self.records("rw", &[service]).remove(0)
    }

    /// A change of this service as it is now.
    fn change(&self, service: &str, state: Option<State>) -> Change {
        Change {
            nonce: self.node.nonce,
            version: self.node.record(self.now, &name(service)).version,
            name: name(service),
            state,
            set: Marks(0),
            clear: Marks(0),
            reason: Reason::new("a test"),
            interval_ms: 0,
        }
    }

    fn order(&mut self, community: &str, change: &Change) {
        self.send(community, &Body::Change(change.clone()), room_for(1));
    }

    /// Sets a state, up to the acknowledgement.
    fn set(&mut self, service: &str, state: State) -> Record {
        let change = self.change(service, Some(state));
        self.done(&change)
    }

    fn done(&mut self, change: &Change) -> Record {
        self.order("rw", change);
        self.saved(true);
        acknowledged(self.heard("rw"))
    }

    fn refused(&mut self, community: &str, change: &Change) -> Refusal {
        self.order(community, change);
        refusal(self.heard(community))
    }

    fn beat(&mut self, community: &str, nonce: u64, count: u64, names: &[&str]) {
        let beat = Beat {
            nonce,
            count,
            interval_ms: 1000,
        };
        let names = names.iter().map(|text| name(text)).collect();
        let query = Query {
            beat: Some(beat),
            after: None,
            names,
        };
        assert!(matches!(
            self.ask(community, &Body::Query(query)),
            Body::Answer(_)
        ));
    }

    fn is_unsupervised(&mut self, service: &str) -> bool {
        self.record(service).marks.has(Marks::UNSUPERVISED)
    }
}

fn acknowledged(body: Body) -> Record {
    match body {
        Body::Answer(mut answer) if answer.records.len() == 1 => answer.records.remove(0),
        other => panic!("no acknowledgement: {other:?}"),
    }
}

fn refusal(body: Body) -> Refusal {
    match body {
        Body::Refusal(refusal) => refusal,
        other => panic!("no refusal: {other:?}"),
    }
}

fn kept(service: &str, marks: Marks) -> Kept {
    Kept {
        name: name(service),
        state: State::Up,
        marks,
        version: 7,
        changed: Mono(0),
        last_change: Wall(0),
        interval: Span::ZERO,
        reason: Reason::new("from disk"),
    }
}
