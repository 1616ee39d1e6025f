//! A mail about a report, by SMTP and without TLS: to the mail server of the host or one nearby.
//!
//! Each recipient has an envelope of his own, so that one whom the server refuses keeps nobody
//! else from being told. Headers are written by `lettre`, and nothing that goes into one has a
//! line end or another control character in it.

use fail_client::{age, utc};
use fail_conf::hcfile::check::Host;
use fail_core::watch::Report;
use fail_rt::clock;
use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::sentence;

/// Sends it.
pub async fn send(
    to: &[String],
    smtp: &Host,
    from: &str,
    report: &Report,
    host: &str,
) -> Result<(), String> {
    let from = address(from)?;
    let to: Vec<Mailbox> = to.iter().map(|to| address(to)).collect::<Result<_, _>>()?;
    let message = message(&from, &to, report, host)?.formatted();
    let server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.name);
    let server = server
        .port(smtp.port)
        .hello_name(ClientId::Domain(host.to_string()))
        .build();
    let mut failures = Vec::new();
    for mailbox in to {
        let (from, to) = (from.email.clone(), mailbox.email.clone());
        let sent = match Envelope::new(Some(from), vec![to]) {
            Ok(envelope) => server.send_raw(&envelope, &message).await.map(drop),
            Err(e) => {
                failures.push(e.to_string());
                continue;
            }
        };
        if let Err(e) = sent {
            let why = reasons(&e);
            failures.push(format!("{}: {why}", mailbox.email));
        }
    }
    match failures.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "mail server {}: {}",
            smtp.name,
            failures.join("; ")
        )),
    }
}

fn address(text: &str) -> Result<Mailbox, String> {
    let parsed = text.parse();
    parsed.map_err(|e| format!("\"{text}\" is no mail address: {e}"))
}

/// An error with what is behind it.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let why = error.to_string();
        if !text.contains(&why) {
            text = format!("{text}: {why}");
        }
        next = error.source();
    }
    text
}

fn message(from: &Mailbox, to: &[Mailbox], report: &Report, host: &str) -> Result<Message, String> {
    let mut message = Message::builder()
        .from(from.clone())
        .subject(sentence(report))
        .message_id(None)
        .header(ContentType::TEXT_PLAIN)
        // Who is away for a week does not answer.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_string(),
        ));
    for to in to {
        message = message.to(to.clone());
    }
    message.body(text(report, host)).map_err(|e| e.to_string())
}

fn text(report: &Report, host: &str) -> String {
    let mut text = format!("{}\n\n", sentence(report));
    let mut line = |name: &str, value: String| {
        text.push_str(&format!("{name:<9} {value}\n"));
    };
    line("when", utc(clock::now().wall.0));
    line("who", format!("hc on {host}"));
    line("event", report.event.word().to_string());
    let before = age(report.lasted.as_millis());
    match report.first {
        true => line("before", "not known".to_string()),
        false => line("before", format!("{} for {before}", report.from.word())),
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
    use fail_core::watch::Event;

    #[test]
    fn nothing_that_a_server_says_becomes_a_header() {
        let hostile = "status 500\r\nBcc: all@example.org\r\n\r\nbuy \u{1b}[31m\0 ü";
        let report = report(Event::Down, false, hostile);
        let from = address("hc@example.org").unwrap();
        let to = [
            address("a@example.org").unwrap(),
            address("b@example.org").unwrap(),
        ];
        let bytes = message(&from, &to, &report, "hosta").unwrap().formatted();
        let text = String::from_utf8(bytes).unwrap();
        let head = text.split("\r\n\r\n").next().unwrap();
        assert!(!head.to_lowercase().contains("\r\nbcc:"), "{head}");
        assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
        assert!(head.contains("To: a@example.org, b@example.org"), "{head}");
        for bad in ["a@b\r\nRCPT TO:<x@y>", "", "a b@c"] {
            assert!(address(bad).is_err(), "{bad:?}");
        }
    }
}
