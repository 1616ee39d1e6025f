//! Servers that behave badly, each on a port of its own, on `127.0.0.1` or `::1` ([`BOTH`]).
//!
//! | server | what it does |
//! |---|---|
//! | [`refusing`] | nobody is there: a connection is refused |
//! | [`silent`] | takes connections, reads what comes and says nothing |
//! | [`saying`] | says this at once, reads a little, and hangs up |
//! | [`dripping`] | says this at one byte a second, after what is asked |
//! | [`endless`] | says the first once, and then the second for ever; counts its bytes |
//! | [`answering`] | gives each line that comes to a function, and says what that gives |
//! | [`serving`] | gives each connection to a function, on a thread of its own |
//!
//! They end with the tests. All take TCP; a bad server of UDP is a socket and a thread.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// What a server of HTTP may say before its answer, as often as it likes.
pub const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
/// See [`CONTINUE`].
pub const EARLY: &str = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";

/// The addresses on which all is tried.
pub const BOTH: [&str; 2] = ["127.0.0.1", "::1"];

/// As it stands before a port.
pub fn bracketed(ip: &str) -> String {
    match ip.contains(':') {
        true => format!("[{ip}]"),
        false => ip.to_string(),
    }
}

/// A listener on a free port.
pub fn listen(ip: &str) -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((ip, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    (listener, at)
}

/// A port on which nobody listens, nor will soon: the kernel gives ports one after the other.
pub fn refusing(ip: &str) -> SocketAddr {
    listen(ip).1
}

/// Each connection is given to this, on a thread of its own. What goes wrong there ends it.
pub fn serving(
    ip: &str,
    serve: impl Fn(TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
) -> SocketAddr {
    let (listener, at) = listen(ip);
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(stream));
        }
    });
    at
}

/// Reads what somebody asks, a little of it, and does not look at it.
pub fn hear(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.read(&mut [0; 4096]).map(|_| ())
}

/// Takes connections and says nothing. All are held by one thread, so there may be thousands.
pub fn silent(ip: &str) -> SocketAddr {
    let (listener, at) = listen(ip);
    std::thread::spawn(move || {
        let held: Vec<TcpStream> = listener.incoming().flatten().collect();
        drop(held);
    });
    at
}

/// Says this to everybody, and hangs up when it was asked something or the other end is done.
pub fn saying(ip: &str, bytes: impl Into<Vec<u8>>) -> SocketAddr {
    let bytes = bytes.into();
    serving(ip, move |mut stream| {
        stream.write_all(&bytes)?;
        hear(&mut stream)
    })
}

/// Says this to everybody when it was asked something, one byte a second.
pub fn dripping(ip: &str, bytes: impl Into<Vec<u8>>) -> SocketAddr {
    drip(ip, bytes.into(), true)
}

/// Says this to everybody at once, one byte a second.
pub fn dripping_first(ip: &str, bytes: impl Into<Vec<u8>>) -> SocketAddr {
    drip(ip, bytes.into(), false)
}

fn drip(ip: &str, bytes: Vec<u8>, asked: bool) -> SocketAddr {
    serving(ip, move |mut stream| {
        if asked {
            hear(&mut stream)?;
        }
        // Nobody ever sends: this is a second.
        let (_kept, ticks) = mpsc::channel::<()>();
        for byte in &bytes {
            stream.write_all(&[*byte])?;
            let tick = ticks.recv_timeout(Duration::from_secs(1));
            assert_eq!(tick, Err(RecvTimeoutError::Timeout));
        }
        Ok(())
    })
}

/// Says the first when it was asked something, and then the second for ever. The counter has
/// the bytes that the other end let it say.
pub fn endless(
    ip: &str,
    first: impl Into<Vec<u8>>,
    then: impl Into<Vec<u8>>,
) -> (SocketAddr, Arc<AtomicUsize>) {
    let (first, then) = (first.into(), then.into());
    let said = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&said);
    let at = serving(ip, move |mut stream| {
        hear(&mut stream)?;
        stream.write_all(&first)?;
        loop {
            stream.write_all(&then)?;
            count.fetch_add(then.len(), Ordering::Relaxed);
        }
    });
    (at, said)
}

/// Says the greeting, and to each line what the function gives.
pub fn answering(
    ip: &str,
    greeting: &'static str,
    answer: impl Fn(&str) -> String + Send + Sync + 'static,
) -> SocketAddr {
    serving(ip, move |mut stream| {
        stream.write_all(greeting.as_bytes())?;
        let lines = BufReader::new(stream.try_clone()?).lines();
        for line in lines {
            stream.write_all(answer(&line?).as_bytes())?;
        }
        Ok(())
    })
}

/// An answer of HTTP with this status, these headers (each with its line end) and this body.
pub fn reply(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}

/// Answers each request of HTTP with what the function makes of its head.
pub fn web(ip: &str, answer: impl Fn(&str) -> String + Send + Sync + 'static) -> SocketAddr {
    serving(ip, move |mut stream| {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte)? == 0 {
                return Ok(());
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        stream.write_all(answer(&head).as_bytes())?;
        // Until the other end has read it: else the rest of a request would break the answer.
        stream.shutdown(std::net::Shutdown::Write)?;
        while stream.read(&mut [0; 4096])? > 0 {}
        Ok(())
    })
}
