//! Asks a name server.
//!
//! Over UDP with a random number and a random port; over TCP when the answer does not fit or
//! `tcp=yes` says so. An answer counts if it has the number and the question, and of its records
//! those of the name that was asked, or of the one that `CNAME`s lead to. Reading and writing of
//! messages is hickory's; before it sees one, [`hops`] looks whether its names could lead it in
//! circles.

use std::net::{IpAddr, SocketAddr};

use fail_conf::hcfile::check::{Check, Host, Terms};
use fail_core::watch::Finding;
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::found::{Found, bad, figure, good, unknown};
use crate::stage::{self, Answers, Line};
use crate::udp::{self, Question};
use crate::{net, note};

/// So many answers are told; the reason has no room for more.
const SHOWN_MAX: usize = 4;

/// A name in a message goes on at another place of it, which may go on again. Those that are
/// made to save room do it a few times; hickory follows all of them, a call in a call.
const HOPS_MAX: u16 = 32;

/// `CNAME`s that are followed from one to the next: servers give up sooner.
const CNAMES_MAX: usize = 16;

/// Codes of answers by number, as they are written.
const CODES: [&str; 11] = [
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
    "NXRRSET", "NOTAUTH", "NOTZONE",
];

pub(crate) async fn probe(check: &Check, terms: &Terms) -> Found {
    let Check::Dns {
        name,
        server,
        kind,
        tcp,
        ..
    } = check
    else {
        return Ok(unknown("not a check of dns"));
    };
    let mut asked = Asked::new(name, kind)?;
    let (message, at) = match tcp {
        true => over_tcp(server, terms, &mut asked).await?,
        false => {
            let (message, at) = udp::ask(server, terms, &mut asked).await?;
            match message.truncated() {
                false => (message, at),
                true => {
                    let name = at.ip().to_string();
                    let port = at.port();
                    over_tcp(&Host { name, port }, terms, &mut asked).await?
                }
            }
        }
    };
    found(&message, at, &asked, check)
}

/// The check with a server that is a function: [`crate::stage`].
pub(crate) async fn on_stage(check: &Check, at: SocketAddr, answers: Answers<'_>) -> Found {
    let Check::Dns {
        name, kind, tcp, ..
    } = check
    else {
        return Ok(unknown("not a check of dns"));
    };
    let mut asked = Asked::new(name, kind)?;
    let mut message = None;
    if !tcp {
        let answer = answers(&asked.say()?);
        let answer = asked.hear(&answer).map_err(stage::odd)?;
        message = Some(answer).filter(|message| !message.truncated());
    }
    let message = match message {
        Some(message) => message,
        None => {
            let answer = answers(&asked.say()?);
            on(Line::new(answer), at, &mut asked).await?
        }
    };
    found(&message, at, &asked, check)
}

/// What an answer comes to.
fn found(message: &Message, at: SocketAddr, asked: &Asked, check: &Check) -> Found {
    let Check::Dns {
        name,
        kind,
        expect,
        code,
        ..
    } = check
    else {
        return Ok(unknown("not a check of dns"));
    };
    let mut ttl = None;
    let mut answers: Vec<Vec<String>> = Vec::new();
    for record in asked.answers(message) {
        ttl = Some(ttl.map_or(record.ttl(), |ttl: u32| ttl.min(record.ttl())));
        answers.push(forms(record.data()));
    }
    #[expect(clippy::cast_precision_loss, reason = "a message has 64 kB")]
    note::measured(figure("answers", answers.len() as f64, ""));
    if let Some(ttl) = ttl {
        note::measured(figure("ttl", f64::from(ttl), "s"));
    }
    judge(message, at, &answers, expect, code, (name, kind))
}

fn judge(
    message: &Message,
    at: SocketAddr,
    answers: &[Vec<String>],
    expect: &[String],
    code: &str,
    (name, kind): (&str, &str),
) -> Found {
    let got = code_of(message.response_code());
    if !got.eq_ignore_ascii_case(code) {
        return Err(bad(format!("{at} answers {got} for {kind} of {name}")));
    }
    let mut shown: Vec<&str> = answers.iter().take(SHOWN_MAX).map(|a| &*a[0]).collect();
    if answers.len() > SHOWN_MAX {
        shown.push("...");
    }
    let shown = shown.join(", ");
    let is_there = |wanted: &&String| {
        let wanted = plain(wanted);
        let mut forms = answers.iter().flatten();
        forms.any(|form| plain(form).eq_ignore_ascii_case(wanted))
    };
    if let Some(missing) = expect.iter().find(|wanted| !is_there(wanted)) {
        let why = match shown.is_empty() {
            true => format!("{at} has no {kind} of {name}"),
            false => format!("{missing} is not among {kind} of {name}: {shown}"),
        };
        return Err(bad(why));
    }
    match (got.as_str(), answers.is_empty()) {
        ("NOERROR", true) => Err(bad(format!("{at} has no {kind} of {name}"))),
        (code, true) => Ok(good(format!("{code}, as it should"))),
        _ => Ok(good(format!("{kind} of {name} is {shown}"))),
    }
}

/// Without what is the same with and without.
fn plain(text: &str) -> &str {
    text.strip_suffix('.').unwrap_or(text)
}

fn code_of(code: ResponseCode) -> String {
    let number = u16::from(code);
    let known = CODES.get(usize::from(number));
    known.map_or_else(|| format!("code {number}"), ToString::to_string)
}

/// How an answer may be written in `expect=`; the first is shown.
fn forms(data: &RData) -> Vec<String> {
    match data {
        RData::MX(mx) => vec![data.to_string(), mx.exchange().to_string()],
        RData::SRV(srv) => vec![data.to_string(), srv.target().to_string()],
        RData::SOA(soa) => vec![
            data.to_string(),
            soa.mname().to_string(),
            soa.serial().to_string(),
        ],
        RData::TXT(txt) => {
            let parts = txt.iter().map(|part| String::from_utf8_lossy(part));
            vec![parts.collect::<String>()]
        }
        _ => vec![data.to_string()],
    }
}

/// A connection, a question, an answer.
async fn over_tcp(
    server: &Host,
    terms: &Terms,
    asked: &mut Asked,
) -> Result<(Message, SocketAddr), Finding> {
    let (stream, at) = net::connect(server, terms).await?;
    Ok((on(stream, at, asked).await?, at))
}

async fn on<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    at: SocketAddr,
    asked: &mut Asked,
) -> Result<Message, Finding> {
    let failed = |e: std::io::Error| net::failed(&e, at);
    let question = asked.say()?;
    note::waits(format!("an answer of {at} over TCP"));
    let length = u16::try_from(question.len()).unwrap_or(u16::MAX);
    let whole = [&length.to_be_bytes()[..], &question].concat();
    stream.write_all(&whole).await.map_err(failed)?;
    let length = stream.read_u16().await.map_err(failed)?;
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes).await.map_err(failed)?;
    let answer = asked.hear(&bytes);
    answer.map_err(|why| bad(format!("the answer of {at} over TCP {why}")))
}

/// What was asked.
struct Asked {
    id: u16,
    name: Name,
    kind: RecordType,
    bytes: Vec<u8>,
}

impl Asked {
    fn new(name: &str, kind: &str) -> Result<Asked, Finding> {
        let odd = |why: String| unknown(format!("\"{name}\" can not be asked for: {why}"));
        let kind: RecordType = kind.parse().map_err(|_| odd(format!("no type {kind}")))?;
        let mut name = match name.parse::<IpAddr>() {
            Ok(address) if kind == RecordType::PTR => Name::from(address),
            _ => Name::from_str_relaxed(name).map_err(|e| odd(e.to_string()))?,
        };
        name.set_fqdn(true);
        let mut id = [0; 2];
        getrandom::fill(&mut id).map_err(|e| unknown(format!("no random bits: {e}")))?;
        let id = u16::from_ne_bytes(id);
        let mut message = Message::new();
        message.set_id(id).set_recursion_desired(true);
        message.add_query(Query::query(name.clone(), kind));
        let bytes = message.to_vec().map_err(|e| odd(e.to_string()))?;
        Ok(Asked {
            id,
            name,
            kind,
            bytes,
        })
    }

    /// The records that answer it.
    fn answers<'a>(&'a self, message: &'a Message) -> Vec<&'a Record> {
        let of = |name: &Name, kind: RecordType| -> Vec<&Record> {
            let records = message.answers().iter();
            let records = records.filter(|record| {
                record.dns_class() == DNSClass::IN
                    && record.record_type() == kind
                    && record.name() == name
            });
            records.collect()
        };
        let mut name = &self.name;
        for _ in 0..=CNAMES_MAX {
            let found = of(name, self.kind);
            if !found.is_empty() {
                return found;
            }
            let other = of(name, RecordType::CNAME);
            match other.first().map(|record| record.data()) {
                Some(RData::CNAME(other)) => name = other,
                _ => break,
            }
        }
        Vec::new()
    }
}

impl Question for Asked {
    type Answer = Message;

    fn say(&mut self) -> Result<Vec<u8>, Finding> {
        Ok(self.bytes.clone())
    }

    fn hear(&mut self, bytes: &[u8]) -> Result<Message, String> {
        if !bytes.starts_with(&self.id.to_be_bytes()) {
            return Err("has another number".into());
        }
        if hops(bytes) > HOPS_MAX {
            return Err("has names without end".into());
        }
        let message = Message::from_vec(bytes).map_err(|e| format!("can not be read: {e}"))?;
        if message.message_type() != MessageType::Response || message.op_code() != OpCode::Query {
            return Err("is none".into());
        }
        // A server that refuses need not repeat what it was asked.
        let known = [ResponseCode::NoError, ResponseCode::NXDomain];
        let refuses = !known.contains(&message.response_code());
        let ours = |one: &Query| {
            one.name() == &self.name
                && one.query_type() == self.kind
                && one.query_class() == DNSClass::IN
        };
        match message.queries() {
            [] if refuses => Ok(message),
            [one] if ours(one) => Ok(message),
            _ => Err("answers another question".into()),
        }
    }
}

/// How often a name that begins anywhere in a message could go on at another place, at most: as
/// hickory reads it, always further to the front. A message can be all labels and pointers, so each
/// byte is looked at a few times and no more.
fn hops(message: &[u8]) -> u16 {
    /// The upper bits of a byte that begins a pointer; the rest with the next is the place.
    const POINTER: u8 = 0xc0;
    // Where the labels end that begin at a place: there, if none does.
    let mut ends: Vec<usize> = (0..message.len()).collect();
    for at in (0..message.len()).rev() {
        if (1..64).contains(&message[at]) {
            let next = at + 1 + usize::from(message[at]);
            ends[at] = ends.get(next).copied().unwrap_or(next);
        }
    }
    let mut hops = vec![0u16; message.len()];
    for at in 0..message.len().saturating_sub(1) {
        if message[at] < POINTER {
            continue;
        }
        let place = usize::from(message[at] & !POINTER) << 8 | usize::from(message[at + 1]);
        // Labels may stand there before the next pointer.
        let end = ends.get(place).copied().unwrap_or(place);
        let further = if end < at { hops[end] } else { 0 };
        hops[at] = 1 + further;
    }
    hops.into_iter().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    /// Must be over long before.
    const LIMIT: Duration = Duration::from_secs(60);

    #[test]
    fn hops_are_counted_to_where_the_labels_before_a_pointer_end() {
        // Two labels, then the end; a pointer to the first, one behind the second that goes on at
        // it, one to itself, and one to what comes later.
        let message = [
            1, b'a', 1, b'b', 0, 0xc0, 0, 1, b'c', 0xc0, 5, 0xc0, 11, 0xc0, 20, 0xc0, 7,
        ];
        for (end, most) in [(5, 0), (7, 1), (11, 2), (13, 2), (15, 2), (17, 3)] {
            assert_eq!(hops(&message[..end]), most, "{end}");
        }
    }

    #[test]
    fn labels_without_end_before_pointers_without_end_are_walked_once() {
        // A walk for each pointer took a second for a datagram; it would take an hour for this.
        let half = 1 << 20;
        let mut message = vec![1; half];
        message.resize(2 * half, 0xc0);
        let (tell, told) = channel();
        std::thread::spawn(move || tell.send(hops(&message)));
        assert_eq!(told.recv_timeout(LIMIT), Ok(2));
    }
}
