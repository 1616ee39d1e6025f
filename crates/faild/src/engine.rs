//! The loop: what arrives goes into the machine, what it wants is done.

use std::collections::VecDeque;
use std::io;

use fail_core::node::{In, Node, Out, Peer};
use fail_core::time::{Mono, Span};
use fail_rt::clock::{self, earliest};
use fail_rt::driver::Driver;
use fail_rt::log::Log;
use fail_rt::reason;
use fail_rt::signals::Signal;
use fail_rt::udp::Udp;

use crate::community::CommunityFile;
use crate::life::Life;
use crate::setup::Parts;
use crate::store::Written;

/// How long the end waits for the disk: a sync that hangs never ends.
const LEAVE_MAX: Span = Span::from_secs(5);

/// Runs until SIGTERM or SIGINT, and then until what was acknowledged is on disk.
pub fn run(parts: Parts) -> io::Result<()> {
    let Parts {
        node,
        mut poller,
        mut signals,
        mut udp,
        mut store,
        community,
        notify,
        log,
        _files,
    } = parts;
    let mut life = Life::new(notify, log.facility("store"), clock::now().mono);
    let mut driver: Driver<Node> = Driver::new(node, log.clone());
    let mut inputs = VecDeque::new();
    let mut outputs = Vec::new();
    let mut arrived = Vec::new();
    let mut leave_by: Option<Mono> = None;
    life.turn(clock::now().mono, driver.machine().services());
    loop {
        for out in outputs.drain(..) {
            match out {
                Out::Send {
                    to: Peer { addr, local },
                    bytes,
                } => {
                    if let Err(e) = udp.send(addr, local, &bytes) {
                        log.facility("net").debug(format_args!("{addr}: {e}"));
                    }
                }
                Out::Save { no, image } => {
                    life.saving(clock::now().mono);
                    store.save(no, image);
                }
                Out::Know { peer } => know(peer, &mut udp, &log),
                Out::Forget {
                    peer: Peer { addr, local },
                } => {
                    local.into_iter().for_each(|local| udp.forget(addr, local));
                }
                Out::Log(line) => log.write(&line),
                // It is one of those that were named at the start.
                Out::Level { facility, level } => drop(log.levels().set(facility, level)),
            }
        }
        if let Some(at) = leave_by {
            if !store.is_busy() {
                log.info("ends");
                return Ok(());
            }
            if clock::now().mono >= at {
                let text = format!(
                    "the disk has not taken the state file in {LEAVE_MAX}; ends without it, and \
                     nobody was told that it is safe"
                );
                return Err(io::Error::other(text));
            }
        }
        let mut reload = false;
        for event in poller.wait(earliest([driver.deadline(), life.deadline(), leave_by]))? {
            let token = event.token();
            // Who is leaving takes no new orders; only what the disk says counts.
            if udp.owns(token) && leave_by.is_none() {
                arrived.push(token);
            } else if signals.owns(token) {
                for signal in signals.pending() {
                    match signal {
                        Signal::Term | Signal::Int => {
                            life.stopping();
                            leave_by.get_or_insert_with(|| clock::now().mono + LEAVE_MAX);
                        }
                        Signal::Hup => reload = true,
                        Signal::Child | Signal::Usr1 => {}
                    }
                }
            }
        }
        // Known peers first: a flood of others delays them by one turn, and no more.
        arrived.sort_by_key(|token| !udp.is_known(*token));
        for token in arrived.drain(..) {
            while let Some(datagram) = udp.receive(token) {
                let from = Peer {
                    addr: datagram.from,
                    local: Some(datagram.local),
                };
                inputs.push_back(In::Datagram {
                    from,
                    bytes: datagram.bytes,
                });
            }
        }
        while let Some((no, saved)) = store.poll() {
            let ok = saved.is_ok();
            if let Ok(Written { bytes, took }) = saved {
                log.facility("store")
                    .debug(format_args!("save {no}: {bytes} bytes in {took:.1?}"));
            }
            life.saved(clock::now().mono, saved.err());
            inputs.push_back(In::Saved { no, ok });
        }
        if reload {
            life.reloading();
            inputs.extend(reread(community.as_ref(), &log));
            life.reloaded();
        }
        driver.machine_mut().beside(counted(&udp));
        let now = clock::now();
        for input in inputs.drain(..) {
            driver.handle(now, input, |out| outputs.push(out));
        }
        driver.expire(now, |out| outputs.push(out));
        life.turn(now.mono, driver.machine().services());
    }
}

/// A socket for this peer alone. Without it, the peer is heard as all others are.
fn know(Peer { addr, local }: Peer, udp: &mut Udp, log: &Log) {
    let known = local.map(|local| udp.know(addr, local));
    let log = log.facility("net");
    match known {
        Some(Ok(())) => log.debug(format_args!("{addr}: known, has a socket of its own")),
        Some(Err(e)) => {
            let why = reason::words(&e);
            log.debug(format_args!(
                "{addr}: known, has no socket of its own: {why}"
            ));
        }
        None => {}
    }
}

/// What is shown beside the counters of the node.
fn counted(udp: &Udp) -> Vec<(&'static str, u64)> {
    let known = u64::try_from(udp.known()).unwrap_or(u64::MAX);
    vec![
        ("datagrams lost", udp.lost()),
        ("datagrams lost in the kernel", udp.overflowed()),
        ("known peers now", known),
    ]
}

/// The community file once more; with an error in it, the old rules stay.
fn reread(file: Option<&CommunityFile>, log: &Log) -> Option<In> {
    let log = log.facility("access");
    let Some(file) = file else {
        log.info("SIGHUP: there is no community file (-c) to read again");
        return None;
    };
    match file.read(&log) {
        Ok(access) => {
            log.info(format_args!("{}: read again", file.shown()));
            Some(In::Access(access))
        }
        Err(failure) => {
            log.error(format_args!("{failure}; the old rules stay in force"));
            None
        }
    }
}
