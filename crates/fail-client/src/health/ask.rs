//! Reads several hcs once, side by side. One that is silent, slow, without end or not to be
//! found costs its time and nothing more: the others are shown, and it is an error with a
//! sentence.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fail_wire::health::{Question, Update};

use super::{BYTES_MAX, Budget, Health, Share, Snapshot};
use crate::addresses;
use crate::stream::StreamError;

/// What is asked for in one line; more names than that are asked for by asking for all.
const QUESTION_BYTES_MAX: usize = 4_000;

/// For those who have ended in time to say so.
const GRACE: Duration = Duration::from_millis(100);

/// Where a hc is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// A name or an address.
    pub host: String,
    /// The port of its monitor.
    pub port: u16,
}

/// Why nothing is known of a hc; the sentence names it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// The host is not known.
    #[error("{0}")]
    NoHost(String),
    /// Nobody answers, or not to us, or not in time.
    #[error("{0}")]
    NoAnswer(String),
    /// What it says can not be.
    #[error("{0}")]
    Odd(String),
    /// The system gives no thread.
    #[error("{0}")]
    System(String),
}

/// Reads the hcs at these places, all of them within `timeout`; of their targets those with
/// these names, and perhaps others, or all if none is named. In their order. All of them
/// together may have as many bytes as one ([`BYTES_MAX`]).
pub fn ask_all(
    places: Vec<Place>,
    names: &[String],
    timeout: Duration,
) -> Vec<Result<Snapshot, Unread>> {
    ask_within(places, names, timeout, BYTES_MAX)
}

/// The same with so many bytes for all.
fn ask_within(
    places: Vec<Place>,
    names: &[String],
    timeout: Duration,
    most: usize,
) -> Vec<Result<Snapshot, Unread>> {
    let budget = Budget::of(most);
    let until = Instant::now() + timeout;
    let late = |place: &Place| {
        let Place { host, port } = place;
        Unread::NoAnswer(format!("no answer from {host}:{port} within {timeout:?}"))
    };
    let mut told: Vec<_> = places.iter().map(|place| Err(late(place))).collect();
    let question = question(names);
    let (send, receive) = channel();
    for (number, place) in places.into_iter().enumerate() {
        let (send, question) = (send.clone(), question.clone());
        let mut share = budget.share();
        let ask = move || {
            let told = ask(&place, question, until, timeout, &mut share);
            if told.is_err() {
                share.give_back();
            }
            // Nobody waits any more: then nobody wants to know.
            let _ = send.send((number, told));
        };
        // Not within a scope: the system can take longer than that to find a name.
        let thread = thread::Builder::new().name(format!("ask {number}"));
        if let Err(error) = thread.spawn(ask) {
            told[number] = Err(Unread::System(format!("no thread: {error}")));
        }
    }
    drop(send);
    loop {
        let left = (until + GRACE).saturating_duration_since(Instant::now());
        match receive.recv_timeout(left) {
            Ok((number, what)) => told[number] = what,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return told,
        }
    }
}

/// The line that asks for these; nothing: all are told without.
fn question(names: &[String]) -> Option<String> {
    if names.is_empty() {
        return None;
    }
    let targets = names.to_vec();
    let line = serde_json::to_string(&Question { targets }).ok()? + "\n";
    (line.len() <= QUESTION_BYTES_MAX).then_some(line)
}

fn ask(
    place: &Place,
    question: Option<String>,
    until: Instant,
    timeout: Duration,
    share: &mut Share,
) -> Result<Snapshot, Unread> {
    let at = addresses(&place.host, place.port).map_err(Unread::NoHost)?;
    let no_answer = |error: StreamError| match error {
        StreamError::Odd { .. } => Unread::Odd(error.to_string()),
        _ => Unread::NoAnswer(error.to_string()),
    };
    let mut health = Health::connect_until(&at, until).map_err(no_answer)?;
    if let Some(line) = question {
        health.say(&line).map_err(no_answer)?;
    }
    let mut shown = Snapshot::default();
    while !shown.ready {
        let update = match health.next(until) {
            Ok(update) => update,
            Err(StreamError::Late { at }) => return Err(late(at, &shown, timeout)),
            Err(error) => return Err(no_answer(error)),
        };
        if shown.hello.is_none() && !matches!(update, Update::Hello(_)) {
            let problem = "it does not begin with a hello".to_string();
            return Err(no_answer(StreamError::Odd {
                at: health.at(),
                problem,
            }));
        }
        if matches!(&update, Update::Hello(hello) if hello.program != "hc") {
            let problem = "it is not that of a hc".to_string();
            return Err(no_answer(StreamError::Odd {
                at: health.at(),
                problem,
            }));
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
        let taken = shown.apply(update, now);
        let taken = taken.and_then(|()| share.is(shown.bytes()));
        taken.map_err(|problem| Unread::Odd(format!("{}: {problem}", health.at())))?;
    }
    Ok(shown)
}

fn late(at: std::net::SocketAddr, shown: &Snapshot, timeout: Duration) -> Unread {
    Unread::NoAnswer(match (&shown.hello, shown.targets.len()) {
        (None, _) => format!("{at} says nothing within {timeout:?}"),
        (_, told) => format!("{at} has not told everything within {timeout:?}, but {told} targets"),
    })
}

#[cfg(test)]
mod tests;
