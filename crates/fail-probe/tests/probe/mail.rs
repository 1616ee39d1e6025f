//! `smtp`, `imap` and `pop`, against Exim and dovecot, and against servers that are nobody's.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fail_conf::hcfile::check::{Check, Protocol, Tls, When};
use fail_core::watch::Finding;

use crate::ask::*;
use crate::bad::*;
use crate::certs::{Certs, certs};
use crate::servers;

const ALL: [Protocol; 3] = [Protocol::Smtp, Protocol::Imap, Protocol::Pop];

/// A check with a file of user and password.
fn with_login(check: Check, file: &Path) -> Check {
    match check {
        Check::Mail {
            protocol,
            host,
            when,
            tls,
            expect,
            ..
        } => Check::Mail {
            protocol,
            host,
            when,
            tls,
            expect,
            login: Some(file.to_path_buf()),
        },
        other => other,
    }
}

/// A check with a text that must be in the greeting.
fn with_expect(check: Check, text: &str) -> Check {
    match check {
        Check::Mail {
            protocol,
            host,
            when,
            tls,
            login,
            ..
        } => Check::Mail {
            protocol,
            host,
            when,
            tls,
            expect: Some(text.to_string()),
            login,
        },
        other => other,
    }
}

/// A protocol, the port for no TLS and for STARTTLS, and the port for TLS from the first byte.
type Ports = (Protocol, u16, u16);

/// The servers of the protocols with this certificate.
fn real(certs: &'static Certs, name: &str) -> Option<(Vec<servers::Server>, Vec<Ports>)> {
    let (dovecot, at) = servers::dovecot(certs, name)?;
    let (exim, smtp, smtps) = servers::exim(certs, name)?;
    let ports = vec![
        (Protocol::Smtp, smtp, smtps),
        (Protocol::Imap, at.imap, at.imaps),
        (Protocol::Pop, at.pop, at.pops),
    ];
    Some((vec![dovecot, exim], ports))
}

/// What is found with each protocol, each way of TLS and on each address.
fn finds(name: &str, tls: impl Fn(&Certs) -> Tls, judge: impl Fn(SocketAddr, When, Finding)) {
    let Some(certs) = certs() else { return };
    let Some((_servers, ports)) = real(certs, name) else {
        return;
    };
    for (protocol, plain, first) in ports {
        for (port, when) in [
            (plain, When::Never),
            (plain, When::Asked),
            (first, When::First),
        ] {
            for at in servers::both(port) {
                judge(at, when, find(mail(protocol, at, when, tls(certs))));
            }
        }
    }
}

#[test]
fn real_servers_are_good_with_tls_and_without() {
    let ca = |certs: &Certs| trusting(&certs.cert("ca"));
    finds("good", ca, |_, when, finding| {
        let days = (when != When::Never).then_some(90.0);
        assert_eq!(figure(&finding, "days"), days);
        assert!(figure(&finding, "connect").is_some());
        let why = good(finding);
        let greets = [
            "220 mail.example.org ESMTP Exim",
            "* OK [CAPABILITY ",
            "+OK Dovecot",
        ];
        assert!(greets.iter().any(|begin| why.starts_with(begin)), "{why}");
    });
}

#[test]
fn few_days_are_a_warning() {
    let soon = |certs: &Certs| Tls {
        days: Some(14),
        ..trusting(&certs.cert("ca"))
    };
    finds("soon", soon, |at, when, finding| {
        if when == When::Never {
            good(finding);
            return;
        }
        let why = warning(finding);
        let begin = format!("the certificate of {} expires in 5 days; ", at.ip());
        assert!(why.starts_with(&begin), "{why}");
    });
}

#[test]
fn a_certificate_that_has_expired_is_bad() {
    let ca = |certs: &Certs| trusting(&certs.cert("ca"));
    finds("expired", ca, |at, when, finding| {
        if when == When::Never {
            good(finding);
            return;
        }
        assert_eq!(figure(&finding, "days"), Some(-3.0));
        let told = format!("the certificate of {} has expired 3 days ago", at.ip());
        assert_eq!(bad(finding), told);
    });
}

#[test]
fn a_login_is_tried_and_never_shown() {
    let Some(certs) = certs() else { return };
    let Some((_server, ports)) = servers::dovecot(certs, "good") else {
        return;
    };
    let folder = Folder::new();
    let right = folder.write("right", "anna:s3 \"cret\\\nmore\n", 0o600);
    let wrong = folder.write("wrong", "anna:s4 \"cret\\\n", 0o600);
    let open = folder.write("open", "anna:s3 \"cret\\\n", 0o644);
    let all = [
        (Protocol::Imap, ports.imap, When::Never),
        (Protocol::Imap, ports.imap, When::Asked),
        (Protocol::Imap, ports.imaps, When::First),
        (Protocol::Pop, ports.pop, When::Never),
        (Protocol::Pop, ports.pop, When::Asked),
        (Protocol::Pop, ports.pops, When::First),
    ];
    for (protocol, port, when) in all {
        for at in servers::both(port) {
            let check = || mail(protocol, at, when, trusting(&certs.cert("ca")));
            let why = good(find(with_login(check(), &right)));
            assert!(why.starts_with("logged in; "), "{why}");
            let why = bad(find(with_login(check(), &wrong)));
            assert!(
                why.contains("NO [AUTHENTICATIONFAILED]") || why.contains("-ERR [AUTH]"),
                "{why}"
            );
            assert!(!why.contains("cret") && !why.contains("anna"), "{why}");
            let why = unknown(find(with_login(check(), &open)));
            assert!(why.contains("others can read or change it"), "{why}");
        }
    }
}

#[test]
fn a_password_leaves_this_host_only_with_tls() {
    // An address of this host that is not loopback, if it has one. Nothing is sent by this.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let known = socket
        .connect("192.0.2.1:9")
        .and_then(|()| socket.local_addr());
    let Some(ours) = known.ok().map(|at| at.ip()).filter(|ip| !ip.is_loopback()) else {
        return skipped("this host has no address that is not loopback");
    };
    let folder = Folder::new();
    let login = folder.write("login", "anna:s3cret\n", 0o600);
    let heard = Arc::new(AtomicBool::new(false));
    let hears = Arc::clone(&heard);
    let at = answering(&ours.to_string(), "* OK ready\r\n", move |line| {
        hears.fetch_or(line.contains("s3cret"), Ordering::Relaxed);
        "hc1 OK\r\n".to_string()
    });
    let why = unknown(find(with_login(
        mail(Protocol::Imap, at, When::Never, tls()),
        &login,
    )));
    let told = format!("no password is sent to {at} without TLS: tls=starttls or tls=yes");
    assert_eq!(why, told);
    assert!(!heard.load(Ordering::Relaxed));
}

/// What is told of a server of POP3 that answers the password with this and the password.
fn repeated(before: &str, password: &str) -> String {
    let folder = Folder::new();
    let login = folder.write("login", &format!("anna:{password}\n"), 0o600);
    let said = format!("-ERR {before}{password}!\r\n");
    let pop = answering("127.0.0.1", "+OK ready\r\n", move |line| {
        match line.contains("PASS") {
            true => said.clone(),
            false => "+OK\r\n".to_string(),
        }
    });
    bad(find(with_login(
        mail(Protocol::Pop, pop, When::Never, tls()),
        &login,
    )))
}

#[test]
fn a_password_is_hidden_before_a_reason_is_made_of_it() {
    // Blanks become one, odd letters are shown by their codes.
    for password in ["hun  ter2", "hun\u{202e}ter2", "hun\u{200b}ter2"] {
        let why = repeated("", password);
        assert!(why.ends_with("\"-ERR ***!\""), "{why}");
    }
    // What is long is cut.
    let why = repeated(&"x".repeat(400), &"s3cret".repeat(30));
    assert!(!why.contains("s3"), "{why}");
}

#[test]
fn a_password_is_hidden_where_a_reason_is_cut_in_it() {
    let folder = Folder::new();
    let login = folder.write("login", "anna:s3cret\n", 0o600);
    for long in 440..520 {
        let pop = answering("127.0.0.1", "+OK ready\r\n", move |line| {
            match line.contains("PASS") {
                true => format!("-ERR {} s3cret!\r\n", "x".repeat(long)),
                false => "+OK\r\n".to_string(),
            }
        });
        let why = bad(find(with_login(
            mail(Protocol::Pop, pop, When::Never, tls()),
            &login,
        )));
        assert!(!why.contains("s3"), "{why}");
    }
}

#[test]
fn what_a_server_repeats_of_a_password_is_not_shown() {
    let folder = Folder::new();
    let login = folder.write("login", "anna:s3cret\n", 0o600);
    for ip in BOTH {
        let imap = answering(ip, "* OK ready\r\n", |line| match line.contains("LOGIN") {
            true => format!("hc1 NO what is {line}?\r\n"),
            false => "hc1 OK\r\n".to_string(),
        });
        let why = bad(find(with_login(
            mail(Protocol::Imap, imap, When::Never, tls()),
            &login,
        )));
        let told = "answers LOGIN with \"NO what is hc1 LOGIN \"***\" ***?\"";
        assert!(why.contains(told), "{why}");
        let pop = answering(ip, "+OK ready\r\n", |line| match line.contains("PASS") {
            true => format!("-ERR what is {line}?\r\n"),
            false => "+OK\r\n".to_string(),
        });
        let why = bad(find(with_login(
            mail(Protocol::Pop, pop, When::Never, tls()),
            &login,
        )));
        assert!(
            why.ends_with("answers PASS with \"-ERR what is PASS ***?\""),
            "{why}"
        );
    }
}

#[test]
fn the_greeting_is_held_against_what_is_expected() {
    for (protocol, greeting, yes) in [
        (
            Protocol::Smtp,
            "220-mail\r\n220 ESMTP Exim\r\n",
            "250 yes\r\n",
        ),
        (
            Protocol::Imap,
            "* OK mail IMAP Exim\r\n",
            "* X\r\nhc1 OK yes\r\n",
        ),
        (Protocol::Pop, "+OK mail Exim\r\n", "+OK yes\r\n"),
    ] {
        let at = answering("::1", greeting, |_| yes.to_string());
        let check = || mail(protocol, at, When::Never, tls());
        let why = good(find(with_expect(check(), "Exim")));
        assert_eq!(why, greeting.trim().replace("\r\n", " "));
        let why = bad(find(with_expect(check(), "Postfix")));
        let begin = format!("\"Postfix\" is not in the greeting of {at}: ");
        assert!(why.starts_with(&begin), "{why}");
    }
}

#[test]
fn who_refuses_is_silent_or_drips_is_bad() {
    std::thread::scope(|scope| {
        for (ip, protocol) in BOTH
            .iter()
            .flat_map(|ip| ALL.map(|protocol| (*ip, protocol)))
        {
            scope.spawn(move || hangs(ip, protocol));
        }
    });
}

fn hangs(ip: &str, protocol: Protocol) {
    let at = refusing(ip);
    let why = bad(find(mail(protocol, at, When::Never, tls())));
    assert_eq!(why, format!("connection refused by {at}"));
    let waits = |at| format!("no answer within 1s: waited for the greeting of {at}");
    for when in [When::Never, When::Asked] {
        let at = silent(ip);
        let why = bad(find_within(mail(protocol, at, when, tls()), SHORT));
        assert_eq!(why, waits(at));
    }
    let at = dripping_first(ip, "220 +OK * OK and so on");
    let why = bad(find_within(mail(protocol, at, When::Never, tls()), SHORT));
    assert_eq!(why, waits(at));
}

#[test]
fn wrong_greetings_are_bad() {
    for ip in BOTH {
        for protocol in ALL {
            for (said, told) in [
                ("HTTP/1.1 400 Bad Request\r\n", "HTTP/1.1 400 Bad Request"),
                ("* BYE too busy\r\n", "BYE too busy"),
                ("554 go away\r\n", "554 go away"),
                ("-ERR no\r\n", "-ERR no"),
                ("\u{1b}[2J\r\n", "\\u{1b}[2J"),
                ("", "has hung up"),
            ] {
                let at = serving(ip, move |mut stream| {
                    std::io::Write::write_all(&mut stream, said.as_bytes())
                });
                let why = bad(find(mail(protocol, at, When::Never, tls())));
                assert!(why.contains(&at.to_string()), "{why}");
                assert!(why.contains(told), "{why}");
            }
        }
    }
}

#[test]
fn an_answer_without_end_is_bad_soon() {
    for (protocol, first, then) in [
        (Protocol::Smtp, "", "220-more\r\n"),
        (Protocol::Smtp, "220 ", "x"),
        (Protocol::Imap, "* OK\r\n", "* CAPABILITY MORE\r\n"),
        (Protocol::Pop, "+OK ", "x"),
    ] {
        let at = serving("127.0.0.1", move |mut stream| {
            use std::io::Write;
            stream.write_all(first.as_bytes())?;
            loop {
                stream.write_all(then.repeat(1000).as_bytes())?;
            }
        });
        let why = bad(find(mail(protocol, at, When::Never, tls())));
        assert!(
            why.contains("does not end its answer") || why.contains("a line of more than"),
            "{why}"
        );
    }
}

#[test]
fn tls_must_be_offered_and_nothing_said_before_it() {
    for ip in BOTH {
        let at = answering(ip, "220 mail\r\n", |_| "250 SIZE 100\r\n".to_string());
        let why = bad(find(mail(Protocol::Smtp, at, When::Asked, tls())));
        assert_eq!(why, format!("{at} does not offer STARTTLS"));
        let at = answering(ip, "* OK mail\r\n", |_| {
            "* CAPABILITY IMAP4rev1\r\nhc1 OK\r\n".to_string()
        });
        let why = bad(find(mail(Protocol::Imap, at, When::Asked, tls())));
        assert_eq!(why, format!("{at} does not offer STARTTLS"));
        let at = answering(ip, "+OK mail\r\n", |_| "-ERR what?\r\n".to_string());
        let why = bad(find(mail(Protocol::Pop, at, When::Asked, tls())));
        assert_eq!(why, format!("{at} answers STLS with \"-ERR what?\""));
        // What somebody on the way has put in front of TLS.
        let at = answering(ip, "220 mail\r\n", |line| match line {
            "STARTTLS" => "220 go\r\n250 and this\r\n".to_string(),
            _ => "250 STARTTLS\r\n".to_string(),
        });
        let why = bad(find(mail(Protocol::Smtp, at, When::Asked, tls())));
        assert_eq!(why, format!("{at} says more than it was asked"));
    }
}
