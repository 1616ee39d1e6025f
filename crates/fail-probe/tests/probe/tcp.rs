//! `tcp`, and what all modules have from it: connections, deadlines, words.

use fail_conf::hcfile::check::{Check, Family, Host};

use crate::ask::*;
use crate::bad::*;

fn expecting(at: std::net::SocketAddr, send: &str, expect: &str) -> Check {
    Check::Tcp {
        host: host(at),
        send: Some(send.to_string()),
        expect: Some(expect.to_string()),
        tls: None,
    }
}

#[test]
fn who_takes_a_connection_is_good() {
    for ip in BOTH {
        let at = silent(ip);
        let finding = find(tcp(at));
        assert!(figure(&finding, "connect").is_some(), "{finding:?}");
        assert_eq!(good(finding), format!("connected to {at}"));
    }
}

#[test]
fn who_refuses_is_named() {
    for ip in BOTH {
        let at = refusing(ip);
        let why = bad(find(tcp(at)));
        assert_eq!(why, format!("connection refused by {at}"));
    }
}

#[test]
fn what_is_expected_is_found_wherever_it_is_cut() {
    for ip in BOTH {
        let at = answering(ip, "", |line| match line {
            "PING" => "+PO".to_string() + "NG\r\n",
            other => format!("what is {other}?\r\n"),
        });
        assert_eq!(
            good(find(expecting(at, "PING\r\n", "PONG"))),
            format!("{at} says \"PONG\"")
        );
        let at = dripping(ip, "PONG");
        good(find(expecting(at, "PING\r\n", "PONG")));
    }
}

#[test]
fn another_answer_is_told() {
    for ip in BOTH {
        let at = saying(ip, "-ERR \x1b[31mloading\r\n");
        let why = bad(find(expecting(at, "PING\r\n", "PONG")));
        let told = format!("{at} says \"-ERR \\u{{1b}}[31mloading\", not \"PONG\"");
        assert_eq!(why, told);
        let at = saying(ip, "");
        let why = bad(find(expecting(at, "PING\r\n", "PONG")));
        assert_eq!(why, format!("{at} says nothing, not \"PONG\""));
    }
}

#[test]
fn who_is_silent_or_drips_is_bad_at_the_deadline() {
    for ip in BOTH {
        let at = silent(ip);
        let why = bad(find_within(expecting(at, "PING\r\n", "PONG"), SHORT));
        assert_eq!(
            why,
            format!("no answer within 1s: waited for \"PONG\" from {at}")
        );
        let at = dripping(ip, "still thinking about it. PONG");
        let why = bad(find_within(expecting(at, "PING\r\n", "PONG"), SHORT));
        assert_eq!(
            why,
            format!("no answer within 1s: waited for \"PONG\" from {at}")
        );
    }
}

#[test]
fn an_answer_without_end_is_read_no_further_than_needed() {
    let (at, said) = endless("127.0.0.1", "", vec![b'x'; 64 * 1024]);
    let why = bad(find(expecting(at, "PING\r\n", "PONG")));
    assert_eq!(
        why,
        format!("\"PONG\" is not in the first 65536 bytes of {at}")
    );
    let said = said.load(std::sync::atomic::Ordering::Relaxed);
    // What the buffers of the kernel hold comes on top.
    assert!(said < 32 * 1024 * 1024, "{said}");
}

#[test]
fn who_never_reads_is_bad_at_the_deadline() {
    let at = silent("127.0.0.1");
    let much = "x".repeat(64 * 1024 * 1024);
    let why = bad(find_within(expecting(at, &much, "PONG"), SHORT));
    assert_eq!(
        why,
        format!("no answer within 1s: waited for {at} to read what it is sent")
    );
}

#[test]
fn only_addresses_of_the_wanted_kind_are_asked() {
    let at = silent("127.0.0.1");
    let to = |name: &str, family| {
        let mut terms = terms();
        terms.family = family;
        let check = Check::Tcp {
            host: Host {
                name: name.to_string(),
                port: at.port(),
            },
            send: None,
            expect: None,
            tls: None,
        };
        fail_probe::probe_once(&line(check, terms), LIMIT).unwrap()
    };
    good(to("localhost", Family::V4));
    good(to("127.0.0.1", Family::V4));
    assert_eq!(
        unknown(to("127.0.0.1", Family::V6)),
        "127.0.0.1 has no IPv6 address"
    );
    assert_eq!(unknown(to("::1", Family::V4)), "::1 has no IPv4 address");
    // Where it has both, the one that refuses does no harm.
    good(to("localhost", Family::Any));
    let why = unknown(to("no-such-host.invalid", Family::Any));
    assert!(
        why.starts_with("no address of no-such-host.invalid: "),
        "{why}"
    );
}

#[test]
fn a_long_reason_is_cut_and_clean() {
    let at = saying("127.0.0.1", "\u{7}é\r\n".repeat(2000));
    let expect = "ö".repeat(600);
    let why = bad(find(expecting(at, "\r\n", &expect)));
    assert!(why.ends_with("..."), "{why}");
    assert!(why.len() > 500, "{why}");
}
