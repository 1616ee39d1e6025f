//! The loop: answers, scripts' ends and deadlines go into the machine; datagrams, scripts
//! and log lines come out. The Tcl thread asks for children here and is told how they ended.
//!
//! What arrived goes in before the deadlines are looked at: an answer that is there must not
//! count as missed because this thread was late.

use std::collections::VecDeque;
use std::io;

use fail_core::plan::{In, Out};
use fail_core::time::{Mono, Span};
use fail_rt::children::Children;
use fail_rt::clock::{self, earliest};
use fail_rt::driver::Driver;
use fail_rt::signals::Signal;
use fail_tcl::{FromTcl, TclHandle, ToTcl};

use crate::setup::{self, Parts};

/// How long the end may take: a child has 2 s after TERM and 2 s after KILL, and then it is
/// left to itself.
const LEAVING_MAX: Span = Span::from_secs(5);

/// Runs until SIGTERM or SIGINT. Services are left as they are; a script that runs is ended.
pub fn run(parts: Parts) -> io::Result<()> {
    let Parts {
        plan,
        mut poller,
        mut signals,
        mut udp,
        mut children,
        mut resolver,
        tcl,
        mut post,
        log,
        _pid_file,
    } = parts;
    let mut driver = Driver::new(plan, log.clone());
    let mut inputs = VecDeque::new();
    let mut outputs = Vec::new();
    // When this process has gone at the latest, once it has been told to.
    let mut leaving: Option<Mono> = None;
    loop {
        for out in outputs.drain(..) {
            match out {
                Out::Send { to, bytes } => {
                    if let Err(e) = udp.send(to, None, &bytes) {
                        log.facility("net").debug(format_args!("{to}: {e}"));
                    }
                }
                Out::Run(order) => tcl.send(ToTcl::Run(order)),
                Out::Cancel { job, why } => tcl.send(ToTcl::Cancel { job, why }),
                Out::Resolve { no, name, port } => resolver.ask(no, &name, port),
                Out::Log(line) => log.write(&line),
                Out::Trap(fired) => tcl.send(ToTcl::Trap(fired)),
                Out::Answered { .. } | Out::Event(_) | Out::Changed(_) | Out::Released { .. } => {}
            }
        }
        // An end that nobody has been told of counts as a child, so before the look at them.
        tell_ends(&mut children, &tcl);
        if let Some(until) = leaving {
            if children.is_empty() {
                return Ok(());
            }
            if clock::now().mono >= until {
                log.warn("ends, although programs of scripts are left");
                return Ok(());
            }
        }
        // From then on nothing is decided any more.
        let next = leaving.or(driver.deadline());
        for event in poller.wait(earliest([next, children.deadline(), post.deadline()]))? {
            let token = event.token();
            if udp.owns(token) {
                while let Some(datagram) = udp.receive(token) {
                    inputs.push_back(In::Datagram {
                        from: datagram.from,
                        bytes: datagram.bytes,
                    });
                }
            } else if children.owns(token) {
                children.on_event(token);
            } else if signals.owns(token) {
                for signal in signals.pending() {
                    match signal {
                        Signal::Child => children.reap(clock::now().mono),
                        Signal::Term | Signal::Int if leaving.is_none() => {
                            leaving = Some(clock::now().mono + LEAVING_MAX);
                            log.info("ends; services stay as they are");
                            setup::quit(&tcl);
                            children.kill_all(clock::now().mono);
                        }
                        Signal::Hup => {
                            log.info("SIGHUP: to read the policy again, start failsh anew")
                        }
                        Signal::Term | Signal::Int | Signal::Usr1 => {}
                    }
                }
            }
        }
        while let Some(message) = post.control() {
            match message {
                FromTcl::Began { job } => inputs.push_back(In::Began { job }),
                FromTcl::Done { job, outcome } => inputs.push_back(In::Done { job, outcome }),
                // What a script starts now would outlive us.
                FromTcl::Exec { .. } if leaving.is_some() => {}
                FromTcl::Exec { exec, pipeline, .. } => children.spawn(exec, pipeline, None),
                FromTcl::Kill { exec } => children.kill(exec, clock::now().mono),
                // These come by a way of their own.
                FromTcl::Log { .. } => {}
                FromTcl::Trapped { job, error } => inputs.push_back(In::Trapped { job, error }),
                FromTcl::Evaluated { .. }
                | FromTcl::Printed { .. }
                | FromTcl::Completions { .. }
                | FromTcl::Ask { .. }
                | FromTcl::Policy(_)
                | FromTcl::Pong => {}
            }
        }
        for line in post.lines(clock::now().mono) {
            log.write(&line);
        }
        while let Some((no, answer)) = resolver.poll() {
            inputs.push_back(In::Resolved {
                no,
                answer: answer.map_err(|e| e.to_string()),
            });
        }
        let now = clock::now();
        children.expire(now.mono);
        if leaving.is_some() {
            inputs.clear();
            continue;
        }
        // Before any deadline is looked at: time that one script took from all others.
        for (by, time) in tcl.held() {
            let span = Span(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
            inputs.push_front(In::Held { by, span });
        }
        for input in inputs.drain(..) {
            driver.handle(now, input, |out| outputs.push(out));
        }
        driver.expire(now, |out| outputs.push(out));
    }
}

/// Tells the scripts how their children ended.
fn tell_ends(children: &mut Children, tcl: &TclHandle) {
    while let Some((exec, result)) = children.poll() {
        tcl.send(ToTcl::ExecDone { exec, result });
    }
}
