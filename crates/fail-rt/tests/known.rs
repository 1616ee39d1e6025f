//! Known peers: a socket for each, on the loopback.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use fail_core::time::Span;
use fail_rt::clock;
use fail_rt::poller::Poller;
use fail_rt::udp::{Datagram, KNOWN_TURN_MAX, Udp};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, bind, setsockopt, socket, sockopt,
};
use std::os::fd::AsRawFd;

const LIMIT: Span = Span::from_secs(30);

/// More than any receive buffer that the kernel gives by default has room for.
const FLOOD: usize = 20_000;

struct Lab {
    poller: Poller,
    udp: Udp,
}

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn client() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    socket
}

impl Lab {
    /// Listens on all addresses of this host; gives the loopback's.
    fn new() -> (Lab, SocketAddr) {
        let mut poller = Poller::new().unwrap();
        let mut udp = Udp::new(poller.desk().unwrap());
        let port = udp.listen(at("0.0.0.0:0")).unwrap().port();
        (Lab { poller, udp }, ([127, 0, 0, 1], port).into())
    }

    /// What arrives in one turn, known peers first; nothing if nothing comes for a moment.
    fn turn(&mut self, wait: Span) -> Vec<Datagram> {
        let deadline = Some(clock::now().mono + wait);
        let events = self.poller.wait(deadline).unwrap();
        let mut tokens: Vec<_> = events.map(|event| event.token()).collect();
        tokens.sort_by_key(|token| !self.udp.is_known(*token));
        let mut got = Vec::new();
        for token in tokens {
            got.extend(std::iter::from_fn(|| self.udp.receive(token)));
        }
        got
    }

    /// All turns until these bytes have come.
    fn until(&mut self, bytes: &[u8]) -> Vec<Datagram> {
        let limit = clock::now().mono + LIMIT;
        let mut got = Vec::new();
        while got.iter().all(|d: &Datagram| d.bytes != bytes) {
            assert!(clock::now().mono < limit, "{bytes:?} did not arrive");
            got.extend(self.turn(LIMIT));
        }
        got
    }
}

#[test]
fn a_flood_of_others_loses_nothing_of_a_known_peer() {
    let (mut lab, ours) = Lab::new();
    let (known, stranger) = (client(), client());
    lab.udp.know(known.local_addr().unwrap(), ours).unwrap();
    assert_eq!((lab.udp.known(), lab.udp.overflowed()), (1, 0));
    for _ in 0..FLOOD {
        stranger.send_to(&[7; 1000], ours).unwrap();
    }
    known.send_to(b"known", ours).unwrap();
    stranger.send_to(b"stranger", ours).unwrap();
    let first = lab.turn(LIMIT);
    assert_eq!(first[0].bytes, b"known", "it is read first");
    assert_eq!(first[0].from, known.local_addr().unwrap());
    assert_eq!(first[0].local, ours);
    // The rest is there already; then the stranger's next comes, and with it what was lost.
    let mut got = first.len() - 1;
    loop {
        let more = lab.turn(Span::from_millis(1));
        assert!(more.iter().all(|d| d.bytes != b"stranger"), "it had room");
        got += more.len();
        if more.is_empty() {
            break;
        }
    }
    for later in [&b"later"[..], b"and later"] {
        stranger.send_to(later, ours).unwrap();
        assert_eq!(lab.until(later).len(), 1);
    }
    assert_eq!(lab.udp.overflowed(), (FLOOD + 1 - got) as u64);
    assert_eq!(lab.udp.lost(), 0);
}

#[test]
fn a_known_peer_is_answered_from_the_address_it_asked_and_others_as_before() {
    let (mut lab, ours) = Lab::new();
    let other = SocketAddr::new(at("127.0.0.2:0").ip(), ours.port());
    let (known, stranger) = (client(), client());
    lab.udp.know(known.local_addr().unwrap(), other).unwrap();
    for (client, asked) in [(&known, other), (&known, ours), (&stranger, other)] {
        client.send_to(b"ask", asked).unwrap();
        let got = lab.until(b"ask").remove(0);
        assert_eq!((got.from, got.local), (client.local_addr().unwrap(), asked));
        lab.udp.send(got.from, Some(got.local), b"answer").unwrap();
        let (_, from) = client.recv_from(&mut [0; 100]).unwrap();
        assert_eq!(from, asked);
    }
    lab.udp.forget(known.local_addr().unwrap(), ours);
    assert_eq!(lab.udp.known(), 1, "that one was never known");
    lab.udp.forget(known.local_addr().unwrap(), other);
    assert_eq!(lab.udp.known(), 0);
    known.send_to(b"still here", other).unwrap();
    assert_eq!(lab.until(b"still here").len(), 1);
}

#[test]
fn nobody_else_can_have_the_port() {
    let (mut lab, ours) = Lab::new();
    for _ in 0..3 {
        let peer = client().local_addr().unwrap();
        lab.udp.know(peer, ours).unwrap();
        lab.udp.know(peer, ours).unwrap();
    }
    assert_eq!(lab.udp.known(), 3);
    let all = SocketAddr::new(at("0.0.0.0:0").ip(), ours.port());
    let second = Udp::new(lab.poller.desk().unwrap())
        .listen(all)
        .unwrap_err();
    assert!(second.to_string().ends_with("address already in use"));
    for (address, shares) in [(all, true), (ours, true), (ours, false)] {
        let family = AddressFamily::Inet;
        let fd = socket(family, SockType::Datagram, SockFlag::empty(), None).unwrap();
        setsockopt(&fd, sockopt::ReuseAddr, &shares).unwrap();
        let bound = bind(fd.as_raw_fd(), &SockaddrStorage::from(address));
        assert_eq!(bound, Err(Errno::EADDRINUSE), "{address}, {shares}");
    }
}

#[test]
fn sockets_that_come_and_go_lose_nothing_of_others() {
    const EACH: u32 = 100;
    let (mut lab, ours) = Lab::new();
    let mut seen = 0;
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let client = client();
            for n in 0..EACH * EACH {
                client.send_to(&n.to_be_bytes(), ours).unwrap();
                // Never more than have room.
                if n % EACH == EACH - 1 {
                    client.recv(&mut [0; 100]).unwrap();
                }
            }
            client.local_addr().unwrap()
        });
        let mut peers = (1..=u16::MAX).map(|port| SocketAddr::from(([127, 9, 9, 9], port)));
        while seen < EACH * EACH {
            let peer = peers.next().unwrap();
            lab.udp.know(peer, ours).unwrap();
            for got in lab.turn(LIMIT) {
                assert_ne!(got.from, peer);
                assert_eq!(got.local, ours);
                seen += 1;
                if seen % EACH == 0 {
                    lab.udp.send(got.from, Some(got.local), b"go on").unwrap();
                }
            }
            // Its queue was read in that turn or is read in the next ones.
            if let Some(old) = peer.port().checked_sub(50).filter(|port| *port > 0) {
                lab.udp.forget(([127, 9, 9, 9], old).into(), ours);
            }
        }
        sender.join().unwrap();
    });
    assert!(lab.udp.known() <= 50);
    assert_eq!((lab.udp.overflowed(), lab.udp.lost()), (0, 0));
}

#[test]
fn an_error_of_a_known_peer_is_a_counted_loss_and_no_answer_is_lost_by_it() {
    let (mut lab, ours) = Lab::new();
    let first = client();
    let peer = first.local_addr().unwrap();
    lab.udp.know(peer, ours).unwrap();
    drop(first);
    lab.udp.send(peer, Some(ours), b"anybody?").unwrap();
    let again = UdpSocket::bind(peer).unwrap();
    again
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    lab.udp.send(peer, Some(ours), b"and now?").unwrap();
    let n = again.recv(&mut [0; 100]).unwrap();
    assert_eq!(n, b"and now?".len());
    again.send_to(b"here", ours).unwrap();
    assert_eq!(lab.until(b"here").len(), 1);
    assert_eq!(lab.udp.lost(), 1);
}

#[test]
fn where_there_can_be_no_socket_the_peer_is_heard_as_before() {
    let (mut lab, ours) = Lab::new();
    let client = client();
    let peer = client.local_addr().unwrap();
    let elsewhere = SocketAddr::new(at("192.0.2.1:0").ip(), ours.port());
    let other_port = SocketAddr::new(ours.ip(), 1);
    let all = SocketAddr::new(at("0.0.0.0:0").ip(), ours.port());
    for (peer, local) in [
        (peer, elsewhere),
        (peer, other_port),
        (peer, all),
        (at("[::1]:9"), ours),
        (peer, SocketAddr::new(at("[::1]:0").ip(), ours.port())),
    ] {
        assert!(lab.udp.know(peer, local).is_err(), "{peer} at {local}");
    }
    assert_eq!(lab.udp.known(), 0);
    client.send_to(b"here", ours).unwrap();
    assert_eq!(lab.until(b"here").len(), 1);
    let second = Udp::new(lab.poller.desk().unwrap()).listen(ours);
    assert!(second.is_err(), "the port is shared after a failure");
}

#[test]
fn a_known_peer_that_floods_holds_up_a_turn_for_a_moment_only() {
    let (mut lab, ours) = Lab::new();
    let (known, stranger) = (client(), client());
    lab.udp.know(known.local_addr().unwrap(), ours).unwrap();
    for _ in 0..KNOWN_TURN_MAX + 3 {
        known.send_to(b"known", ours).unwrap();
    }
    stranger.send_to(b"stranger", ours).unwrap();
    let first = lab.turn(LIMIT);
    assert_eq!(first.len(), KNOWN_TURN_MAX + 1);
    assert_eq!(lab.turn(LIMIT).len(), 3);
}

#[test]
fn with_ipv6_it_is_the_same() {
    let (mut lab, _) = Lab::new();
    let Ok(all) = lab.udp.listen(at("[::]:0")) else {
        eprintln!("no IPv6 here: not tested");
        return;
    };
    let ours = SocketAddr::new(at("[::1]:0").ip(), all.port());
    let client = UdpSocket::bind("[::1]:0").unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    lab.udp.know(client.local_addr().unwrap(), ours).unwrap();
    client.send_to(b"ask", ours).unwrap();
    let deadline = Some(clock::now().mono + LIMIT);
    let events = lab.poller.wait(deadline).unwrap();
    let tokens: Vec<_> = events.map(|event| event.token()).collect();
    assert!(lab.udp.is_known(tokens[0]));
    let got = lab.udp.receive(tokens[0]).unwrap();
    assert_eq!((got.from, got.local), (client.local_addr().unwrap(), ours));
    lab.udp.send(got.from, Some(got.local), b"answer").unwrap();
    let (_, from) = client.recv_from(&mut [0; 100]).unwrap();
    assert_eq!(from, ours);
}
