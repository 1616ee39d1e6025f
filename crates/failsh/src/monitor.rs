//! The monitor stream: `failover-monitor(7)`, as a server.
//!
//! A client is told everything once, then news. What is news to it is remembered by name, not
//! by value: the line is made from the board when the client has room for it, and shows what is
//! true then. So a client that reads slowly sees fewer steps, costs no more than one name for
//! each service and host, and never holds up anything. Only events are kept one by one, the
//! last [`MONITOR_EVENTS_MAX`]; of those that were lost it is told how many.
//!
//! Nobody is asked who he is, and nothing that a client says is read.

mod session;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use fail_core::limits::MONITOR_CLIENTS_MAX;
use fail_core::time::{Mono, Span};
use fail_rt::clients::{ClientNo, Clients, Event, ListenFailed, Speech, Terms};
use fail_rt::clock::{self, earliest};
use fail_rt::poller::{Desk, Token};
use fail_tcl::Board;
use fail_wire::monitor::{Hello, MONITOR_VERSION, Update};

use session::{Session, Subject};

/// A client that has been told all news is told the next ones so much later: what changes ten
/// times meanwhile is one line.
const PACE: Span = Span::from_millis(50);

/// Bytes written in one turn of the loop, to all clients together: a few milliseconds.
const BYTES_PER_TURN: usize = 256 << 10;

/// Who has taken nothing for so long is gone, or might as well be.
const PATIENCE: Span = Span::from_secs(300);

/// Everybody who watches this failsh.
pub struct Monitor {
    clients: Clients,
    sessions: BTreeMap<ClientNo, Session>,
    board: Board,
    hello: Hello,
    /// There is more to write than one turn has time for.
    again: bool,
}

impl Monitor {
    /// Nobody yet, and no way to come.
    pub fn new(desk: Desk, board: Board) -> Monitor {
        let reason = format!(
            "there are {MONITOR_CLIENTS_MAX} monitors already, and no more are served \
             (MONITOR_CLIENTS_MAX)"
        );
        let terms = Terms {
            clients: MONITOR_CLIENTS_MAX,
            full: line(&Update::Refused { reason }).into_bytes(),
            each: None,
            speech: Speech::Nothing,
            patience: Some(PATIENCE),
        };
        let now = clock::now().wall.0;
        Monitor {
            clients: Clients::new(desk, terms),
            sessions: BTreeMap::new(),
            board,
            hello: Hello {
                stream: MONITOR_VERSION,
                program: "failsh".to_string(),
                version: env!("CARGO_PKG_VERSION").to_string(),
                host: clock::host_name(),
                pid: std::process::id(),
                started: now,
                now,
                policy: 1,
            },
            again: false,
        }
    }

    /// Listens on one more address, and says on which: port 0 is a free one.
    pub fn listen(&mut self, address: SocketAddr) -> Result<SocketAddr, ListenFailed> {
        self.clients.listen(address)
    }

    /// Whether this event is for [`Monitor::on_event`].
    pub fn owns(&self, token: Token) -> bool {
        self.clients.owns(token)
    }

    /// A socket can be read or written.
    pub fn on_event(&mut self, token: Token, now: Mono) {
        self.clients.on_event(token, now);
        self.look();
    }

    fn look(&mut self) {
        while let Some(event) = self.clients.poll() {
            match event {
                Event::Came { client, .. } => {
                    let session = Session::new(&self.board);
                    self.sessions.insert(client, session);
                }
                Event::Gone { client } => {
                    self.sessions.remove(&client);
                }
                Event::Line { .. } | Event::Frame { .. } | Event::TooLong { .. } => {}
            }
        }
    }

    /// When to call [`Monitor::expire`] and [`Monitor::write`].
    pub fn deadline(&self) -> Option<Mono> {
        let ready = |(no, session): (&ClientNo, &Session)| {
            let waits = session.has_news() && self.clients.has_room(*no);
            waits.then_some(session.next_at)
        };
        let at_once = self.again.then_some(Mono(0));
        let sessions = self.sessions.iter().map(ready);
        earliest(sessions.chain([at_once, self.clients.deadline()]))
    }

    /// Sends away who takes nothing.
    pub fn expire(&mut self, now: Mono) {
        self.clients.expire(now);
        self.look();
    }

    /// Whether somebody watches.
    pub fn is_watched(&self) -> bool {
        !self.sessions.is_empty()
    }

    /// So many times the policy has been read.
    pub fn renewed(&mut self, count: u64) {
        self.hello.policy = count;
    }

    /// News for everybody. The board shows them already.
    pub fn changed(&mut self, update: &Update) {
        if self.sessions.is_empty() {
            return;
        }
        let sessions = self.sessions.values_mut();
        match update {
            Update::Event(event) => {
                let event = Arc::new(event.clone());
                sessions.for_each(|session| session.remember(&event));
            }
            Update::Health(_) => sessions.for_each(|session| session.health = true),
            update => {
                if let Some(subject) = Subject::of(update) {
                    sessions.for_each(|session| session.touch(&subject));
                }
            }
        }
    }

    /// Gives every client what it has room for. To be called once in each turn of the loop.
    pub fn write(&mut self, now: Mono) {
        let mut page = Page {
            board: &self.board,
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
        self.look();
    }
}

/// What there is to tell in one turn: each line is made once, however many want it.
struct Page<'a> {
    board: &'a Board,
    hello: &'a Hello,
    lines: BTreeMap<Subject, Option<Arc<str>>>,
}

impl Page<'_> {
    fn hello(&self) -> Arc<str> {
        let now = clock::now().wall.0;
        let hello = self.hello.clone();
        line(&Update::Hello(Hello { now, ..hello })).into()
    }

    /// Nothing: it is no longer there.
    fn line_of(&mut self, subject: &Subject) -> Option<Arc<str>> {
        if let Some(known) = self.lines.get(subject) {
            return known.clone();
        }
        let update = match subject {
            Subject::Service(name) => {
                let view = self.board.service(name);
                view.map(|view| Update::Service(Box::new(view.as_ref().clone())))
            }
            Subject::Host(name) => {
                let view = self.board.host(name);
                view.map(|view| Update::Host(view.as_ref().clone()))
            }
            Subject::Health => {
                let health = self.board.health();
                Some(Update::Health(health.as_ref().clone()))
            }
        };
        let made: Option<Arc<str>> = update.map(|update| line(&update).into());
        self.lines.insert(subject.clone(), made.clone());
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
