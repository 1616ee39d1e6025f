//! Clients that speak in frames, over real sockets: whole frames and torn ones, limits, those
//! who are silent or do not read, and connections that we open ourselves.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use fail_core::time::{Mono, Span};
use fail_rt::clients::{Calls, ClientNo, Clients, Event, Speech, Terms};
use fail_rt::clock;
use fail_rt::poller::Poller;

const LIMIT: Span = Span::from_secs(20);

fn terms() -> Terms {
    Terms {
        clients: 3,
        full: Vec::new(),
        each: None,
        speech: Speech::Frames {
            min: 3,
            max: 1000,
            whole: Span::from_secs(30),
            idle: Span::from_secs(60),
        },
        patience: Some(Span::from_secs(30)),
    }
}

/// A server that says what comes twice over, and whose time is ours.
struct Server {
    poller: Poller,
    clients: Clients,
    at: SocketAddr,
    seen: Vec<Event>,
    /// Added to the time of the system.
    later: Span,
    patience: Span,
}

impl Server {
    fn new(terms: Terms) -> Server {
        let mut poller = Poller::new().unwrap();
        let mut clients = Clients::new(poller.desk().unwrap(), terms);
        let at = clients.listen("127.0.0.1:0".parse().unwrap()).unwrap();
        Server {
            poller,
            clients,
            at,
            seen: Vec::new(),
            later: Span::ZERO,
            patience: Span::from_millis(20),
        }
    }

    fn now(&self) -> Mono {
        clock::now().mono + self.later
    }

    fn turn(&mut self) {
        let soon = Some(clock::now().mono + self.patience);
        let events = self.poller.wait(soon).unwrap();
        let tokens: Vec<_> = events.map(|event| event.token()).collect();
        let now = self.now();
        for token in tokens {
            self.clients.on_event(token, now);
        }
        self.clients.expire(now);
        while let Some(event) = self.clients.poll() {
            if let Event::Frame { client, bytes } = &event {
                self.clients.write_frame(*client, &bytes.repeat(2));
            }
            self.seen.push(event);
        }
        self.clients.flush(now);
    }

    fn until(&mut self, what: &str, look: impl Fn(&[Event]) -> bool) {
        let limit = clock::now().mono + LIMIT;
        while !look(&self.seen) {
            self.turn();
            assert!(clock::now().mono < limit, "{what}: seen {:?}", self.seen);
        }
    }

    fn frames(&self) -> Vec<&[u8]> {
        let frames = self.seen.iter().filter_map(|event| match event {
            Event::Frame { bytes, .. } => Some(bytes.as_slice()),
            _ => None,
        });
        frames.collect()
    }

    fn until_frames(&mut self, count: usize) {
        self.until("frames", |seen| {
            seen.iter()
                .filter(|e| matches!(e, Event::Frame { .. }))
                .count()
                >= count
        });
    }

    fn until_gone(&mut self, count: usize) {
        self.until("farewells", |seen| {
            seen.iter()
                .filter(|e| matches!(e, Event::Gone { .. }))
                .count()
                >= count
        });
    }

    fn connect(&mut self) -> TcpStream {
        let came = |seen: &[Event]| {
            seen.iter()
                .filter(|e| matches!(e, Event::Came { .. }))
                .count()
        };
        let before = came(&self.seen);
        let stream = TcpStream::connect(self.at).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        self.until("a client", |seen| came(seen) > before);
        stream
    }
}

fn frame(bytes: &[u8]) -> Vec<u8> {
    let mut frame = u16::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    frame.extend(bytes);
    frame
}

fn read(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).is_ok() || stream.read(&mut [0]).is_err()
}

#[test]
fn frames_arrive_whole_however_they_are_torn() {
    let mut server = Server::new(terms());
    let mut client = server.connect();
    let bytes: Vec<u8> = [frame(b"abc"), frame(&[7; 1000]), frame(b"defg")].concat();
    for byte in &bytes[..20] {
        client.write_all(&[*byte]).unwrap();
        server.turn();
    }
    client.write_all(&bytes[20..]).unwrap();
    server.until_frames(3);
    assert_eq!(server.frames(), [&b"abc"[..], &[7; 1000], b"defg"]);
    assert_eq!(read(&mut client), b"abcabc");
    assert_eq!(read(&mut client), [7; 2000]);
    assert_eq!(read(&mut client), b"defgdefg");
}

#[test]
fn a_length_that_nobody_sends_ends_the_connection_and_no_other() {
    let mut server = Server::new(terms());
    let mut good = server.connect();
    for bad in [
        &[0u8, 2, 9, 9][..],
        &[0, 0],
        &[0xff, 0xff],
        b"GET / HTTP/1.0\r\n\r\n",
    ] {
        let mut client = server.connect();
        let gone = server
            .seen
            .iter()
            .filter(|e| matches!(e, Event::Gone { .. }))
            .count();
        client.write_all(bad).unwrap();
        server.until_gone(gone + 1);
        assert!(is_closed(&mut client), "{bad:?}");
    }
    good.write_all(&frame(b"still here")).unwrap();
    server.until_frames(1);
    assert_eq!(read(&mut good), b"still herestill here");
}

#[test]
fn who_leaves_a_frame_unfinished_or_says_nothing_is_sent_away() {
    let mut server = Server::new(terms());
    let (mut torn, mut silent, mut good) = (server.connect(), server.connect(), server.connect());
    torn.write_all(&frame(b"abc")).unwrap();
    silent.write_all(&frame(b"abc")).unwrap();
    server.until_frames(2);
    torn.write_all(&[0, 9, 1]).unwrap();
    server.turn();
    server.later = Span::from_secs(29);
    server.turn();
    assert!(!server.seen.iter().any(|e| matches!(e, Event::Gone { .. })));
    server.later = Span::from_secs(31);
    good.write_all(&frame(b"abc")).unwrap();
    server.until_gone(1);
    server.until_frames(3);
    read(&mut torn);
    assert!(is_closed(&mut torn));
    server.later = Span::from_secs(61);
    server.until_gone(2);
    read(&mut silent);
    assert!(is_closed(&mut silent));
    assert_eq!(server.clients.len(), 1, "who spoke meanwhile stays");
}

#[test]
fn who_comes_and_says_nothing_is_sent_away_sooner_than_who_has_said_something() {
    let mut server = Server::new(terms());
    let (mut good, mut bad) = (server.connect(), server.connect());
    good.write_all(&frame(b"abc")).unwrap();
    server.until_frames(1);
    server.later = Span::from_secs(31);
    server.until_gone(1);
    assert!(is_closed(&mut bad));
    good.write_all(&frame(b"abc")).unwrap();
    server.until_frames(2);
}

#[test]
fn who_is_owed_too_much_is_sent_away_at_once() {
    let mut server = Server::new(terms());
    let _client = server.connect();
    let client = server.seen.iter().find_map(|event| match event {
        Event::Came { client, .. } => Some(*client),
        _ => None,
    });
    let client = client.unwrap();
    // The kernel takes some megabytes.
    let mut given = 0;
    while server.clients.len() == 1 {
        server.clients.write_frame(client, &[7; 30_000]);
        server.clients.flush(server.now());
        given += 30_000;
        assert!(given < 1 << 28, "{given} bytes wait for it");
    }
    assert!(!server.clients.is_owed());
    server.until_gone(1);
}

#[test]
fn all_of_ipv6_stands_beside_all_of_ipv4_and_many_addresses_beside_each_other() {
    let mut server = Server::new(terms());
    let at = |text: &str, port| SocketAddr::new(text.parse().unwrap(), port);
    let four = server.clients.listen(at("0.0.0.0", 0)).unwrap();
    match server.clients.listen(at("::", four.port())) {
        Ok(six) => assert_eq!(six.port(), four.port()),
        Err(e) if e.is_elsewhere() => eprintln!("this host has no IPv6: {e}"),
        Err(e) => panic!("{e}"),
    }
    for n in 2..20 {
        server
            .clients
            .listen(at(&format!("127.0.0.{n}"), 0))
            .unwrap();
    }
}

#[test]
fn there_are_so_many_and_so_many_from_one_address() {
    let mut server = Server::new(Terms {
        full: frame(b"too many"),
        each: Some((2, frame(b"too many from there"))),
        ..terms()
    });
    let (mut first, _second) = (server.connect(), server.connect());
    let mut third = TcpStream::connect(server.at).unwrap();
    for _ in 0..5 {
        server.turn();
    }
    assert_eq!(server.clients.len(), 2);
    assert_eq!(read(&mut third), b"too many from there");
    assert!(is_closed(&mut third), "a third from there is not let in");
    // Another address is another matter, up to the limit for all.
    let other = |to: SocketAddr| {
        use std::os::fd::AsRawFd;
        let fd = nix::sys::socket::socket(
            nix::sys::socket::AddressFamily::Inet,
            nix::sys::socket::SockType::Stream,
            nix::sys::socket::SockFlag::empty(),
            None,
        )
        .unwrap();
        let from: SocketAddr = "127.0.0.9:0".parse().unwrap();
        let from = nix::sys::socket::SockaddrStorage::from(from);
        nix::sys::socket::bind(fd.as_raw_fd(), &from).unwrap();
        let to = nix::sys::socket::SockaddrStorage::from(to);
        nix::sys::socket::connect(fd.as_raw_fd(), &to).unwrap();
        TcpStream::from(fd)
    };
    let _third = other(server.at);
    let mut fourth = other(server.at);
    for _ in 0..5 {
        server.turn();
    }
    assert_eq!(server.clients.len(), 3);
    assert_eq!(read(&mut fourth), b"too many");
    assert!(is_closed(&mut fourth));
    first.write_all(&frame(b"abc")).unwrap();
    server.until_frames(1);
}

#[test]
fn who_does_not_take_the_answers_is_not_read_and_then_sent_away() {
    let mut server = Server::new(terms());
    let (mut client, mut good) = (server.connect(), server.connect());
    let one = frame(&[1; 1000]);
    client.set_nonblocking(true).unwrap();
    // He sends until nobody takes any more.
    let (mut sent, mut idle) = (0, 0);
    while idle < 20 {
        idle = match client.write(&one[sent % one.len()..]) {
            Ok(len) => {
                sent += len;
                0
            }
            Err(_) => idle + 1,
        };
        // Only who has to wait for the other waits.
        server.patience = Span::from_millis(if idle > 0 { 5 } else { 0 });
        server.turn();
    }
    let taken = server.frames().len();
    assert!(
        taken * 1000 < sent,
        "not all was read: {taken} of {sent} bytes"
    );
    good.write_all(&frame(b"abc")).unwrap();
    server.until_frames(taken + 1);
    assert_eq!(read(&mut good), b"abcabc");
    server.later = Span::from_secs(31);
    server.until_gone(1);
    assert_eq!(server.clients.len(), 1);
}

#[test]
fn who_was_not_read_was_not_silent() {
    let mut terms = terms();
    if let Speech::Frames { whole, idle, .. } = &mut terms.speech {
        (*whole, *idle) = (Span::from_secs(10), Span::from_secs(10));
    }
    let mut server = Server::new(terms);
    let mut client = server.connect();
    let mut writer = client.try_clone().unwrap();
    let count = 8000;
    let thread = std::thread::spawn(move || {
        for n in 0..count {
            let bytes = [u32::to_be_bytes(n).to_vec(), vec![0; 900]].concat();
            if writer.write_all(&frame(&bytes)).is_err() {
                return;
            }
        }
    });
    let (mut taken, mut same) = (0, 0);
    while same < 20 {
        server.turn();
        let now = server.frames().len();
        same = if now == taken && now > 0 { same + 1 } else { 0 };
        taken = now;
    }
    assert!(taken < count as usize, "he is not read any more");
    server.later = Span::from_secs(20);
    let reader = std::thread::spawn(move || (0..count).for_each(|_| drop(read(&mut client))));
    server.until_frames(count as usize);
    while !reader.is_finished() {
        server.turn();
    }
    thread.join().unwrap();
    reader.join().unwrap();
}

#[test]
fn who_takes_them_late_gets_all_of_them() {
    let mut server = Server::new(terms());
    let mut client = server.connect();
    let count = 2000;
    let mut writer = client.try_clone().unwrap();
    let thread = std::thread::spawn(move || {
        for n in 0..count {
            let bytes = [u32::to_be_bytes(n).to_vec(), vec![0; 900]].concat();
            writer.write_all(&frame(&bytes)).unwrap();
        }
    });
    let reader = std::thread::spawn(move || {
        for n in 0..count {
            assert_eq!(read(&mut client)[..4], u32::to_be_bytes(n));
        }
    });
    server.until_frames(count as usize);
    while !reader.is_finished() {
        server.turn();
    }
    thread.join().unwrap();
    reader.join().unwrap();
}

/// Somebody who opens connections himself.
struct Caller {
    poller: Poller,
    calls: Calls,
}

impl Caller {
    /// Turns until this gives something.
    fn until<T>(&mut self, what: &str, mut look: impl FnMut(&mut Calls) -> Option<T>) -> T {
        let limit = clock::now().mono + LIMIT;
        loop {
            self.calls.flush(clock::now().mono);
            if let Some(found) = look(&mut self.calls) {
                return found;
            }
            let soon = Some(clock::now().mono + Span::from_millis(20));
            let events = self.poller.wait(soon).unwrap();
            let tokens: Vec<_> = events.map(|event| event.token()).collect();
            let now = clock::now().mono;
            let calls = &mut self.calls;
            tokens
                .into_iter()
                .for_each(|token| calls.on_event(token, now));
            assert!(now < limit, "{what}");
        }
    }

    /// Turns until there is no connection any more.
    fn alone(&mut self) {
        self.until("the connection to break", |calls| {
            assert_eq!(calls.poll(), None);
            calls.deadline().is_none().then_some(())
        });
    }
}

#[test]
fn our_own_connections_open_break_and_open_again() {
    let mut poller = Poller::new().unwrap();
    let calls = Calls::new(poller.desk().unwrap(), terms());
    let mut caller = Caller { poller, calls };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    for round in 0..3 {
        caller.calls.send(at, b"hello").unwrap();
        let (mut other, _) = listener.accept().unwrap();
        other
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        other.write_all(&frame(b"greetings")).unwrap();
        let answer = caller.until("an answer", Calls::poll);
        assert_eq!(answer, (at, b"greetings".to_vec()));
        assert_eq!(read(&mut other), b"hello");
        // The same connection serves for the next one.
        caller.calls.send(at, b"again").unwrap();
        caller.calls.flush(clock::now().mono);
        assert_eq!(read(&mut other), b"again");
        match round {
            0 => caller.calls.hang_up(at),
            // It breaks, which is found out by and by.
            _ => {
                drop(other);
                caller.alone();
            }
        }
    }
    // Nobody there at all: nothing comes of it, and nothing is left of it.
    drop(listener);
    let _ = caller.calls.send(at, b"hello");
    caller.alone();
}

#[test]
fn a_connection_is_never_one_to_ourselves() {
    // A port that nobody listens on, and one of those that the system chooses from for who
    // connects. If it never chooses this one, nothing is shown, but that is unlikely.
    let at = SocketAddr::new("127.0.0.1".parse().unwrap(), 33_332);
    let mut poller = Poller::new().unwrap();
    let mut calls = Calls::new(poller.desk().unwrap(), terms());
    for _ in 0..30_000 {
        let _ = calls.send(at, b"hello");
        let now = clock::now().mono;
        calls.flush(now);
        let events = poller.wait(Some(now)).unwrap();
        let tokens: Vec<_> = events.map(|event| event.token()).collect();
        tokens
            .into_iter()
            .for_each(|token| calls.on_event(token, now));
        assert_eq!(calls.poll(), None, "what we said ourselves");
    }
}

#[test]
fn both_families_have_the_same_port() {
    let mut poller = Poller::new().unwrap();
    let mut clients = Clients::new(poller.desk().unwrap(), terms());
    let six = clients.listen("[::]:0".parse().unwrap());
    // A host without IPv6 has nothing to show here.
    let Ok(six) = six else { return };
    let four = SocketAddr::new("0.0.0.0".parse().unwrap(), six.port());
    clients.listen(four).unwrap();
}

#[test]
fn a_client_has_a_number_that_leads_back_to_it() {
    let mut server = Server::new(terms());
    let _client = server.connect();
    let Some(Event::Came { client, .. }) = server.seen.first() else {
        panic!("{:?}", server.seen)
    };
    assert_eq!(ClientNo::of(client.number()), *client);
    assert!(!server.clients.has_room(ClientNo::of(u64::MAX)));
}
