//! 100,000 hostile datagrams at a live faild: noise, mutilated messages, messages of
//! strangers, and messages by somebody who knows a community. It changes nothing, gives
//! nobody more bytes than he sent, and goes on answering.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use fail_wire::{
    Answer, Beat, Body, Change, Code, HEADER_BYTES, Key, Marks, Name, Packet, Query, Reason,
    Refusal, State, emit, emit_padded, room_for,
};
use failover_tests::chance::Chance;
use failover_tests::faild::{Faild, socket};
use failover_tests::folder::Folder;
use failover_tests::raw;
use serde_json::Value;

const SENDERS: u64 = 4;
const DATAGRAMS_EACH: usize = 25_000;

/// After so many, the sender waits for the answer to an honest question: the kernel throws
/// away what nobody reads, and nothing is shown by a datagram that never arrived.
const BURST: usize = 50;

/// Request ids of honest questions begin with this.
const HONEST: u64 = 0xffff << 48;

/// What the senders know and make their messages of.
struct Target {
    address: SocketAddr,
    /// What a change must name to be done; the senders have everything but the key.
    nonce: u64,
    versions: BTreeMap<String, u64>,
    write: Key,
    read: Key,
    stranger: Key,
}

/// What came of it for one sender.
#[derive(Debug, Default)]
struct Tally {
    sent: usize,
    bytes_sent: usize,
    answered: usize,
    bytes_answered: usize,
    honest: usize,
}

impl Target {
    fn name(&self, chance: &mut Chance) -> Name {
        let known: Vec<&str> = self.versions.keys().map(String::as_str).collect();
        match chance.below(4) {
            0 => Name::new(&format!("x{}", chance.below(1000))).unwrap(),
            _ => Name::new(chance.one::<&str>(&known)).unwrap(),
        }
    }

    /// A query; its beat, if any, is that of another start of the daemon.
    fn query(&self, chance: &mut Chance) -> Body {
        let beat = Beat {
            nonce: chance.number(),
            count: chance.number(),
            interval_ms: 1,
        };
        let names = chance.below(6);
        Body::Query(Query {
            beat: (chance.below(2) == 0).then_some(beat),
            after: (chance.below(3) == 0).then(|| self.name(chance)),
            names: (0..names).map(|_| self.name(chance)).collect(),
        })
    }

    /// A change that would be done if it came with the right key.
    fn change(&self, chance: &mut Chance) -> Change {
        let name = self.name(chance);
        Change {
            nonce: self.nonce,
            version: self.versions.get(name.as_str()).copied().unwrap_or(0),
            name,
            state: Some(*chance.one(&State::ALL)),
            set: Marks(chance.number() as u8),
            clear: Marks(chance.number() as u8),
            reason: Reason::new("by an intruder"),
            interval_ms: chance.number() as u32,
        }
    }

    fn body(&self, chance: &mut Chance) -> Body {
        match chance.below(6) {
            0 | 1 => self.query(chance),
            2 | 3 => Body::Change(self.change(chance)),
            4 => Body::Refusal(Refusal::plain(*chance.one(&Code::ALL))),
            _ => Body::Answer(Answer {
                nonce: self.nonce,
                more: true,
                records: Vec::new(),
            }),
        }
    }

    /// One hostile datagram.
    fn datagram(&self, chance: &mut Chance) -> Vec<u8> {
        let id = chance.number() >> 16;
        let room = chance.below(500);
        match chance.below(8) {
            // Noise, at times with a header that is none.
            0 => {
                let len = *chance.one(&[0, 1, 2, 15, 16, 47, 48, 49, 200, 1400, 9000]);
                let mut bytes = chance.bytes(len);
                for (byte, is) in bytes.iter_mut().zip(b"FO\x01").take(chance.below(4)) {
                    *byte = *is;
                }
                bytes
            }
            // The right key that may change, and something wrong with what is to be done.
            1 => {
                let late = Change {
                    nonce: chance.number(),
                    ..self.change(chance)
                };
                let stale = Change {
                    version: chance.number() | 1 << 40,
                    ..self.change(chance)
                };
                let body = match chance.below(3) {
                    0 => Body::Change(late),
                    1 => Body::Change(stale),
                    _ => self.query(chance),
                };
                emit_padded(&self.write, id, &body, room)
            }
            // The right key that may only read: whatever it wants.
            2 => emit_padded(&self.read, id, &self.body(chance), room),
            // The same with nonsense for a body, and rightly signed.
            3 => self.nonsense(id, chance),
            // Nobody's key, or none.
            4 => emit_padded(&self.stranger, id, &self.body(chance), room),
            5 => emit(None, id, &self.body(chance)),
            // The real thing, by the right hand, with some bits turned on the way, and at
            // times cut or with something behind it.
            _ => {
                let body = Body::Change(self.change(chance));
                let mut bytes = emit_padded(&self.write, id, &body, room_for(1));
                for _ in 0..=chance.below(3) {
                    let at = chance.below(bytes.len());
                    bytes[at] ^= 1 << chance.below(8);
                }
                match chance.below(4) {
                    0 => bytes.truncate(chance.below(bytes.len())),
                    1 => bytes.extend(chance.bytes(1 + room)),
                    _ => {}
                }
                // Two turns may have met.
                let honest = Packet::read(&bytes).is_ok_and(|packet| packet.verify(&self.write));
                if honest { Vec::new() } else { bytes }
            }
        }
    }

    /// A message by a key that may only read, whose body was made by chance and signed.
    fn nonsense(&self, id: u64, chance: &mut Chance) -> Vec<u8> {
        let mut bytes = emit(Some(&self.read), id, &self.body(chance));
        let body = bytes.split_off(HEADER_BYTES);
        let body = match chance.below(3) {
            0 => chance.bytes(body.len()),
            1 => body[..chance.below(body.len())].to_vec(),
            _ => {
                let mut body = body;
                let at = chance.below(body.len());
                body[at] = chance.number() as u8;
                body
            }
        };
        bytes[3] = *chance.one(&[1, 2, 3, 4, 0x7f, 0x81]);
        bytes.extend(body);
        raw::sign("reader", &mut bytes);
        bytes
    }

    /// Sends everything and looks at each answer.
    fn attack(&self, seed: u64) -> Tally {
        let mut chance = Chance::new(seed);
        let socket = socket(self.address);
        let mut tally = Tally::default();
        // For each request id the shortest datagram that had it.
        let mut asked: BTreeMap<u64, usize> = BTreeMap::new();
        while tally.sent < DATAGRAMS_EACH {
            for _ in 0..BURST {
                let bytes = self.datagram(&mut chance);
                if let Some(id) = bytes.get(8..16) {
                    let id = u64::from_be_bytes(id.try_into().unwrap());
                    let shortest = asked.entry(id).or_insert(bytes.len());
                    *shortest = bytes.len().min(*shortest);
                }
                socket.send(&bytes).expect("it is still there");
                tally.sent += 1;
                tally.bytes_sent += bytes.len();
            }
            let id = HONEST | tally.sent as u64;
            let question = Body::Query(Query::default());
            let question = emit_padded(&self.write, id, &question, 1400);
            asked.insert(id, question.len());
            socket.send(&question).expect("it is still there");
            self.listen(&socket, id, &asked, &mut tally);
            asked.retain(|id, _| *id & HONEST == HONEST);
        }
        tally
    }

    /// Reads until the honest question is answered.
    fn listen(&self, socket: &UdpSocket, id: u64, asked: &BTreeMap<u64, usize>, tally: &mut Tally) {
        let mut buffer = vec![0; 65_536];
        loop {
            let len = match socket.recv(&mut buffer) {
                Ok(len) => len,
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    panic!("an honest question in the flood was not answered")
                }
                Err(e) => panic!("faild is gone: {e}"),
            };
            let packet = Packet::read(&buffer[..len]).expect("what it sends is a message");
            assert!(packet.answers(), "it asks");
            let most = asked.get(&packet.request());
            let most = *most.expect("an answer to what nobody asked");
            assert!(len <= most, "{len} bytes for {most}");
            tally.answered += 1;
            tally.bytes_answered += len;
            if packet.request() == id {
                assert!(packet.verify(&self.write));
                tally.honest += 1;
                return;
            }
        }
    }
}

/// What failstat says, without the ages.
fn state(faild: &Faild) -> Value {
    let text = faild.failstat(&["--json", "-c", "writer"]).done();
    let mut all: Value = serde_json::from_str(&text).unwrap();
    for service in all["hosts"][0]["services"].as_array_mut().unwrap() {
        service["age_ms"].take();
        // Nobody supervises what was set by hand, and after a few seconds that is said.
        let marks = service["marks"].as_array_mut().unwrap();
        marks.retain(|mark| mark != "unsupervised");
    }
    all
}

#[test]
fn a_hundred_thousand_hostile_datagrams_change_nothing() {
    let folder = Folder::new();
    let rules = folder.write("communities", "* writer RW\n* reader RO\n");
    let store = folder.file("state");
    let mut faild = Faild::start(&["-c", &rules, "-s", &store]);
    for service in ["dns", "mail", "web"] {
        let words = ["-c", "writer", service, "UP", "before", "the", "attack"];
        faild.failc(&words).done();
    }
    let before = state(&faild);
    let answer = faild.client("writer").read(&[]).unwrap();
    let target = Target {
        address: faild.address,
        nonce: answer.nonce,
        versions: answer
            .records
            .iter()
            .map(|record| (record.name.to_string(), record.version))
            .collect(),
        write: Key::new("writer").unwrap(),
        read: Key::new("reader").unwrap(),
        stranger: Key::new("stranger").unwrap(),
    };

    let began = Instant::now();
    let (tallies, asked) = std::thread::scope(|scope| {
        let attack = |seed| {
            let target = &target;
            scope.spawn(move || target.attack(seed))
        };
        let senders: Vec<_> = (1..=SENDERS).map(attack).collect();
        let mut asked = 0;
        while !senders.iter().all(|sender| sender.is_finished()) {
            faild.failc(&["-c", "writer", "-q", "web"]).done();
            asked += 1;
        }
        let join = |sender: std::thread::ScopedJoinHandle<'_, Tally>| sender.join().unwrap();
        (senders.into_iter().map(join).collect::<Vec<_>>(), asked)
    });
    let took = began.elapsed();

    assert!(faild.runs(), "it ended");
    assert_eq!(state(&faild), before);
    faild.failc(&["-c", "writer", "web", "FAIL"]).done();
    assert_eq!(faild.end(), Some(0));
    let log = faild.log.all();
    assert!(log.iter().all(|line| !line.contains("panicked")), "{log:?}");
    assert!(log.len() < 100, "a log of {} lines", log.len());

    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    let (sent, answered) = (sum(|t| t.sent), sum(|t| t.answered));
    println!(
        "{sent} hostile datagrams ({} bytes) in {took:.1?}: {:.0} a second; {answered} answers \
         ({} bytes), {} of them to honest questions in between; failc asked {asked} times and \
         was answered each time; {} lines in the log",
        sum(|t| t.bytes_sent),
        sent as f64 / took.as_secs_f64(),
        sum(|t| t.bytes_answered),
        sum(|t| t.honest),
        log.len(),
    );
    assert_eq!(sent, SENDERS as usize * DATAGRAMS_EACH);
    assert!(asked > 0);
}
