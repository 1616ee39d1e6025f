//! `dns`: an unbound with a zone of its own; and liars.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use fail_conf::hcfile::check::{Check, Family};
use fail_core::watch::{Finding, Verdict};
use fail_probe::probe_once;

use crate::server::{Server, folder, free_port, program, start, unpacked};
use crate::{LIMIT, SHORT, check, host, is, liar, line, value};

const ZONE: [&str; 13] = [
    "example.test. 300 SOA ns.example.test. admin.example.test. 2026 1 2 3 4",
    "example.test. 300 NS ns.example.test.",
    "example.test. 300 MX 10 mail.example.test.",
    "example.test. 300 TXT \"v=spf1 -all\"",
    "example.test. 300 CAA 0 issue ca.test",
    "www.example.test. 120 A 192.0.2.1",
    "www.example.test. 60 A 192.0.2.2",
    "www.example.test. 300 AAAA 2001:db8::1",
    "alias.example.test. 300 CNAME www.example.test.",
    "_ldap._tcp.example.test. 300 SRV 0 5 389 ldap.example.test.",
    "1.2.0.192.in-addr.arpa. 300 PTR www.example.test.",
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 300 PTR six.test.",
    "empty.example.test. 300 TXT empty",
];

fn question(name: &str, kind: &str, expect: &str, port: u16) -> Check {
    Check::Dns {
        name: name.to_string(),
        server: host("127.0.0.1", port),
        kind: kind.to_string(),
        expect: expect.split_whitespace().map(str::to_string).collect(),
        code: "NOERROR".to_string(),
        tcp: false,
    }
}

fn ask(name: &str, kind: &str, expect: &str, port: u16) -> Finding {
    check(question(name, kind, expect, port), LIMIT)
}

fn with_code(name: &str, wanted: &str, port: u16) -> Finding {
    let mut question = question(name, "A", "", port);
    if let Check::Dns { code, .. } = &mut question {
        *code = wanted.to_string();
    }
    check(question, LIMIT)
}

fn over_tcp(name: &str, port: u16, limit: Duration) -> Finding {
    let mut question = question(name, "A", "", port);
    if let Check::Dns { tcp, .. } = &mut question {
        *tcp = true;
    }
    check(question, limit)
}

fn unbound() -> Option<Server> {
    let package = unpacked("unbound")?;
    let folder = folder("unbound");
    let port = free_port();
    let mut conf = format!(
        "server:\n username: \"\"\n chroot: \"\"\n directory: \"{0}\"\n pidfile: \"\"\n \
         interface: 127.0.0.1@{port}\n interface: ::1@{port}\n do-daemonize: no\n \
         use-syslog: no\n module-config: \"iterator\"\n \
         access-control: 127.0.0.0/8 allow\n access-control: ::1 allow\n \
         local-zone: refused.test. refuse\n local-zone: example.test. static\n \
         local-zone: \"2.0.192.in-addr.arpa.\" static\n \
         local-zone: \"8.b.d.0.1.0.0.2.ip6.arpa.\" static\n",
        folder.display()
    );
    for record in ZONE {
        conf += &format!(" local-data: '{record}'\n");
    }
    for n in 0..100 {
        conf += &format!(" local-data: 'many.example.test. A 198.51.100.{n}'\n");
    }
    conf += "remote-control:\n control-enable: no\n";
    let file = folder.join("unbound.conf");
    std::fs::write(&file, conf).unwrap();
    let mut command = program(&package, "usr/sbin/unbound");
    command.arg("-d").arg("-c").arg(&file);
    Some(start(command, folder, port, || {
        check(question("www.example.test", "A", "", port), SHORT)
    }))
}

#[test]
fn a_name_server_is_asked_for_every_kind_of_record() {
    let Some(server) = unbound() else {
        return;
    };
    let port = server.port;
    let cases = [
        ("www.example.test", "A", "192.0.2.1 192.0.2.2"),
        ("www.example.test.", "AAAA", "2001:db8::1"),
        ("example.test", "MX", "mail.example.test"),
        ("example.test", "NS", "NS.example.TEST."),
        ("example.test", "SOA", "2026 ns.example.test"),
        ("example.test", "CAA", ""),
        ("alias.example.test", "CNAME", "www.example.test"),
        ("_ldap._tcp.example.test", "SRV", "ldap.example.test"),
        ("192.0.2.1", "PTR", "www.example.test"),
        ("1.2.0.192.in-addr.arpa", "PTR", "www.example.test"),
        ("2001:db8::1", "PTR", "six.test"),
    ];
    for (name, kind, expect) in cases {
        is(&ask(name, kind, expect, port), Verdict::Good, kind);
    }
    let mut text = question("example.test", "TXT", "", port);
    if let Check::Dns { expect, .. } = &mut text {
        expect.push("v=spf1 -all".to_string());
    }
    is(&check(text, LIMIT), Verdict::Good, "v=spf1 -all");
    let mx = ask("example.test", "MX", "", port);
    is(&mx, Verdict::Good, "10 mail.example.test");
    let found = ask("www.example.test", "A", "", port);
    assert_eq!(value(&found, "answers"), 2.0);
    assert_eq!(value(&found, "ttl"), 60.0, "the shortest");
}

#[test]
fn what_a_name_server_does_not_have_is_bad() {
    let Some(server) = unbound() else {
        return;
    };
    let port = server.port;
    let other = ask("www.example.test", "A", "192.0.2.1 192.0.2.9", port);
    is(
        &other,
        Verdict::Bad,
        "192.0.2.9 is not among A of www.example.test: 192.0.2.",
    );
    let none = ask("empty.example.test", "A", "", port);
    is(&none, Verdict::Bad, "has no A of empty.example.test");
    let missing = ask("no.example.test", "A", "", port);
    is(
        &missing,
        Verdict::Bad,
        "answers NXDOMAIN for A of no.example.test",
    );
    is(
        &with_code("no.example.test", "nxdomain", port),
        Verdict::Good,
        "NXDOMAIN",
    );
    let wrong = with_code("www.example.test", "NXDOMAIN", port);
    is(&wrong, Verdict::Bad, "answers NOERROR");
    is(
        &ask("refused.test", "A", "", port),
        Verdict::Bad,
        "answers REFUSED",
    );
    is(
        &with_code("refused.test", "REFUSED", port),
        Verdict::Good,
        "REFUSED",
    );
    let long = "a".repeat(64);
    is(
        &ask(&long, "A", "", port),
        Verdict::Unknown,
        "can not be asked for",
    );
    is(
        &ask("x.test", "NONE", "", port),
        Verdict::Unknown,
        "can not be asked for",
    );
}

#[test]
fn a_name_server_is_asked_over_tcp_and_ipv6() {
    let Some(server) = unbound() else {
        return;
    };
    let port = server.port;
    // A hundred addresses do not fit a datagram.
    let many = ask("many.example.test", "A", "198.51.100.99", port);
    is(&many, Verdict::Good, "...");
    assert_eq!(value(&many, "answers"), 100.0);
    assert!(
        value(&many, "connect") > 0.0,
        "it was asked over TCP: {many:?}"
    );
    is(
        &over_tcp("www.example.test", port, LIMIT),
        Verdict::Good,
        "192.0.2.1",
    );
    let mut six = question("www.example.test", "A", "", port);
    if let Check::Dns { server, .. } = &mut six {
        *server = host("::1", port);
    }
    is(&check(six.clone(), LIMIT), Verdict::Good, "192.0.2.1");
    let mut only_four = line(six);
    only_four.terms.family = Family::V4;
    let found = probe_once(&only_four, LIMIT).unwrap();
    is(&found, Verdict::Unknown, "has no IPv4 address");
}

#[test]
fn a_name_server_that_is_not_there_refuses() {
    let port = free_port();
    is(
        &ask("www.example.test", "A", "", port),
        Verdict::Bad,
        "connection refused by 127.0.0.1",
    );
    is(
        &over_tcp("www.example.test", port, LIMIT),
        Verdict::Bad,
        "connection refused",
    );
}

#[test]
fn a_silent_name_server_is_asked_again_and_found_silent() {
    let (told, asked) = std::sync::mpsc::channel();
    let silent = liar::udp(move |question| {
        let _ = told.send(question.to_vec());
        Vec::new()
    });
    let port = silent.at.port();
    let found = check(question("www.example.test", "A", "", port), SHORT);
    is(
        &found,
        Verdict::Bad,
        &format!("waited for an answer of 127.0.0.1:{port}"),
    );
    assert!(asked.try_iter().count() >= 2, "asked once only");
    let silent = liar::tcp(liar::silent);
    let found = over_tcp("www.example.test", silent.at.port(), SHORT);
    is(&found, Verdict::Bad, "over TCP");
}

/// An answer with one address to this question.
fn answer(question: &[u8]) -> Vec<u8> {
    let mut bytes = question.to_vec();
    bytes[2] |= 0x80;
    bytes[7] = 1;
    bytes.extend_from_slice(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01");
    bytes
}

fn lies(lie: impl FnMut(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> Finding {
    let liar = liar::udp(lie);
    let port = liar.at.port();
    check(question("www.example.test", "A", "", port), SHORT)
}

#[test]
fn forged_answers_count_for_nothing() {
    is(&lies(|q| vec![answer(q)]), Verdict::Good, "192.0.2.1");
    let number = lies(|q| {
        let mut forged = answer(q);
        forged[0] ^= 1;
        vec![forged]
    });
    is(
        &number,
        Verdict::Bad,
        "came that did not fit, the last has another number",
    );
    let name = lies(|q| {
        let mut forged = answer(q);
        forged[13] = b'x';
        vec![forged]
    });
    is(&name, Verdict::Bad, "answers another question");
    is(
        &lies(|q| vec![q.to_vec()]),
        Verdict::Bad,
        "the last is none",
    );
    let broken = lies(|q| vec![answer(q)[..20].to_vec()]);
    is(&broken, Verdict::Bad, "can not be read");
    is(
        &lies(|_| vec![Vec::new()]),
        Verdict::Bad,
        "has another number",
    );
    // The right one after a thousand others.
    let late = lies(|q| {
        let mut forged = answer(q);
        forged[1] ^= 0x80;
        let mut all = vec![forged; 100];
        all.push(answer(q));
        all
    });
    is(&late, Verdict::Good, "192.0.2.1");
}

/// The name `other.test`.
const OTHER: &[u8] = b"\x05other\x04test\x00";
/// That of the question.
const ASKED: &[u8] = b"\xc0\x0c";
const IN: u8 = 1;
const CHAOS: u8 = 3;

fn record(name: &[u8], kind: u8, class: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = name.to_vec();
    bytes.extend_from_slice(&[0, kind, 0, class, 0, 0, 0, 60, 0]);
    bytes.push(u8::try_from(data.len()).unwrap());
    bytes.extend_from_slice(data);
    bytes
}

fn a(name: &[u8], class: u8) -> Vec<u8> {
    record(name, 1, class, &[192, 0, 2, 1])
}

fn cname(name: &[u8], to: &[u8]) -> Vec<u8> {
    record(name, 5, IN, to)
}

/// What comes of an answer with these records.
fn tells(records: &[Vec<u8>]) -> Finding {
    let records = records.to_vec();
    lies(move |question| {
        let mut bytes = question.to_vec();
        bytes[2] |= 0x80;
        bytes[7] = u8::try_from(records.len()).unwrap();
        bytes.extend(records.concat());
        vec![bytes]
    })
}

#[test]
fn records_of_other_names_and_classes_count_for_nothing() {
    let none = "has no A of www.example.test";
    is(&tells(&[a(ASKED, IN)]), Verdict::Good, "is 192.0.2.1");
    is(&tells(&[a(OTHER, IN)]), Verdict::Bad, none);
    is(&tells(&[a(ASKED, CHAOS)]), Verdict::Bad, none);
    let mixed = tells(&[a(OTHER, IN), a(ASKED, IN), a(ASKED, CHAOS)]);
    is(&mixed, Verdict::Good, "is 192.0.2.1");
    assert_eq!(value(&mixed, "answers"), 1.0);
    // Another name of it, in whatever order.
    let alias = cname(ASKED, OTHER);
    is(
        &tells(&[a(OTHER, IN), alias.clone()]),
        Verdict::Good,
        "is 192.0.2.1",
    );
    is(&tells(&[alias]), Verdict::Bad, none);
    // In a circle.
    let circle = tells(&[cname(ASKED, OTHER), cname(OTHER, ASKED)]);
    is(&circle, Verdict::Bad, none);
    let class = lies(|q| {
        let mut bytes = answer(q);
        bytes[q.len() - 1] = CHAOS;
        vec![bytes]
    });
    is(&class, Verdict::Bad, "answers another question");
    // Who refuses need not repeat the question; who knows that there is no such name has to.
    for (code, told) in [(5, "answers REFUSED"), (3, "answers another question")] {
        let bare = lies(move |q| {
            let mut bytes = q[..12].to_vec();
            (bytes[2], bytes[3], bytes[5]) = (0x80, code, 0);
            vec![bytes]
        });
        is(&bare, Verdict::Bad, told);
    }
}

/// A message of 62 kB in which each name goes on at the one before.
fn spiral(question: &[u8]) -> Vec<u8> {
    let mut bytes = answer(question);
    // A record without end holds the names, and those that follow point to the last of them.
    const MORE: u16 = 2_900;
    bytes[6..8].copy_from_slice(&(MORE + 2).to_be_bytes());
    let length = 16_200 - bytes.len() - 12;
    bytes.extend_from_slice(b"\0\xff\x01\0\x01\0\0\0\0");
    bytes.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
    let mut last = 12u16;
    let end = bytes.len() + length;
    while bytes.len() + 2 <= end {
        let here = u16::try_from(bytes.len()).unwrap();
        bytes.extend_from_slice(&(0xc000 | last).to_be_bytes());
        last = here;
    }
    bytes.resize(end, 0);
    for _ in 0..MORE {
        bytes.extend_from_slice(&(0xc000 | last).to_be_bytes());
        bytes.extend_from_slice(b"\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01");
    }
    bytes
}

#[test]
fn names_that_lead_from_place_to_place_are_refused() {
    is(
        &lies(|q| vec![spiral(q)]),
        Verdict::Bad,
        "names without end",
    );
}

/// Reads the question of a connection.
fn asked(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut question).unwrap();
    question
}

fn framed(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    [&length.to_be_bytes()[..], bytes].concat()
}

fn lies_over_tcp(lie: impl FnMut(&mut TcpStream) + Send + 'static) -> Finding {
    let liar = liar::tcp(lie);
    over_tcp("www.example.test", liar.at.port(), SHORT)
}

#[test]
fn liars_over_tcp_are_found_out() {
    let well = lies_over_tcp(|stream| {
        let question = asked(stream);
        stream.write_all(&framed(&answer(&question))).unwrap();
        liar::silent(stream);
    });
    is(&well, Verdict::Good, "192.0.2.1");
    let forged = lies_over_tcp(|stream| {
        let mut question = asked(stream);
        question[1] ^= 1;
        stream.write_all(&framed(&answer(&question))).unwrap();
        liar::silent(stream);
    });
    is(&forged, Verdict::Bad, "has another number");
    let slow = lies_over_tcp(|stream| {
        let question = asked(stream);
        liar::slowly(stream, &framed(&answer(&question)));
    });
    is(&slow, Verdict::Bad, "no answer within");
    let half = lies_over_tcp(|stream| {
        asked(stream);
        stream.write_all(b"\xff\xffno").unwrap();
    });
    is(&half, Verdict::Bad, "has hung up");
    let other = lies_over_tcp(|stream| {
        asked(stream);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    is(&other, Verdict::Bad, "has hung up");
}
