//! A flood at a live faild that fills its receive buffer: who has asked for a while is answered
//! each time, and nothing changes. What the kernel throws away shows in the figures. And
//! `scripts/flood` prints what it promises.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use fail_cli::exit;
use fail_wire::{
    AskFigures, Body, Figures, Key, Name, Packet, Query, Reason, State, What, emit_padded,
};
use failover_tests::faild::{Faild, socket};
use failover_tests::folder::Folder;
use failover_tests::{program, tree, wait};

const SENDERS: u16 = 3;
const PORTS_EACH: usize = 16;
const QUESTIONS: u64 = 300;

/// One who asks from one port, and waits for each answer.
struct Asker {
    socket: UdpSocket,
    key: Key,
    id: u64,
}

impl Asker {
    fn new(faild: SocketAddr, community: &str) -> Asker {
        Asker {
            socket: socket(faild),
            key: Key::new(community).unwrap(),
            id: 0,
        }
    }

    /// Asks once: an answer that does not come fails.
    fn ask(&mut self, body: &Body) -> Body {
        self.id += 1;
        let question = emit_padded(&self.key, self.id, body, 1400);
        self.socket.send(&question).unwrap();
        let mut buffer = [0; 2048];
        let len = self.socket.recv(&mut buffer);
        let len = len.unwrap_or_else(|e| panic!("question {} was lost: {e}", self.id));
        let packet = Packet::read(&buffer[..len]).unwrap();
        assert!(packet.verify(&self.key));
        assert_eq!(packet.request(), self.id);
        packet.body().unwrap()
    }

    fn state(&mut self) -> State {
        let names = vec![Name::new("web").unwrap()];
        let query = Query {
            beat: None,
            after: None,
            names,
        };
        match self.ask(&Body::Query(query)) {
            Body::Answer(answer) => answer.records[0].state,
            other => panic!("{other:?}"),
        }
    }

    fn figures(&mut self) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        let mut after = Reason::default();
        loop {
            let what = What::Counters;
            let page = match self.ask(&Body::AskFigures(AskFigures { what, after })) {
                Body::Figures(page) => page,
                other => panic!("{other:?}"),
            };
            let Figures { more, figures, .. } = page;
            after = figures.last().unwrap().name.clone();
            all.extend(figures.into_iter().map(|f| (f.name.to_string(), f.value)));
            if !more {
                return all;
            }
        }
    }

    /// Asks until faild knows so many peers.
    fn becomes_known(&mut self, number: u64) {
        let known = |figures: &BTreeMap<_, _>| figures.get("known peers now") == Some(&number);
        wait::until("to be known", || self.figures(), known);
    }
}

/// Sends what takes faild some time, and what takes it none, as fast as it can.
fn flood(faild: SocketAddr, n: u16, over: &AtomicBool) {
    let sockets: Vec<_> = (0..PORTS_EACH).map(|_| socket(faild)).collect();
    let query = Body::Query(Query::default());
    let all = [
        vec![b'x'; 1000],
        emit_padded(&Key::new("reader").unwrap(), n.into(), &query, 1000),
        emit_padded(&Key::new("stranger").unwrap(), n.into(), &query, 1000),
    ];
    while !over.load(Ordering::Relaxed) {
        for socket in &sockets {
            for datagram in &all {
                socket.send(datagram).unwrap();
            }
        }
    }
}

/// Ends the flood, also where a test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_known_peer_is_answered_each_time_while_a_flood_lasts() {
    let folder = Folder::new();
    let rules = folder.write("communities", "* writer RW\n* reader RO\n");
    let mut faild = Faild::start(&["-c", &rules]);
    faild.failc(&["-c", "writer", "web", "UP"]).done();
    let mut asker = Asker::new(faild.address, "writer");
    asker.becomes_known(1);

    let over = AtomicBool::new(false);
    let (faild_at, over_now) = (faild.address, &over);
    std::thread::scope(|scope| {
        let over = Over(&over);
        for n in 0..SENDERS {
            scope.spawn(move || flood(faild_at, n, over_now));
        }
        // Not before the buffer of all others has overflowed.
        let lost = |figures: &BTreeMap<_, _>| figures["datagrams lost in the kernel"] > 10_000;
        wait::until("a flood", || asker.figures(), lost);
        for _ in 0..QUESTIONS {
            assert_eq!(asker.state(), State::Up);
        }
        drop(over);
    });

    let figures = asker.figures();
    assert!(figures["known peers now"] >= 1, "{figures:?}");
    assert_eq!(figures["changes done"], 1);
    let shown = faild.failstat(&["--stats", "-c", "reader"]).done();
    for name in [
        "datagrams lost",
        "datagrams lost in the kernel",
        "known peers now",
    ] {
        assert!(shown.contains(name), "{name}: {shown}");
    }
    assert!(faild.runs(), "it ended");
    assert_eq!(faild.end(), Some(0));
    assert!(
        faild
            .log
            .all()
            .iter()
            .all(|line| !line.contains("panicked"))
    );
}

#[test]
fn a_second_faild_can_not_have_the_port_of_one_with_known_peers() {
    let faild = Faild::start(&[]);
    let mut askers = [(); 3].map(|()| Asker::new(faild.address, "public"));
    for (asker, number) in askers.iter_mut().zip(1..) {
        asker.becomes_known(number);
    }
    for address in ["127.0.0.1", "0.0.0.0"] {
        let port = faild.address.port().to_string();
        let mut second = program::command("faild");
        second.args(["-F", "-a", address, "-p", &port]);
        let outcome = program::run(second);
        assert_eq!(outcome.code, Some(exit::CANTCREAT.into()), "{outcome:?}");
        assert!(outcome.err.contains("is another faild running?"));
    }
    for asker in &mut askers {
        asker.state();
    }
}

fn script(argument: &str) -> program::Outcome {
    let mut command = Command::new(tree::path("scripts/flood"));
    let target = program::folder().parent().unwrap();
    command.arg(argument).env("CARGO_TARGET_DIR", target);
    program::run(command)
}

#[test]
fn the_script_prints_each_figure_it_promises() {
    let out = script("--smoke").done();
    for flood in [
        "no flood",
        "flood of garbage",
        "flood of valid queries",
        "flood with a wrong key",
    ] {
        for who in ["a known peer", "a stranger"] {
            let row = format!("  {flood}: {who} ");
            let row = out.lines().find_map(|line| line.strip_prefix(&row));
            let figures = row.unwrap_or_else(|| panic!("{flood}, {who}:\n{out}"));
            assert_eq!(figures.split_whitespace().count(), 4, "{out}");
        }
    }
    assert!(out.contains("known peers now: "), "{out}");
}

#[test]
fn a_bad_number_of_seconds_ends_with_64() {
    for bad in ["0", "61", "x", ""] {
        let outcome = script(bad);
        assert_eq!(outcome.code, Some(64), "{bad:?}");
        assert!(outcome.err.contains("seconds"), "{}", outcome.err);
    }
}
