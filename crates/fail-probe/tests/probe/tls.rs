//! TLS against nginx with certificates of each kind, by `tcp` and `http`.

use std::net::SocketAddr;

use fail_conf::hcfile::check::{Check, Tls};
use fail_core::watch::Finding;

use crate::ask::*;
use crate::bad::*;
use crate::certs::{Certs, certs};
use crate::servers::{self, Server};

fn over(at: SocketAddr, tls: Tls) -> Check {
    Check::Tcp {
        host: host(at),
        send: None,
        expect: None,
        tls: Some(tls),
    }
}

/// nginx that shows this certificate.
fn shows(certs: &'static Certs, name: &str) -> Option<(Server, [SocketAddr; 2])> {
    let port = servers::port();
    let inner = "location / { return 200 Welcome; }";
    let server = servers::nginx(&[(port, Some((certs, name)), inner)])?;
    Some((server, servers::both(port)))
}

/// What `tcp` finds of a certificate on both addresses, and its days.
fn finds(name: &str, tls: impl Fn(&Certs) -> Tls, judge: impl Fn(&str, Finding)) {
    let Some(certs) = certs() else { return };
    let Some((_server, both)) = shows(certs, name) else {
        return;
    };
    for at in both {
        let finding = find(over(at, tls(certs)));
        judge(&at.ip().to_string(), finding);
    }
}

fn ca(certs: &Certs) -> Tls {
    trusting(&certs.cert("ca"))
}

#[test]
fn a_good_certificate_is_good_and_its_days_are_told() {
    finds("good", ca, |_, finding| {
        assert_eq!(figure(&finding, "days"), Some(90.0));
        assert!(figure(&finding, "connect").is_some());
        good(finding);
    });
}

#[test]
fn few_days_are_a_warning_that_says_so() {
    let soon = |certs: &Certs| Tls {
        days: Some(14),
        ..ca(certs)
    };
    finds("soon", soon, |ip, finding| {
        assert_eq!(figure(&finding, "days"), Some(5.0));
        let ranges: Vec<&str> = finding.figures.iter().map(|f| &*f.warn).collect();
        assert!(ranges.contains(&"14:"), "{finding:?}");
        let why = warning(finding);
        let begin = format!("the certificate of {ip} expires in 5 days; connected to ");
        assert!(why.starts_with(&begin), "{why}");
    });
    finds("good", soon, |_, finding| {
        good(finding);
    });
}

#[test]
fn one_that_has_expired_is_bad_and_its_days_are_told() {
    finds("expired", ca, |ip, finding| {
        assert_eq!(figure(&finding, "days"), Some(-3.0));
        let why = bad(finding);
        assert_eq!(
            why,
            format!("the certificate of {ip} has expired 3 days ago")
        );
    });
}

#[test]
fn one_that_is_not_valid_yet_is_bad() {
    finds("early", ca, |ip, finding| {
        assert_eq!(figure(&finding, "days"), Some(8.0));
        let told = format!("the certificate of {ip} is not valid yet: it will be in 3 days");
        assert_eq!(bad(finding), told);
    });
}

#[test]
fn one_for_another_name_is_bad() {
    finds("wrong", ca, |ip, finding| {
        assert_eq!(figure(&finding, "days"), Some(89.0));
        let told = format!("the certificate is not for {ip}, but for other.test");
        assert_eq!(bad(finding), told);
    });
    let named = |certs: &Certs| Tls {
        name: Some("other.test".to_string()),
        ..ca(certs)
    };
    finds("wrong", named, |_, finding| {
        good(finding);
    });
}

#[test]
fn one_of_a_stranger_is_bad() {
    finds("stranger", ca, |ip, finding| {
        assert_eq!(figure(&finding, "days"), Some(90.0));
        let told = format!("the certificate of {ip} has an unknown issuer");
        assert_eq!(bad(finding), told);
    });
}

#[test]
fn one_that_is_signed_by_itself_is_good_if_it_is_named() {
    finds("own", ca, |_, finding| {
        let why = bad(finding);
        assert!(why.contains("signed by itself"), "{why}");
    });
    let own = |certs: &Certs| trusting(&certs.cert("own"));
    finds("own", own, |_, finding| {
        assert_eq!(figure(&finding, "days"), Some(90.0));
        good(finding);
    });
    let renamed = |certs: &Certs| Tls {
        name: Some("elsewhere.test".to_string()),
        ..trusting(&certs.cert("own"))
    };
    finds("own", renamed, |_, finding| {
        let why = bad(finding);
        assert!(
            why.starts_with("the certificate is not for elsewhere.test"),
            "{why}"
        );
    });
    let expired = |certs: &Certs| trusting(&certs.cert("own-expired"));
    finds("own-expired", expired, |ip, finding| {
        let why = bad(finding);
        assert_eq!(
            why,
            format!("the certificate of {ip} has expired 3 days ago")
        );
    });
}

#[test]
fn the_authorities_of_the_system_do_not_know_ours() {
    // Where the system has none at all, that is said instead.
    finds(
        "good",
        |_| tls(),
        |_, finding| {
            assert!(
                finding.why.contains("unknown issuer") || finding.why.contains("ca-certificates")
            );
        },
    );
}

#[test]
fn any_certificate_will_do_without_verification() {
    let any = |_: &Certs| Tls {
        verify: false,
        ..tls()
    };
    for (name, days) in [
        ("expired", -3.0),
        ("stranger", 90.0),
        ("wrong", 89.0),
        ("own", 90.0),
    ] {
        finds(name, any, |_, finding| {
            assert_eq!(figure(&finding, "days"), Some(days));
            good(finding);
        });
    }
    let soon = |_: &Certs| Tls {
        verify: false,
        days: Some(14),
        ..tls()
    };
    finds("expired", soon, |ip, finding| {
        let why = warning(finding);
        let begin = format!("the certificate of {ip} has expired 3 days ago; ");
        assert!(why.starts_with(&begin), "{why}");
    });
}

#[test]
fn a_file_that_holds_no_certificates_is_unknown() {
    let folder = Folder::new();
    let at = silent("127.0.0.1");
    let none = folder.0.join("none");
    let why = unknown(find(over(at, trusting(&none))));
    let told = format!(
        "can not read the certificates {}: no such file or directory",
        none.display()
    );
    assert_eq!(why, told);
    let empty = folder.write("empty", "", 0o644);
    let why = unknown(find(over(at, trusting(&empty))));
    assert_eq!(
        why,
        format!("there is no certificate in {}", empty.display())
    );
    let why = unknown(find(over(at, trusting(&folder.0))));
    assert!(why.ends_with(": it is not a file"), "{why}");
}

#[test]
fn who_speaks_no_tls_is_bad() {
    let Some(certs) = certs() else { return };
    for ip in BOTH {
        let at = saying(ip, "220 mail.example.org ESMTP\r\n");
        let why = bad(find(over(at, ca(certs))));
        assert_eq!(why, format!("no TLS with {at}: it speaks something else"));
        let at = serving(ip, |_| Ok(()));
        let why = bad(find(over(at, ca(certs))));
        assert!(why.starts_with("no TLS: "), "{why}");
        let at = silent(ip);
        let why = bad(find_within(over(at, ca(certs)), SHORT));
        assert_eq!(
            why,
            format!("no answer within 1s: waited for TLS with {at}")
        );
        // A record of TLS, byte by byte.
        let at = dripping(ip, b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc".repeat(100));
        let why = bad(find_within(over(at, ca(certs)), SHORT));
        assert_eq!(
            why,
            format!("no answer within 1s: waited for TLS with {at}")
        );
    }
}

#[test]
fn http_tells_the_days_also_of_what_is_bad_for_other_reasons() {
    let Some(certs) = certs() else { return };
    let port = servers::port();
    let inner = "location / { return 500; }";
    let Some(_server) = servers::nginx(&[(port, Some((certs, "soon")), inner)]) else {
        return;
    };
    for ip in BOTH {
        let mut check = http(format!("https://{}:{port}/", bracketed(ip)));
        check.tls = Tls {
            days: Some(14),
            ..ca(certs)
        };
        let finding = get(check.clone());
        assert_eq!(figure(&finding, "days"), Some(5.0));
        assert_eq!(bad(finding), "status 500");
        check.status = vec![(500, 500)];
        let why = warning(get(check));
        assert!(why.contains("expires in 5 days; status 500"), "{why}");
    }
}

#[test]
fn http_asks_for_the_name_of_its_url_wherever_it_connects() {
    let Some(certs) = certs() else { return };
    let Some((_server, [at, _])) = shows(certs, "good") else {
        return;
    };
    let mut check = http("https://www.test/");
    check.via = Some(host(at));
    check.tls = ca(certs);
    check.matches = vec!["Welcome".to_string()];
    good(get(check.clone()));
    check.url = "https://elsewhere.test/".to_string();
    let why = bad(get(check.clone()));
    assert!(
        why.starts_with("the certificate is not for elsewhere.test, but for "),
        "{why}"
    );
    check.tls.name = Some("www.test".to_string());
    good(get(check));
}
