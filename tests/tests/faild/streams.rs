//! faild over TCP: the same answers, and those who are slow, silent, hostile or too many.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use fail_client::{Client, Options, Protocol, Record, Wanted};
use fail_wire::{Body, Key, Marks, Name, Packet, Query, Reason, State, emit};
use failover_tests::faild::Faild;
use failover_tests::folder::Folder;

fn tcp() -> Options {
    Options {
        timeout: Duration::from_secs(10),
        tries: 1,
        protocol: Protocol::Tcp,
    }
}

fn query() -> Vec<u8> {
    let key = Key::new("public").unwrap();
    let body = Body::Query(Query {
        names: vec![Name::new("web").unwrap()],
        ..Query::default()
    });
    emit(Some(&key), 7, &body)
}

fn frame(message: &[u8]) -> Vec<u8> {
    let mut frame = u16::try_from(message.len()).unwrap().to_be_bytes().to_vec();
    frame.extend(message);
    frame
}

fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

fn answer(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).unwrap();
    message
}

fn is_closed(stream: &mut TcpStream) -> bool {
    matches!(stream.read(&mut [0; 1]), Ok(0) | Err(_))
}

#[test]
fn both_ways_give_the_same_answers() {
    let faild = Faild::start(&[]);
    faild.failc(&["-T", "web", "UP", "by tcp"]).done();
    faild.failc(&["dns", "RECOVER", "by udp"]).done();
    let words = |args: &[&str]| faild.failc(args).done();
    for service in ["web", "dns", "none"] {
        let cut = |line: String| line.split(" for ").next().unwrap().to_string();
        assert_eq!(cut(words(&["-T", service])), cut(words(&[service])));
    }
    faild.failc(&["-T", "-q", "dns"]).failed(1);
    let refused = faild.failc(&["-T", "-c", "unknown", "web"]).failed(77);
    assert!(
        refused.contains("does not know this community"),
        "{refused}"
    );
    let stats = faild.failstat(&["-T"]).done();
    assert!(
        stats.contains("by tcp") && stats.contains("by udp"),
        "{stats}"
    );
}

#[test]
fn one_of_the_two_can_be_switched_off() {
    let only_tcp = Faild::start(&["-T"]);
    only_tcp.failc(&["-T", "web", "UP"]).done();
    only_tcp.failc(&["-n", "1", "web"]).failed(69);
    let only_udp = Faild::start(&["-U"]);
    only_udp.failc(&["web", "UP"]).done();
    let none = only_udp.failc(&["-T", "-n", "1", "web"]).failed(69);
    assert!(none.to_lowercase().contains("connection refused"), "{none}");
}

#[test]
fn a_thousand_services_come_in_pages_over_one_connection() {
    let faild = Faild::start(&[]);
    let mut client = Client::new(faild.address, "public", tcp()).unwrap();
    for n in 0..1000 {
        let name = Name::new(&format!("service-{n:04}")).unwrap();
        let up = |_: &Record| Wanted {
            state: Some(State::Up),
            set: Marks(0),
            clear: Marks(0),
            reason: Reason::new("a test"),
        };
        client.change(&name, up).unwrap();
    }
    let answer = client.read(&[]).unwrap();
    assert_eq!(answer.records.len(), 1000);
    let mut by_udp = Client::new(faild.address, "public", Options::default()).unwrap();
    let names = |answer: &fail_client::Answer| {
        let records = answer.records.iter();
        records.map(|r| r.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&by_udp.read(&[]).unwrap()), names(&answer));
}

#[test]
fn one_byte_at_a_time_is_understood_and_garbage_ends_only_its_connection() {
    let faild = Faild::start(&[]);
    let (mut slow, mut good) = (connect(faild.address), connect(faild.address));
    slow.set_nodelay(true).unwrap();
    for byte in frame(&query()) {
        slow.write_all(&[byte]).unwrap();
    }
    // Garbage: a length too small, one too great, another protocol.
    for garbage in [&[0, 1, 9][..], &[0xff, 0xff, 1], b"GET / HTTP/1.1\r\n\r\n"] {
        let mut bad = connect(faild.address);
        bad.write_all(garbage).unwrap();
        assert!(is_closed(&mut bad), "{garbage:?}");
    }
    // A message that is none, in a good frame, is dropped like a datagram.
    good.write_all(&frame(&[7; 100])).unwrap();
    // Several at once, answered each.
    good.write_all(&frame(&query()).repeat(10)).unwrap();
    for _ in 0..10 {
        let message = answer(&mut good);
        let packet = Packet::read(&message).unwrap();
        assert_eq!(packet.request(), 7);
        let Body::Answer(answer) = packet.body().unwrap() else {
            panic!("no answer")
        };
        assert_eq!(answer.records.len(), 1, "without padding");
    }
    assert_eq!(Packet::read(&answer(&mut slow)).unwrap().request(), 7);
}

#[test]
fn there_are_descriptors_for_all_whom_it_lets_in() {
    let mut few = std::process::Command::new("sh");
    let faild = failover_tests::program::path("faild");
    let words = format!("ulimit -S -n 100 && exec {} \"$@\"", faild.display());
    few.args(["-c", &words, "sh"]);
    let faild = Faild::with(few, &[]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", faild.pid())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let mut words = line.unwrap().split_whitespace().skip(3);
    let [soft, hard] = [words.next(), words.next()].map(|word| word.unwrap().parse::<u64>());
    let (Ok(soft), Ok(hard)) = (soft, hard) else {
        return;
    };
    assert_eq!(soft, hard, "{limits}");
}

#[test]
fn it_answers_on_several_addresses_and_on_ipv6_from_the_one_that_was_asked() {
    let faild = Faild::start(&["-a", "127.0.0.2", "-a", "::1"]);
    let mut told: Vec<SocketAddr> = Vec::new();
    for line in faild.log.all() {
        let words = line
            .split_whitespace()
            .filter_map(|word| word.split_once('/'));
        told.extend(words.filter_map(|(address, _)| address.parse::<SocketAddr>().ok()));
    }
    told.sort();
    told.dedup();
    let ips: Vec<IpAddr> = told.iter().map(SocketAddr::ip).collect();
    let wanted = ["127.0.0.1", "127.0.0.2", "::1"].map(|ip| ip.parse::<IpAddr>().unwrap());
    assert_eq!(ips, wanted);
    for address in told {
        for protocol in [Protocol::Udp, Protocol::Tcp] {
            let options = Options { protocol, ..tcp() };
            let mut client = Client::new(address, "public", options).unwrap();
            client
                .read(&[])
                .unwrap_or_else(|e| panic!("{address} {protocol:?}: {e}"));
        }
    }
    // One that listens on all addresses answers from the one that was asked as well.
    let folder = Folder::new();
    let rules = folder.write("communities", "* public RO\n");
    let faild = Faild::with(
        failover_tests::program::command("faild"),
        &["-a", "0.0.0.0", "-c", &rules],
    );
    let port = faild.log.all().iter().find_map(|line| {
        let word = line
            .split_whitespace()
            .find(|w| w.starts_with("0.0.0.0:"))?;
        word.split_once('/')?
            .0
            .rsplit_once(':')?
            .1
            .parse::<u16>()
            .ok()
    });
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut padded = query();
    padded.resize(400, 0);
    let asked: SocketAddr = ("127.0.0.3".parse::<IpAddr>().unwrap(), port.unwrap()).into();
    socket.send_to(&padded, asked).unwrap();
    // Padded after it was signed: refused, and from there.
    let (_, from) = socket.recv_from(&mut [0; 2000]).unwrap();
    assert_eq!(from, asked);
}

#[test]
fn it_may_have_as_many_files_open_as_the_system_allows() {
    let faild = Faild::start(&[]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", faild.pid())).unwrap();
    let files = limits.lines().find(|l| l.starts_with("Max open files"));
    let numbers: Vec<&str> = files.unwrap().split_whitespace().skip(3).take(2).collect();
    assert_eq!(numbers[0], numbers[1], "{files:?}");
}
