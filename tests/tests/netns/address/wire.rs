//! What neighbours see of an address that comes and goes, byte by byte, and what they make
//! of it.

use std::net::UdpSocket;
use std::thread;

use serde_json::Value;

use super::super::client::enter;
use super::super::lab::{BOUND, Namespace, plugged};
use super::super::process::wait;
use super::{Capture, Hands, mac, settled, shown};

/// 10.78.0.100 in hex.
const V4: &str = "0a4e0064";
/// fd78::64 in hex.
const V6: &str = "fd780000000000000000000000000064";

#[test]
fn an_ipv4_address_is_asked_for_added_and_announced() {
    let Some((_switch, parts)) = plugged("garp", &["hosta", "hostb"]) else {
        return;
    };
    let [a, b] = &parts[..] else { unreachable!() };
    let capture = Capture::on(b, "eth0");
    let mut hands = Hands::of(a);
    hands.done("add 10.78.0.100/24 eth0 -label eth0:web -probe 150ms -announce 3 -spacing 60ms");

    let there = shown(a, "eth0", "10.78.0.100").expect("the address");
    assert_eq!(there["prefixlen"], 24);
    assert_eq!(there["broadcast"], "10.78.0.255");
    assert_eq!(there["label"], "eth0:web");
    assert_eq!(there["scope"], "global");

    let frames = capture.wait(V4, 9);
    let mac = mac(a, "eth0").replace(':', "");
    let head = format!("ffffffffffff{mac}0806000108000604");
    let probe = format!("{head}0001{mac}00000000000000000000{V4}");
    let request = format!("{head}0001{mac}{V4}000000000000{V4}");
    let reply = format!("{head}0002{mac}{V4}{mac}{V4}");
    let mut expected = vec![probe; 3];
    for _ in 0..3 {
        expected.extend([request.clone(), reply.clone()]);
    }
    let bytes: Vec<_> = frames.iter().map(|(_, frame)| frame.clone()).collect();
    assert_eq!(bytes, expected);
    let at: Vec<u64> = frames.iter().map(|(at, _)| *at).collect();
    println!("probes and announcements at ms {at:?}");
    // Each is due by a schedule that begins with the first: what is late by itself makes the gap
    // after it shorter, and none comes before its time.
    for (n, due) in [(1, 50), (2, 100), (3, 150)] {
        let passed = at[n] - at[0];
        assert!(passed + 1 >= due, "probes, then an announcement: {at:?}");
    }
    for (n, due) in [(5, 60), (7, 120)] {
        assert!(at[n] - at[3] + 1 >= due, "announcements: {at:?}");
    }

    // Once more, now that it is there: nobody is asked. And these are all there are.
    hands.done("add 10.78.0.100/24 eth0 -announce 1");
    hands.done("announce 10.78.0.100 eth0 -times 1");
    let frames = capture.wait(V4, 13);
    let bytes: Vec<_> = frames[9..].iter().map(|(_, frame)| frame).collect();
    assert_eq!(bytes, [&request, &reply, &request, &reply]);
}

#[test]
fn an_ipv6_address_is_asked_for_added_and_announced() {
    let Some((_switch, parts)) = plugged("na", &["hosta", "hostb"]) else {
        return;
    };
    let [a, b] = &parts[..] else { unreachable!() };
    settled(a);
    let capture = Capture::on(b, "eth0");
    let mut hands = Hands::of(a);
    hands.done("add fd78::64/64 eth0 -probe 150ms -announce 2 -spacing 60ms");

    let there = shown(a, "eth0", "fd78::64").expect("the address");
    assert_eq!(there["prefixlen"], 64);
    assert_eq!(there["nodad"], true, "{there}");
    assert_eq!(there["tentative"], Value::Null, "{there}");

    let frames = capture.wait(V6, 5);
    let mac = mac(a, "eth0").replace(':', "");
    let all_nodes = "ff020000000000000000000000000001";
    let group = "ff0200000000000000000001ff000064";
    for (_, frame) in &frames[..3] {
        let head = format!(
            "3333ff000064{mac}86dd6000000000183aff{}{group}8700",
            "0".repeat(32)
        );
        assert!(frame.starts_with(&head), "{frame}");
        assert!(frame.ends_with(&format!("00000000{V6}")), "{frame}");
    }
    for (_, frame) in &frames[3..] {
        let head = format!("333300000001{mac}86dd6000000000203aff{V6}{all_nodes}8800");
        assert!(frame.starts_with(&head), "{frame}");
        assert!(
            frame.ends_with(&format!("20000000{V6}0201{mac}")),
            "{frame}"
        );
    }
    for (_, frame) in &frames {
        assert_eq!(sum(frame), 0xffff, "the checksum of {frame}");
    }

    // A host that forwards must say so, or its neighbours stop using it as a router.
    let forward = ["-q", "-w", "net.ipv6.conf.eth0.forwarding=1"];
    super::super::process::run(a.command("sysctl").args(forward));
    hands.done("announce fd78::64 eth0 -times 1");
    let last = capture.wait(V6, 6).pop().unwrap().1;
    assert!(last.ends_with(&format!("a0000000{V6}0201{mac}")), "{last}");
}

/// RFC 1071 over the pseudo header and the message: all ones if the checksum is right.
fn sum(frame: &str) -> u32 {
    let words = |hex: &str| -> u32 {
        let words = (0..hex.len()).step_by(4).map(|at| &hex[at..at + 4]);
        words
            .map(|word| u32::from_str_radix(word, 16).unwrap())
            .sum()
    };
    let length = u32::from_str_radix(&frame[36..40], 16).unwrap();
    let mut sum = words(&frame[44..108]) + words(&frame[108..]) + length + 58;
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum
}

/// Where this namespace believes an address to be.
fn neighbour(namespace: &Namespace, ip: &str) -> String {
    let text = namespace.ip(&format!("-j neighbour show to {ip} dev eth0"));
    let entries: Value = serde_json::from_str(&text).unwrap_or_default();
    entries[0]["lladdr"]
        .as_str()
        .unwrap_or("nowhere")
        .to_string()
}

fn believes(namespace: &Namespace, ip: &str, mac: &str) {
    wait(&format!("{ip} to be at {mac}"), BOUND, || {
        match neighbour(namespace, ip) {
            seen if seen == mac => Ok(()),
            seen => Err(seen),
        }
    });
}

/// Sends something from a namespace to an address, so that it has to find out where it is.
fn knock(namespace: &Namespace, from: &'static str, to: &'static str) {
    let namespace = namespace.0.clone();
    let knock = thread::spawn(move || {
        enter(&namespace);
        let socket = UdpSocket::bind((from, 0)).unwrap();
        socket.send_to(b"?", (to, 9)).unwrap();
    });
    knock.join().unwrap();
}

#[test]
fn neighbours_follow_an_address_from_host_to_host() {
    let Some((_switch, parts)) = plugged("follow", &["hosta", "hostb", "hostc"]) else {
        return;
    };
    let [a, b, c] = &parts[..] else {
        unreachable!()
    };
    for (namespace, no) in [(a, 1), (b, 2), (c, 3)] {
        namespace.ip(&format!("address add 10.78.0.{no}/24 dev eth0"));
        namespace.ip(&format!("address add fd78::{no}/64 dev eth0 nodad"));
        settled(namespace);
    }
    let (mut on_a, mut on_b) = (Hands::of(a), Hands::of(b));
    let [mac_a, mac_b] = [a, b].map(|host| mac(host, "eth0"));
    for (ip, from, prefix) in [
        ("10.78.0.100", "10.78.0.3", 24),
        ("fd78::64", "fd78::3", 64),
    ] {
        on_a.done(&format!("add {ip}/{prefix} eth0 -announce 1"));
        knock(c, from, ip);
        believes(c, ip, &mac_a);

        // As after the death of a: it still has the address, and says nothing.
        on_b.done(&format!("add {ip}/{prefix} eth0 -force -announce 1"));
        believes(c, ip, &mac_b);

        // As after a cut that has healed: b gives way, and a reclaims.
        on_b.done(&format!("del {ip}/{prefix} eth0"));
        on_a.done(&format!("announce {ip} eth0 -times 1"));
        believes(c, ip, &mac_a);
    }
}

#[test]
fn what_was_taken_away_is_announced_no_more() {
    let Some((_switch, parts)) = plugged("silent", &["hosta", "hostb"]) else {
        return;
    };
    let [a, b] = &parts[..] else { unreachable!() };
    let capture = Capture::on(b, "eth0");
    let mut hands = Hands::of(a);
    let add = "add 10.78.0.100/24 eth0 -probe no -announce 100 -spacing 10ms";
    // By us, and by somebody behind our back.
    for by_us in [true, false] {
        hands.done(add);
        let before = capture.frames(V4).len();
        capture.wait(V4, before + 6);
        match by_us {
            true => drop(hands.done("del 10.78.0.100 eth0")),
            false => drop(a.ip("address del 10.78.0.100/24 dev eth0")),
        }
        // Another one, with the same pace, is the clock.
        hands.done("add 10.78.0.101/24 eth0 -probe no -announce 20 -spacing 10ms");
        let clock = "0a4e00650000000000000a4e0065";
        let at = capture.frames(clock).len();
        let sent = capture.wait(clock, at + 2).len();
        let said = capture.frames(V4).len();
        capture.wait(clock, sent + 15);
        assert_eq!(capture.frames(V4).len(), said, "by us: {by_us}");
        hands.done("del 10.78.0.101 eth0");
    }
}
