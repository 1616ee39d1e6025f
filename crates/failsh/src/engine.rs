//! The loop: answers, scripts' ends and deadlines go into the machine; datagrams, scripts
//! and log lines come out. The Tcl threads ask for children here and are told how they ended.
//!
//! What arrived goes in before the deadlines are looked at: an answer that is there must not
//! count as missed because this thread was late.
//!
//! One turn is `act` (what the machine wants), `wait`, `listen` (what others said meanwhile),
//! `decide` (the machine's turn) and `show` (what has changed, to whoever watches). Each kind
//! of thing that can come has one small `on_…`.

mod hear;
mod life;
mod release;
mod show;

use std::collections::{BTreeSet, VecDeque};
use std::io;

use fail_core::plan::{In, Out, Plan, Subject};
use fail_core::policy::{Policy, Protocol};
use fail_core::time::{Mono, Span};
use fail_replay::Recorded;
use fail_rt::address::Worker;
use fail_rt::children::Children;
use fail_rt::clients::Calls;
use fail_rt::clock::{self, earliest};
use fail_rt::daemon::PidFile;
use fail_rt::driver::Driver;
use fail_rt::dump::Dump;
use fail_rt::log::Log;
use fail_rt::notify::{Notify, Watchdog};
use fail_rt::poller::{Poller, Token};
use fail_rt::resolve::Resolver;
use fail_rt::signals::Signals;
use fail_rt::udp::Udp;
use fail_tcl::Board;

use crate::control::LAST_WORDS_MAX;
use crate::minds::{Generation, Minds};
use crate::post::Inbox;
use crate::reload::{Fresh, Reload};
use crate::serves::Serves;
use crate::setup::Parts;

/// How long the end may take: a child has 2 s after TERM and 2 s after KILL, and then it is
/// left to itself.
const LEAVING_MAX: Span = Span::from_secs(5);

/// Everything that the loop works with.
pub struct Engine {
    driver: Driver<Recorded<Plan>>,
    poller: Poller,
    signals: Signals,
    udp: Udp,
    /// Connections to failds that are asked over TCP.
    tcp: Calls,
    children: Children,
    resolver: Resolver,
    addresses: Worker,
    minds: Minds,
    post: Inbox,
    serves: Serves,
    board: Board,
    log: Log,
    /// What is decided by, for who wants to see it.
    policy: Policy,
    reload: Reload,
    /// A policy that was read and takes over in the next decision.
    fresh: Option<Fresh>,
    dump: Dump,
    /// Somebody sits before it, and Ctrl-C is how he ends programs.
    at_terminal: bool,
    /// When SIGINT came last.
    interrupted: Option<Mono>,
    notify: Notify,
    /// What the service manager was told last.
    status: String,
    /// This host is being released: nothing else is begun.
    releasing: bool,
    watchdog: Option<Watchdog>,
    /// What has come and the machine has not been told yet.
    inputs: VecDeque<In>,
    /// What the machine wants and has not been done yet.
    outputs: Vec<Out>,
    /// What the poller said, kept to use its memory again.
    tokens: Vec<Token>,
    /// What is no longer as the board shows it.
    stale: BTreeSet<Subject>,
    /// When the health is looked at again.
    health_at: Mono,
    /// When this process has gone at the latest, once it has been told to.
    leaving: Option<Mono>,
    /// Removed when failsh ends.
    _pid_file: Option<PidFile>,
}

/// Runs until SIGTERM. Services are left as they are; a script that runs is ended.
pub fn run(parts: Parts) -> io::Result<()> {
    Engine::new(parts).run()
}

impl Engine {
    fn new(parts: Parts) -> Engine {
        let names = parts.plan.service_names().cloned().map(Subject::Service);
        let hosts = parts.plan.host_names().cloned().map(Subject::Host);
        let now = clock::now().mono;
        Engine {
            stale: names.chain(hosts).collect(),
            driver: Driver::new(parts.plan, parts.log.clone()),
            poller: parts.poller,
            signals: parts.signals,
            udp: parts.udp,
            tcp: parts.tcp,
            children: parts.children,
            resolver: parts.resolver,
            addresses: parts.addresses,
            minds: Minds::new(Generation(1), parts.tcl),
            post: parts.post,
            serves: parts.serves,
            board: parts.board,
            log: parts.log,
            policy: parts.policy,
            reload: parts.reload,
            fresh: None,
            dump: parts.dump,
            at_terminal: parts.at_terminal,
            interrupted: None,
            status: String::new(),
            releasing: false,
            watchdog: parts.notify.pace().map(|pace| Watchdog::new(pace, now)),
            notify: parts.notify,
            inputs: VecDeque::new(),
            outputs: Vec::new(),
            health_at: Mono(0),
            tokens: Vec::new(),
            leaving: None,
            _pid_file: parts.pid_file,
        }
    }

    fn run(&mut self) -> io::Result<()> {
        loop {
            self.act();
            self.tell_ends();
            if self.is_over() {
                return Ok(());
            }
            self.wait()?;
            self.listen();
            self.decide();
            self.show();
        }
    }

    /// Does what the machine wants.
    fn act(&mut self) {
        let mut outputs = std::mem::take(&mut self.outputs);
        for out in outputs.drain(..) {
            self.on_out(out);
        }
        self.tcp.flush(clock::now().mono);
        self.outputs = outputs;
    }

    fn on_out(&mut self, out: Out) {
        match out {
            Out::Send {
                to,
                protocol,
                bytes,
            } => {
                let sent = match protocol {
                    Protocol::Udp => self.udp.send(to, None, &bytes),
                    Protocol::Tcp => self.tcp.send(to, &bytes),
                };
                if let Err(e) = sent {
                    self.log.facility("net").debug(format_args!("{to}: {e}"));
                }
            }
            Out::HangUp { to } => self.tcp.hang_up(to),
            Out::Run(order) => self.minds.run(order),
            Out::Cancel { job, why } => self.minds.cancel(job, why),
            Out::Resolve { no, name, port } => self.resolver.ask(no, &name, port),
            Out::Log(line) => self.log.write(&line),
            Out::Trap(fired) => self.minds.trap(fired),
            Out::Answered { no, result } => {
                let result = result.map(|()| String::new()).map_err(hear::refused);
                self.minds.answered(no, result);
            }
            Out::Event(event) => self.on_event(event),
            Out::Changed(subject) => {
                self.stale.insert(subject);
            }
            Out::Released { left } => self.on_released(left),
        }
    }

    /// Tells the scripts how their children ended.
    fn tell_ends(&mut self) {
        while let Some((no, result)) = self.children.poll() {
            self.minds.exec_done(no, result);
        }
    }

    /// An end that nobody has been told of counts as a child, so after [`Engine::tell_ends`].
    fn is_over(&self) -> bool {
        let Some(until) = self.leaving else {
            return false;
        };
        let now = clock::now().mono;
        // Since `until` is that much later than the moment at which it was told to end.
        let hearing = now + LEAVING_MAX < until + LAST_WORDS_MAX && self.serves.is_writing();
        if self.children.is_empty() && self.minds.is_idle() && !hearing {
            return true;
        }
        let late = now >= until;
        if late && !self.children.is_empty() {
            self.log.warn("ends, although programs of scripts are left");
        } else if late && !self.minds.is_idle() {
            self.log.warn("ends, although a script has not ended");
        }
        late
    }

    fn wait(&mut self) -> io::Result<()> {
        // When leaving, nothing is decided any more.
        let next = self.leaving.or(self.driver.deadline());
        let parts = [
            self.children.deadline(),
            self.post.deadline(),
            self.serves.deadline(),
            self.show_deadline(),
            self.tcp.deadline(),
            self.watchdog.as_ref().and_then(Watchdog::deadline),
        ];
        let deadline = earliest(parts.into_iter().chain([next]));
        let mut tokens = std::mem::take(&mut self.tokens);
        tokens.extend(self.poller.wait(deadline)?.map(|event| event.token()));
        for token in tokens.drain(..) {
            self.on_token(token);
        }
        self.tokens = tokens;
        Ok(())
    }

    fn on_token(&mut self, token: Token) {
        if self.udp.owns(token) {
            while let Some(datagram) = self.udp.receive(token) {
                self.inputs.push_back(In::Datagram {
                    from: datagram.from,
                    bytes: datagram.bytes,
                });
            }
        } else if self.tcp.owns(token) {
            self.tcp.on_event(token, clock::now().mono);
        } else if self.children.owns(token) {
            self.children.on_event(token);
        } else if self.serves.owns(token) {
            self.serves.on_event(token, clock::now().mono);
        } else if self.signals.owns(token) {
            for signal in self.signals.pending() {
                self.on_signal(signal);
            }
        }
    }

    /// The machine's turn.
    fn decide(&mut self) {
        let now = clock::now();
        // Also by who is leaving: what is not taken grows, and a deadline that has come and is
        // not looked at keeps the loop from waiting.
        self.tcp.expire(now.mono);
        while let Some((from, bytes)) = self.tcp.poll() {
            self.inputs.push_back(In::Datagram { from, bytes });
        }
        if self.leaving.is_some() {
            self.inputs.clear();
            return;
        }
        // Before any deadline is looked at: time that one script took from all others.
        for (by, time) in self.minds.held() {
            let span = Span(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
            self.inputs.push_front(In::Held { by, span });
        }
        for input in self.inputs.drain(..) {
            self.driver.handle(now, input, |out| self.outputs.push(out));
        }
        if let Some(fresh) = self.fresh.take() {
            self.renew(fresh);
        }
        self.driver.expire(now, |out| self.outputs.push(out));
        self.show_life(now.mono);
    }
}
