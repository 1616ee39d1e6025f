//! Requests of a web server by hand, so that odd ones can be made; and a page as a text browser
//! shows it.

#![expect(clippy::panic, reason = "a test without its answer has failed")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use crate::program::{self, Running};
use crate::wait::LIMIT;

/// What a server has answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The number of its first line; 0: it has said nothing.
    pub status: u16,
    /// All its headers, as they came.
    pub head: String,
    /// What followed.
    pub body: String,
}

/// Connects, with a limit for all that follows.
pub fn connect(at: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&at, LIMIT).and_then(|stream| {
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        Ok(stream)
    });
    stream.unwrap_or_else(|error| panic!("{at}: {error}"))
}

/// Sends this and reads until the server hangs up.
pub fn send(at: SocketAddr, request: &str) -> Answer {
    let mut stream = connect(at);
    // One that refuses may have hung up before it has read all.
    let _ = stream.write_all(request.as_bytes());
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    Answer {
        status: status.unwrap_or(0),
        head: head.to_string(),
        body: body.to_string(),
    }
}

/// A request as clients make it, with these lines more; each ends in `\r\n`.
pub fn ask(at: SocketAddr, method: &str, path: &str, lines: &str) -> Answer {
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: {at}\r\n{lines}Connection: close\r\n\r\n");
    send(at, &request)
}

/// Reads an address.
pub fn get(at: SocketAddr, path: &str) -> Answer {
    ask(at, "GET", path, "")
}

/// What a text browser makes of a page; nothing: there is none here.
pub fn in_a_text_browser(html: &str) -> Option<String> {
    if !program::works("w3m", &["-version"]) {
        return None;
    }
    let mut command = Command::new("w3m");
    let options = "-dump -T text/html -cols 200 -I UTF-8 -O UTF-8";
    command.args(options.split(' '));
    let mut running = Running::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
    let (into, from) = (running.0.stdin.take(), running.0.stdout.take());
    let (Some(mut into), Some(mut from)) = (into, from) else {
        panic!("w3m has no pipes");
    };
    let html = html.to_string();
    let writer = std::thread::spawn(move || into.write_all(html.as_bytes()));
    let mut text = String::new();
    let read = from.read_to_string(&mut text);
    assert!(
        read.is_ok() && matches!(writer.join(), Ok(Ok(()))),
        "{text}"
    );
    assert_eq!(running.wait(), Some(0));
    Some(text)
}
