//! Real datagrams on the loopback.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fail_core::time::{Mono, Span};
use fail_rt::clock;
use fail_rt::poller::Poller;
use fail_rt::udp::{Datagram, RECEIVE_TURN_MAX, Udp};

const LIMIT: Span = Span::from_secs(30);

fn new() -> (Poller, Udp) {
    let mut poller = Poller::new().unwrap();
    let udp = Udp::new(poller.desk().unwrap());
    (poller, udp)
}

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// What arrives in one turn that does not end before there is something.
fn turn(poller: &mut Poller, udp: &mut Udp, deadline: Mono) -> Vec<Datagram> {
    let mut got = Vec::new();
    for event in poller.wait(Some(deadline)).unwrap() {
        assert!(udp.owns(event.token()));
        got.extend(std::iter::from_fn(|| udp.receive(event.token())));
    }
    got
}

fn one(poller: &mut Poller, udp: &mut Udp) -> Datagram {
    let limit = clock::now().mono + LIMIT;
    loop {
        assert!(clock::now().mono < limit, "nothing arrived");
        if let Some(datagram) = turn(poller, udp, limit).pop() {
            return datagram;
        }
    }
}

fn client(address: &str) -> UdpSocket {
    let socket = UdpSocket::bind(address).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    socket
}

#[test]
fn an_answer_leaves_from_the_address_that_was_asked() {
    let (mut poller, mut udp) = new();
    let any = udp.listen(at("0.0.0.0:0")).unwrap();
    let one_only = udp.listen(at("127.0.0.3:0")).unwrap();
    for asked in [
        SocketAddr::new(at("127.0.0.1:0").ip(), any.port()),
        SocketAddr::new(at("127.0.0.2:0").ip(), any.port()),
        one_only,
    ] {
        let client = client("127.0.0.1:0");
        client.send_to(b"ask", asked).unwrap();
        let got = one(&mut poller, &mut udp);
        assert_eq!(got.from, client.local_addr().unwrap());
        assert_eq!((got.local, &got.bytes[..]), (asked, b"ask".as_slice()));
        udp.send(got.from, Some(got.local), b"answer").unwrap();
        let mut buffer = [0; 100];
        let (n, from) = client.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..n], from), (b"answer".as_slice(), asked));
    }
    assert_eq!(udp.lost(), 0);
}

#[test]
fn both_families_stand_side_by_side_on_one_port() {
    let (mut poller, mut udp) = new();
    let Ok(v6) = udp.listen(at("[::]:0")) else {
        eprintln!("no IPv6 here: not tested");
        return;
    };
    // If another took the IPv4 port, `::` alone is still tested.
    let _ = udp.listen(SocketAddr::new(at("0.0.0.0:0").ip(), v6.port()));
    let asked = SocketAddr::new(at("[::1]:0").ip(), v6.port());
    let client = client("[::1]:0");
    client.send_to(b"ask", asked).unwrap();
    let got = one(&mut poller, &mut udp);
    assert_eq!(got.local, asked);
    udp.send(got.from, Some(got.local), b"answer").unwrap();
    let (_, from) = client.recv_from(&mut [0; 100]).unwrap();
    assert_eq!(from, asked);
}

#[test]
fn a_port_in_use_is_named_with_the_reason() {
    let (_poller, mut udp) = new();
    let taken = udp.listen(at("127.0.0.1:0")).unwrap();
    let failed = udp.listen(taken).unwrap_err();
    let sentence = format!("can not listen on {taken}/udp: address already in use");
    assert_eq!(failed.to_string(), sentence);
    let elsewhere = udp.listen(at("192.0.2.1:0")).unwrap_err().to_string();
    assert!(
        elsewhere.starts_with("can not listen on 192.0.2.1:0/udp: "),
        "{elsewhere}"
    );
}

#[test]
fn a_loss_is_counted_and_no_error() {
    let (mut poller, mut udp) = new();
    let ours = udp.listen(at("127.0.0.1:0")).unwrap();
    let gone = client("127.0.0.1:0").local_addr().unwrap();
    udp.send(gone, None, b"anybody?").unwrap();
    // Whatever became of that, the socket goes on.
    client("127.0.0.1:0").send_to(b"here", ours).unwrap();
    assert_eq!(one(&mut poller, &mut udp).bytes, b"here");
    let before = udp.lost();
    assert!(
        udp.send(gone, Some(at("127.0.0.9:9")), b"x").is_err(),
        "not ours to send from"
    );
    assert!(
        udp.send(at("[::1]:9"), None, b"x").is_err(),
        "no socket of that family"
    );
    assert!(udp.send(gone, None, &[0; 70_000]).is_err(), "too long");
    assert_eq!(udp.lost(), before + 3);
}

#[test]
fn the_longest_and_the_shortest_datagram_arrive_whole() {
    let (mut poller, mut udp) = new();
    let ours = udp.listen(at("127.0.0.1:0")).unwrap();
    for length in [0, 1, 65_507] {
        let sent = vec![7; length];
        client("127.0.0.1:0").send_to(&sent, ours).unwrap();
        assert!(one(&mut poller, &mut udp).bytes == sent, "{length} bytes");
    }
}

#[test]
fn a_turn_takes_a_bounded_number_and_the_next_turn_the_rest() {
    let (mut poller, mut udp) = new();
    let ours = udp.listen(at("127.0.0.1:0")).unwrap();
    let client = client("127.0.0.1:0");
    let all = RECEIVE_TURN_MAX + 20;
    for n in 0..all {
        client.send_to(&(n as u32).to_be_bytes(), ours).unwrap();
    }
    let limit = clock::now().mono + LIMIT;
    let first = turn(&mut poller, &mut udp, limit);
    assert_eq!(first.len(), RECEIVE_TURN_MAX);
    // Nothing new arrives: without being armed again, the socket would stay silent.
    let second = turn(&mut poller, &mut udp, limit);
    assert_eq!(second.len(), all - RECEIVE_TURN_MAX);
    assert_eq!(second[19].bytes, (all as u32 - 1).to_be_bytes());
}

#[test]
fn timers_are_kept_under_a_flood() {
    const FLOOD: u32 = 100_000;
    const TICK: Span = Span::from_millis(5);
    let (mut poller, mut udp) = new();
    let ours = udp.listen(at("127.0.0.1:0")).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let (sender_over, waker) = (over.clone(), poller.waker());
    let sender = std::thread::spawn(move || {
        let client = client("127.0.0.1:0");
        let sent = (0..FLOOD).filter(|n| client.send_to(&n.to_be_bytes(), ours).is_ok());
        let sent = sent.count();
        sender_over.store(true, Ordering::SeqCst);
        waker.wake();
        sent
    });
    let begin = clock::now().mono;
    let (mut next, mut ticks, mut got, mut worst) = (begin + TICK, 0u64, 0, Span::ZERO);
    while !over.load(Ordering::SeqCst) {
        let batch = turn(&mut poller, &mut udp, next).len();
        assert!(batch <= RECEIVE_TURN_MAX);
        got += batch;
        let now = clock::now().mono;
        assert!(now - begin < Span::from_secs(120), "the flood does not end");
        if now >= next {
            (ticks, worst) = (ticks + 1, worst.max(now - next));
            next = now + TICK;
        }
    }
    let took = clock::now().mono - begin;
    assert!(sender.join().unwrap() > 0 && got > 0);
    // A starved timer would not tick at all; a busy machine takes some of the ticks.
    let due = took.0 / TICK.0;
    eprintln!(
        "{got} of {FLOOD} datagrams and {ticks} of {due} ticks in {took}, worst {worst} late"
    );
    assert!(
        ticks >= due / 10,
        "{ticks} of {due} ticks, the worst {worst} late"
    );
}
