//! Connections of those who are slow, silent, too many or mad, which cost nobody else anything,
//! and what is left when a faild is started anew or has few descriptors.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fail_client::{Client, Options, Protocol};
use fail_wire::{Body, Code, Key, Name, Packet, Query, Refusal, State, Subscribe, emit};
use failover_tests::faild::{Faild, client};
use failover_tests::folder::Folder;
use failover_tests::program::{self, Running};
use failover_tests::wait::{self, LIMIT};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, bind, connect, socket};

fn over_tcp(faild: SocketAddr) -> Client {
    let options = Options {
        protocol: Protocol::Tcp,
        ..Options::default()
    };
    client(faild, "public", options)
}

fn key() -> Key {
    Key::new("public").unwrap()
}

fn question(id: u64) -> Vec<u8> {
    let query = Query {
        beat: None,
        after: None,
        names: vec![Name::new("web").unwrap()],
    };
    frame(&emit(Some(&key()), id, &Body::Query(query)))
}

fn frame(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap();
    [&length.to_be_bytes(), message].concat()
}

/// A connection by hand.
struct Raw {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Raw {
    fn to(faild: SocketAddr) -> Raw {
        let stream = TcpStream::connect(faild).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let input = Vec::new();
        Raw { stream, input }
    }

    /// What comes next; nothing: the end.
    fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let length = self.input.first_chunk().map(|l| u16::from_be_bytes(*l));
            let end = length.map(|length| 2 + usize::from(length));
            if let Some(end) = end.filter(|end| *end <= self.input.len()) {
                return Some(self.input.drain(..end).skip(2).collect());
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(len) => self.input.extend_from_slice(&buffer[..len]),
                Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(e) => panic!("{e}"),
            }
        }
    }

    /// The id that the next answer is for.
    fn answered(&mut self) -> u64 {
        let message = self.next().expect("an answer");
        let packet = Packet::read(&message).unwrap();
        assert!(packet.verify(&key()));
        packet.request()
    }

    fn refused(&mut self) -> Refusal {
        let message = self.next().expect("a refusal");
        match Packet::read(&message).unwrap().body().unwrap() {
            Body::Refusal(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn changes_are_told_over_a_connection() {
    let faild = Faild::start(&[]);
    let mut watch = over_tcp(faild.address).watch(&[]).unwrap();
    let until = || Instant::now() + LIMIT;
    assert!(matches!(
        watch.next_until(until()),
        Some(fail_client::News::Ready)
    ));
    faild.failc(&["web", "UP"]).done();
    match watch.next_until(until()) {
        Some(fail_client::News::Record(record)) => assert_eq!(record.state, State::Up),
        other => panic!("{other:?}"),
    }
    let stats = |name: &str| {
        let shown = faild.failstat(&["--stats"]).done();
        let line = shown.lines().find(|line| line.contains(name));
        line.unwrap_or_else(|| panic!("{name} in {shown}"))
            .to_string()
    };
    assert!(stats("subscriptions now").ends_with(" 1"));
    drop(watch);
    wait::until(
        "its end",
        || stats("subscriptions now"),
        |s| s.ends_with(" 0"),
    );
    // One that does not say goodbye.
    let mut raw = Raw::to(faild.address);
    let mut cookie = 0;
    for id in [1, 2] {
        let wish = Body::Subscribe(Subscribe {
            cookie,
            for_ms: 60_000,
            names: Vec::new(),
        });
        let bytes = frame(&emit(Some(&key()), id, &wish));
        raw.stream.write_all(&bytes).unwrap();
        let message = raw.next().unwrap();
        match Packet::read(&message).unwrap().body().unwrap() {
            Body::Notify(answer) => cookie = answer.cookie,
            other => panic!("{other:?}"),
        }
    }
    assert!(stats("subscriptions now").ends_with(" 1"));
    drop(raw);
    wait::until(
        "its end",
        || stats("subscriptions now"),
        |s| s.ends_with(" 0"),
    );
}

#[test]
fn one_byte_at_a_time_works_and_garbage_closes_only_its_own_connection() {
    let faild = Faild::start(&["-d", "net"]);
    let (mut good, mut slow) = (Raw::to(faild.address), Raw::to(faild.address));
    let bytes = question(7);
    let (last, most) = bytes.split_last().unwrap();
    for byte in most {
        slow.stream.write_all(&[*byte]).unwrap();
    }
    let too_short = 47u16.to_be_bytes().to_vec();
    let too_long = 8193u16.to_be_bytes().to_vec();
    let http = b"GET / HTTP/1.1\r\nHost: failover\r\n\r\n".to_vec();
    for garbage in [too_short, too_long, http] {
        let mut bad = Raw::to(faild.address);
        bad.stream.write_all(&garbage).unwrap();
        assert_eq!(bad.next(), None, "{garbage:?}");
        good.stream.write_all(&question(8)).unwrap();
        assert_eq!(good.answered(), 8);
    }
    slow.stream.write_all(&[*last]).unwrap();
    assert_eq!(slow.answered(), 7);
    // A stranger is refused, in no more bytes than his own, and may try again.
    let stranger = Key::new("stranger").unwrap();
    let all = fail_wire::emit_padded(&stranger, 9, &Body::AskReport, 60);
    good.stream.write_all(&frame(&all)).unwrap();
    let refusal = good.next().unwrap();
    assert!(refusal.len() <= all.len(), "{}", refusal.len());
    match Packet::read(&refusal).unwrap().body().unwrap() {
        Body::Refusal(refusal) => assert_eq!(refusal.code, Ok(Code::Community)),
        other => panic!("{other:?}"),
    }
    good.stream.write_all(&question(10)).unwrap();
    assert_eq!(good.answered(), 10);
}

#[test]
fn who_is_slow_or_silent_is_dropped_while_others_are_served() {
    let faild = Faild::start(&[]);
    let (mut silent, mut slow) = (Raw::to(faild.address), Raw::to(faild.address));
    slow.stream.write_all(&question(1)).unwrap();
    assert_eq!(slow.answered(), 1);
    slow.stream.write_all(&question(2)[..20]).unwrap();
    let mut good = over_tcp(faild.address);
    let ended = std::thread::spawn(move || (silent.next(), slow.next()));
    let look = || {
        good.read(&[]).unwrap();
        ended.is_finished()
    };
    wait::until("the end of both", look, |done| *done);
    assert_eq!(ended.join().unwrap(), (None, None));
    assert!(good.read(&[]).is_ok());
}

#[test]
fn who_does_not_read_holds_up_nobody_and_has_his_answers_when_he_does() {
    let faild = Faild::start(&[]);
    let reason = "x".repeat(190);
    for n in 0..100 {
        faild.failc(&[&format!("s{n}"), "UP", &reason]).done();
    }
    let all = Query {
        beat: None,
        after: None,
        names: Vec::new(),
    };
    let bytes = frame(&emit(Some(&key()), 5, &Body::Query(all)));
    let mut lazy = Raw::to(faild.address);
    let mut writer = lazy.stream.try_clone().unwrap();
    // 12 MB of answers: more than the kernel keeps for him.
    const QUESTIONS: usize = 600;
    let asking = std::thread::spawn(move || {
        for _ in 0..QUESTIONS {
            writer.write_all(&bytes).unwrap();
        }
    });
    let mut good = over_tcp(faild.address);
    for _ in 0..50 {
        assert_eq!(good.read(&[]).unwrap().records.len(), 100);
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", faild.pid())).unwrap();
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let rss: u64 = rss.unwrap().trim().trim_end_matches(" kB").parse().unwrap();
    assert!(rss < 20_000, "{rss} kB");
    for _ in 0..QUESTIONS {
        assert_eq!(lazy.answered(), 5);
    }
    asking.join().unwrap();
}

#[test]
fn too_many_from_one_address_are_refused_by_name_and_others_are_not() {
    let faild = Faild::start(&[]);
    let mut held: Vec<Raw> = (0..16).map(|_| Raw::to(faild.address)).collect();
    for raw in &mut held {
        raw.stream.write_all(&question(1)).unwrap();
        assert_eq!(raw.answered(), 1);
    }
    let mut one_more = Raw::to(faild.address);
    let refusal = one_more.refused();
    assert_eq!(refusal.code, Ok(Code::Limit));
    let (name, limit) = ("connections of one address", 16);
    assert_eq!((refusal.text.as_str(), refusal.detail), (name, limit));
    assert_eq!(one_more.next(), None);
    let sentence = faild.failc(&["-T", "web"]).failed(75);
    assert!(sentence.contains(name), "{sentence}");
    let limits = faild.failstat(&["--limits"]).done();
    assert!(limits.contains(name), "{limits}");
    let counted = faild.failstat(&["--stats"]).done();
    let mut lines = counted.lines();
    let line = lines.find(|line| line.contains("connections now"));
    assert!(line.is_some_and(|line| line.ends_with(" 16")), "{counted}");
    held.pop();
    let retry = || faild.failc(&["-T", "web"]).code;
    wait::until("a free place", retry, |code| *code == Some(0));
}

#[test]
fn a_port_that_somebody_has_for_tcp_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.4:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut command = program::command("faild");
    command.args(["-F", "-a", "127.0.0.4", "-p", &port]);
    let sentence = program::run(command).failed(73);
    let words = format!("can not listen on 127.0.0.4:{port}/tcp: ");
    assert!(sentence.contains(&words), "{sentence}");
    assert!(sentence.contains("is another faild running?"), "{sentence}");
}

#[test]
fn several_addresses_of_both_families_answer_each_from_itself() {
    let Ok(v6) = UdpSocket::bind("[::1]:0") else {
        eprintln!("this host has no IPv6: not shown");
        return;
    };
    let port = v6.local_addr().unwrap().port().to_string();
    drop(v6);
    let mut command = program::command("faild");
    command.args(["-F", "-a", "::", "-a", "0.0.0.0", "-p", &port]);
    let mut running = Running::start(command.stderr(Stdio::piped()));
    let log = failover_tests::lines::Lines::of(running.0.stderr.take().unwrap());
    log.wait_for("is ready");
    for address in ["127.0.0.1", "127.0.0.9", "[::1]"] {
        let at: SocketAddr = format!("{address}:{port}").parse().unwrap();
        // A connected socket hears only whom it asked.
        let udp = client(at, "public", Options::default()).read(&[]);
        let tcp = over_tcp(at).read(&[]);
        assert!(udp.is_ok() && tcp.is_ok(), "{address}: {udp:?} {tcp:?}");
    }
}

#[test]
fn a_faild_that_was_started_anew_is_asked_over_a_new_connection() {
    let mut first = Faild::start(&[]);
    let mut client = over_tcp(first.address);
    assert!(client.read(&[]).is_ok());
    first.kill();
    assert!(client.read(&[]).is_err());
    let port = first.address.port().to_string();
    let mut command = program::command("faild");
    command.args(["-F", "-a", "127.0.0.1", "-p", &port]);
    let _second = Running::start(command.stderr(Stdio::null()));
    let ask = || client.read(&[]).map(|answer| answer.records.len());
    wait::until("an answer", ask, Result::is_ok).unwrap();
    let began = Instant::now();
    assert!(client.read(&[]).is_ok());
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "over the open one"
    );
}

/// A connection from this address of ours.
fn from(ip: &str, faild: SocketAddr) -> TcpStream {
    let source: SocketAddr = format!("{ip}:0").parse().unwrap();
    let kind = (AddressFamily::Inet, SockType::Stream);
    let fd = socket(kind.0, kind.1, SockFlag::SOCK_CLOEXEC, None).unwrap();
    bind(fd.as_raw_fd(), &SockaddrStorage::from(source)).unwrap();
    connect(fd.as_raw_fd(), &SockaddrStorage::from(faild)).unwrap();
    TcpStream::from(fd)
}

#[test]
fn many_connections_do_not_take_the_descriptors_with_which_changes_are_saved() {
    let folder = Folder::new();
    let state = folder.file("state");
    let mut command = Command::new("sh");
    // As many as a careless system gives to begin with.
    command
        .args(["-c", "ulimit -S -n 40 && exec \"$0\" \"$@\""])
        .arg(program::path("faild"));
    let faild = Faild::with(command, &["-s", &state]);
    let held: Vec<TcpStream> = (0..64)
        .map(|n| from(&format!("127.0.0.{}", 20 + n / 16), faild.address))
        .collect();
    for mut stream in &held {
        stream.write_all(&question(1)).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.read_exact(&mut [0; 2]).unwrap();
    }
    faild.failc(&["web", "UP"]).done();
    assert!(std::fs::read_to_string(&state).unwrap().contains("web"));
}

#[test]
fn a_tool_waits_no_longer_for_a_faild_that_sends_a_byte_now_and_then() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let drip = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let wait = Some(Duration::from_millis(20));
        stream.set_read_timeout(wait).unwrap();
        // The length of the longest message, and then its bytes, one by one.
        while stream.write_all(&[0xff]).is_ok() {
            let _ = stream.read(&mut [0; 100]);
        }
    });
    let options = Options {
        protocol: Protocol::Tcp,
        timeout: Duration::from_millis(200),
        tries: 1,
    };
    let (told, tell) = std::sync::mpsc::channel();
    std::thread::spawn(move || told.send(client(at, "public", options).read(&[]).is_err()));
    assert_eq!(tell.recv_timeout(LIMIT), Ok(true), "it waits on and on");
    drip.join().unwrap();
}
