//! Real clients of both kinds: those who behave, and those who do not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use fail_core::time::Span;
use fail_rt::clients::{ClientNo, Clients, Event, Peer, Speech, Terms};
use fail_rt::clock;
use fail_rt::poller::Poller;

const LINE_BYTES_MAX: usize = 64 << 10;
const LIMIT: Span = Span::from_secs(20);

fn terms() -> Terms {
    Terms {
        clients: 3,
        full: b"full: CLIENTS_MAX\n".to_vec(),
        each: None,
        speech: Speech::Lines(LINE_BYTES_MAX),
        patience: None,
    }
}

struct Server {
    poller: Poller,
    clients: Clients,
    seen: Vec<Event>,
}

impl Server {
    fn new(terms: Terms) -> Server {
        let mut poller = Poller::new().unwrap();
        let clients = Clients::new(poller.desk().unwrap(), terms);
        Server {
            poller,
            clients,
            seen: Vec::new(),
        }
    }

    fn tcp(terms: Terms) -> (Server, SocketAddr) {
        let mut server = Server::new(terms);
        let at = server.clients.listen("127.0.0.1:0".parse().unwrap());
        (server, at.unwrap())
    }

    /// One turn of a loop that looks again after some milliseconds.
    fn turn(&mut self) {
        let soon = clock::now().mono + Span::from_millis(5);
        let deadline = clock::earliest([self.clients.deadline(), Some(soon)]);
        let tokens: Vec<_> = self
            .poller
            .wait(deadline)
            .unwrap()
            .map(|e| e.token())
            .collect();
        let now = clock::now().mono;
        for token in tokens {
            assert!(self.clients.owns(token));
            self.clients.on_event(token, now);
        }
        self.clients.expire(now);
        self.seen.extend(std::iter::from_fn(|| self.clients.poll()));
        self.clients.flush(now);
    }

    fn until<T>(&mut self, what: &str, mut look: impl FnMut(&mut Server) -> Option<T>) -> T {
        let limit = clock::now().mono + LIMIT;
        loop {
            self.turn();
            if let Some(found) = look(self) {
                return found;
            }
            assert!(clock::now().mono < limit, "{what}: seen {:?}", self.seen);
        }
    }

    fn came(&mut self, n: usize) -> (ClientNo, Peer) {
        let nth = |server: &mut Server| {
            let came = server.seen.iter().filter_map(|event| match event {
                Event::Came { client, peer } => Some((*client, *peer)),
                _ => None,
            });
            came.take(n + 1).skip(n).last()
        };
        self.until("a client", nth)
    }

    fn lines(&mut self, count: usize) -> Vec<String> {
        self.until("lines", |server| {
            let lines = server.seen.iter().filter_map(|event| match event {
                Event::Line { line, .. } => Some(line.clone()),
                _ => None,
            });
            let lines: Vec<_> = lines.collect();
            (lines.len() >= count).then_some(lines)
        })
    }

    fn gone(&mut self, client: ClientNo) {
        self.until("a farewell", |server| {
            server.seen.contains(&Event::Gone { client }).then_some(())
        });
    }
}

fn knock(at: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(at).unwrap();
    let limit = Some(Duration::from_secs(20));
    stream.set_read_timeout(limit).unwrap();
    stream
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("clients-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("sock")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_is_said_in_pieces_is_heard_as_lines() {
    let (mut server, at) = Server::tcp(terms());
    let mut client = knock(at);
    let (no, peer) = server.came(0);
    assert_eq!(peer, Peer::Tcp(client.local_addr().unwrap()));
    for byte in b"one\ntwo \xff\n" {
        client.write_all(&[*byte]).unwrap();
        server.turn();
    }
    client.write_all(b"\nthree\nhalf").unwrap();
    assert_eq!(server.lines(4), ["one", "two \u{fffd}", "", "three"]);

    server.clients.write(no, b"answer\n");
    server.turn();
    let mut line = String::new();
    BufReader::new(&client).read_line(&mut line).unwrap();
    assert_eq!(line, "answer\n");
    drop(client);
    server.gone(no);
    assert!(!server.clients.has_room(no));
}

#[test]
fn who_does_not_read_has_no_room_until_he_does() {
    let (mut server, at) = Server::tcp(terms());
    let mut client = knock(at);
    let (no, _) = server.came(0);
    let line = [b"x".repeat(999), b"\n".to_vec()].concat();
    let mut given = 0;
    // As much as the kernel takes, and then no more, however long we wait.
    let fill = |server: &mut Server| {
        let before = server.seen.len();
        let mut full = 0;
        let mut given = 0;
        while full < 20 {
            server.turn();
            assert_eq!(server.seen.len(), before, "{:?}", server.seen);
            full += 1;
            while server.clients.has_room(no) {
                server.clients.write(no, &line);
                server.clients.flush(clock::now().mono);
                given += line.len();
                full = 0;
            }
        }
        given
    };
    given += fill(&mut server);
    assert!(given > 16 << 10, "{given}");
    assert!(server.clients.is_owed());
    let mut buffer = vec![0; 1 << 20];
    let mut taken = 0;
    while taken < given {
        taken += client.read(&mut buffer).unwrap();
        server.turn();
    }
    assert_eq!(taken, given);
    server.until("room", |s| s.clients.has_room(no).then_some(()));
    assert!(!server.clients.is_owed());
}

#[test]
fn who_takes_nothing_for_too_long_loses_his_place() {
    let (mut server, at) = Server::tcp(Terms {
        patience: Some(Span::from_millis(100)),
        ..terms()
    });
    let quick = knock(at);
    let (quick_no, _) = server.came(0);
    let _slow = knock(at);
    let (slow_no, _) = server.came(1);
    let line = [b"x".repeat(9_999), b"\n".to_vec()].concat();
    let reader = std::thread::spawn(move || {
        let mut rest = Vec::new();
        BufReader::new(quick).read_to_end(&mut rest).unwrap();
        rest.len()
    });
    let mut given = 0;
    server.until("the end of his patience", |server| {
        for no in [quick_no, slow_no] {
            while server.clients.has_room(no) {
                server.clients.write(no, &line);
                given += if no == quick_no { line.len() } else { 0 };
            }
        }
        let gone = Event::Gone { client: slow_no };
        server.seen.contains(&gone).then_some(())
    });
    assert!(!server.seen.contains(&Event::Gone { client: quick_no }));
    server.clients.close(quick_no);
    server.until("all taken", |s| (!s.clients.is_owed()).then_some(()));
    assert_eq!(reader.join().unwrap(), given);
}

#[test]
fn one_too_many_is_told_so_and_the_place_of_one_who_goes_is_free() {
    let (mut server, at) = Server::tcp(terms());
    let mut inside: Vec<_> = (0..3).map(|_| knock(at)).collect();
    server.came(2);
    for _ in 0..20 {
        let mut client = knock(at);
        // Whatever it says, it hears us out.
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            client.read_to_string(&mut text).unwrap();
            text
        });
        server.until("the refusal", |_| reader.is_finished().then_some(()));
        assert_eq!(reader.join().unwrap(), "full: CLIENTS_MAX\n");
    }
    let (first, _) = server.came(0);
    drop(inside.remove(0));
    server.gone(first);
    let _client = knock(at);
    server.came(3);
}

#[test]
fn a_line_without_end_is_not_kept() {
    let (mut server, at) = Server::tcp(terms());
    let mut client = knock(at);
    let (no, _) = server.came(0);
    let longest = [b"x".repeat(LINE_BYTES_MAX), b"\n".to_vec()].concat();
    let writer = std::thread::spawn(move || {
        client.write_all(&longest).unwrap();
        // The connection may break under this one.
        let _ = client.write_all(&b"y".repeat(LINE_BYTES_MAX * 4));
        client
    });
    assert_eq!(server.lines(1)[0].len(), LINE_BYTES_MAX);
    server.until("it is too long", |server| {
        let told = Event::TooLong { client: no };
        server.seen.contains(&told).then_some(())
    });
    server.gone(no);
    writer.join().unwrap();
}

#[test]
fn who_has_nothing_to_say_is_not_listened_to_for_long() {
    let (mut server, at) = Server::tcp(Terms {
        speech: Speech::Nothing,
        ..terms()
    });
    let mut client = knock(at);
    let (no, _) = server.came(0);
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    server.clients.write(no, b"hello\n");
    let mut line = String::new();
    server.turn();
    BufReader::new(&client).read_line(&mut line).unwrap();
    assert_eq!(line, "hello\n");
    let writer = std::thread::spawn(move || {
        let garbage = b"\0\xff\n".repeat(10_000);
        while client.write_all(&garbage).is_ok() {}
    });
    server.gone(no);
    drop(server);
    writer.join().unwrap();
}

#[test]
fn a_socket_is_for_its_owner_and_goes_away_with_him() {
    let folder = Folder::new("mode");
    let mut server = Server::new(terms());
    server.clients.listen_unix(&folder.socket()).unwrap();
    let mode = fs::metadata(folder.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let _client = UnixStream::connect(folder.socket()).unwrap();
    let (_, peer) = server.came(0);
    let uid = fs::metadata(&folder.0).unwrap().uid();
    let pid = i32::try_from(std::process::id()).unwrap();
    assert_eq!(peer, Peer::Unix { uid, pid });
    drop(server);
    assert!(!folder.socket().exists());
}

#[test]
fn a_socket_that_somebody_answers_is_his() {
    let folder = Folder::new("taken");
    let mut first = Server::new(terms());
    first.clients.listen_unix(&folder.socket()).unwrap();
    let mut second = Server::new(terms());
    let failed = second.clients.listen_unix(&folder.socket()).unwrap_err();
    assert!(failed.is_taken(), "{failed}");
    drop(second);
    // Also when he is stopped and many wait.
    let knocking = (0..50).map(|_| UnixStream::connect(folder.socket()));
    let _knocking: Vec<_> = knocking.map(Result::unwrap).collect();
    let failed = Server::new(terms()).clients.listen_unix(&folder.socket());
    assert!(failed.unwrap_err().is_taken());
    assert!(folder.socket().exists());
}

#[test]
fn a_socket_that_nobody_answers_is_replaced() {
    let folder = Folder::new("stale");
    drop(UnixListener::bind(folder.socket()).unwrap());
    let mut server = Server::new(terms());
    server.clients.listen_unix(&folder.socket()).unwrap();
    let _client = UnixStream::connect(folder.socket()).unwrap();
    server.came(0);
    // Somebody else's is not removed.
    fs::remove_file(folder.socket()).unwrap();
    let _other = UnixListener::bind(folder.socket()).unwrap();
    drop(server);
    assert!(folder.socket().exists());
}

#[test]
fn what_is_no_socket_is_left_as_it_is() {
    let folder = Folder::new("foreign");
    fs::write(folder.socket(), "a letter").unwrap();
    let failed = Server::new(terms()).clients.listen_unix(&folder.socket());
    let sentence = failed.unwrap_err().to_string();
    assert!(
        sentence.ends_with("is not a socket, so it is left as it is"),
        "{sentence}"
    );
    assert_eq!(fs::read_to_string(folder.socket()).unwrap(), "a letter");
    let nowhere = folder.0.join("no/such/folder");
    let failed = Server::new(terms()).clients.listen_unix(&nowhere);
    let sentence = failed.unwrap_err().to_string();
    assert!(
        sentence.ends_with("no such file or directory"),
        "{sentence}"
    );
}

#[test]
fn one_end_of_a_pair_is_a_client_like_others() {
    let mut server = Server::new(terms());
    let (near, mut far) = UnixStream::pair().unwrap();
    let no = server.clients.adopt(near).unwrap();
    far.write_all(b"hello\n").unwrap();
    assert_eq!(server.lines(1), ["hello"]);
    server.clients.write(no, b"bye\n");
    server.clients.close(no);
    server.turn();
    let mut text = String::new();
    far.read_to_string(&mut text).unwrap();
    assert_eq!(text, "bye\n");
    assert!(!server.seen.contains(&Event::Gone { client: no }));
}

#[test]
fn many_short_lines_are_heard_in_portions() {
    let mut server = Server::new(terms());
    let (mut near, far) = UnixStream::pair().unwrap();
    server.clients.adopt(far).unwrap();
    // The kernel takes that much without a reader.
    let said = "\n".repeat(32 << 10);
    near.write_all(said.as_bytes()).unwrap();
    let (mut turns, mut most, mut before) = (0, 0, 0);
    server.until("all of them", |server| {
        turns += 1;
        let of_line = |event: &&Event| matches!(event, Event::Line { .. });
        let lines = server.seen.iter().filter(of_line).count();
        most = most.max(lines - before);
        before = lines;
        (lines == said.len()).then_some(())
    });
    assert!(
        turns >= 8 && most <= 4_200,
        "{most} in one of {turns} turns"
    );
}
