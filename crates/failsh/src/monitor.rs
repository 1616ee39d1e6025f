//! The monitor stream: `failover-monitor(7)`, as a server: `fail_rt::stream` with what is on the
//! board.
//!
//! Nobody is asked who he is, and nothing that a client says is read.

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use fail_core::limits::MONITOR_CLIENTS_MAX;
use fail_core::time::Mono;
use fail_rt::clients::{ListenFailed, Speech, Terms};
use fail_rt::clock;
use fail_rt::poller::{Desk, Token};
use fail_rt::stream::{PATIENCE, Source, Stream, line};
use fail_tcl::Board;
use fail_wire::monitor::{EventView, Hello, MONITOR_VERSION, Update};

/// What a line is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    /// A service.
    Service(Arc<str>),
    /// A host.
    Host(Arc<str>),
}

impl Subject {
    /// What this update is about, if it is about a thing that the board shows.
    fn of(update: &Update) -> Option<Subject> {
        match update {
            Update::Service(view) => Some(Subject::Service(view.name.as_str().into())),
            Update::Host(view) => Some(Subject::Host(view.name.as_str().into())),
            Update::Gone { what, name } if what == "host" => {
                Some(Subject::Host(name.as_str().into()))
            }
            Update::Gone { name, .. } => Some(Subject::Service(name.as_str().into())),
            _ => None,
        }
    }

    fn gone(&self) -> Update {
        let (what, name) = match self {
            Subject::Service(name) => ("service", name),
            Subject::Host(name) => ("host", name),
        };
        Update::Gone {
            what: what.to_string(),
            name: name.to_string(),
        }
    }
}

/// Everybody who watches this failsh.
pub struct Monitor {
    stream: Stream<Subject>,
    told: Told,
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
        let hello = Hello {
            stream: MONITOR_VERSION,
            program: "failsh".to_string(),
            version: env!("CARGO_PKG_VERSION").to_string(),
            host: clock::host_name(),
            pid: std::process::id(),
            started: now,
            now,
            policy: 1,
        };
        Monitor {
            stream: Stream::new(desk, terms),
            told: Told { board, hello },
        }
    }

    /// Listens on one more address, and says on which: port 0 is a free one.
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

    /// Clients have nothing to say.
    fn look(&mut self) {
        while self.stream.poll().is_some() {}
    }

    /// When to call [`Monitor::expire`] and [`Monitor::write`].
    pub fn deadline(&self) -> Option<Mono> {
        self.stream.deadline()
    }

    /// Sends away who takes nothing.
    pub fn expire(&mut self, now: Mono) {
        self.stream.expire(now);
        self.look();
    }

    /// Whether somebody watches.
    pub fn is_watched(&self) -> bool {
        !self.stream.is_empty()
    }

    /// So many times the policy has been read.
    pub fn renewed(&mut self, count: u64) {
        self.told.hello.policy = count;
    }

    /// News for everybody. The board shows them already.
    pub fn changed(&mut self, update: &Update) {
        if self.stream.is_empty() {
            return;
        }
        match update {
            Update::Event(_) => self.stream.tell(update),
            Update::Health(_) => self.stream.touch_health(),
            update => {
                if let Some(subject) = Subject::of(update) {
                    self.stream.touch(&subject);
                }
            }
        }
    }

    /// Gives every client what it has room for. To be called once in each turn of the loop.
    pub fn write(&mut self, now: Mono) {
        self.stream.write(now, &self.told);
        self.look();
    }
}

/// What the stream tells.
struct Told {
    board: Board,
    hello: Hello,
}

impl Told {
    /// Nothing: it is no longer there.
    fn shown(&self, subject: &Subject) -> Option<Update> {
        match subject {
            Subject::Service(name) => {
                let view = self.board.service(name)?;
                Some(Update::Service(Box::new(view.as_ref().clone())))
            }
            Subject::Host(name) => {
                let view = self.board.host(name)?;
                Some(Update::Host(view.as_ref().clone()))
            }
        }
    }
}

impl Source for Told {
    type Name = Subject;
    type Update = Update;

    fn names(&self) -> Vec<Subject> {
        let services = self.board.services().into_iter();
        let services = services.map(|view| Subject::Service(view.name.as_str().into()));
        let hosts = self.board.hosts().into_iter();
        let hosts = hosts.map(|view| Subject::Host(view.name.as_str().into()));
        services.chain(hosts).collect()
    }

    fn hello(&self) -> Update {
        let now = clock::now().wall.0;
        let hello = self.hello.clone();
        Update::Hello(Hello { now, ..hello })
    }

    fn thing(&self, subject: &Subject) -> Update {
        self.shown(subject).unwrap_or_else(|| subject.gone())
    }

    fn is_missed(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Service(name) => self.board.service(name).is_some(),
            Subject::Host(name) => self.board.host(name).is_some(),
        }
    }

    fn health(&self) -> Update {
        Update::Health(self.board.health().as_ref().clone())
    }

    fn ready(&self) -> Update {
        Update::Ready
    }

    fn lost(&self, count: u64) -> Option<Update> {
        let data = BTreeMap::from([("count".to_string(), count.to_string())]);
        Some(Update::Event(EventView {
            at: clock::now().wall.0,
            event: "lost".to_string(),
            subject: String::new(),
            data,
        }))
    }
}
