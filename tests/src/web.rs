//! Requests of a web server by hand, so that odd ones can be made; a web server with one of our
//! pages by CGI; and a page as a text browser shows it.

#![expect(clippy::panic, reason = "a test without its answer has failed")]

use std::fmt::Display;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};

use crate::folder::Folder;
use crate::program::{self, Running};
use crate::tree;
use crate::wait::{self, LIMIT};

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

/// A lighttpd with these settings on a port of loopback, in this folder, with this program as
/// `PROGRAM.cgi`; nothing: there is none here.
pub fn lighttpd(folder: &Folder, program: &str, settings: &str) -> Option<(Running, SocketAddr)> {
    let mut command = program::unpacked("lighttpd", "usr/sbin/lighttpd")?;
    let cgi = folder.file(&format!("{program}.cgi"));
    let made = std::os::unix::fs::symlink(program::path(program), &cgi);
    made.unwrap_or_else(|e| panic!("{cgi}: {e}"));
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let at = free.unwrap_or_else(|e| panic!("no port: {e}"));
    let text = format!(
        "server.document-root = \"{}\"\nserver.port = {}\nserver.bind = \"127.0.0.1\"\n{settings}",
        folder.path().display(),
        at.port(),
    );
    let config = folder.write("lighttpd.conf", text);
    let modules = tree::path("target/debian/lighttpd/usr/lib/lighttpd");
    command.args(["-D", "-f", &config, "-m"]).arg(modules);
    let running = Running::start(command.stderr(Stdio::null()));
    let up = || TcpStream::connect(at).is_ok();
    wait::until("lighttpd to listen", up, |up| *up);
    Some((running, at))
}

/// Holds a CGI program to what one does that only shows a page: it has the headers of ours, and
/// neither these queries nor anything but reading is answered. Gives the page.
pub fn only_shows(at: SocketAddr, path: &str, refused: &[impl Display]) -> Answer {
    let page = get(at, path);
    assert_eq!(page.status, 200, "{page:?}");
    for header in [
        "Content-Type: text/html; charset=utf-8",
        "Cache-Control: no-store",
        "Content-Security-Policy: default-src 'none'; style-src 'sha256-",
    ] {
        assert!(page.head.contains(header), "no {header} in {}", page.head);
    }
    for query in refused {
        let refused = get(at, &format!("{path}?{query}"));
        assert_eq!(refused.status, 400, "{query}: {refused:?}");
        assert!(refused.head.contains("text/plain"), "{refused:?}");
    }
    let posted = ask(at, "POST", path, "Content-Length: 0\r\n");
    assert_eq!(posted.status, 405, "{posted:?}");
    assert!(posted.head.contains("Allow: GET, HEAD"), "{posted:?}");
    let head = ask(at, "HEAD", path, "");
    assert_eq!((head.status, head.body.as_str()), (200, ""), "{head:?}");
    page
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
