//! The loop: what arrives goes into the machine, what it wants is done.

use std::collections::VecDeque;
use std::io;

use fail_core::node::{In, Node, Out};
use fail_core::time::{Mono, Span};
use fail_replay::Recorded;
use fail_rt::clock::{self, earliest};
use fail_rt::driver::Driver;
use fail_rt::log::Log;
use fail_rt::signals::Signal;

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
        mut net,
        mut store,
        community,
        notify,
        log,
        _files,
    } = parts;
    let mut life = Life::new(notify, log.facility("store"), clock::now().mono);
    let mut driver: Driver<Recorded<Node>> = Driver::new(node, log.clone());
    let mut inputs = VecDeque::new();
    let mut outputs = Vec::new();
    let mut leave_by: Option<Mono> = None;
    life.turn(clock::now().mono, driver.machine().services());
    loop {
        for out in outputs.drain(..) {
            match out {
                Out::Send { to, bytes } => net.send(to, &bytes, &log),
                Out::Save { no, image } => {
                    life.saving(clock::now().mono);
                    store.save(no, image);
                }
                Out::Know { peer } => net.know(peer, &log),
                Out::Forget { peer } => net.forget(peer),
                Out::Log(line) => log.write(&line),
                // It is one of those that were named at the start.
                Out::Level { facility, level } => drop(log.levels().set(facility, level)),
            }
        }
        net.flush(clock::now().mono);
        if let Some(at) = leave_by {
            if !store.is_busy() && !net.is_owed() {
                log.info("ends");
                return Ok(());
            }
            if clock::now().mono >= at && !store.is_busy() {
                log.info("ends, though not everybody has taken his answer");
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
        let times = [driver.deadline(), life.deadline(), net.deadline(), leave_by];
        for event in poller.wait(earliest(times))? {
            let token = event.token();
            // Who is leaving takes no new orders; only what the disk says counts.
            if net.owns(token) && leave_by.is_none() {
                net.on_event(token, clock::now().mono);
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
        let now = clock::now();
        net.expire(now.mono, &mut inputs);
        if !inputs.is_empty() {
            inputs.push_front(In::Beside(net.figures()));
        }
        for input in inputs.drain(..) {
            driver.handle(now, input, |out| outputs.push(out));
        }
        driver.expire(now, |out| outputs.push(out));
        life.turn(now.mono, driver.machine().services());
    }
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
