//! The loop: what arrives goes into the machine, what it wants is done.

use std::collections::VecDeque;
use std::io;

use fail_core::node::{In, Node, Out, Peer};
use fail_core::time::{Mono, Span};
use fail_rt::clock::{self, earliest};
use fail_rt::driver::Driver;
use fail_rt::log::Log;
use fail_rt::signals::Signal;

use crate::setup::{self, Parts};
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
        community_file,
        log,
        _files,
    } = parts;
    let mut driver: Driver<Node> = Driver::new(node, log.clone());
    let mut inputs = VecDeque::new();
    let mut outputs = Vec::new();
    let mut leave_by: Option<Mono> = None;
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
                Out::Save { no, image } => store.save(no, image),
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
        for event in poller.wait(earliest([driver.deadline(), leave_by]))? {
            let token = event.token();
            // Who is leaving takes no new orders; only what the disk says counts.
            if udp.owns(token) && leave_by.is_none() {
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
            } else if signals.owns(token) {
                for signal in signals.pending() {
                    match signal {
                        Signal::Term | Signal::Int => {
                            leave_by.get_or_insert_with(|| clock::now().mono + LEAVE_MAX);
                        }
                        Signal::Hup => reload = true,
                        Signal::Child | Signal::Usr1 => {}
                    }
                }
            }
        }
        while let Some((no, saved)) = store.poll() {
            let log = log.facility("store");
            match &saved {
                Ok(Written { bytes, took }) => {
                    log.debug(format_args!("save {no}: {bytes} bytes in {took:.1?}"));
                }
                Err(sentence) => log.error(format_args!("{sentence}; changes are in memory only")),
            }
            inputs.push_back(In::Saved {
                no,
                ok: saved.is_ok(),
            });
        }
        if reload {
            inputs.extend(reread(community_file.as_deref(), &log));
        }
        let now = clock::now();
        for input in inputs.drain(..) {
            driver.handle(now, input, |out| outputs.push(out));
        }
        driver.expire(now, |out| outputs.push(out));
    }
}

/// The community file once more; with an error in it, the old rules stay.
fn reread(path: Option<&std::path::Path>, log: &Log) -> Option<In> {
    let log = log.facility("access");
    let Some(path) = path else {
        log.info("SIGHUP: there is no community file (-c) to read again");
        return None;
    };
    match setup::read_access(path, &log) {
        Ok(access) => {
            log.info(format_args!("{}: read again", path.display()));
            Some(In::Access(access))
        }
        Err(failure) => {
            log.error(format_args!("{failure}; the old rules stay in force"));
            None
        }
    }
}
