//! The parts of a take-over, from the death of a host's daemons to the client's first page:
//! until the next question, overdue, confirming burst, asking all once more, start script.
//!
//! The test takes the seat of the dead faild and sees each question come, without answering.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use fail_cli::ports;

use super::client::enter;
use super::host::{INTERVAL_MS, OVERDUE_MS, SPACING_MS, TIMES};
use super::lab::{BOUND, Lab};

/// When questions arrive where nobody answers any more.
fn seat(namespace: &str, address: Ipv4Addr) -> Receiver<Instant> {
    let (tell, told) = channel();
    let namespace = namespace.to_string();
    thread::spawn(move || {
        enter(&namespace);
        let socket = UdpSocket::bind((address, ports::FAILD)).unwrap();
        socket.set_read_timeout(Some(BOUND)).unwrap();
        let mut bytes = [0; 2048];
        while socket.recv(&mut bytes).is_ok() && tell.send(Instant::now()).is_ok() {}
    });
    told
}

#[test]
fn a_take_over_has_these_parts() {
    let Some(mut lab) = Lab::new("parts", &["hosta", "hostb"]) else {
        return;
    };
    let dead = lab.host("hosta").kill_daemons();
    let hosta = lab.host("hosta");
    let questions = seat(&hosta.namespace.0, hosta.address);
    let log = lab.host("hostb").log();
    let lost = log.line(dead, "host hosta: unreachable", BOUND).at;
    let start = log.line(dead, "running start", BOUND).at;
    let served = lab.client.served_by("hostb", dead, BOUND);
    let up = lab
        .host("hostb")
        .log()
        .line(start, "RECOVER -> UP", BOUND)
        .at;
    let asked: Vec<Instant> = questions.try_iter().filter(|at| *at < lost).collect();
    assert!(asked.len() > 2, "only {} questions were seen", asked.len());
    let (first, second) = (asked[0], asked[1]);
    println!(
        "the parts of a take-over (interval {INTERVAL_MS} ms, confirm {{{TIMES} {SPACING_MS}ms}}):\n\
         \x20 until the next question  {:>6.1?}\n\
         \x20 overdue                  {:>6.1?}\n\
         \x20 confirming burst         {:>6.1?}  ({} questions)\n\
         \x20 starting, asking again   {:>6.1?}\n\
         \x20 script: first page       {:>6.1?}\n\
         \x20 script: UP published     {:>6.1?}\n\
         \x20 in all, first page       {:>6.1?}",
        first - dead,
        second - first,
        lost - second,
        asked.len() - 1,
        start - lost,
        served.saturating_duration_since(start),
        up - start,
        served - dead
    );
    // A spacing less, since here the questions are seen, not sent.
    let burst = Duration::from_millis(OVERDUE_MS + (TIMES - 1) * SPACING_MS);
    assert!(
        lost - first > burst,
        "given up before all chances were over"
    );
    assert_eq!(
        asked.len() as u64,
        1 + TIMES,
        "questions before hosta was given up"
    );
}
