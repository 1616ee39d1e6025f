//! Strangers at the door of `failmon --serve`: who is slow, who is many, who says too much, and
//! who pretends to be somebody else.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use failover_tests::failsh::{Failsh, REST};
use failover_tests::{wait, web};
use nix::sys::signal::Signal;

use super::{Pair, Served};

/// As many as it serves; they are told here once more, so that a change is seen.
const CONNECTIONS_MAX: usize = 256;
const EVENTS_MAX: usize = 128;

/// A reader of events.
fn reader(served: &Served, from: &str) -> BufReader<TcpStream> {
    let mut stream = web::connect(served.at);
    let request = format!("GET /events?from={from} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    BufReader::new(stream)
}

/// The next line that begins so.
fn line(reader: &mut BufReader<TcpStream>, begin: &str) -> String {
    loop {
        let mut text = String::new();
        let count = reader.read_line(&mut text).unwrap();
        assert!(count > 0, "it has hung up before {begin}");
        if text.starts_with(begin) {
            return text.trim_end().to_string();
        }
    }
}

#[test]
fn odd_requests_are_refused_and_harm_nobody() {
    let pair = Pair::start();
    let served = Served::start(&[], &[&pair.target()]);
    let at = served.at;
    for host in ["evil.example", "evil.example:80", "127.0.0.1.evil.example"] {
        let answer = web::send(
            at,
            &format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
        );
        assert_eq!(answer.status, 421, "{host}: {answer:?}");
    }
    let absolute =
        "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(web::send(at, absolute).status, 421);
    assert_eq!(
        web::send(at, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n").status,
        400
    );
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let answer = web::ask(at, method, "/", "Content-Length: 0\r\n");
        assert_eq!(answer.status, 405, "{method}: {answer:?}");
    }
    // Other pages may not read it.
    let answer = web::ask(
        at,
        "GET",
        "/api/v1/cluster",
        "Origin: http://evil.example\r\n",
    );
    assert!(
        !answer.head.to_lowercase().contains("access-control"),
        "{answer:?}"
    );
    let head = web::ask(at, "HEAD", "/", "");
    assert!(head.status == 200 && head.body.is_empty(), "{head:?}");
    for header in [
        "content-security-policy",
        "frame-ancestors 'none'",
        "no-store",
        "nosniff",
    ] {
        assert!(head.head.contains(header), "no {header} in {}", head.head);
    }
    let huge = format!("X: {}\r\n", "x".repeat(100_000));
    let many = "X: x\r\n".repeat(1_000);
    for lines in [huge, many] {
        let answer = web::ask(at, "GET", "/", &lines);
        assert!([0, 431].contains(&answer.status), "{}", answer.head);
    }
    for rubbish in [
        "\r\n\r\n\r\n",
        "x\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{0}",
        "GET / HTTP/9.9\r\n\r\n",
    ] {
        let mut stream = web::connect(at);
        stream.write_all(rubbish.as_bytes()).unwrap();
    }
    assert_eq!(web::get(at, "/healthz").status, 200);
}

#[test]
fn who_drips_his_request_is_hung_up_on() {
    let pair = Pair::start();
    let served = Served::start(&[], &[&pair.target()]);
    let mut stream = web::connect(served.at);
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        .unwrap();
    let end = std::time::Instant::now() + wait::LIMIT;
    stream
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let mut byte = [0; 1_000];
    loop {
        // Each of these lines comes in time; the whole does not.
        let wrote = stream.write_all(b"X: x\r\n").is_ok();
        let read = stream.read(&mut byte);
        if !wrote
            || matches!(read, Ok(0))
            || read.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset)
        {
            break;
        }
        assert!(std::time::Instant::now() < end, "it still waits");
    }
}

#[test]
fn there_is_a_limit_for_all_and_room_again() {
    let pair = Pair::start();
    let served = Served::start(&[], &[&pair.target()]);
    let at = served.at;
    let mut readers: Vec<_> = (0..EVENTS_MAX).map(|_| reader(&served, "")).collect();
    for reader in &mut readers {
        line(reader, "data: ");
    }
    let refused = web::get(at, "/events");
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(web::get(at, "/healthz").status, 200);
    // Those who only connect.
    let others: Vec<_> = (EVENTS_MAX..CONNECTIONS_MAX)
        .map(|_| web::connect(at))
        .collect();
    let full = || web::get(at, "/healthz").status;
    wait::until("no place for one more", full, |status| *status != 200);
    drop(others);
    wait::until("a place again", full, |status| *status == 200);
    drop(readers);
    let events = || {
        let mut one = reader(&served, "");
        let mut first = String::new();
        one.read_line(&mut first).unwrap();
        first
    };
    wait::until("a place for events again", events, |first| {
        first.contains(" 200 ")
    });
}

#[test]
fn a_slow_reader_is_told_what_is_so_now_and_holds_up_nobody() {
    let failsh = Failsh::serving(&format!(
        "for {{set n 0}} {{$n < 200}} {{incr n}} {{failsvc s$n start {{return UP}} check {{return UP}} {REST}}}\n"
    ));
    failsh.wait_for_lines(200, " -> UP");
    let served = Served::start(&[], &[&failsh.monitor().to_string()]);
    // He takes nothing: his buffers are full soon.
    let mut slow = reader(&served, "");
    line(&mut slow, "data: ");
    let mut quick = reader(&served, "");
    line(&mut quick, "data: ");
    let memory = || {
        let text =
            std::fs::read_to_string(format!("/proc/{}/status", served.running.pid())).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let before = memory();
    // Each is news; in between everything happens that may be kept for him.
    for n in 0..20 {
        let name = format!("s{n}");
        failsh.faild.failc(&["hold", &name, "slow", "test"]).done();
        let (row, mut told) = (format!("row-{name}\\\""), String::new());
        while !told.contains(&row) || !told.contains("held") {
            told = line(&mut quick, "data: ");
        }
    }
    // In kilobytes: nothing is kept for the slow one.
    assert!(memory() < before + 50_000, "{before} -> {}", memory());
    // When he reads on he comes to what is so.
    let mut told = String::new();
    while !(told.contains("row-s19\\\"") && told.contains("held")) {
        told = line(&mut slow, "data: ");
    }
}

#[test]
fn who_comes_back_is_told_only_what_is_new() {
    let mut pair = Pair::start();
    let served = Served::start(&[], &[&pair.target()]);
    let page = || web::get(served.at, "/").body;
    // Until dns has come up and both hosts have their columns, it is new itself.
    let settled = |page: &String| {
        let row = page.split_once("id=\"row-dns\"").map(|(_, rest)| rest);
        let row = row.and_then(|rest| rest.split_once("</tr>"));
        row.is_some_and(|(row, _)| row.contains(">UP<") && row.contains("\"hosta\""))
    };
    let page = wait::until("the page", page, settled);
    let (_, rest) = page.split_once("data-from=\"").unwrap();
    let from = rest.split('"').next().unwrap();
    pair.fail_over();
    pair.failsh.wait_for_state("web", "UP");
    let mut one = reader(&served, from);
    let mut told = String::new();
    while !told.contains("row-web") {
        told = line(&mut one, "data: ");
    }
    assert!(!told.contains("row-dns"), "{told}");
    // From another life: everything.
    let mut other = reader(&served, "1.1");
    assert!(line(&mut other, "data: ").contains("row-dns"));
}

#[test]
fn a_monitor_that_is_stopped_changes_nothing_for_its_failsh() {
    let mut pair = Pair::start();
    let served = Served::start(&[], &[&pair.target()]);
    let health = || web::get(served.at, "/healthz").status;
    wait::until("it is connected", health, |status| *status == 200);
    served.running.signal(Signal::SIGSTOP);
    pair.fail_over();
    pair.failsh.wait_for_state("web", "UP");
    served.running.signal(Signal::SIGCONT);
    let shown = || web::get(served.at, "/api/v1/services/web").body;
    wait::until("what happened meanwhile", shown, |body| {
        body.contains("no master can serve")
    });
}
