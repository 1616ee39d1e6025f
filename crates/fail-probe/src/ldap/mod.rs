//! Asks a directory: begins TLS if it should, binds if there is somebody to bind as, searches.
//!
//! No attributes are asked for, and not more entries than are wanted, so that an answer is
//! small; what is larger than it could be is refused. A password goes over TLS, or to this host;
//! what stands in its file is never told, also where a server repeats it. Filters are read by `ldap3`; its client is
//! not used, for the reason that `crates/README` gives: it trusts whoever answers.

mod message;

use std::net::SocketAddr;

use fail_conf::hcfile::check::{Check, Host, Terms, Tls};
use fail_core::watch::Finding;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use url::Url;

use crate::found::{Found, bad, figure, good, unknown};
use crate::{file, net, note, tls};
use message::{Answer, MESSAGE_BYTES_MAX, Op, frame, read};

/// Entries that are asked for at most: who wants more has another question.
const ENTRIES_MAX: u32 = 1_000;

/// References to other directories, which are not followed: nobody has so many of them.
const REFERENCES_MAX: u32 = 1_000;

/// Bytes of all answers to a search: entries without attributes are names.
const SEARCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// There were more entries than asked for.
const SIZE_LIMIT_EXCEEDED: u32 = 4;

pub(crate) async fn probe(check: &Check, terms: &Terms) -> Found {
    let Check::Ldap { bind, .. } = check else {
        return Ok(unknown("not a check of ldap"));
    };
    let mut plan = Plan::new(check)?;
    if let Some(path) = bind {
        plan.who = Some(file::secret::<2>(path).await.map_err(unknown)?);
    }
    let (stream, at) = net::connect(&plan.host, terms).await?;
    plan.meet(stream, at).await
}

/// The check on a connection that is there.
pub(crate) async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    check: &Check,
    who: Option<[String; 2]>,
    stream: S,
    at: SocketAddr,
) -> Found {
    let mut plan = Plan::new(check)?;
    plan.who = who;
    plan.meet(stream, at).await
}

/// Whom, and whether it is encrypted from the first byte.
fn place(url: &str) -> Result<(Host, bool), Finding> {
    let odd = || unknown(format!("{url} is not ldap://host[:port] or ldaps://..."));
    let read = Url::parse(url).map_err(|_| odd())?;
    let (port, encrypted) = match read.scheme() {
        "ldap" => (389, false),
        "ldaps" => (636, true),
        _ => return Err(odd()),
    };
    let name = read
        .host_str()
        .filter(|name| !name.is_empty())
        .ok_or_else(odd)?;
    let name = name
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_string();
    let port = read.port().unwrap_or(port);
    Ok((Host { name, port }, encrypted))
}

/// Whom to ask, and what.
struct Plan<'a> {
    host: Host,
    /// From the first byte.
    encrypted: bool,
    starttls: bool,
    tls: &'a Tls,
    who: Option<[String; 2]>,
    search: Op,
    base: &'a str,
    filter: &'a str,
    entries: u32,
}

impl Plan<'_> {
    /// As nobody.
    fn new(check: &Check) -> Result<Plan<'_>, Finding> {
        let Check::Ldap {
            url,
            starttls,
            tls,
            base,
            filter,
            entries,
            ..
        } = check
        else {
            return Err(unknown("not a check of ldap"));
        };
        let (host, encrypted) = place(url)?;
        let search = message::search(base.as_deref(), filter, (*entries).clamp(1, ENTRIES_MAX));
        let search = search.ok_or_else(|| unknown(format!("{filter} is no filter")))?;
        Ok(Plan {
            host,
            encrypted,
            starttls: *starttls,
            tls,
            who: None,
            search,
            base: base.as_deref().unwrap_or(""),
            filter,
            entries: *entries,
        })
    }

    async fn meet<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S, at: SocketAddr) -> Found {
        note::hide(self.who.iter().flatten().cloned());
        let hidden = self.encrypted || self.starttls;
        if self.who.is_some() && !hidden && !at.ip().to_canonical().is_loopback() {
            let why = format!("no password is sent to {at} without TLS: starttls=yes or ldaps://");
            return Err(unknown(why));
        }
        if !hidden {
            return Talk::new(stream, at, 0).run(&self).await;
        }
        let (stream, last) = match self.encrypted {
            true => (stream, 0),
            false => {
                let mut talk = Talk::new(stream, at, 0);
                talk.result(message::start_tls(), "STARTTLS").await?;
                talk.into_plain()?
            }
        };
        let (stream, shown) = tls::wrap(stream, at, &self.host.name, self.tls).await?;
        let found = Talk::new(stream, at, last).run(&self).await?;
        Ok(tls::judged(found, Some(&shown), self.tls))
    }
}

/// A connection, and what was read of it too far.
struct Talk<S> {
    stream: S,
    at: SocketAddr,
    /// The number of the last question.
    last: u32,
    got: Vec<u8>,
    /// Bytes that were read.
    heard: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    fn new(stream: S, at: SocketAddr, last: u32) -> Talk<S> {
        let got = Vec::new();
        Talk {
            stream,
            at,
            last,
            got,
            heard: 0,
        }
    }

    /// What was said before TLS must not be taken for what is said in it.
    fn into_plain(self) -> Result<(S, u32), Finding> {
        match self.got.is_empty() {
            true => Ok((self.stream, self.last)),
            false => Err(bad(format!("{} says more than it was asked", self.at))),
        }
    }

    async fn run(mut self, plan: &Plan<'_>) -> Found {
        if let Some([name, password]) = &plan.who {
            self.result(message::bind(name, password), "bind").await?;
        }
        let doing = match plan.base {
            "" => "search in the root".to_string(),
            base => format!("search in {base}"),
        };
        self.say(&plan.search, &doing).await?;
        let (mut entries, mut references) = (0, 0);
        let done = loop {
            match self.hear().await? {
                Answer::Entry if entries < ENTRIES_MAX => entries += 1,
                Answer::Entry => break None,
                Answer::Reference if references < REFERENCES_MAX => references += 1,
                Answer::Reference => return Err(self.floods()),
                Answer::Found { code, text } => break Some((code, text)),
                _ => return Err(self.odd()),
            }
        };
        note::measured(figure("entries", f64::from(entries), ""));
        // It may hang up by itself; nobody needs to know.
        let _ = self.say(&message::unbind(), "goodbye").await;
        let enough = entries >= plan.entries;
        match done {
            Some((code, text)) if !(code == 0 || code == SIZE_LIMIT_EXCEEDED && enough) => {
                Err(self.refused(&doing, code, &text))
            }
            _ if enough => Ok(good(match (entries, plan.base) {
                (1, "") => "the root entry is there".to_string(),
                (n, "") => format!("{} in the root", counted(n)),
                (n, base) => format!("{} in {base}", counted(n)),
            })),
            _ => {
                let (n, wanted, filter) = (counted(entries), plan.entries, plan.filter);
                let place = match plan.base {
                    "" => "the root".to_string(),
                    base => format!("\"{base}\""),
                };
                Err(bad(format!("{n} of {wanted} for {filter} in {place}")))
            }
        }
    }

    /// Says something that is answered by whether it was done.
    async fn result(&mut self, op: Op, doing: &str) -> Result<(), Finding> {
        self.say(&op, doing).await?;
        match (op.answered_by(), self.hear().await?) {
            (message::Kind::Bound, Answer::Bound { code, text })
            | (message::Kind::Extended, Answer::Extended { code, text }) => match code {
                0 => Ok(()),
                _ => Err(self.refused(doing, code, &text)),
            },
            _ => Err(self.odd()),
        }
    }

    fn odd(&self) -> Finding {
        bad(format!("{} answers something else", self.at))
    }

    fn floods(&self) -> Finding {
        bad(format!("{} answers more than anybody would", self.at))
    }

    fn refused(&self, doing: &str, code: u32, text: &str) -> Finding {
        let colon = if text.is_empty() { "" } else { ": " };
        let (at, code) = (self.at, message::code(code));
        bad(format!("{at} refuses to {doing}: {code}{colon}{text}"))
    }

    async fn say(&mut self, op: &Op, doing: &str) -> Result<(), Finding> {
        self.last += 1;
        note::waits(format!("an answer of {}: {doing}", self.at));
        let written = self.stream.write_all(&op.message(self.last)).await;
        let flushed = match written {
            Ok(()) => self.stream.flush().await,
            Err(e) => Err(e),
        };
        flushed.map_err(|e| net::failed(&e, self.at))
    }

    /// The next answer to the last question.
    async fn hear(&mut self) -> Result<Answer, Finding> {
        let length = loop {
            let wrong = |why: &str| bad(format!("{} does not speak LDAP: {why}", self.at));
            match frame(&self.got).map_err(wrong)? {
                Some(length) if length > MESSAGE_BYTES_MAX => {
                    return Err(wrong(&format!("a message of {length} bytes")));
                }
                Some(length) if self.got.len() >= length => break length,
                _ => {}
            }
            let had = self.got.len();
            let mut chunk = [0; 4096];
            let count = self.stream.read(&mut chunk).await;
            match count.map_err(|e| net::failed(&e, self.at))? {
                0 => return Err(bad(format!("{} has hung up", self.at))),
                count => self.got.extend_from_slice(&chunk[..count]),
            }
            self.heard += self.got.len() - had;
            if self.heard > SEARCH_BYTES_MAX {
                return Err(self.floods());
            }
        };
        let whole: Vec<u8> = self.got.drain(..length).collect();
        let (number, answer) = read(&whole)
            .ok_or_else(|| bad(format!("{} does not speak LDAP: a broken message", self.at)))?;
        match answer {
            // Said to everybody: it ends the connection.
            Answer::Extended { code, text } if number == 0 => {
                Err(self.refused("go on", code, &text))
            }
            answer if number == self.last => Ok(answer),
            _ => Err(bad(format!("{} answers another question", self.at))),
        }
    }
}

fn counted(entries: u32) -> String {
    match entries {
        1 => "1 entry".to_string(),
        n => format!("{n} entries"),
    }
}
