//! The loop: what arrives goes into the machine, what it wants is done.

use std::collections::VecDeque;
use std::io;

use fail_core::log::{Level, Line};
use fail_core::node::{In, Node, Out, Peer};
use fail_rt::clock;
use fail_rt::driver::Driver;
use fail_rt::log::Log;
use fail_rt::signals::Signal;

use crate::setup::{self, Parts};

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
        _pid_file,
    } = parts;
    let mut driver: Driver<Node> = Driver::new(node, log.clone());
    let mut inputs = VecDeque::new();
    let mut outputs = Vec::new();
    let mut leaving = false;
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
                Out::Log(line) => write_line(&log, &line),
            }
        }
        if leaving && !store.is_busy() {
            log.info("ends");
            return Ok(());
        }
        let mut reload = false;
        for event in poller.wait(driver.deadline())? {
            let token = event.token();
            if udp.owns(token) {
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
                        Signal::Term | Signal::Int => leaving = true,
                        Signal::Hup => reload = true,
                        Signal::Child | Signal::Usr1 => {}
                    }
                }
            }
        }
        while let Some((no, saved)) = store.poll() {
            if let Err(sentence) = &saved {
                log.facility("store")
                    .error(format_args!("{sentence}; changes are in memory only"));
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

fn write_line(log: &Log, line: &Line) {
    let log = log.facility(line.facility);
    match line.level {
        Level::Error => log.error(&line.text),
        Level::Warn => log.warn(&line.text),
        Level::Info => log.info(&line.text),
        Level::Debug => log.debug(&line.text),
    }
}
