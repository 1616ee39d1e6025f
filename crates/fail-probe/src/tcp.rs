//! Opens a connection, says something, and looks for an answer.
//!
//! Of the answer no more than its first 64 kB is read. Without `expect=` a connection (with
//! `tls=yes` one that is encrypted) and what was said on it are enough.

use std::net::SocketAddr;

use fail_conf::hcfile::check::{Host, Terms, Tls, unescaped};
use memchr::memmem::Finder;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::found::{Found, bad, good};
use crate::net::{self, Talk};
use crate::note;
use crate::tls;

/// `expect=` is looked for in so many bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Letters of an answer that are told when it is another than was expected.
const TOLD_MAX: usize = 80;

pub(crate) async fn probe(
    host: &Host,
    send: Option<&str>,
    expect: Option<&str>,
    tls: Option<&Tls>,
    terms: &Terms,
) -> Found {
    let (stream, at) = net::connect(host, terms).await?;
    let Some(tls) = tls else {
        return talk(stream, at, send, expect).await;
    };
    let (stream, shown) = tls::wrap(stream, at, &host.name, tls).await?;
    let finding = talk(stream, at, send, expect).await?;
    Ok(tls::judged(finding, Some(&shown), tls))
}

pub(crate) async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    at: SocketAddr,
    send: Option<&str>,
    expect: Option<&str>,
) -> Found {
    let mut talk = Talk::new(stream, at);
    if let Some(text) = send {
        note::waits(format!("{at} to read what it is sent"));
        talk.say(unescaped(text).as_bytes()).await?;
    }
    let Some(expect) = expect else {
        return Ok(good(format!("connected to {at}")));
    };
    note::waits(format!("\"{expect}\" from {at}"));
    let wanted = Finder::new(expect);
    let mut seen: usize = 0;
    loop {
        let got = talk.got();
        // What was looked through before may have its beginning.
        let from = seen.saturating_sub(expect.len());
        seen = got.len();
        if wanted.find(&got[from..]).is_some() {
            return Ok(good(format!("{at} says \"{expect}\"")));
        }
        if got.len() >= ANSWER_BYTES_MAX {
            let why = format!("\"{expect}\" is not in the first {ANSWER_BYTES_MAX} bytes of {at}");
            return Err(bad(why));
        }
        if !talk.more().await? {
            let said = told(talk.got());
            return Err(bad(format!("{at} says {said}, not \"{expect}\"")));
        }
    }
}

/// The beginning of an answer.
fn told(got: &[u8]) -> String {
    if got.is_empty() {
        return "nothing".to_string();
    }
    // Before it is made shorter: half a password is still one.
    let text = note::discreet(String::from_utf8_lossy(got).into_owned());
    let mut letters = text.chars();
    let begin: String = letters.by_ref().take(TOLD_MAX).collect();
    let dots = match letters.next() {
        Some(_) => "...",
        None => "",
    };
    format!("\"{}{dots}\"", begin.trim())
}
