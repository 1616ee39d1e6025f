//! A stream of lines of JSON to many readers, as a server: the monitor of a failsh, and of a hc.
//! Read again by `fail_client::stream`.
//!
//! A reader is told everything once, then news. What is news to it is remembered by name, not
//! by value: the line is made when the reader has room for it, and shows what is true then. So a
//! reader that is slow sees fewer steps, costs no more than one name for each thing, and never
//! holds up anything. Only events are kept one by one, the last [`MONITOR_EVENTS_MAX`](fail_core::limits::MONITOR_EVENTS_MAX); of those
//! that were lost it is told how many.
//!
//! What there is to tell is not known here: that is a [`Source`]. A turn of the owner's loop:
//!
//! 1. [`Stream::on_event`] for each event that it [owns](Stream::owns),
//!    [`Stream::expire`] when [`Stream::deadline`] has come;
//! 2. [`Stream::poll`] until nothing comes;
//! 3. [`Stream::write`] once, and [`Stream::poll`] again.

mod reader;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use fail_core::time::{Mono, Span};
use serde::Serialize;

use crate::clients::{ClientNo, Clients, Event, ListenFailed, Terms};
use crate::clock::earliest;
use crate::poller::{Desk, Token};
use reader::Reader;

/// A reader that has been told all news is told the next ones so much later: what changes ten
/// times meanwhile is one line.
pub const PACE: Span = Span::from_millis(50);

/// Bytes written in one turn of the loop, to all readers together: a few milliseconds.
const BYTES_PER_TURN: usize = 256 << 10;

/// Who has taken nothing for so long is gone, or might as well be.
pub const PATIENCE: Span = Span::from_secs(300);

/// What there is to tell, as it is now.
pub trait Source {
    /// What a thing is called.
    type Name: Clone + Ord;
    /// A line.
    type Update: Serialize;

    /// All things.
    fn names(&self) -> Vec<Self::Name>;
    /// The first line.
    fn hello(&self) -> Self::Update;
    /// A thing, or that it is gone.
    fn thing(&self, name: &Self::Name) -> Self::Update;
    /// Whether who was never told of this thing is to be told of it. One that is gone may not
    /// be worth a line.
    fn is_missed(&self, _name: &Self::Name) -> bool {
        true
    }
    /// How well the program does its own work.
    fn health(&self) -> Self::Update;
    /// Everything has been told once.
    fn ready(&self) -> Self::Update;
    /// So many events were lost; nothing: there are no events.
    fn lost(&self, _count: u64) -> Option<Self::Update> {
        None
    }
}

/// An update as a line.
pub fn line(update: &impl Serialize) -> String {
    // Nothing in an update can not be written as JSON; should that change, the line is one
    // that a reader skips.
    let text = serde_json::to_string(update).unwrap_or_else(|_| "{\"type\":\"odd\"}".to_string());
    text + "\n"
}

/// Everybody who reads, and the sockets by which they come.
pub struct Stream<N> {
    clients: Clients,
    readers: BTreeMap<ClientNo, Reader<N>>,
    /// There is more to write than one turn has time for.
    again: bool,
}

impl<N: Clone + Ord> Stream<N> {
    /// Nobody yet, and no way to come.
    pub fn new(desk: Desk, terms: Terms) -> Stream<N> {
        Stream {
            clients: Clients::new(desk, terms),
            readers: BTreeMap::new(),
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

    /// Whether this event is for [`Stream::on_event`].
    pub fn owns(&self, token: Token) -> bool {
        self.clients.owns(token)
    }

    /// A socket can be read or written.
    pub fn on_event(&mut self, token: Token, now: Mono) {
        self.clients.on_event(token, now);
    }

    /// What has happened, in its order; nothing: that was all for now.
    pub fn poll(&mut self) -> Option<Event> {
        let event = self.clients.poll()?;
        match event {
            Event::Came { client, .. } => {
                self.readers.insert(client, Reader::default());
            }
            Event::Gone { client } => {
                self.readers.remove(&client);
            }
            Event::Line { .. } | Event::Frame { .. } | Event::TooLong { .. } => {}
        }
        Some(event)
    }

    /// Where a reader is in the network.
    pub fn address(&self, client: ClientNo) -> Option<SocketAddr> {
        self.clients.address(client)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.readers.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.readers.is_empty()
    }

    /// Whether everybody has been told everything.
    pub fn is_told(&self) -> bool {
        self.readers.values().all(|reader| !reader.has_news())
    }

    /// This thing is no longer as it was.
    pub fn touch(&mut self, name: &N) {
        let readers = self.readers.values_mut();
        readers.for_each(|reader| reader.touch(name));
    }

    /// The health is no longer as it was.
    pub fn touch_health(&mut self) {
        let readers = self.readers.values_mut();
        readers.for_each(|reader| reader.health = true);
    }

    /// Something has happened.
    pub fn tell(&mut self, event: &impl Serialize) {
        if self.readers.is_empty() {
            return;
        }
        let event: Arc<str> = line(event).into();
        let readers = self.readers.values_mut();
        readers.for_each(|reader| reader.remember(&event));
    }

    /// From now on a reader is told of these things only. Each of them is told of once more, so
    /// that it is told of before it hears that it has been told everything also if it is not
    /// there, unless it has heard that already. Only the first such wish counts.
    pub fn only(&mut self, client: ClientNo, names: BTreeSet<N>) {
        if let Some(reader) = self.readers.get_mut(&client) {
            reader.only(names);
        }
    }

    /// Whether it was said already of which things a reader is told only.
    pub fn has_asked(&self, client: ClientNo) -> bool {
        let reader = self.readers.get(&client);
        reader.is_some_and(|reader| reader.only.is_some())
    }

    /// Sends a reader away with a last line.
    pub fn close(&mut self, client: ClientNo, update: &impl Serialize) {
        self.clients.write(client, line(update).as_bytes());
        self.clients.close(client);
        // Of who is sent away there is no event.
        self.readers.remove(&client);
    }

    /// When to call [`Stream::expire`] and [`Stream::write`].
    pub fn deadline(&self) -> Option<Mono> {
        let ready = |(no, reader): (&ClientNo, &Reader<N>)| {
            let waits = reader.has_news() && self.clients.has_room(*no);
            waits.then_some(reader.next_at)
        };
        let at_once = self.again.then_some(Mono(0));
        let readers = self.readers.iter().map(ready);
        earliest(readers.chain([at_once, self.clients.deadline()]))
    }

    /// Sends away who takes nothing.
    pub fn expire(&mut self, now: Mono) {
        self.clients.expire(now);
    }

    /// Gives every reader what it has room for. To be called once in each turn of the loop.
    pub fn write<S: Source<Name = N>>(&mut self, now: Mono, source: &S) {
        let mut page = Page {
            source,
            things: BTreeMap::new(),
        };
        let mut left = BYTES_PER_TURN;
        self.again = false;
        loop {
            let mut wrote = false;
            for (no, reader) in &mut self.readers {
                while reader.next_at <= now && self.clients.has_room(*no) {
                    let Some(line) = reader.next(&mut page, now) else {
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

/// What there is to tell in one turn: the line of a thing is made once, however many want it.
struct Page<'a, S: Source> {
    source: &'a S,
    things: BTreeMap<S::Name, Arc<str>>,
}

impl<S: Source> Page<'_, S> {
    fn thing(&mut self, name: &S::Name) -> Arc<str> {
        if let Some(known) = self.things.get(name) {
            return known.clone();
        }
        let made: Arc<str> = line(&self.source.thing(name)).into();
        self.things.insert(name.clone(), made.clone());
        made
    }
}
