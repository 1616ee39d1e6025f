//! A mail about a report, by SMTP and without TLS: to the mail server of the host or one nearby.
//!
//! Headers are written by `lettre`, and nothing that goes into one has a line end or another
//! control character in it. [`fail_probe::deliver`] hands it over.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, UNIX_EPOCH};

use fail_client::{age, utc};
use fail_conf::hcfile::Template;
use fail_conf::hcfile::check::Host;
use fail_core::time::Wall;
use fail_core::watch::{Event, Report};
use fail_probe::{Letter, Undelivered};
use fail_rt::clock;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};

use super::{filled, sentence};

/// A mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// To whom.
    pub to: Vec<String>,
    /// From whom.
    pub from: String,
    /// Nothing: a sentence.
    pub subject: Option<Template>,
    /// Nothing: all that is reported.
    pub body: Option<Template>,
    /// What about.
    pub report: Report,
}

/// The end of the year 9999: a later one has no place in the header of a mail.
const DATE_MAX_MS: i64 = 253_402_300_799_999;

/// Sends it.
pub async fn send(mail: &Mail, smtp: &Host, host: &str) -> Result<(), Undelivered> {
    let never = |why| Undelivered { why, again: false };
    let letter = letter(mail, host).map_err(never)?;
    let delivered = fail_probe::deliver(smtp, &letter).await;
    delivered.map_err(|undelivered| Undelivered {
        why: format!("mail server {}: {}", smtp.name, undelivered.why),
        ..undelivered
    })
}

fn letter(mail: &Mail, host: &str) -> Result<Letter, String> {
    let from = address(&mail.from)?;
    let to = mail.to.iter().map(|to| address(to));
    let to: Vec<Mailbox> = to.collect::<Result<_, _>>()?;
    Ok(Letter {
        hello: host.to_string(),
        text: message(&from, &to, mail, host)?.formatted(),
        from: from.email.to_string(),
        to: to.iter().map(|to| to.email.to_string()).collect(),
    })
}

fn address(text: &str) -> Result<Mailbox, String> {
    let parsed = text.parse();
    parsed.map_err(|e| format!("\"{text}\" is no mail address: {e}"))
}

fn message(from: &Mailbox, to: &[Mailbox], mail: &Mail, host: &str) -> Result<Message, String> {
    let report = &mail.report;
    let own = |template: &Option<Template>| template.as_ref().map(|t| filled(t, report, host));
    let subject = own(&mail.subject).unwrap_or_else(|| sentence(report));
    let text = own(&mail.body).unwrap_or_else(|| text(report, host));
    let mut message = Message::builder()
        .from(from.clone())
        // Its own text may have ends of lines.
        .subject(fail_client::clean(&subject).into_owned())
        .message_id(Some(id(mail, &subject, &text, host)))
        .date(UNIX_EPOCH + date(report))
        .header(ContentType::TEXT_PLAIN)
        // Who is away for a week does not answer.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_string(),
        ));
    for to in to {
        message = message.to(to.clone());
    }
    message.body(text).map_err(|e| e.to_string())
}

/// The same when it is tried again: who gets it twice can see that it is one. Another one for
/// what another line says about the same.
fn id(mail: &Mail, subject: &str, text: &str, host: &str) -> String {
    let report = &mail.report;
    let mut sum = DefaultHasher::new();
    let of = (&report.target, report.event.word(), &mail.to, subject, text);
    of.hash(&mut sum);
    format!("<{}.{:016x}@{host}>", at(report).0, sum.finish())
}

/// When it happened.
fn at(report: &Report) -> Wall {
    report.at.unwrap_or(clock::now().wall)
}

/// The same, since 1970, as far as a mail can say it.
fn date(report: &Report) -> Duration {
    let at = at(report).0.clamp(0, DATE_MAX_MS);
    Duration::from_millis(at.unsigned_abs())
}

fn text(report: &Report, host: &str) -> String {
    let mut text = format!("{}\n\n", sentence(report));
    let mut line = |name: &str, value: String| {
        text.push_str(&format!("{name:<9} {value}\n"));
    };
    line("when", utc(at(report).0));
    line("who", format!("hc on {host}"));
    line("event", report.event.word().to_string());
    let before = age(report.lasted.as_millis());
    match (report.first, report.event) {
        (true, _) => line("before", "not known".to_string()),
        (false, Event::Clear) => line("before", format!("with a warning for {before}")),
        (false, _) => line("before", format!("{} for {before}", report.from.word())),
    }
    if report.hides > 0 {
        line(
            "hides",
            format!("{} of those that depend on it", report.hides),
        );
    }
    if report.left_out > 0 {
        line(
            "left out",
            format!("{} since the last report", report.left_out),
        );
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
mod tests {
    use super::*;
    use crate::actions::tests::report;

    #[test]
    fn nothing_that_a_server_says_becomes_a_header() {
        let hostile = "status 500\r\nBcc: all@example.org\r\n\r\nbuy \u{1b}[31m\0 ü";
        let mail = Mail {
            to: vec![],
            from: String::new(),
            subject: None,
            body: None,
            report: report(Event::Down, false, hostile),
        };
        let from = address("hc@example.org").unwrap();
        let to = [
            address("a@example.org").unwrap(),
            address("b@example.org").unwrap(),
        ];
        let bytes = message(&from, &to, &mail, "hosta").unwrap().formatted();
        let text = String::from_utf8(bytes).unwrap();
        let head = text.split("\r\n\r\n").next().unwrap();
        assert!(!head.to_lowercase().contains("\r\nbcc:"), "{head}");
        assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
        assert!(head.contains("To: a@example.org, b@example.org"), "{head}");
        for bad in ["a@b\r\nRCPT TO:<x@y>", "", "a b@c"] {
            assert!(address(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_mail_that_is_tried_again_is_the_same_mail() {
        let from = address("hc@example.org").unwrap();
        let head = |mail: &Mail| {
            let bytes = message(&from, std::slice::from_ref(&from), mail, "hosta").unwrap();
            let text = String::from_utf8(bytes.formatted()).unwrap();
            let lines = text.lines().take_while(|line| !line.is_empty());
            let ours = |line: &&str| line.starts_with("Message-ID: ") || line.starts_with("Date: ");
            lines.filter(ours).map(str::to_string).collect::<Vec<_>>()
        };
        let mut mail = Mail {
            to: vec!["a@example.org".to_string()],
            from: String::new(),
            subject: None,
            body: None,
            report: report(Event::Down, false, "gone"),
        };
        mail.report.at = Some(Wall(1_795_800_116_700));
        let first = head(&mail);
        let is_there = |text: &str| first.iter().any(|line| line.starts_with(text));
        assert!(is_there("Message-ID: <1795800116700."), "{first:?}");
        assert!(
            is_there("Date: Fri, 27 Nov 2026 17:21:56 +0000"),
            "{first:?}"
        );
        assert_eq!(head(&mail), first);
        let mut other = mail.clone();
        other.to = vec!["b@example.org".to_string()];
        assert_ne!(head(&other), first);
        mail.report.at = Some(Wall(1_795_800_116_701));
        assert_ne!(head(&mail), first);
        // From a state file comes anything.
        for at in [i64::MIN, i64::MAX] {
            mail.report.at = Some(Wall(at));
            assert_eq!(head(&mail).len(), 2);
        }
    }
}
