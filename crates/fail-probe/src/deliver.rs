//! Hands a mail to a mail server, by SMTP and without TLS.
//!
//! Every recipient is asked for by himself, so that one whom the server refuses keeps nobody else
//! from being told. What the server says is read as that of a check is: so many lines of so many
//! bytes, and no more. Its time is seen to by who calls.

use fail_conf::hcfile::check::{Family, Host};
use fail_core::watch::Finding;
use tokio::net::TcpStream;

use crate::mail::smtp;
use crate::net::{self, Talk};

/// A mail. Its addresses and the name have no control characters in them.
#[derive(Debug)]
pub struct Letter {
    /// Who we are.
    pub hello: String,
    /// From whom.
    pub from: String,
    /// To whom.
    pub to: Vec<String>,
    /// Headers and text, with line ends of CR and LF.
    pub text: Vec<u8>,
}

/// Why somebody has not got a mail.
#[derive(Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// In words.
    pub why: String,
    /// Nobody has got it, and it may go better later.
    pub again: bool,
}

impl From<Finding> for Undelivered {
    /// The connection, or what is said on it, is bad: the mail server may be starting.
    fn from(finding: Finding) -> Undelivered {
        let (why, again) = (finding.why, true);
        Undelivered { why, again }
    }
}

/// Delivers a mail.
///
/// # Errors
/// Somebody has not got it.
pub async fn deliver(server: &Host, letter: &Letter) -> Result<(), Undelivered> {
    let (stream, at) = net::reach(net::addresses(server, Family::Any).await?).await?;
    let mut talk = Talk::new(stream, at);
    let done = hand_over(&mut talk, letter).await;
    // What is said to that is not waited for: at the deadline a mail that is taken would count as
    // one that is not.
    let _ = talk.say(b"QUIT\r\n").await;
    done
}

async fn hand_over(talk: &mut Talk<TcpStream>, letter: &Letter) -> Result<(), Undelivered> {
    heard(talk, "a connection", '2').await?;
    let can = ask(talk, &format!("EHLO {}", letter.hello), "EHLO", '2').await?;
    let mut addresses = letter.to.iter().chain([&letter.from]);
    let foreign = addresses.any(|address| !address.is_ascii());
    let able = can.iter().any(|line| {
        let word = line.get(4..).unwrap_or_default();
        word.eq_ignore_ascii_case("SMTPUTF8")
    });
    let from = match (foreign, able) {
        (false, _) => format!("MAIL FROM:<{}>", letter.from),
        (true, true) => format!("MAIL FROM:<{}> SMTPUTF8", letter.from),
        (true, false) => {
            let why = "it takes no addresses with letters that are not in ASCII".to_string();
            return Err(Undelivered { why, again: false });
        }
    };
    ask(talk, &from, "MAIL", '2').await?;
    let mut refused: Vec<Undelivered> = Vec::new();
    for to in &letter.to {
        if let Err(e) = ask(talk, &format!("RCPT TO:<{to}>"), to, '2').await {
            refused.push(e);
        }
    }
    let taken = refused.len() < letter.to.len();
    if taken {
        ask(talk, "DATA", "DATA", '3').await?;
        talk.say(&stuffed(&letter.text)).await?;
        heard(talk, "the mail", '2').await?;
    }
    if refused.is_empty() {
        return Ok(());
    }
    let again = !taken && refused.iter().any(|refused| refused.again);
    let whys: Vec<String> = refused.into_iter().map(|refused| refused.why).collect();
    let why = whys.join("; ");
    Err(Undelivered { why, again })
}

/// Says a line, and hears the answer.
async fn ask(
    talk: &mut Talk<TcpStream>,
    line: &str,
    shown: &str,
    yes: char,
) -> Result<Vec<String>, Undelivered> {
    talk.say(format!("{line}\r\n").as_bytes()).await?;
    heard(talk, shown, yes).await
}

/// An answer, whose code must begin like this. One that begins with 5 is for ever.
async fn heard(
    talk: &mut Talk<TcpStream>,
    shown: &str,
    yes: char,
) -> Result<Vec<String>, Undelivered> {
    let lines = smtp(talk).await?;
    let last = lines.last().map_or("", String::as_str);
    if last.starts_with(yes) {
        return Ok(lines);
    }
    Err(Undelivered {
        why: format!("{} answers {shown} with \"{last}\"", talk.at()),
        again: !last.starts_with('5'),
    })
}

/// As it goes over the line: a dot by itself is the end, so one more stands before each at the
/// beginning of a line.
fn stuffed(text: &[u8]) -> Vec<u8> {
    let mut sent = Vec::with_capacity(text.len() + 16);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if line.first() == Some(&b'.') {
            sent.push(b'.');
        }
        sent.extend_from_slice(line);
    }
    if !sent.ends_with(b"\r\n") {
        sent.extend_from_slice(b"\r\n");
    }
    sent.extend_from_slice(b".\r\n");
    sent
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::thread;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    /// A mail server that says these lines one by one: the first at once, each other when it has
    /// heard one, or a whole mail after a 354. Gives what it has heard.
    fn server(lines: &'static [&'static str]) -> (Host, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let name = "127.0.0.1".to_string();
        let heard = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut heard = Vec::new();
            for line in lines {
                stream.write_all(format!("{line}\r\n").as_bytes()).unwrap();
                loop {
                    let mut said = String::new();
                    if reader.read_line(&mut said).unwrap() == 0 {
                        return heard;
                    }
                    let said = said.trim_end().to_string();
                    let over = !line.starts_with('3') || said == ".";
                    heard.push(said);
                    if over {
                        break;
                    }
                }
            }
            heard
        });
        (Host { name, port }, heard)
    }

    fn deliver_to(server: &Host, to: &[&str]) -> Result<(), Undelivered> {
        let letter = Letter {
            hello: "hosta".to_string(),
            from: "hc@hosta".to_string(),
            to: to.iter().map(|to| to.to_string()).collect(),
            text: b"Subject: x\r\n\r\n.\r\n..a\r\nb.".to_vec(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        let delivered = async { timeout(LIMIT, deliver(server, &letter)).await };
        runtime.block_on(delivered).expect("it takes too long")
    }

    #[test]
    fn a_mail_is_handed_over_and_nothing_in_it_ends_it() {
        let (host, heard) = server(&[
            "220 hi",
            "250-hi\r\n250 PIPELINING",
            "250 ok",
            "250 ok",
            "550 no such user",
            "354 go on",
            "250 taken",
        ]);
        let why = deliver_to(&host, &["a@b", "c@d"]).unwrap_err();
        assert!(why.why.ends_with("answers c@d with \"550 no such user\""));
        assert!(!why.again, "one has got it");
        let expected = [
            "EHLO hosta",
            "MAIL FROM:<hc@hosta>",
            "RCPT TO:<a@b>",
            "RCPT TO:<c@d>",
            "DATA",
            "Subject: x",
            "",
            "..",
            "...a",
            "b.",
            ".",
            "QUIT",
        ];
        assert_eq!(heard.join().unwrap(), expected);
    }

    #[test]
    fn what_may_go_better_later_is_told_from_what_may_not() {
        for (lines, again) in [
            (&["421 too many"][..], true),
            (&["554 go away"], false),
            (&["220 hi", "250 hi", "451 later"], true),
            (&["220 hi", "250 hi", "553 not you"], false),
            (&["220 hi", "250 hi", "250 ok", "450 grey"], true),
            (&["220 hi", "250 hi", "250 ok", "550 who"], false),
            (&["220 hi", "250 hi", "250 ok", "250 ok", "452 full"], true),
            (
                &["220 hi", "250 hi", "250 ok", "250 ok", "354 go", "554 spam"],
                false,
            ),
            (&["this is no mail server"], true),
        ] {
            let (host, _heard) = server(lines);
            let why = deliver_to(&host, &["a@b"]).unwrap_err();
            assert_eq!(why.again, again, "{lines:?}: {why:?}");
        }
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
        let (name, port) = ("127.0.0.1".to_string(), nobody.local_addr().unwrap().port());
        drop(nobody);
        let why = deliver_to(&Host { name, port }, &["a@b"]).unwrap_err();
        assert!(why.again && why.why.contains("refused"), "{why:?}");
    }

    #[test]
    fn an_answer_without_end_is_not_read_to_its_end() {
        for answer in ["220-x\r\n", "x"] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            let flood = thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let many = answer.repeat(1_000);
                while stream.write_all(many.as_bytes()).is_ok() {}
            });
            let name = "127.0.0.1".to_string();
            let why = deliver_to(&Host { name, port }, &["a@b"]).unwrap_err();
            assert!(why.again, "{why:?}");
            flood.join().unwrap();
        }
    }
}
