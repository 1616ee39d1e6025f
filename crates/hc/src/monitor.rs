//! The monitor stream: `hc-monitor(7)`, as a server.
//!
//! A client is told everything once, then news. What is news to it is remembered by name, not
//! by value: the line is made when the client has room for it, and shows what is true then. So a
//! client that reads slowly sees fewer steps, costs no more than one name for each target, and
//! never holds up anything. Who asks for some targets by a line is told of no others from
//! then on.
//!
//! Nobody is asked who he is, and nothing can be changed here.

mod session;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use fail_core::limits::MONITOR_CLIENTS_MAX;
use fail_core::time::{Mono, Span};
use fail_rt::clients::{ClientNo, Clients, Event, ListenFailed, Speech, Terms};
use fail_rt::clock::{self, earliest};
use fail_rt::log::Log;
use fail_rt::poller::{Desk, Token};
use fail_wire::Name;
use fail_wire::health::{HEALTH_VERSION, HealthView, Hello, TargetView, Update};
use serde::Deserialize;

use session::Session;

/// A client that has been told all news is told the next ones so much later: what changes ten
/// times meanwhile is one line.
const PACE: Span = Span::from_millis(50);

/// Bytes written in one turn of the loop, to all clients together: a few milliseconds.
const BYTES_PER_TURN: usize = 256 << 10;

/// Who has taken nothing for so long is gone, or might as well be.
const PATIENCE: Span = Span::from_secs(300);

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
    clients: Clients,
    sessions: BTreeMap<ClientNo, Session>,
    hello: Hello,
    log: Log,
    /// As it was told last, and when to look again.
    health: HealthView,
    health_at: Mono,
    /// There is more to write than one turn has time for.
    again: bool,
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
            clients: Clients::new(desk, terms),
            sessions: BTreeMap::new(),
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
            again: false,
        }
    }

    /// Listens on one more address, and says on which: port 0 is a free one.
    ///
    /// # Errors
    /// Somebody else has it.
    pub fn listen(&mut self, address: SocketAddr) -> Result<SocketAddr, ListenFailed> {
        self.clients.listen(address)
    }

    /// Whether this event is for [`Monitor::on_event`].
    pub fn owns(&self, token: Token) -> bool {
        self.clients.owns(token)
    }

    /// A socket can be read or written.
    pub fn on_event(&mut self, token: Token, now: Mono, board: &impl Board) {
        self.clients.on_event(token, now);
        self.look(board);
    }

    fn look(&mut self, board: &impl Board) {
        while let Some(event) = self.clients.poll() {
            match event {
                Event::Came { client, .. } => {
                    self.tell_log(client, "comes");
                    self.sessions.insert(client, Session::new(board.names()));
                }
                Event::Gone { client } => {
                    self.sessions.remove(&client);
                    let left = self.sessions.len();
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
        let who = self.clients.address(client);
        let who = who.map_or("somebody".to_string(), |who| who.to_string());
        self.log.debug(format_args!("monitor: {who} {what}"));
    }

    fn on_line(&mut self, client: ClientNo, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        let request: Result<Request, _> = serde_json::from_str(line);
        let names = request.map_err(drop).and_then(|request| {
            let names = request.targets.iter();
            let names = names.map(|name| name.parse().map_err(drop));
            names.collect::<Result<BTreeSet<Name>, ()>>()
        });
        match (names, self.sessions.get_mut(&client)) {
            (Ok(names), Some(session)) => {
                session.only(names);
                self.tell_log(client, "asks for some targets");
            }
            (Err(()), Some(_)) => self.refuse(
                client,
                "what it asks for is not understood: one line such as {\"targets\":[\"www\"]}",
            ),
            (_, None) => {}
        }
    }

    fn refuse(&mut self, client: ClientNo, reason: &str) {
        self.tell_log(client, reason);
        let reason = reason.to_string();
        self.clients
            .write(client, line(&Update::Refused { reason }).as_bytes());
        self.clients.close(client);
        // Of who is sent away there is no event.
        self.sessions.remove(&client);
    }

    /// When to call [`Monitor::turn`].
    pub fn deadline(&self) -> Option<Mono> {
        let ready = |(no, session): (&ClientNo, &Session)| {
            let waits = session.has_news() && self.clients.has_room(*no);
            waits.then_some(session.next_at)
        };
        let at_once = self.again.then_some(Mono(0));
        let health = (!self.sessions.is_empty()).then_some(self.health_at);
        let sessions = self.sessions.iter().map(ready);
        earliest(sessions.chain([at_once, health, self.clients.deadline()]))
    }

    /// So many times the Hcfile has been read.
    pub fn renewed(&mut self, count: u64) {
        self.hello.file = count;
    }

    /// These are no longer as they were.
    pub fn changed<'a>(&mut self, names: impl IntoIterator<Item = &'a Name> + Clone) {
        for session in self.sessions.values_mut() {
            session.touch(names.clone());
        }
    }

    /// Once in each turn of the loop: sends away who takes nothing, and gives every client what
    /// it has room for.
    pub fn turn(&mut self, now: Mono, board: &impl Board) {
        self.clients.expire(now);
        self.look(board);
        if now >= self.health_at && !self.sessions.is_empty() {
            self.health_at = now + HEALTH_EVERY;
            let health = board.health();
            if health != self.health {
                self.health = health;
                self.sessions
                    .values_mut()
                    .for_each(|session| session.health = true);
            }
        }
        self.write(now, board);
        self.look(board);
    }

    fn write(&mut self, now: Mono, board: &impl Board) {
        let mut page = Page {
            board,
            hello: &self.hello,
            lines: BTreeMap::new(),
        };
        let mut left = BYTES_PER_TURN;
        self.again = false;
        loop {
            let mut wrote = false;
            for (no, session) in &mut self.sessions {
                while session.next_at <= now && self.clients.has_room(*no) {
                    let Some(line) = session.next(&mut page, now) else {
                        break;
                    };
                    self.clients.write(*no, line.as_bytes());
                    wrote = true;
                    left = left.saturating_sub(line.len());
                }
            }
            self.clients.flush(now);
            if !wrote {
                break;
            }
            if left == 0 {
                self.again = true;
                break;
            }
        }
    }
}

/// What there is to tell in one turn: each line is made once, however many want it.
struct Page<'a, B> {
    board: &'a B,
    hello: &'a Hello,
    lines: BTreeMap<Name, Arc<str>>,
}

impl<B: Board> Page<'_, B> {
    fn hello(&self) -> Arc<str> {
        let now = clock::now().wall.0;
        let hello = self.hello.clone();
        line(&Update::Hello(Hello { now, ..hello })).into()
    }

    fn health(&self) -> Arc<str> {
        line(&Update::Health(self.board.health())).into()
    }

    fn target(&mut self, name: &Name) -> Arc<str> {
        if let Some(known) = self.lines.get(name) {
            return known.clone();
        }
        let made: Arc<str> = match self.board.target(name) {
            Some(view) => line(&Update::Target(Box::new(view))).into(),
            None => line(&Update::Gone {
                name: name.to_string(),
            })
            .into(),
        };
        self.lines.insert(name.clone(), made.clone());
        made
    }
}

/// An update as a line.
fn line(update: &Update) -> String {
    // Nothing in an update can not be written as JSON; should that change, the line is one
    // that a reader skips.
    let text = serde_json::to_string(update).unwrap_or_else(|_| "{\"type\":\"odd\"}".to_string());
    text + "\n"
}
