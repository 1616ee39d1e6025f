//! Services for a faild, and the changes by which it hears of them.

use std::io;
use std::ops::Range;

use fail_client::Client;
use fail_wire::{Change, Marks, NAME_BYTES_MAX, Name, REASON_BYTES_MAX, Reason, Record, State};

use crate::server::Server;

/// Who changes something at the same time.
pub const SENDERS: usize = 64;

/// What services look like.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// As somebody would name them.
    Typical,
    /// The longest names and reasons that there are, in letters that a state file must escape.
    Longest,
}

impl Kind {
    /// The service of this number.
    pub fn name(self, no: usize) -> io::Result<Name> {
        let name = match self {
            Kind::Typical => format!("web-customer-{no:05}"),
            Kind::Longest => format!("{no:05}{}", "x".repeat(NAME_BYTES_MAX - 5)),
        };
        Name::new(&name).map_err(io::Error::other)
    }

    fn reason(self) -> Reason {
        match self {
            Kind::Typical => Reason::new("start: no master can serve; slaves hostb=RECOVER"),
            Kind::Longest => Reason::new(&"\"".repeat(REASON_BYTES_MAX)),
        }
    }
}

/// Somebody who changes one service after the other.
pub struct Sender {
    client: Client,
    kind: Kind,
    nonce: u64,
}

impl Sender {
    /// One who has looked at this faild.
    pub fn new(server: &Server, kind: Kind) -> io::Result<Sender> {
        let mut client = server.client()?;
        let (_, nonce) = client.read_one(&kind.name(0)?).map_err(io::Error::other)?;
        Ok(Sender {
            client,
            kind,
            nonce,
        })
    }

    /// The record of a service.
    pub fn read(&mut self, no: usize) -> io::Result<Record> {
        let read = self.client.read_one(&self.kind.name(no)?);
        Ok(read.map_err(io::Error::other)?.0)
    }

    /// Changes a service from this version on, and gives its next.
    pub fn change(&mut self, no: usize, version: u64) -> io::Result<u64> {
        let change = Change {
            nonce: self.nonce,
            version,
            name: self.kind.name(no)?,
            state: Some(State::Up),
            set: Marks(0),
            clear: Marks(0),
            reason: self.kind.reason(),
            interval_ms: 0,
        };
        let changed = self.client.change_exactly(&change);
        Ok(changed.map_err(io::Error::other)?.version)
    }
}

/// Lets all senders do something at the same time; gives what came of it for each.
pub fn together<T: Send>(
    server: &Server,
    kind: Kind,
    count: usize,
    act: impl Fn(usize, Sender) -> io::Result<T> + Sync,
) -> io::Result<Vec<T>> {
    let act = &act;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|no| scope.spawn(move || act(no, Sender::new(server, kind)?)))
            .collect();
        let ended = threads.into_iter().map(|thread| match thread.join() {
            Ok(done) => done,
            Err(_) => Err(io::Error::other("a sender panicked")),
        });
        ended.collect()
    })
}

/// Tells a faild of services that it has not heard of.
pub fn services(server: &Server, kind: Kind, numbers: Range<usize>) -> io::Result<()> {
    together(server, kind, SENDERS, |first, mut sender| {
        let mut own = numbers.clone().skip(first).step_by(SENDERS);
        own.try_for_each(|no| sender.change(no, 0).map(drop))
    })
    .map(drop)
}
