//! Ask a faild, blocking, with deadlines.
//!
//! For tools and other programs; the daemons have their own loop. A [`Client`] asks one faild
//! over UDP, in the protocol of `failover-protocol(7)`:
//!
//! | call | what it does |
//! |---|---|
//! | [`Client::read`], [`Client::read_one`] | records as they are |
//! | [`Client::change`], [`Client::forget`] | compare-and-set: nobody is overwritten who was faster |
//! | [`Client::history`], [`Client::figures`] | what happened lately; what it counted, its limits |
//! | [`Client::watch`] | records as they are, and then every change |
//! | [`Client::levels`], [`Client::set_level`] | the debug levels of a program |
//!
//! Each try has a time-out, each call a number of tries ([`Options`]); nothing blocks for longer
//! than their product, for each page. The module [`monitor`] reads what a failsh shows of itself,
//! [`follow`] goes on doing so, and a [`snapshot::Snapshot`] is what came of it; [`health`] is the
//! same for a hc. How the tools of the suite print tables is in [`grid`] and [`screen`], and
//! figures for Prometheus in [`metrics`].
//!
//! ```no_run
//! use fail_client::{Client, Options};
//! let faild = "127.0.0.1:1847".parse().unwrap();
//! let mut client = Client::new(faild, "public", Options::default())?;
//! for record in client.read(&[])?.records {
//!     println!("{} is {}: {}", record.name, record.state, record.reason);
//! }
//! # Ok::<(), fail_client::Error>(())
//! ```
//!
//! Whole programs are in `examples/`: `cargo run -p fail-client --example read_all`
//! prints all records, `change` changes one only if it is as expected, `wait` waits until a
//! service is in a state. The tests run all three against a faild.

#![forbid(unsafe_code)]

// What tests share says `fail_client`, here as well.
#[cfg(test)]
extern crate self as fail_client;

mod change;
pub mod control;
mod error;
mod figures;
pub mod follow;
mod frames;
pub mod grid;
pub mod health;
mod history;
mod levels;
pub mod metrics;
pub mod monitor;
mod pushes;
pub mod screen;
pub mod snapshot;
pub mod stream;
mod text;
mod watch;
mod way;
mod wish;

use std::collections::VecDeque;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

pub(crate) use change::RACES_MAX;
pub use change::Wanted;
pub use error::{Error, Failure};
pub use fail_wire::{Answer, Change, Code, Figure, Marks, Name, Past, Reason, Record, State, What};
use fail_wire::{Body, DATAGRAM_BYTES_MAX, Dice, Key, Packet, Query, emit_padded, room_for};
pub use frames::Frames;
use pushes::Pushes;
pub use text::{age, clean, clean_json, is_odd, json, named, print, utc, words};
pub use watch::{News, Watch};
pub use way::Protocol;
use way::{Way, is_time};
pub use wish::Wish;

/// How patient a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How long to wait for an answer, for each try.
    pub timeout: Duration,
    /// How often to ask.
    pub tries: u32,
    /// By which way.
    pub protocol: Protocol,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            timeout: Duration::from_secs(1),
            tries: 3,
            protocol: Protocol::Udp,
        }
    }
}

/// Why a name is not known, without what the standard library puts in front.
fn looked_up(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.strip_prefix("failed to lookup address information: ") {
        Some(why) => why.to_lowercase(),
        None => words(error),
    }
}

/// The addresses of a host, given as a name or an address; at least one. A name may have
/// several, and faild need not listen on the first.
///
/// # Errors
/// One sentence that names the host.
pub fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    let unknown = |why: String| format!("host \"{host}\" is unknown: {why}");
    let found = (host, port).to_socket_addrs();
    let found: Vec<_> = found.map_err(|e| unknown(looked_up(&e)))?.collect();
    match found.is_empty() {
        true => Err(unknown("it has no address".to_string())),
        false => Ok(found),
    }
}

/// After the system said that nobody listens, the next try comes this much later: soon enough
/// to report a closed port, and late enough for a faild that is just starting.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// One faild, as seen from a tool.
pub struct Client {
    way: Way,
    faild: SocketAddr,
    /// Further addresses of the same host, until one has answered.
    others: VecDeque<SocketAddr>,
    key: Key,
    options: Options,
    dice: Dice,
    pushes: Pushes,
}

impl Client {
    /// A client of the faild at this address.
    ///
    /// # Errors
    /// The community can not be used, or there is no socket to be had.
    pub fn new(faild: SocketAddr, community: &str, options: Options) -> Result<Client, Error> {
        Client::of_host(&[faild], community, options)
    }

    /// A client of the faild at the first of these addresses that answers.
    ///
    /// # Errors
    /// The community can not be used, or there is no socket or no address to be had.
    pub fn of_host(
        addresses: &[SocketAddr],
        community: &str,
        options: Options,
    ) -> Result<Client, Error> {
        let key = Key::new(community).map_err(Error::Community)?;
        let mut others: VecDeque<SocketAddr> = addresses.iter().copied().collect();
        let (faild, way) = connect_next(&mut others, options)?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|e| Error::Socket(e.into()))?;
        Ok(Client {
            way,
            faild,
            others,
            key,
            options,
            dice: Dice::new(&seed),
            pushes: Pushes::default(),
        })
    }

    /// The records of these services, or of all that the community may read, in order of
    /// their names, with all pages.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub fn read(&mut self, names: &[Name]) -> Result<Answer, Error> {
        let mut all = Answer {
            nonce: 0,
            more: true,
            records: Vec::new(),
        };
        while all.more {
            let after = all
                .records
                .last()
                .map(|record: &Record| record.name.clone());
            let query = Query {
                beat: None,
                after: after.clone(),
                names: names.to_vec(),
            };
            let room = if names.is_empty() {
                DATAGRAM_BYTES_MAX
            } else {
                room_for(names.len())
            };
            let page = match self.ask(&Body::Query(query), room)? {
                Body::Answer(page) => page,
                other => return Err(self.odd(other)),
            };
            let last = page.records.last().map(|record| &record.name);
            if page.more && last <= after.as_ref() {
                return Err(self.endless());
            }
            all.nonce = page.nonce;
            all.more = page.more;
            all.records.extend(page.records);
        }
        Ok(all)
    }

    /// The record of one service.
    ///
    /// # Errors
    /// No answer, a refusal, or a record that this community may not read.
    pub fn read_one(&mut self, name: &Name) -> Result<(Record, u64), Error> {
        let answer = self.read(std::slice::from_ref(name))?;
        match answer
            .records
            .into_iter()
            .find(|record| record.name == *name)
        {
            Some(record) if record.marks.has(Marks::UNREADABLE) => Err(Error::Unreadable {
                faild: self.faild,
                name: name.clone(),
            }),
            Some(record) => Ok((record, answer.nonce)),
            None => Err(Error::Protocol {
                faild: self.faild,
                problem: "the record asked for is not in its answer",
            }),
        }
    }

    fn odd(&self, body: Body) -> Error {
        match body {
            Body::Refusal(refusal) => Error::refused(self.faild, refusal, true),
            _ => Error::Protocol {
                faild: self.faild,
                problem: "its answer is a question",
            },
        }
    }

    fn endless(&self) -> Error {
        Error::Protocol {
            faild: self.faild,
            problem: "its pages do not end",
        }
    }

    /// Says something without waiting for an answer.
    fn tell(&mut self, request: u64, body: &Body, room: usize) {
        // What does not arrive is as good as not sent: nobody relies on it.
        let _ = self.send(request, body, room);
    }

    fn send(&mut self, request: u64, body: &Body, room: usize) -> std::io::Result<()> {
        let room = if self.way.needs_padding() { room } else { 0 };
        self.way.send(&emit_padded(&self.key, request, body, room))
    }

    /// Asks one address of the host after the other until one has answered, and from then on
    /// that one.
    fn ask(&mut self, body: &Body, room: usize) -> Result<Body, Error> {
        loop {
            let asked = self.ask_here(body, room);
            let nobody = matches!(asked, Err(Error::Silent { .. } | Error::Unreachable { .. }));
            if !nobody {
                self.others.clear();
            }
            match connect_next(&mut self.others, self.options) {
                Ok((faild, way)) => (self.faild, self.way) = (faild, way),
                Err(_) => return asked,
            }
        }
    }

    /// Asks until there is an answer that was made with our key for our request. A refusal
    /// that nobody signed is believed only when nothing better comes.
    fn ask_here(&mut self, body: &Body, room: usize) -> Result<Body, Error> {
        let mut ids = Vec::new();
        let mut hint = None;
        for left in (0..self.options.tries.max(1)).rev() {
            let id = self.dice.roll();
            ids.push(id);
            if matches!(body, Body::Subscribe(_)) {
                self.pushes.expect(id);
            }
            let mut until = Instant::now() + self.options.timeout;
            if let Err(source) = self.send(id, body, room) {
                hint.get_or_insert(Error::Unreachable {
                    faild: self.faild,
                    source,
                });
                until = until.min(refused_until(left));
            }
            match self.listen(&ids, until, left, &mut hint) {
                Some(Body::Refusal(refusal)) => {
                    return Err(Error::refused(self.faild, refusal, true));
                }
                Some(body) => return Ok(body),
                None if matches!(hint, Some(Error::Refused { .. })) => break,
                None => {}
            }
        }
        if hint.is_none() {
            self.way.hang_up();
        }
        Err(hint.unwrap_or(Error::Silent {
            faild: self.faild,
            tries: self.options.tries,
            timeout: self.options.timeout,
            open: matches!(body, Body::Change(_) | Body::Forget(_)),
        }))
    }

    /// Waits for the answer to one of these requests. Without any it waits for a notify.
    fn listen(
        &mut self,
        ids: &[u64],
        mut until: Instant,
        tries_left: u32,
        hint: &mut Option<Error>,
    ) -> Option<Body> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let message = match self.way.receive(left) {
                Ok(message) => message,
                Err(e) if is_time(&e) || e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(source) => {
                    // Nobody listens there now; the next try shows whether that lasts.
                    hint.get_or_insert(Error::Unreachable {
                        faild: self.faild,
                        source,
                    });
                    until = until.min(refused_until(tries_left));
                    if self.way.is_broken() {
                        // Nothing more comes, and the next try opens another one.
                        std::thread::sleep(until.saturating_duration_since(Instant::now()));
                        return None;
                    }
                    continue;
                }
            };
            let Ok(packet) = Packet::read(&message) else {
                continue;
            };
            let request = packet.request();
            let is_answer = ids.contains(&request);
            // There is no place for our connection: said before we have asked anything.
            let is_full = request == 0 && !self.way.needs_padding();
            let expected = is_answer || is_full || self.pushes.expects(request);
            if !packet.answers() || !expected {
                continue;
            }
            if packet.verify(&self.key) {
                match packet.body() {
                    Ok(Body::Notify(notify)) if notify.number > 0 => {
                        self.pushes.keep(request, notify);
                        if ids.is_empty() {
                            return None;
                        }
                    }
                    Ok(body) if is_answer => return Some(body),
                    _ => {}
                }
            } else if let (0, Ok(Body::Refusal(refusal))) = (packet.key_id(), packet.body()) {
                *hint = Some(Error::refused(self.faild, refusal, false));
            }
        }
    }
}

/// Until when to wait for a better answer than "nobody listens". After the last try there is
/// nothing to wait for.
fn refused_until(tries_left: u32) -> Instant {
    let pause = match tries_left {
        0 => Duration::ZERO,
        _ => REFUSED_PAUSE,
    };
    Instant::now() + pause
}

/// The way to the next of these addresses to which there is one.
fn connect_next(
    addresses: &mut VecDeque<SocketAddr>,
    options: Options,
) -> Result<(SocketAddr, Way), Error> {
    let none = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    let mut last = Error::Socket(none);
    while let Some(faild) = addresses.pop_front() {
        match Way::to(faild, options.protocol, options.timeout) {
            Ok(way) => return Ok((faild, way)),
            Err(source) => last = Error::Unreachable { faild, source },
        }
    }
    Err(last)
}
