//! The monitor stream: `hc-monitor(7)`, as a server: `fail_rt::stream` with what hc knows.
//!
//! Who asks for some targets by a line is told of no others from then on. Nobody is asked who
//! he is, and nothing can be changed here.

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
mod tests;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use fail_core::limits::MONITOR_CLIENTS_MAX;
use fail_core::time::{Mono, Span};
use fail_rt::clients::{ClientNo, Event, ListenFailed, Speech, Terms};
use fail_rt::clock::{self, earliest};
use fail_rt::log::Log;
use fail_rt::poller::{Desk, Token};
use fail_rt::stream::{PATIENCE, Source, Stream, line};
use fail_wire::Name;
use fail_wire::health::{HEALTH_VERSION, HealthView, Hello, TargetView, Update};
use serde::Deserialize;

/// Of all clients, from one address, so that one stranger does not keep others out.
const CLIENTS_EACH_MAX: usize = 8;

/// Bytes of what a client may ask for: a thousand names of usual length.
const REQUEST_BYTES_MAX: usize = 64 << 10;

/// Between two looks at the health, while somebody watches.
const HEALTH_EVERY: Span = Span::from_secs(1);

/// What there is to show.
pub trait Board {
    /// The names of all targets.
    fn names(&self) -> Vec<Name>;
    /// A target; nothing: it is no longer there.
    fn target(&self, name: &Name) -> Option<TargetView>;
    /// How hc does its own work.
    fn health(&self) -> HealthView;
}

/// What a client may say.
#[derive(Debug, Deserialize)]
struct Request {
    targets: Vec<String>,
}

/// Everybody who watches this hc.
pub struct Monitor {
    stream: Stream<Name>,
    hello: Hello,
    log: Log,
    /// As it was told last, and when to look again.
    health: HealthView,
    health_at: Mono,
}

impl Monitor {
    /// Nobody yet, and no way to come.
    pub fn new(desk: Desk, log: Log) -> Monitor {
        let refused = |reason: String| line(&Update::Refused { reason }).into_bytes();
        let full = refused(format!(
            "there are {MONITOR_CLIENTS_MAX} monitors already, and no more are served \
             (MONITOR_CLIENTS_MAX)"
        ));
        let each = refused(format!(
            "there are {CLIENTS_EACH_MAX} monitors from your address already \
             (CLIENTS_EACH_MAX)"
        ));
        let terms = Terms {
            clients: MONITOR_CLIENTS_MAX,
            full,
            each: Some((CLIENTS_EACH_MAX, each)),
            speech: Speech::Lines(REQUEST_BYTES_MAX),
            patience: Some(PATIENCE),
        };
        let now = clock::now().wall.0;
        Monitor {
            stream: Stream::new(desk, terms),
            hello: Hello {
                stream: HEALTH_VERSION,
                program: "hc".to_string(),
                version: env!("CARGO_PKG_VERSION").to_string(),
                host: clock::host_name(),
                pid: std::process::id(),
                started: now,
                now,
                file: 1,
            },
            log,
            health: HealthView::default(),
            health_at: Mono(0),
        }
    }

    /// Listens on one more address, and says on which: port 0 is a free one.
    ///
    /// # Errors
    /// Somebody else has it.
    pub fn listen(&mut self, address: SocketAddr) -> Result<SocketAddr, ListenFailed> {
        self.stream.listen(address)
    }

    /// Whether this event is for [`Monitor::on_event`].
    pub fn owns(&self, token: Token) -> bool {
        self.stream.owns(token)
    }

    /// A socket can be read or written.
    pub fn on_event(&mut self, token: Token, now: Mono) {
        self.stream.on_event(token, now);
        self.look();
    }

    fn look(&mut self) {
        while let Some(event) = self.stream.poll() {
            match event {
                Event::Came { client, .. } => self.tell_log(client, "comes"),
                Event::Gone { .. } => {
                    let left = self.stream.len();
                    self.log
                        .debug(format_args!("monitor: one goes; {left} left"));
                }
                Event::Line { client, line } => self.on_line(client, &line),
                Event::TooLong { client } => self.refuse(client, "what it asks for is too long"),
                Event::Frame { .. } => {}
            }
        }
    }

    fn tell_log(&self, client: ClientNo, what: &str) {
        let who = self.stream.address(client);
        let who = who.map_or("somebody".to_string(), |who| who.to_string());
        self.log.debug(format_args!("monitor: {who} {what}"));
    }

    fn on_line(&mut self, client: ClientNo, line: &str) {
        // Who has asked is asked for nothing more: a flood of further lines costs nothing.
        if line.trim().is_empty() || self.stream.has_asked(client) {
            return;
        }
        let request: Result<Request, _> = serde_json::from_str(line);
        let names = request.map_err(drop).and_then(|request| {
            let names = request.targets.iter();
            let names = names.map(|name| name.parse().map_err(drop));
            names.collect::<Result<BTreeSet<Name>, ()>>()
        });
        match names {
            Ok(names) => {
                self.stream.only(client, names);
                self.tell_log(client, "asks for some targets");
            }
            Err(()) => self.refuse(
                client,
                "what it asks for is not understood: one line such as {\"targets\":[\"www\"]}",
            ),
        }
    }

    fn refuse(&mut self, client: ClientNo, reason: &str) {
        self.tell_log(client, reason);
        let reason = reason.to_string();
        self.stream.close(client, &Update::Refused { reason });
    }

    /// When to call [`Monitor::turn`].
    pub fn deadline(&self) -> Option<Mono> {
        let health = (!self.stream.is_empty()).then_some(self.health_at);
        earliest([health, self.stream.deadline()])
    }

    /// So many times the Hcfile has been read.
    pub fn renewed(&mut self, count: u64) {
        self.hello.file = count;
    }

    /// These are no longer as they were.
    pub fn changed<'a>(&mut self, names: impl IntoIterator<Item = &'a Name>) {
        names.into_iter().for_each(|name| self.stream.touch(name));
    }

    /// Once in each turn of the loop: sends away who takes nothing, and gives every client what
    /// it has room for.
    pub fn turn(&mut self, now: Mono, board: &impl Board) {
        self.stream.expire(now);
        self.look();
        if now >= self.health_at && !self.stream.is_empty() {
            self.health_at = now + HEALTH_EVERY;
            let health = board.health();
            if health != self.health {
                self.health = health;
                self.stream.touch_health();
            }
        }
        let hello = &self.hello;
        self.stream.write(now, &Told { board, hello });
        self.look();
    }
}

/// What the stream tells.
struct Told<'a, B> {
    board: &'a B,
    hello: &'a Hello,
}

impl<B: Board> Source for Told<'_, B> {
    type Name = Name;
    type Update = Update;

    fn names(&self) -> Vec<Name> {
        self.board.names()
    }

    fn hello(&self) -> Update {
        let now = clock::now().wall.0;
        let hello = self.hello.clone();
        Update::Hello(Hello { now, ..hello })
    }

    fn thing(&self, name: &Name) -> Update {
        match self.board.target(name) {
            Some(view) => Update::Target(Box::new(view)),
            None => Update::Gone {
                name: name.to_string(),
            },
        }
    }

    fn health(&self) -> Update {
        Update::Health(self.board.health())
    }

    fn ready(&self) -> Update {
        Update::Ready
    }
}
