//! Asks a time server what time it is, again each second until it answers, as SNTP has it
//! (RFC 5905, RFC 8633).
//!
//! The question holds nothing but random bits where our time would stand, and an answer counts
//! only if it brings them back: so nobody who does not see the question can forge one.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fail_conf::hcfile::check::{Check, Terms};
use fail_core::time::Span;
use fail_core::watch::Finding;
use tokio::time::Instant;

use crate::found::{Found, bad, figure, good, unknown};
use crate::note;
use crate::stage::{self, Answers};
use crate::udp::{self, Question};

/// Bytes of a question and of an answer without extensions.
const PACKET_BYTES: usize = 48;

/// No leap second is announced, version 4, a client.
const CLIENT: u8 = 0x23;

/// Bits of the first byte: the mode.
const MODE: u8 = 0b111;

/// A server's.
const SERVER: u8 = 4;

/// The clock is not synchronised, in the two upper bits of the first byte.
const ALARM: u8 = 3;

/// From this stratum on a clock is not synchronised.
const STRATUM_NONE: u8 = 16;

/// So much less than nothing an answer may have taken, in seconds: clocks have steps, of up to
/// 1/64 s.
const STEP: f64 = 0.02;

/// From 1900, where NTP begins, to 1970, in seconds.
const EPOCH: u64 = 2_208_988_800;

/// A second of NTP, whose fractions are 2^-32.
const SECOND: f64 = 4_294_967_296.0;

pub(crate) async fn probe(check: &Check, terms: &Terms) -> Found {
    let Check::Ntp { host, .. } = check else {
        return Ok(unknown("not a check of ntp"));
    };
    let mut asked = Asked::default();
    let (answer, at) = udp::ask(host, terms, &mut asked).await?;
    found(answer, at, check)
}

/// The check with a server that is a function: [`crate::stage`].
pub(crate) fn on_stage(check: &Check, at: SocketAddr, answers: Answers<'_>) -> Found {
    let mut asked = Asked::default();
    let answer = answers(&asked.say()?);
    let answer = asked.hear(&answer).map_err(stage::odd)?;
    found(answer, at, check)
}

/// What an answer comes to.
fn found(answer: Answer, at: SocketAddr, check: &Check) -> Found {
    let Check::Ntp {
        offset: offset_max,
        stratum: stratum_max,
        ..
    } = check
    else {
        return Ok(unknown("not a check of ntp"));
    };
    let Answer {
        stratum,
        offset,
        delay,
        ..
    } = answer;
    note::measured(figure("stratum", f64::from(stratum), ""));
    if let Some(kiss) = answer.kiss {
        return Err(bad(format!("{at} refuses: kiss code {kiss}")));
    }
    if answer.leap == ALARM || stratum == 0 || stratum >= STRATUM_NONE {
        return Err(bad(format!("the clock of {at} is not synchronised")));
    }
    note::measured(figure("offset", offset, "s"));
    note::measured(figure("delay", delay, "s"));
    if stratum > *stratum_max {
        let why = format!("{at} has stratum {stratum}, more than {stratum_max}");
        return Err(bad(why));
    }
    let shown = signed(offset);
    match offset_max {
        Some(max) if seconds(offset.abs()) > *max => {
            let why = format!("the clock of {at} differs by {shown}, more than {max}");
            Err(bad(why))
        }
        _ => Ok(good(format!("stratum {stratum}, differs by {shown}"))),
    }
}

fn seconds(seconds: f64) -> Span {
    let time = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    Span(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

/// In the size that people read: `+12us`, `-1.234s`.
fn signed(offset: f64) -> String {
    let size = offset.abs();
    let (value, unit) = match size {
        _ if size >= 1.0 => (format!("{size:.3}"), "s"),
        _ if size >= 0.001 => (format!("{:.3}", size * 1e3), "ms"),
        _ => (format!("{:.0}", size * 1e6), "us"),
    };
    let sign = if offset < 0.0 { '-' } else { '+' };
    format!("{sign}{value}{unit}")
}

/// What was asked: the random bits of each question, and when it was.
#[derive(Default)]
struct Asked(Vec<Sent>);

struct Sent {
    bits: [u8; 8],
    wall: u64,
    mono: Instant,
}

struct Answer {
    leap: u8,
    stratum: u8,
    /// Why it does not answer.
    kiss: Option<String>,
    /// How much its clock is before ours, in seconds.
    offset: f64,
    /// How long it took, without the time that the server had it.
    delay: f64,
}

impl Question for Asked {
    type Answer = Answer;

    fn say(&mut self) -> Result<Vec<u8>, Finding> {
        let mut packet = vec![0; PACKET_BYTES];
        packet[0] = CLIENT;
        let mut bits = [0; 8];
        // Without them it is a question that anybody can answer.
        getrandom::fill(&mut bits).map_err(|e| unknown(format!("no random bits: {e}")))?;
        packet[40..].copy_from_slice(&bits);
        self.0.push(Sent {
            bits,
            wall: wall(),
            mono: Instant::now(),
        });
        Ok(packet)
    }

    fn hear(&mut self, bytes: &[u8]) -> Result<Answer, String> {
        if bytes.len() < PACKET_BYTES {
            return Err("is too short".into());
        }
        if bytes[0] & MODE != SERVER {
            return Err("is not of a server".into());
        }
        let eight = |at: usize| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[at..at + 8]);
            eight
        };
        let Some(sent) = self.0.iter().find(|sent| sent.bits == eight(24)) else {
            return Err("answers another question".into());
        };
        let (heard, told) = (u64::from_be_bytes(eight(32)), u64::from_be_bytes(eight(40)));
        let stratum = bytes[1];
        // Without one it is a clock that knows no time yet.
        let letters = &bytes[12..16];
        let is_kiss = stratum == 0 && letters.iter().all(u8::is_ascii_alphabetic);
        let kiss = is_kiss.then(|| String::from_utf8_lossy(letters).into_owned());
        if stratum != 0 && (heard == 0 || told == 0) {
            return Err("tells no time".into());
        }
        // Our clock may be set meanwhile: what has passed is taken from the one that is not.
        let passed = sent.mono.elapsed().as_secs_f64();
        let there = apart(heard, sent.wall);
        let had = apart(told, heard);
        if stratum != 0 && (had < 0.0 || had > passed + STEP) {
            return Err("tells times that can not be".into());
        }
        let delay = (passed - had).max(0.0);
        Ok(Answer {
            leap: bytes[0] >> 6,
            stratum,
            kiss,
            offset: there - delay / 2.0,
            delay,
        })
    }
}

/// The time as NTP has it.
fn wall() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or(Duration::ZERO);
    let seconds = now.as_secs().wrapping_add(EPOCH) << 32;
    seconds | ((u64::from(now.subsec_nanos()) << 32) / 1_000_000_000)
}

/// Seconds from one time to another, which are less than 68 years apart, in whatever era.
fn apart(later: u64, earlier: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "what is lost is far below a nanosecond"
    )]
    let apart = i64::from_ne_bytes(later.wrapping_sub(earlier).to_ne_bytes()) as f64;
    apart / SECOND
}
