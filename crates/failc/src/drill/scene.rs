//! The hosts of a drill as they are now, as far as they can be heard, and the tracks of what
//! became of them.

use std::time::{Duration, Instant};

use fail_cli::{Failc, exit};
use fail_client::{Client, Failure};
use fail_wire::{Marks, Name, Record, State};

use super::ears::{Ears, Heard, Word};
use super::health::Answer;
use super::hosts::Host;
use super::track::{Moment, Seen, Track};
use crate::{Failed, client_of};

/// A host.
pub struct Seat {
    /// As it is called in a report.
    pub name: String,
    /// Its faild.
    pub faild: String,
    /// For questions beside those of the ears.
    pub client: Client,
    /// What it said last; nothing: it was not heard yet.
    pub is: Option<Answer>,
    /// What it said last before it was silent.
    before: Option<Record>,
    /// All that it said.
    pub track: Track,
    /// This community has no rights there.
    pub is_refused: bool,
    /// Which run of which faild answers.
    nonce: Option<u64>,
    /// How long the answer took that told of all.
    trip: Duration,
}

/// All of them.
pub struct Scene {
    pub seats: Vec<Seat>,
    ears: Ears,
    began: Instant,
}

impl Scene {
    /// Listens to these hosts, and waits until each has said something or is known not to.
    pub fn open(
        options: &Failc,
        community: &str,
        service: &Name,
        hosts: &[Host],
    ) -> Result<Scene, Failed> {
        let client = |host: &Host| client_of(options, community, &host.faild);
        let ears = hosts.iter().map(client).collect::<Result<_, _>>()?;
        let mut seats = Vec::new();
        for host in hosts {
            seats.push(Seat {
                name: host.name.clone(),
                faild: host
                    .faild
                    .first()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                client: client(host)?,
                is: None,
                before: None,
                track: Track::default(),
                is_refused: false,
                nonce: None,
                trip: Duration::ZERO,
            });
        }
        let mut scene = Scene {
            seats,
            ears: Ears::open(ears, service),
            began: Instant::now(),
        };
        // Every thread says something, at the latest when its time-outs are over.
        let tries = options.tries.saturating_mul(3);
        let addresses = hosts.iter().map(|host| host.faild.len()).max().unwrap_or(1);
        let each = options.timeout.0.saturating_mul(tries);
        let all = each.saturating_mul(u32::try_from(addresses).unwrap_or(u32::MAX));
        let until = Instant::now() + all + Duration::from_secs(1);
        while scene.seats.iter().any(|seat| seat.is.is_none()) && Instant::now() < until {
            scene.hear(until);
        }
        for seat in scene.seats.iter_mut().filter(|seat| seat.is.is_none()) {
            seat.is = Some(Err("it does not answer".to_string()));
        }
        match scene.twins() {
            Some((one, other)) => {
                let twice = format!("{one} and {other} are the same faild");
                Err((exit::USAGE, twice))
            }
            None => Ok(scene),
        }
    }

    /// Two names of the same run of a faild.
    fn twins(&self) -> Option<(&str, &str)> {
        let pairs = self.seats.iter().enumerate();
        let mut pairs = pairs.flat_map(|(no, one)| self.seats[..no].iter().map(move |b| (b, one)));
        let twins = pairs.find(|(one, other)| one.nonce.is_some() && one.nonce == other.nonce);
        twins.map(|(one, other)| (one.name.as_str(), other.name.as_str()))
    }

    /// A moment on the clock of the drill.
    pub fn moment(&self, at: Instant) -> Moment {
        let us = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        match at.checked_duration_since(self.began) {
            Some(after) => us(after),
            None => -us(self.began.duration_since(at)),
        }
    }

    /// The same moment, as a clock has it.
    pub fn instant(&self, moment: Moment) -> Instant {
        let after = Duration::from_micros(moment.unsigned_abs());
        let at = match moment {
            0.. => self.began.checked_add(after),
            _ => self.began.checked_sub(after),
        };
        at.unwrap_or(self.began)
    }

    /// Takes in what comes, up to one word, until then.
    pub fn hear(&mut self, until: Instant) -> bool {
        let Some(Word { host, at, heard }) = self.ears.next(until) else {
            return false;
        };
        let moment = self.moment(at);
        // Who speaks has a seat.
        let seat = &mut self.seats[host];
        match heard {
            Heard::Answers(nonce, trip) => {
                (seat.nonce, seat.trip) = (Some(nonce), trip);
            }
            Heard::Record(record) => seat.see(moment, record),
            Heard::Silent(error) => {
                seat.is_refused = error.failure() == Failure::NotAllowed;
                seat.before = seat.is.take().and_then(Result::ok);
                seat.is = Some(Err(error.to_string()));
            }
            Heard::Back(true) => seat.is = Some(Err("it was started anew".to_string())),
            // What is no longer so is told next.
            Heard::Back(false) => {
                if let (Some(Err(_)), Some(record)) = (&seat.is, seat.before.take()) {
                    seat.is = Some(Ok(record));
                }
            }
        }
        true
    }

    /// Takes in a record that was asked for just now.
    pub fn see(&mut self, host: usize, record: Record) {
        let moment = self.moment(Instant::now());
        self.seats[host].see(moment, record);
    }

    /// Takes in all that has come.
    pub fn hear_all(&mut self) {
        while self.hear(Instant::now()) {}
    }

    /// What is said of each, for a judgement.
    pub fn answers(&self) -> Vec<(&str, &Answer)> {
        let seats = self.seats.iter();
        seats
            .filter_map(|seat| Some((seat.name.as_str(), seat.is.as_ref()?)))
            .collect()
    }

    /// The record of a host, if it can be heard.
    pub fn record(&self, host: usize) -> Option<&Record> {
        self.seats.get(host)?.is.as_ref()?.as_ref().ok()
    }

    /// The state of a host; one that can not be heard has none.
    pub fn state(&self, host: usize) -> Option<State> {
        self.record(host).map(|record| record.state)
    }

    /// Who is UP.
    pub fn up(&self) -> Vec<usize> {
        let all = 0..self.seats.len();
        all.filter(|host| self.state(*host) == Some(State::Up))
            .collect()
    }

    /// Somebody who can not be heard any more, and why.
    pub fn lost(&self) -> Option<String> {
        self.seats.iter().find_map(|seat| match &seat.is {
            Some(Err(why)) => Some(format!("{}: {why}", seat.name)),
            _ => None,
        })
    }

    /// Whether a start script is about to run or runs somewhere.
    pub fn is_starting(&self) -> bool {
        let mut records = (0..self.seats.len()).filter_map(|host| self.record(host));
        records.any(|record| record.marks.has(Marks::STARTING))
    }

    /// Asks everybody how things are now, and fills the tracks with what came and went between
    /// two news. A faild that does not know how to tell its history has told what it has told.
    pub fn remember(&mut self, service: &Name) {
        for host in 0..self.seats.len() {
            let seat = &mut self.seats[host];
            let record = seat.client.read_one(service).map(|(record, _)| record);
            seat.is = Some(record.map_err(|error| error.to_string()));
            if matches!(seat.is, Some(Err(_))) {
                continue;
            }
            let asked = Instant::now();
            let Ok(pasts) = seat.client.history(service) else {
                continue;
            };
            seat.trip = asked.elapsed();
            let moment = self.moment(Instant::now());
            for past in pasts {
                let seen = Seen {
                    at: ago(moment, past.age_ms),
                    state: past.state,
                    marks: past.marks,
                };
                self.seats[host].track.note(past.version, seen);
            }
        }
    }

    /// What is shorter than this can not be told from nothing, in microseconds: a millisecond
    /// to which ages are rounded, and the slowest of the trips by which every moment was told
    /// at least once.
    pub fn finest(&self) -> i64 {
        let slowest = self.seats.iter().map(|seat| seat.trip).max();
        let trip = slowest.unwrap_or_default().as_micros();
        1_000 + i64::try_from(trip).unwrap_or(i64::MAX / 2)
    }

    /// All tracks, in the order of the hosts.
    pub fn tracks(&self) -> Vec<&Track> {
        self.seats.iter().map(|seat| &seat.track).collect()
    }
}

impl Seat {
    /// A record that came at this moment. What is older than what is known is only remembered.
    fn see(&mut self, moment: Moment, record: Record) {
        let seen = Seen {
            at: ago(moment, record.age_ms),
            state: record.state,
            marks: record.marks,
        };
        self.track.note(record.version, seen);
        match &self.is {
            Some(Ok(known)) if known.version > record.version => {}
            _ => self.is = Some(Ok(record)),
        }
    }
}

/// So many milliseconds earlier. What a faild says of its ages may be anything.
fn ago(moment: Moment, age_ms: u64) -> Moment {
    let age = i64::try_from(age_ms).unwrap_or(i64::MAX);
    moment.saturating_sub(age.saturating_mul(1_000))
}
