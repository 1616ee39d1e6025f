//! `ntp`: a chronyd; and liars.

use std::time::{SystemTime, UNIX_EPOCH};

use fail_conf::hcfile::check::Check;
use fail_core::time::Span;
use fail_core::watch::{Finding, Verdict};

use crate::server::{Server, folder, free_port, program, start, unpacked};
use crate::{LIMIT, SHORT, check, host, is, liar, value};

fn question(name: &str, port: u16, offset: Option<Span>) -> Check {
    Check::Ntp {
        host: host(name, port),
        offset,
        stratum: 15,
    }
}

/// With lines more in its configuration, in the state that `ready` waits for.
fn chronyd(more: &str, mut ready: impl FnMut(&Finding) -> bool) -> Option<Server> {
    let package = unpacked("chrony")?;
    if !nix::unistd::geteuid().is_root() {
        crate::server::skipped("chronyd runs as root only");
        return None;
    }
    let folder = folder("chrony");
    let port = free_port();
    let conf = format!(
        "port {port}\ncmdport 0\nbindcmdaddress /\nallow\nbindaddress 127.0.0.1\nbindaddress ::1\n\
         pidfile {0}/pid\ndriftfile {0}/drift\n{more}\n",
        folder.display()
    );
    let file = folder.join("chrony.conf");
    std::fs::write(&file, conf).unwrap();
    let mut command = program(&package, "usr/sbin/chronyd");
    // -x: it leaves the clock alone.
    command.args(["-x", "-d", "-u", "root", "-f"]).arg(&file);
    Some(start(command, folder, port, || {
        let found = check(question("127.0.0.1", port, None), SHORT);
        match ready(&found) {
            true => fail_probe::good("ready"),
            false => found,
        }
    }))
}

#[test]
fn a_clock_is_asked_and_found_right() {
    let Some(server) = chronyd("local stratum 3", |found| found.verdict == Verdict::Good) else {
        return;
    };
    for name in ["127.0.0.1", "::1"] {
        let found = check(question(name, server.port, Some(Span::from_secs(1))), LIMIT);
        is(&found, Verdict::Good, "stratum 3, differs by ");
        assert_eq!(value(&found, "stratum"), 3.0);
        // It is the same clock.
        let offset = value(&found, "offset");
        let delay = value(&found, "delay");
        assert!(
            offset.abs() < 0.5 && (0.0..30.0).contains(&delay),
            "{found:?}"
        );
    }
    let strict = Check::Ntp {
        host: host("127.0.0.1", server.port),
        offset: None,
        stratum: 2,
    };
    is(
        &check(strict, LIMIT),
        Verdict::Bad,
        "has stratum 3, more than 2",
    );
}

#[test]
fn a_clock_that_is_not_synchronised_is_bad() {
    let why = "is not synchronised";
    let Some(server) = chronyd("", |found| found.why.contains(why)) else {
        return;
    };
    let found = check(question("127.0.0.1", server.port, None), LIMIT);
    is(&found, Verdict::Bad, why);
}

#[test]
fn a_clock_that_is_not_there_refuses() {
    let found = check(question("127.0.0.1", free_port(), None), LIMIT);
    is(&found, Verdict::Bad, "connection refused");
}

/// The time, and so many seconds more, as NTP has it.
fn time(more: f64) -> [u8; 8] {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seconds = now.as_secs_f64() + more + 2_208_988_800.0;
    let whole = (seconds.rem_euclid(4_294_967_296.0) * 4_294_967_296.0) as u64;
    whole.to_be_bytes()
}

/// A good answer of a clock that is so much before ours.
fn answer(question: &[u8], more: f64) -> Vec<u8> {
    let mut bytes = vec![0; 48];
    (bytes[0], bytes[1]) = (0x24, 2);
    bytes[24..32].copy_from_slice(&question[40..48]);
    bytes[32..40].copy_from_slice(&time(more));
    bytes[40..48].copy_from_slice(&time(more));
    bytes
}

fn lies(change: impl Fn(&mut Vec<u8>) + Send + 'static) -> Finding {
    let liar = liar::udp(move |question| {
        let mut bytes = answer(question, 0.0);
        change(&mut bytes);
        vec![bytes]
    });
    check(question("127.0.0.1", liar.at.port(), None), SHORT)
}

#[test]
fn answers_to_nothing_count_for_nothing() {
    is(&lies(|_| ()), Verdict::Good, "stratum 2");
    let origin = lies(|bytes| bytes[24] ^= 1);
    is(&origin, Verdict::Bad, "the last answers another question");
    is(
        &lies(|bytes| bytes.truncate(47)),
        Verdict::Bad,
        "is too short",
    );
    is(
        &lies(|bytes| bytes[0] = 0x23),
        Verdict::Bad,
        "is not of a server",
    );
    is(
        &lies(|bytes| bytes[40..].fill(0)),
        Verdict::Bad,
        "tells no time",
    );
    is(&lies(Vec::clear), Verdict::Bad, "is too short");
    let silent = liar::udp(|_| Vec::new());
    let found = check(question("127.0.0.1", silent.at.port(), None), SHORT);
    is(&found, Verdict::Bad, "waited for an answer of 127.0.0.1");
}

#[test]
fn times_that_can_not_be_are_not_believed() {
    let why = "tells times that can not be";
    // Sent before it was received.
    let back = lies(|bytes| {
        bytes[32..40].copy_from_slice(&time(10.0));
        bytes[40..48].copy_from_slice(&time(-10.0));
    });
    is(&back, Verdict::Bad, why);
    // The server had it for longer than it was away.
    let long = lies(|bytes| {
        bytes[32..40].copy_from_slice(&time(-100.0));
        bytes[40..48].copy_from_slice(&time(0.0));
    });
    is(&long, Verdict::Bad, why);
}

#[test]
fn a_clock_that_says_that_it_is_none_is_believed() {
    let kiss = lies(|bytes| {
        bytes[1] = 0;
        bytes[12..16].copy_from_slice(b"RATE");
    });
    is(&kiss, Verdict::Bad, "refuses: kiss code RATE");
    let odd = lies(|bytes| {
        bytes[1] = 0;
        bytes[12..16].copy_from_slice(b"RA\x1bT");
    });
    is(&odd, Verdict::Bad, "is not synchronised");
    is(
        &lies(|bytes| bytes[0] |= 0xc0),
        Verdict::Bad,
        "is not synchronised",
    );
    is(
        &lies(|bytes| bytes[1] = 16),
        Verdict::Bad,
        "is not synchronised",
    );
}

#[test]
fn a_clock_that_differs_is_found() {
    for (more, shown) in [(100.0, "+"), (-100.0, "-"), (2e9, "+")] {
        let liar = liar::udp(move |question| vec![answer(question, more)]);
        let limit = Some(Span::from_secs(50));
        let found = check(question("127.0.0.1", liar.at.port(), limit), LIMIT);
        is(&found, Verdict::Bad, &format!("differs by {shown}"));
        is(&found, Verdict::Bad, "more than 50s");
        assert!((value(&found, "offset") - more).abs() < 45.0, "{found:?}");
    }
}
