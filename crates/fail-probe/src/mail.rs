//! Greets a mail server: SMTP, IMAP, POP3.
//!
//! The greeting, TLS where it is asked for, a login where there is one (never without TLS but to
//! this host), and good-bye. Nothing is sent by mail and no mailbox is changed. What is in a
//! file of passwords never stands in a reason, also when a server repeats it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use fail_conf::hcfile::check::{Check, Host, Protocol, Terms, Tls, When};
use fail_core::watch::Finding;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::file;
use crate::found::{Found, bad, good, unknown};
use crate::net::{self, Talk};
use crate::note;
use crate::tls;

/// Bytes of a line: eight times what RFC 5321 allows, as IMAP has longer ones.
const LINE_BYTES_MAX: usize = 4 * 1024;

/// Lines of one answer: a server has some dozen extensions at most.
const LINES_MAX: usize = 200;

/// An answer to the good-bye is waited for so long and no longer.
const PARTING: Duration = Duration::from_secs(1);

pub(crate) async fn probe(check: &Check, terms: &Terms) -> Found {
    let Check::Mail { host, login, .. } = check else {
        return Ok(unknown("not a check of mail"));
    };
    let login = match login {
        Some(path) => Some(file::login(path).await.map_err(unknown)?),
        None => None,
    };
    let (stream, at) = net::connect(host, terms).await?;
    let ours = stream.local_addr().map_err(|e| net::failed(&e, at))?;
    talk(check, login, stream, (at, ours)).await
}

/// The check on a connection that is there, with its two ends.
pub(crate) async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    check: &Check,
    login: Option<(String, String)>,
    stream: S,
    (at, ours): (SocketAddr, SocketAddr),
) -> Found {
    let Check::Mail {
        protocol,
        host,
        when,
        tls,
        expect,
        ..
    } = check
    else {
        return Ok(unknown("not a check of mail"));
    };
    if let Some((user, password)) = &login {
        note::hide([quoted(password), password.clone(), user.clone()]);
    }
    let asked = Asked {
        protocol: *protocol,
        host,
        expect: expect.as_deref(),
        login,
        ehlo: literal(ours),
    };
    asked.meet(stream, at, *when, tls).await
}

/// What is asked of a server.
struct Asked<'a> {
    protocol: Protocol,
    host: &'a Host,
    expect: Option<&'a str>,
    /// The user and the password.
    login: Option<(String, String)>,
    /// How we greet, in SMTP.
    ehlo: String,
}

impl Asked<'_> {
    async fn meet<S>(&self, stream: S, at: SocketAddr, when: When, tls: &Tls) -> Found
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = &self.host.name;
        if when == When::First {
            let (stream, shown) = tls::wrap(stream, at, name, tls).await?;
            let mut talk = Talk::new(stream, at);
            let greeting = self.greeted(&mut talk).await?;
            let finding = self.rest(talk, greeting, true).await?;
            return Ok(tls::judged(finding, Some(&shown), tls));
        }
        let mut talk = Talk::new(stream, at);
        let greeting = self.greeted(&mut talk).await?;
        if when == When::Never {
            return self.rest(talk, greeting, false).await;
        }
        self.start_tls(&mut talk).await?;
        let (stream, shown) = tls::wrap(talk.done()?, at, name, tls).await?;
        let finding = self.rest(Talk::new(stream, at), greeting, true).await?;
        Ok(tls::judged(finding, Some(&shown), tls))
    }

    /// All that comes after the greeting and TLS.
    async fn rest<S>(&self, mut talk: Talk<S>, greeting: String, hidden: bool) -> Found
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.hello(&mut talk).await?;
        self.log_in(&mut talk, hidden).await?;
        self.leave(&mut talk).await;
        match &self.login {
            Some(_) => Ok(good(format!("logged in; {greeting}"))),
            None => Ok(good(greeting)),
        }
    }

    /// The greeting, which must be one of the protocol and have in it what is expected.
    async fn greeted<S>(&self, talk: &mut Talk<S>) -> Result<String, Finding>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let at = talk.at();
        note::waits(format!("the greeting of {at}"));
        let (lines, begins) = match self.protocol {
            Protocol::Smtp => (smtp(talk).await?, "220"),
            Protocol::Imap => (vec![talk.line(LINE_BYTES_MAX).await?], "* OK"),
            Protocol::Pop => (vec![talk.line(LINE_BYTES_MAX).await?], "+OK"),
        };
        let text = lines.join(" ");
        if !begins_with(&text, begins) {
            return Err(bad(format!("{at} greets with \"{text}\"")));
        }
        match self.expect {
            Some(expect) if !text.contains(expect) => Err(bad(format!(
                "\"{expect}\" is not in the greeting of {at}: {text}"
            ))),
            _ => Ok(text),
        }
    }

    /// What is said before anything else: who we are, and what the server can do.
    async fn hello<S>(&self, talk: &mut Talk<S>) -> Result<Vec<String>, Finding>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self.protocol {
            Protocol::Smtp => self.command(talk, "EHLO", &self.ehlo).await,
            Protocol::Imap => self.command(talk, "CAPABILITY", "CAPABILITY").await,
            // Not all have CAPA.
            Protocol::Pop => Ok(Vec::new()),
        }
    }

    /// Has the server begin TLS.
    async fn start_tls<S>(&self, talk: &mut Talk<S>) -> Result<(), Finding>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let at = talk.at();
        let can = self.hello(talk).await?;
        let word = match self.protocol {
            Protocol::Pop => "STLS",
            _ => "STARTTLS",
        };
        let offered = |line: &String| {
            let mut words = line.split(|c: char| c.is_whitespace() || c == '-');
            words.any(|can| can.eq_ignore_ascii_case(word))
        };
        if self.protocol != Protocol::Pop && !can.iter().any(offered) {
            return Err(bad(format!("{at} does not offer {word}")));
        }
        self.command(talk, word, word).await.map(|_| ())
    }

    async fn log_in<S>(&self, talk: &mut Talk<S>, hidden: bool) -> Result<(), Finding>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let at = talk.at();
        let Some((user, password)) = &self.login else {
            return Ok(());
        };
        if !hidden && !at.ip().to_canonical().is_loopback() {
            let why = format!("no password is sent to {at} without TLS: tls=starttls or tls=yes");
            return Err(unknown(why));
        }
        match self.protocol {
            // The options of smtp have none.
            Protocol::Smtp => Ok(()),
            Protocol::Imap => {
                let line = format!("LOGIN {} {}", quoted(user), quoted(password));
                self.command(talk, "LOGIN", &line).await.map(|_| ())
            }
            Protocol::Pop => {
                let line = format!("USER {user}");
                self.command(talk, "USER", &line).await?;
                let line = format!("PASS {password}");
                self.command(talk, "PASS", &line).await.map(|_| ())
            }
        }
    }

    /// Says good-bye, as a server counts and logs those who only hang up. What is said to that
    /// does not matter any more.
    async fn leave<S>(&self, talk: &mut Talk<S>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let at = talk.at();
        note::waits(format!("{at} to read a good-bye"));
        let line = match self.protocol {
            Protocol::Smtp | Protocol::Pop => "QUIT\r\n",
            Protocol::Imap => "hc9 LOGOUT\r\n",
        };
        if talk.say(line.as_bytes()).await.is_ok() {
            let _ = timeout(PARTING, talk.line(LINE_BYTES_MAX)).await;
        }
    }

    /// A command and its answer, which must be a yes. In reasons it has the name `shown`.
    async fn command<S>(
        &self,
        talk: &mut Talk<S>,
        shown: &str,
        line: &str,
    ) -> Result<Vec<String>, Finding>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let at = talk.at();
        note::waits(format!("the answer of {at} to {shown}"));
        const TAG: &str = "hc1";
        let line = match self.protocol {
            Protocol::Imap => format!("{TAG} {line}\r\n"),
            Protocol::Smtp | Protocol::Pop => format!("{line}\r\n"),
        };
        talk.say(line.as_bytes()).await?;
        let (lines, yes) = match self.protocol {
            Protocol::Smtp => {
                let lines = smtp(talk).await?;
                let yes = lines.iter().all(|line| line.starts_with('2'));
                (lines, yes)
            }
            Protocol::Pop => {
                let line = talk.line(LINE_BYTES_MAX).await?;
                let yes = begins_with(&line, "+OK");
                (vec![line], yes)
            }
            Protocol::Imap => {
                let mut lines = Vec::new();
                loop {
                    let line = talk.line(LINE_BYTES_MAX).await?;
                    if let Some(rest) = line.strip_prefix(TAG) {
                        let yes = begins_with(rest.trim_start(), "OK");
                        lines.push(rest.trim_start().to_string());
                        break (lines, yes);
                    }
                    if lines.len() == LINES_MAX {
                        return Err(bad(format!("{at} does not end its answer to {shown}")));
                    }
                    lines.push(line);
                }
            }
        };
        match (yes, lines.last()) {
            (true, _) => Ok(lines),
            (false, last) => {
                let last = last.map_or("", String::as_str);
                Err(bad(format!("{at} answers {shown} with \"{last}\"")))
            }
        }
    }
}

/// Who we are, for SMTP: our address, as RFC 5321 wants it of those that may have no name.
fn literal(ours: SocketAddr) -> String {
    match ours.ip().to_canonical() {
        IpAddr::V4(ip) => format!("EHLO [{ip}]"),
        IpAddr::V6(ip) => format!("EHLO [IPv6:{ip}]"),
    }
}

/// An answer of SMTP: lines that begin with the same three digits, a dash behind all but the
/// last.
///
/// # Errors
/// It is none, or does not end.
pub(crate) async fn smtp<S>(talk: &mut Talk<S>) -> Result<Vec<String>, Finding>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let at = talk.at();
    let mut lines = Vec::new();
    while lines.len() < LINES_MAX {
        let line = talk.line(LINE_BYTES_MAX).await?;
        let mut bytes = line.bytes();
        let code = bytes.by_ref().take(3).filter(u8::is_ascii_digit).count() == 3;
        let goes_on = match bytes.next() {
            Some(b'-') => true,
            Some(b' ') | None => false,
            Some(_) => return Err(bad(format!("{at} does not speak SMTP: \"{line}\""))),
        };
        if !code {
            return Err(bad(format!("{at} does not speak SMTP: \"{line}\"")));
        }
        lines.push(line);
        if !goes_on {
            return Ok(lines);
        }
    }
    Err(bad(format!("{at} does not end its answer")))
}

/// Whether a line begins with this word, and not with a longer one.
fn begins_with(line: &str, word: &str) -> bool {
    let rest = line
        .get(..word.len())
        .filter(|begin| begin.eq_ignore_ascii_case(word));
    rest.is_some() && !line[word.len()..].starts_with(|c: char| c.is_alphanumeric())
}

/// A string of IMAP. There are no control characters in it: [`file::secret`].
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
