//! The wishes `away` and `back` for a service of a faild.
//!
//! `away` while one of the targets that wish it is bad, `back` when none is; `engine::wishes` has
//! the rules. A wish that somebody else has made is his: it is not replaced, and never taken back;
//! and who has taken ours back has the last word, until a target is found bad anew. Ours begins
//! with `hc: TARGET:` in the reason of the record, or of the change that made it when somebody has
//! changed the record since. Each change is a comparison with the version that was read: who
//! was faster is heard, and it is decided anew. Nothing is changed any more when its time is
//! over: by then something else may be true.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use fail_client::{Client, Options, Protocol, Wish};
use fail_conf::hcfile::check::Host;
use fail_wire::{Change, Code, Marks, Name, Past, Record, State};

/// Times that somebody else may be faster.
const RACES_MAX: u32 = 10;

/// A faild is asked so often within the time that there is.
const TRIES: u32 = 3;

/// Addresses of a host that are tried: more than a host has by which it is reached. Each of them
/// has its share of the time.
const ADDRESSES_MAX: usize = 4;

/// Who wants a service away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// One of the targets that want it away, and why; nothing: none does.
    pub away: Option<(Name, String)>,
    /// Targets that judge it no more, and may have a wish left.
    pub left: BTreeSet<Name>,
}

/// What is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Which service.
    pub service: Name,
    /// Whose faild.
    pub host: Host,
    /// A file whose first line is the community; nothing: `public`.
    pub community: Option<PathBuf>,
    /// The target of the report.
    pub target: Name,
    /// Its report says what was not so before.
    pub is_news: bool,
    /// Who wants it away: the target of the report, if it is bad.
    pub wanted: Wanted,
}

impl Order {
    /// The target of the report wants it away.
    fn is_bad(&self) -> bool {
        let own = |(target, _): &(Name, String)| *target == self.target;
        self.wanted.away.as_ref().is_some_and(own)
    }

    /// Whether the history is asked for what came before this record.
    fn needs_history(&self, record: &Record) -> bool {
        record.marks.has(Marks::AWAY) || (self.is_bad() && !self.is_news)
    }
}

/// Sees to it, until then, with this community.
pub fn fulfil(order: &Order, community: &str, until: Instant) -> Result<(), String> {
    let late = || format!("service {}: there is no time left", order.service);
    if Instant::now() >= until {
        return Err(late());
    }
    let Host { name, port } = &order.host;
    let mut addresses = fail_client::addresses(name, *port)?;
    addresses.truncate(ADDRESSES_MAX);
    // Each round reads the record, until an address answers, perhaps its history, and changes it.
    let asks = TRIES * (addresses.len() as u32 + 2);
    let words = |e: fail_client::Error| e.to_string();
    for _ in 0..RACES_MAX {
        let timeout = until.saturating_duration_since(Instant::now()) / asks;
        if timeout.is_zero() {
            return Err(late());
        }
        let options = Options {
            timeout,
            tries: TRIES,
            protocol: Protocol::Udp,
        };
        let mut faild = Client::of_host(&addresses, community, options).map_err(words)?;
        let (record, nonce) = faild.read_one(&order.service).map_err(words)?;
        let history = match order.needs_history(&record) {
            true => faild.history(&order.service).map_err(words)?,
            false => Vec::new(),
        };
        let Some((wish, reason)) = next(order, &record, &history) else {
            return Ok(());
        };
        let wanted = wish.wanted(&record, &reason);
        let change = Change {
            nonce,
            version: record.version,
            name: order.service.clone(),
            state: wanted.state,
            set: wanted.set,
            clear: wanted.clear,
            reason: wanted.reason,
            interval_ms: 0,
        };
        // It must be over by then, with all its tries.
        if Instant::now() + timeout * TRIES > until {
            return Err(late());
        }
        match faild.change_exactly(&change) {
            Ok(_) => return Ok(()),
            Err(e) if matches!(e.code(), Some(Code::Stale | Code::Nonce)) => {}
            Err(e) => return Err(words(e)),
        }
    }
    let service = &order.service;
    Err(format!("service {service}: others change it all the time"))
}

/// What is still to be done, with the reason.
fn next(order: &Order, record: &Record, history: &[Past]) -> Option<(Wish, String)> {
    let is_away = record.marks.has(Marks::AWAY);
    // A faild that has forgotten the mark has it in the reason yet.
    let was_away = is_away || record.state == State::Fail;
    let is_of = |target: &Name| was_away && is_of(target, record, history);
    let left = order.wanted.left.iter().any(is_of);
    let mine = left || is_of(&order.target);
    match &order.wanted.away {
        // Made by a report that a target is bad, and by no other.
        Some((target, why)) if order.is_bad() => {
            let made = match is_away {
                true => left,
                false => order.is_news || !is_taken_back(record, history),
            };
            made.then(|| (Wish::Away, format!("hc: {target}: {why}")))
        }
        // This one is good: its wish goes over to the next one that wants it.
        Some((target, why)) => mine.then(|| (Wish::Away, format!("hc: {target}: {why}"))),
        None => mine.then(|| (Wish::Back, format!("hc: {}", order.target))),
    }
}

/// Whether somebody else than hc has called it back last, as far as that is known.
fn is_taken_back(record: &Record, history: &[Past]) -> bool {
    let is_back = |said: &str| said == "back" || said.starts_with("back: ");
    let is_ours = |said: &str| said.starts_with("back: hc: ");
    let said = record.reason.as_str();
    if is_back(said) {
        return !is_ours(said);
    }
    let away = |past: &Past| past.marks.has(Marks::AWAY);
    // Newest first.
    let mut pairs = history.windows(2);
    let back = pairs.find(|pair| !away(&pair[0]) && away(&pair[1]));
    back.is_some_and(|pair| !is_ours(pair[0].reason.as_str()))
}

/// Whether the wish is the one that hc made for this target. A name may have a colon in it, but
/// does not end in one.
fn is_of(target: &Name, record: &Record, history: &[Past]) -> bool {
    let ours = format!("away: hc: {target}:");
    let is_ours = |reason: &str| {
        let why = reason.strip_prefix(&ours);
        why.is_some_and(|why| why.is_empty() || why.starts_with(' '))
    };
    if record.reason.as_str().starts_with("away: ") {
        return is_ours(record.reason.as_str());
    }
    // Newest first: the last change in which it was away is the one that made it so, unless
    // a later one said why again.
    let mut since = history
        .iter()
        .take_while(|past| past.marks.has(Marks::AWAY))
        .peekable();
    while let Some(past) = since.next() {
        match past.reason.as_str() {
            // Somebody has said so, without a reason; or a failsh that had another one in its
            // record has stopped what is to be away, and that changes the state.
            "away" if since.peek().is_none_or(|before| before.state == past.state) => return false,
            said if said.starts_with("away: ") => return is_ours(said),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
mod tests {
    use super::*;
    use fail_wire::Reason;

    fn order(away: Option<&str>) -> Order {
        Order {
            service: "web".parse().unwrap(),
            host: Host {
                name: "127.0.0.1".to_string(),
                port: 1847,
            },
            community: None,
            target: "www".parse().unwrap(),
            is_news: true,
            wanted: Wanted {
                away: away.map(|target| (target.parse().unwrap(), "status 500".to_string())),
                left: BTreeSet::new(),
            },
        }
    }

    fn record(marks: Marks, reason: &str) -> Record {
        Record {
            name: "web".parse().unwrap(),
            state: State::Fail,
            marks,
            version: 3,
            age_ms: 0,
            last_change: 0,
            reason: Reason::new(reason),
        }
    }

    fn past(marks: Marks, reason: &str) -> Past {
        Past {
            version: 1,
            state: State::Fail,
            marks,
            age_ms: 0,
            at: 0,
            reason: Reason::new(reason),
            who: Reason::new("127.0.0.1"),
        }
    }

    #[test]
    fn nothing_is_asked_when_the_time_is_over() {
        let faild = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        faild.set_nonblocking(true).unwrap();
        let mut order = order(None);
        order.host.port = faild.local_addr().unwrap().port();
        let why = fulfil(&order, "public", Instant::now()).unwrap_err();
        assert_eq!(why, "service web: there is no time left");
        let asked = faild.recv(&mut [0; 2048]);
        assert_eq!(asked.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    }

    #[test]
    fn only_what_hc_has_wished_is_taken_back() {
        let none = Marks(0);
        let ours = "away: hc: www: status 500";
        let away = |target: &str| Some((Wish::Away, format!("hc: {target}: status 500")));
        let back = Some((Wish::Back, "hc: www".to_string()));
        for (wanted, marks, reason, expected) in [
            (Some("www"), none, "started", away("www")),
            (Some("www"), Marks::AWAY, ours, None),
            (Some("www"), Marks::AWAY, "away: new disk", None),
            (Some("db"), Marks::AWAY, ours, away("db")),
            (Some("db"), Marks::AWAY, "away: new disk", None),
            // The target of the report is good: the other one has wished it once, and somebody
            // has taken that back.
            (Some("db"), none, "back", None),
            (None, Marks::AWAY, ours, back.clone()),
            (None, Marks::AWAY, "away: new disk", None),
            (None, Marks::AWAY, "away: hc: www2: status 500", None),
            (None, Marks::AWAY, "away: hc: www:2: status 500", None),
            (None, Marks::AWAY, "away: hc: www:", back.clone()),
            (None, Marks::AWAY, "away", None),
            // A faild has forgotten the mark.
            (None, none, ours, back.clone()),
            (None, none, "away: new disk", None),
        ] {
            let found = next(&order(wanted), &record(marks, reason), &[]);
            assert_eq!(found, expected, "{wanted:?} {reason}");
        }
        // Somebody has changed the record since: the history knows who wished it.
        let stopped = past(Marks::AWAY, "stop: done");
        let mine = past(Marks::AWAY, ours);
        let his = past(Marks::AWAY, "away: new disk");
        let before = past(none, ours);
        let record = record(Marks::AWAY, "stop: done");
        for (history, expected) in [
            (vec![stopped.clone(), mine], back.clone()),
            (vec![stopped.clone(), his], None),
            (vec![stopped, before], None),
            (vec![], None),
        ] {
            assert_eq!(next(&order(None), &record, &history), expected);
        }
        // What was made before is made again if the faild has forgotten it, and not if somebody
        // has taken it back.
        let now = |reason: &str| Record {
            marks: none,
            reason: Reason::new(reason),
            state: State::Up,
            ..record.clone()
        };
        let again = Order {
            is_news: false,
            ..order(Some("www"))
        };
        let change = |marks, reason| past(marks, reason);
        let mine = || change(Marks::AWAY, ours);
        for (reason, history, expected) in [
            ("start", vec![], away("www")),
            ("back", vec![], None),
            ("back: hc: www", vec![], away("www")),
            (
                "start",
                vec![change(none, "start"), change(none, "back"), mine()],
                None,
            ),
            (
                "start",
                vec![change(none, "back: hc: www"), mine()],
                away("www"),
            ),
            ("start", vec![change(none, "start")], away("www")),
        ] {
            assert_eq!(
                next(&again, &now(reason), &history),
                expected,
                "{reason} {history:?}"
            );
        }
        // One that is left of a target that is gone is everybody's.
        let heir = |target: Option<&str>| Order {
            target: "db".parse().unwrap(),
            wanted: Wanted {
                left: ["www".parse().unwrap()].into(),
                ..order(target).wanted
            },
            ..order(target)
        };
        let record = Record {
            reason: Reason::new(ours),
            ..record
        };
        let took = Some((Wish::Back, "hc: db".to_string()));
        assert_eq!(next(&heir(None), &record, &[]), took);
        assert_eq!(next(&heir(Some("db")), &record, &[]), away("db"));
        assert_eq!(next(&heir(Some("c")), &record, &[]), away("c"));
        // A bare word is of a failsh that has stopped it, or of somebody who wants it away.
        let record = Record {
            reason: Reason::new("away"),
            ..record
        };
        let up = |past: Past| Past {
            state: State::Up,
            ..past
        };
        let bare = past(Marks::AWAY, "away");
        let mine = past(Marks::AWAY, ours);
        let started = up(past(Marks::AWAY, "start: no master can serve"));
        for (history, expected) in [
            (
                vec![bare.clone(), started.clone(), mine.clone()],
                back.clone(),
            ),
            (vec![bare.clone(), up(mine.clone())], back),
            (vec![bare.clone(), mine], None),
            (vec![bare.clone(), started], None),
            (vec![bare], None),
        ] {
            assert_eq!(next(&order(None), &record, &history), expected);
        }
    }
}
