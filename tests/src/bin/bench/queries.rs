//! Queries per second of one faild on one core, with one service and with many, beside an echo
//! of the same sizes.

use std::io;

use fail_wire::{Body, DATAGRAM_BYTES_MAX, Key, Name, Packet, Query, emit_padded, room_for};

use crate::fill::{self, Kind};
use crate::load::{self, Load};
use crate::server::{COMMUNITY, Server};
use crate::table::{count, heading, median, row};
use crate::{Plan, echo};

/// Different requests, so that not always the same is asked.
const REQUESTS: usize = 64;

/// Something to measure.
struct Case<'a> {
    what: String,
    server: &'a Server,
    requests: &'a [Vec<u8>],
}

/// Prints the figures.
pub fn measure(plan: &Plan) -> io::Result<()> {
    let (small, large) = (Server::faild(plan, None)?, Server::faild(plan, None)?);
    fill::services(&small, Kind::Typical, 0..1)?;
    fill::services(&large, Kind::Typical, 0..plan.many)?;
    let many = count(plan.many as f64);

    let (of_one, of_many) = (single(1)?, single(plan.many)?);
    let case = |what: String, server, requests| Case {
        what,
        server,
        requests,
    };
    let cases = [
        case("faild, of its 1 service".into(), &small, &of_one[..]),
        case(
            format!("faild, of one of {many} services"),
            &large,
            &of_many,
        ),
    ];
    compare(plan, "Queries for one service", &cases)?;

    let pages = pages(&large)?;
    let title = format!(
        "One of the {} pages that hold all {many} services",
        pages.len()
    );
    let cases = [case(format!("faild, of {many} services"), &large, &pages)];
    let rates = compare(plan, &title, &cases)?;
    let readings = count(rates / pages.len() as f64);
    println!("  All {many} services were read {readings} times in a second.");
    Ok(())
}

/// Requests for one service each, of so many.
fn single(services: usize) -> io::Result<Vec<Vec<u8>>> {
    let numbers = (0..REQUESTS).map(|no| (no * services) / REQUESTS);
    let request = |no| Ok(request(None, vec![Kind::Typical.name(no)?], room_for(1))?.0);
    numbers.map(request).collect()
}

/// The requests by which all services are read, page by page.
fn pages(server: &Server) -> io::Result<Vec<Vec<u8>>> {
    let (mut requests, mut after) = (Vec::new(), None);
    loop {
        let (request, key) = request(after, Vec::new(), DATAGRAM_BYTES_MAX)?;
        let answer = load::once(server, &request)?;
        requests.push(request);
        let packet = Packet::read(&answer).map_err(io::Error::other)?;
        match packet.body() {
            Ok(Body::Answer(page)) if packet.verify(&key) => {
                after = page.records.last().map(|record| record.name.clone());
                if !page.more {
                    return Ok(requests);
                }
            }
            other => return Err(io::Error::other(format!("no page: {other:?}"))),
        }
    }
}

fn request(after: Option<Name>, names: Vec<Name>, size: usize) -> io::Result<(Vec<u8>, Key)> {
    let key = Key::new(COMMUNITY).map_err(io::Error::other)?;
    let query = Query {
        beat: None,
        after,
        names,
    };
    // Whoever hears its answer heard no other; any id will do.
    Ok((emit_padded(&key, 4711, &Body::Query(query), size), key))
}

/// Measures each case beside both kinds of echo, in turns. Gives the rate of the last.
fn compare(plan: &Plan, title: &str, cases: &[Case]) -> io::Result<f64> {
    let Some(last) = cases.last() else {
        return Ok(f64::NAN);
    };
    let asked = last.requests[0].len();
    let mut bytes = 0;
    for request in last.requests {
        bytes += load::once(last.server, request)?.len();
    }
    let answered = bytes / last.requests.len();
    let echoes = [
        (
            "an echo of these sizes",
            echo::start(plan, "bare", answered)?,
        ),
        (
            "an echo that verifies and signs",
            echo::start(plan, "signed", answered)?,
        ),
    ];
    let echoes = echoes.iter().map(|(what, server)| Case {
        what: (*what).to_string(),
        server,
        requests: last.requests,
    });
    let echoes: Vec<Case> = echoes.collect();
    let all: Vec<&Case> = echoes.iter().chain(cases).collect();
    let mut figures: Vec<Vec<Load>> = vec![Vec::new(); all.len()];
    for _ in 0..plan.rounds {
        for (case, figures) in all.iter().zip(&mut figures) {
            figures.push(load::run(case.server, case.requests, plan.time)?);
        }
    }
    let of =
        |case: usize, figure: fn(&Load) -> f64| median(figures[case].iter().map(figure).collect());

    let title = format!("{title}: {asked} bytes asked, {answered} answered");
    heading(
        &title,
        &["per second", "core busy", "at 100 %", "of the echo"],
    );
    for (at, case) in all.iter().enumerate() {
        row(
            &case.what,
            &[
                count(of(at, |load| load.per_second)),
                format!("{:.0} %", 100.0 * of(at, |load| load.busy)),
                count(1e6 / of(at, |load| load.each)),
                format!("{:.2}", of(0, |load| load.each) / of(at, |load| load.each)),
            ],
        );
    }
    // Of each round by itself: what else runs here may change from round to round.
    let pairs = figures[1].iter().zip(&figures[0]);
    let hmac = median(
        pairs
            .map(|(signed, bare)| signed.each - bare.each)
            .collect(),
    );
    let faild = of(2, |load| load.each);
    println!(
        "  HMAC-SHA256 of both messages takes {hmac:.1} µs, the echo {:.1} µs, faild {faild:.1} µs \
         of a core. Without HMAC faild would answer {} in a second.",
        of(0, |load| load.each),
        count(1e6 / (faild - hmac))
    );
    Ok(of(all.len() - 1, |load| load.per_second))
}
