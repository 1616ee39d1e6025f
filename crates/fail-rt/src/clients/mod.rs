//! Clients that speak in lines or in frames, over TCP and over unix sockets: accepted, read,
//! written to, and never waited for. A frame is its length, a u16, and then so many bytes.
//! Connections that we open ourselves are the same from then on.
//!
//! Nothing here grows with what a client does or leaves undone. There are at most so many of
//! them; what comes in has a longest length; what goes out to who reads lines is asked for and not pushed:
//! the owner looks whether a client [has room](Clients::has_room) and gives it its next line
//! then, so what a stopped reader has not read is not stored anywhere, but made when he goes
//! on. Who sends frames and does not take the answers is not read until he does. One over the
//! limit is told so in one line. Who has taken nothing for too long, or leaves a frame unfinished,
//! or says nothing, loses his place to somebody else.
//!
//! What is said is not known here. A turn of the owner's loop:
//!
//! 1. [`Clients::on_event`] for each event that it [owns](Clients::owns),
//!    [`Clients::expire`] when [`Clients::deadline`] has come;
//! 2. [`Clients::poll`] until nothing comes;
//! 3. [`Clients::write`] while a client has room, and [`Clients::flush`] once.

mod calls;
mod client;
mod listener;
mod unix;

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::net::UnixStream;
use std::path::Path;

use fail_core::time::{Mono, Span};
use mio::Token;

use crate::clock::{self, earliest};
use crate::poller::Desk;
pub use calls::Calls;
use client::Client;
pub use client::{Peer, Stream};
pub use listener::ListenFailed;
use listener::Listener;

/// A client with less output than this waiting has room for one more line.
pub const ROOM_BYTES: usize = 16 << 10;

/// Listening sockets of one set of clients: a host may have many addresses.
const LISTENERS_MAX: usize = 1 << 10;

/// Bytes that may wait for one who speaks in frames. Who is not read while he has no room can
/// only be owed more than that by what he has ordered before, and does not take.
const UNREAD_MAX: usize = 256 << 10;

/// Clients over the limit that are being told so. Those beyond find the door shut.
const REFUSED_MAX: usize = 8;

/// How long a client whom we have said farewell to may take to hear it.
const FAREWELL: Span = Span::from_secs(2);

/// How long nobody is let in when the system has no descriptors left.
const ACCEPT_PAUSE: Span = Span::from_secs(1);

/// New clients that are let in in one turn.
const ACCEPTS_PER_TURN: usize = 64;

/// Numbers of clients begin again after this one.
const NUMBERS: usize = 1 << 30;

/// What a set of clients may do.
#[derive(Debug, Clone)]
pub struct Terms {
    /// How many there may be.
    pub clients: usize,
    /// What one over the limit is told: a line, or a frame.
    pub full: Vec<u8>,
    /// Of them, how many may come from one address of the network, and what one over that limit
    /// is told.
    pub each: Option<(usize, Vec<u8>)>,
    /// How they speak.
    pub speech: Speech,
    /// How long one may take nothing of what waits for him.
    pub patience: Option<Span>,
}

/// How clients speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    /// They have nothing to say. A few bytes are thrown away; who sends more is sent away.
    Nothing,
    /// In lines of at most so many bytes.
    Lines(usize),
    /// In frames.
    Frames {
        /// A shorter one is not what we speak: who sends it is sent away.
        min: usize,
        /// And so is who begins a longer one.
        max: usize,
        /// How long a frame that has begun may take to be whole; the first one, from when its
        /// client came.
        whole: Span,
        /// How long one may say nothing at all.
        idle: Span,
    },
}

/// One client. Numbers are not used again for a long time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientNo(usize);

impl ClientNo {
    /// As a plain number, for those who do not know this type.
    pub fn number(self) -> u64 {
        self.0 as u64
    }

    /// The client of that number.
    pub fn of(number: u64) -> ClientNo {
        // What is no number of a client is nobody's.
        ClientNo(usize::try_from(number).unwrap_or(usize::MAX))
    }
}

/// What has happened to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It is there.
    Came {
        /// Which.
        client: ClientNo,
        /// Who it is.
        peer: Peer,
    },
    /// It has said something, without the end of its line.
    Line {
        /// Which.
        client: ClientNo,
        /// What.
        line: String,
    },
    /// It has said something, without its length.
    Frame {
        /// Which.
        client: ClientNo,
        /// What.
        bytes: Vec<u8>,
    },
    /// It has begun a line that is too long, and will not be heard again.
    TooLong {
        /// Which.
        client: ClientNo,
    },
    /// It has gone, or was sent away. Once for each that came.
    Gone {
        /// Which.
        client: ClientNo,
    },
}

/// A set of clients, and the sockets by which they come.
pub struct Clients {
    desk: Desk,
    terms: Terms,
    listeners: Vec<Listener>,
    clients: BTreeMap<usize, Client>,
    events: VecDeque<Event>,
    last: usize,
}

impl Clients {
    /// None, and no way to come.
    pub fn new(desk: Desk, terms: Terms) -> Clients {
        Clients {
            desk,
            terms,
            listeners: Vec::new(),
            clients: BTreeMap::new(),
            events: VecDeque::new(),
            last: 0,
        }
    }

    /// Listens on a TCP address, and says on which: port 0 is a free one. For frames `::` is
    /// IPv6 only, so that it can stand beside `0.0.0.0`; else it is as the system has it.
    pub fn listen(&mut self, address: SocketAddr) -> Result<SocketAddr, ListenFailed> {
        let (listener, bound) = Listener::tcp(address)?;
        let added = self.add_listener(listener);
        added.map_err(|source| ListenFailed::Tcp { address, source })?;
        Ok(bound)
    }

    /// Listens on a unix socket that only our user can open. One that nobody answers any more
    /// is replaced. It goes away with us, if it is still ours.
    pub fn listen_unix(&mut self, path: &Path) -> Result<(), ListenFailed> {
        let listener = Listener::unix(path)?;
        let path = path.to_owned();
        self.add_listener(listener)
            .map_err(|source| ListenFailed::Unix { path, source })
    }

    fn add_listener(&mut self, listener: Listener) -> std::io::Result<()> {
        if self.listeners.len() >= LISTENERS_MAX {
            return Err(std::io::Error::other("too many sockets to listen on"));
        }
        listener.watch(&self.desk, self.listeners.len())?;
        self.listeners.push(listener);
        Ok(())
    }

    /// Takes the other end of a pair of sockets for a client that has come.
    pub fn adopt(&mut self, stream: UnixStream) -> std::io::Result<ClientNo> {
        stream.set_nonblocking(true)?;
        self.let_in(Stream::Unix(stream), None, clock::now().mono)
    }

    /// Opens a connection. It counts like one that has come; what is written to it waits until
    /// it stands, and if it does not, it has gone.
    pub fn call(&mut self, address: SocketAddr) -> std::io::Result<ClientNo> {
        let stream = calls::connect(address)?;
        self.let_in(Stream::Tcp(stream), None, clock::now().mono)
    }

    /// Whether this event is for [`Clients::on_event`].
    pub fn owns(&self, token: Token) -> bool {
        self.desk.number(token).is_some()
    }

    /// Somebody knocks, says something, goes, or can take more.
    pub fn on_event(&mut self, token: Token, now: Mono) {
        match self.desk.number(token) {
            Some(n) if n < LISTENERS_MAX => self.accept(n, now),
            Some(n) => {
                self.read(n, now);
                self.write_out(n, now);
            }
            None => {}
        }
    }

    fn accept(&mut self, n: usize, now: Mono) {
        for _ in 0..ACCEPTS_PER_TURN {
            let Some(listener) = self.listeners.get_mut(n) else {
                return;
            };
            match listener.accept() {
                Ok(Some(stream)) => {
                    let full = self.full(&stream);
                    // One that can not be watched is gone again; its end of the line shows it.
                    let came = self.let_in(stream, full, now);
                    let came = came.ok().and_then(|ClientNo(n)| self.clients.get_mut(&n));
                    if let Some(client) = came {
                        client.owes_a_word(now);
                    }
                }
                Ok(None) => return,
                Err(_) => {
                    listener.rest_until = Some(now + ACCEPT_PAUSE);
                    return;
                }
            }
        }
        if let Some(listener) = self.listeners.get(n) {
            listener.rearm(&self.desk, n);
        }
    }

    /// Clients that count for the limit: all who have not been said farewell to.
    fn counted(&self) -> usize {
        let here = |client: &&Client| !client.is_leaving();
        self.clients.values().filter(here).count()
    }

    /// What this one is told instead of being let in, if as many as may have come already, in
    /// all or from where it comes from.
    fn full(&self, stream: &Stream) -> Option<Vec<u8>> {
        if self.counted() >= self.terms.clients {
            return Some(self.terms.full.clone());
        }
        let (Some((each, full)), Peer::Tcp(from)) = (&self.terms.each, stream.peer()) else {
            return None;
        };
        let same = |ip: Option<IpAddr>| ip == Some(from.ip());
        let here = self.clients.values().filter(|c| !c.is_leaving());
        let many = here.filter(|client| same(client.ip())).count() >= *each;
        many.then(|| full.clone())
    }

    fn let_in(
        &mut self,
        stream: Stream,
        full: Option<Vec<u8>>,
        now: Mono,
    ) -> std::io::Result<ClientNo> {
        let leaving = self.clients.len() - self.counted();
        if full.is_some() && leaving >= REFUSED_MAX {
            return Err(std::io::Error::other("no room to say no"));
        }
        let n = self.free_number();
        let mut client = Client::new(stream, now);
        client.watch(&self.desk, n)?;
        match full {
            Some(full) => {
                client.write(&full);
                client.leave();
            }
            None => {
                let (peer, client) = (client.peer(), ClientNo(n));
                self.events.push_back(Event::Came { client, peer });
            }
        }
        self.clients.insert(n, client);
        Ok(ClientNo(n))
    }

    fn free_number(&mut self) -> usize {
        loop {
            self.last = match self.last + 1 {
                n if n < NUMBERS => n.max(LISTENERS_MAX),
                _ => LISTENERS_MAX,
            };
            if !self.clients.contains_key(&self.last) {
                return self.last;
            }
        }
    }

    fn read(&mut self, n: usize, now: Mono) {
        let Some(client) = self.clients.get_mut(&n) else {
            return;
        };
        let heard = client.read(self.terms.speech, now);
        let no = ClientNo(n);
        let lines = heard.lines.into_iter();
        self.events
            .extend(lines.map(|line| Event::Line { client: no, line }));
        let frames = heard.frames.into_iter();
        self.events
            .extend(frames.map(|bytes| Event::Frame { client: no, bytes }));
        if heard.too_long {
            self.events.push_back(Event::TooLong { client: no });
        }
        if heard.more {
            client.rearm(&self.desk, n);
        }
        if heard.gone {
            self.remove(n);
        }
    }

    fn write_out(&mut self, n: usize, now: Mono) {
        let Some(client) = self.clients.get_mut(&n) else {
            return;
        };
        if client.write_out(now, FAREWELL).is_err() {
            return self.remove(n);
        }
        if client.goes_on(now) {
            client.rearm(&self.desk, n);
        }
    }

    fn remove(&mut self, n: usize) {
        if let Some(client) = self.clients.remove(&n) {
            client.forget(&self.desk);
            if !client.is_leaving() {
                self.events.push_back(Event::Gone {
                    client: ClientNo(n),
                });
            }
        }
    }

    /// What has happened, in its order; nothing: that was all for now.
    pub fn poll(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether a client can be given its next line: it is there, and takes what it is given.
    pub fn has_room(&self, client: ClientNo) -> bool {
        self.clients.get(&client.0).is_some_and(Client::has_room)
    }

    /// Where a client is in the network.
    pub fn address(&self, client: ClientNo) -> Option<SocketAddr> {
        match self.clients.get(&client.0)?.peer() {
            Peer::Tcp(address) => Some(address),
            Peer::Unix { .. } | Peer::Unknown => None,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.counted()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.counted() == 0
    }

    /// Gives a client a frame; one that is too long to be one is not sent. Who has left too much
    /// of them is sent away.
    pub fn write_frame(&mut self, client: ClientNo, bytes: &[u8]) {
        if let Ok(len) = u16::try_from(bytes.len()) {
            self.write(client, &len.to_be_bytes());
            self.write(client, bytes);
        }
        let unread = self.clients.get(&client.0).map_or(0, Client::unread);
        if unread > UNREAD_MAX {
            self.remove(client.0);
        }
    }

    /// Gives a client bytes that end with a line. To be called when it has room.
    pub fn write(&mut self, client: ClientNo, bytes: &[u8]) {
        if let Some(client) = self.clients.get_mut(&client.0) {
            client.write(bytes);
        }
    }

    /// Sends what can be sent.
    pub fn flush(&mut self, now: Mono) {
        let waiting = self.clients.iter().filter(|(_, client)| client.is_owed());
        let waiting: Vec<usize> = waiting.map(|(n, _)| *n).collect();
        waiting.into_iter().for_each(|n| self.write_out(n, now));
    }

    /// Says farewell to a client: it gets what it was given, and then goes. For the owner it
    /// has gone; there is no event.
    pub fn close(&mut self, client: ClientNo) {
        if let Some(client) = self.clients.get_mut(&client.0) {
            client.leave();
        }
    }

    /// Whether there is something that a client has not taken yet.
    pub fn is_owed(&self) -> bool {
        self.clients.values().any(Client::is_owed)
    }

    /// When to call [`Clients::expire`].
    pub fn deadline(&self) -> Option<Mono> {
        let terms = &self.terms;
        let clients = self.clients.values().map(|c| c.deadline(terms));
        earliest(clients.chain(self.listeners.iter().map(|l| l.rest_until)))
    }

    /// Sends away who has had his time, and opens the doors again.
    pub fn expire(&mut self, now: Mono) {
        let terms = &self.terms;
        let due = |client: &Client| client.deadline(terms).is_some_and(|at| at <= now);
        let late = self.clients.iter().filter(|(_, client)| due(client));
        let late: Vec<usize> = late.map(|(n, _)| *n).collect();
        late.into_iter().for_each(|n| self.remove(n));
        for n in 0..self.listeners.len() {
            let rest = &mut self.listeners[n].rest_until;
            if rest.is_some_and(|at| at <= now) {
                *rest = None;
                self.accept(n, now);
            }
        }
    }
}
