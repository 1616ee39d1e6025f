//! Addresses of a name, of the kind that is wanted, and connections to the first that answers.
//!
//! What goes wrong is said in words that name the address: `connection refused by
//! 192.0.2.1:80`. What can not be found out because of this host (no such name, no descriptor
//! left) is unknown, not bad; of the latter there is a [`note`]. [`Talk`] reads and writes, never
//! more than its caller has room for.
//!
//! Not here: deadlines. A check is dropped when its time is over.

use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::Duration;

use fail_client::words;
use fail_conf::hcfile::check::{Family, Host, Terms};
use fail_core::watch::{Finding, Verdict};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::found::{bad, figure, unknown};
use crate::{blocking, note};

/// Addresses of one name that are tried: more than a name of one service has.
const ADDRESSES_MAX: usize = 16;

/// So long the first address has before the next is tried beside it: what RFC 8305 proposes.
pub(crate) const HEAD_START: Duration = Duration::from_millis(250);

/// Reasons of so many addresses are told; who needs more looks at the name.
const REASONS_MAX: usize = 3;

/// Read at a time.
const CHUNK: usize = 8 * 1024;

/// The addresses of a name, of the wanted kind, in the order of the system.
///
/// # Errors
/// There is none, or it can not be found out.
pub(crate) async fn addresses(host: &Host, family: Family) -> Result<Vec<SocketAddr>, Finding> {
    let name = &host.name;
    note::waits(format!("the addresses of {name}"));
    let failed = |why: String| unknown(format!("no address of {name}: {why}"));
    let found = match name.parse::<IpAddr>() {
        Ok(ip) => vec![SocketAddr::new(ip, host.port)],
        Err(_) => {
            let wanted = (name.clone(), host.port);
            let look = move || wanted.to_socket_addrs().map(Iterator::collect::<Vec<_>>);
            let found = blocking::call(&blocking::NAMES, look).await;
            found.map_err(failed)?.map_err(|e| failed(looked_up(&e)))?
        }
    };
    let mut wanted: Vec<SocketAddr> = Vec::new();
    for at in found {
        let fits = match family {
            Family::Any => true,
            Family::V4 => at.is_ipv4(),
            Family::V6 => at.is_ipv6(),
        };
        if fits && !wanted.contains(&at) && wanted.len() < ADDRESSES_MAX {
            wanted.push(at);
        }
    }
    match (wanted.is_empty(), family) {
        (false, _) => Ok(wanted),
        (true, Family::V4) => Err(unknown(format!("{name} has no IPv4 address"))),
        (true, Family::V6) => Err(unknown(format!("{name} has no IPv6 address"))),
        (true, Family::Any) => Err(unknown(format!("{name} has no address"))),
    }
}

/// Without what the standard library puts in front.
fn looked_up(error: &io::Error) -> String {
    let text = error.to_string();
    match text.strip_prefix("failed to lookup address information: ") {
        Some(why) => why.to_lowercase(),
        None => words(error),
    }
}

/// Connects to the first address of a host that answers. Where one is silent, the next is tried
/// beside it. The time is the figure `connect`.
///
/// # Errors
/// None can be reached: why not.
pub(crate) async fn connect(
    host: &Host,
    terms: &Terms,
) -> Result<(TcpStream, SocketAddr), Finding> {
    reach(addresses(host, terms.family).await?).await
}

/// Connects to the first of these that answers.
///
/// # Errors
/// None can be reached: why not.
pub(crate) async fn reach(wanted: Vec<SocketAddr>) -> Result<(TcpStream, SocketAddr), Finding> {
    let began = Instant::now();
    let to: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    note::waits(format!("a connection to {}", to.join(" or ")));
    let mut next = wanted.into_iter();
    let mut tries = JoinSet::new();
    let mut failures: Vec<Finding> = Vec::new();
    loop {
        let more = match next.next() {
            Some(at) => {
                tries.spawn(async move { (at, TcpStream::connect(at).await) });
                true
            }
            None => false,
        };
        let joined = match more && next.len() > 0 {
            true => timeout(HEAD_START, tries.join_next()).await,
            false => Ok(tries.join_next().await),
        };
        match joined {
            // It is silent so far.
            Err(_) => {}
            Ok(Some(Ok((at, Ok(stream))))) => {
                let took = began.elapsed().as_secs_f64();
                note::measured(figure("connect", took, "s"));
                // What is said is said at once.
                let _ = stream.set_nodelay(true);
                return Ok((stream, at));
            }
            Ok(Some(Ok((at, Err(e))))) => failures.push(failed(&e, at)),
            Ok(Some(Err(e))) => failures.push(unknown(e.to_string())),
            Ok(None) => return Err(all(failures)),
        }
    }
}

/// One finding of several failures: bad if one is.
pub(crate) fn all(failures: Vec<Finding>) -> Finding {
    let worst = failures.iter().any(|f| f.verdict == Verdict::Bad);
    let more = failures.len().saturating_sub(REASONS_MAX);
    let whys = failures.into_iter().take(REASONS_MAX).map(|f| f.why);
    let mut why = whys.collect::<Vec<_>>().join("; ");
    if more > 0 {
        why += &format!("; and {more} more");
    }
    match worst {
        true => bad(why),
        false => unknown(why),
    }
}

/// Why there is no connection, or no longer.
pub(crate) fn failed(error: &io::Error, at: SocketAddr) -> Finding {
    use io::ErrorKind as E;
    let ours = || format!("no connection to {at}: {}", words(error));
    if none_left(error) || error.kind() == E::AddrNotAvailable && no_port_left(at) {
        let why = ours();
        note::lacks(&why);
        return unknown(why);
    }
    match error.kind() {
        E::ConnectionRefused => bad(format!("connection refused by {at}")),
        E::ConnectionReset | E::ConnectionAborted | E::BrokenPipe => {
            bad(format!("connection broken by {at}"))
        }
        E::UnexpectedEof => bad(format!("{at} has hung up")),
        E::HostUnreachable => bad(format!("no way to {at}: host unreachable")),
        E::NetworkUnreachable => bad(format!("no way to {at}: network unreachable")),
        E::TimedOut => bad(format!("{at} does not answer")),
        // There is no address here for such a one: that is this host, as above, but stays so.
        E::AddrNotAvailable => unknown(ours()),
        _ => bad(format!("{at}: {}", words(error))),
    }
}

/// Whether this host has no descriptor or no memory any more.
fn none_left(error: &io::Error) -> bool {
    let ours = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
    let number = error.raw_os_error();
    number.is_some_and(|number| ours.contains(&number))
}

/// Whether it is for its port that a connection to there has no address: of UDP there are others.
fn no_port_left(at: SocketAddr) -> bool {
    let any: SocketAddr = match at {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any);
    socket.and_then(|socket| socket.connect(at)).is_ok()
}

/// Why there is no descriptor to be had now, if there is none. Who looks up a name or opens a
/// file in a library does not always say so.
pub(crate) fn no_descriptor() -> Option<String> {
    let error = File::open("/dev/null").err()?;
    none_left(&error).then(|| words(&error))
}

/// A connection of lines, and what was read of it too far.
#[derive(Debug)]
pub(crate) struct Talk<S> {
    stream: S,
    at: SocketAddr,
    got: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    /// Over this connection with that address.
    pub(crate) fn new(stream: S, at: SocketAddr) -> Talk<S> {
        let got = Vec::new();
        Talk { stream, at, got }
    }

    /// Whom it is with.
    pub(crate) fn at(&self) -> SocketAddr {
        self.at
    }

    /// The connection, if nothing was said on it that was not read: what comes before TLS begins
    /// must not be taken for what comes in it.
    ///
    /// # Errors
    /// Something was.
    pub(crate) fn done(self) -> Result<S, Finding> {
        match self.got.is_empty() {
            true => Ok(self.stream),
            false => Err(bad(format!("{} says more than it was asked", self.at))),
        }
    }

    /// Says something.
    ///
    /// # Errors
    /// It can not be said.
    pub(crate) async fn say(&mut self, bytes: &[u8]) -> Result<(), Finding> {
        let written = self.stream.write_all(bytes).await;
        // With TLS it may wait until it is flushed.
        let written = match written {
            Ok(()) => self.stream.flush().await,
            Err(e) => Err(e),
        };
        written.map_err(|e| failed(&e, self.at))
    }

    /// Reads some more; false when the other end has hung up.
    ///
    /// # Errors
    /// The connection is broken.
    pub(crate) async fn more(&mut self) -> Result<bool, Finding> {
        // Not an array: each check would be larger by one for every place that waits here.
        let mut chunk = vec![0; CHUNK];
        let count = self.stream.read(&mut chunk).await;
        let count = count.map_err(|e| failed(&e, self.at))?;
        self.got.extend_from_slice(&chunk[..count]);
        Ok(count > 0)
    }

    /// What was read and not taken yet.
    pub(crate) fn got(&self) -> &[u8] {
        &self.got
    }

    /// Takes a line of at most `limit` bytes, without its end, waiting for it.
    ///
    /// # Errors
    /// It is longer, or the connection ends in it.
    pub(crate) async fn line(&mut self, limit: usize) -> Result<String, Finding> {
        let mut seen = 0;
        loop {
            let end = self.got[seen..].iter().position(|byte| *byte == b'\n');
            let length = end.map_or(self.got.len(), |end| seen + end);
            if length > limit {
                let why = format!("{} says a line of more than {limit} bytes", self.at);
                return Err(bad(why));
            }
            if end.is_some() {
                let line = String::from_utf8_lossy(&self.got[..length]);
                let line = line.trim_end_matches('\r').to_string();
                self.got.drain(..=length);
                return Ok(line);
            }
            seen = self.got.len();
            if !self.more().await? {
                return Err(bad(format!("{} has hung up", self.at)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream as Blocking};

    use tokio::net::TcpSocket;

    use super::*;

    /// Long before the kernel gives up on an address that is silent.
    const LIMIT: Duration = Duration::from_secs(20);

    fn run<T>(test: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread();
        { runtime }.enable_all().build().unwrap().block_on(test)
    }

    #[test]
    fn a_silent_address_does_not_keep_from_the_next() {
        run(async {
            // Nobody takes its connections, and there is room for one only.
            let silent = TcpSocket::new_v4().unwrap();
            silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let silent = silent.listen(0).unwrap();
            let silent_at = silent.local_addr().unwrap();
            let _room = Blocking::connect(silent_at).unwrap();
            let good = TcpListener::bind("[::1]:0").unwrap();
            let good_at = good.local_addr().unwrap();
            let alone = timeout(HEAD_START, TcpStream::connect(silent_at)).await;
            assert!(alone.is_err(), "it is not silent");
            let reached = timeout(LIMIT, reach(vec![silent_at, good_at])).await;
            let (_, at) = reached.expect("the second was never tried").unwrap();
            assert_eq!(at, good_at);
        });
    }

    #[test]
    fn an_address_that_fails_does_not_keep_from_the_next() {
        run(async {
            let nobody = || {
                TcpListener::bind("127.0.0.1:0")
                    .unwrap()
                    .local_addr()
                    .unwrap()
            };
            let good = TcpListener::bind("127.0.0.1:0").unwrap();
            let good_at = good.local_addr().unwrap();
            let reached = reach(vec![nobody(), nobody(), good_at]).await;
            assert_eq!(reached.unwrap().1, good_at);
            let all = [nobody(), nobody(), nobody(), nobody(), nobody()];
            let why = reach(all.to_vec()).await.unwrap_err().why;
            let told = all[..3]
                .iter()
                .map(|at| format!("connection refused by {at}; "));
            assert_eq!(why, told.collect::<String>() + "and 2 more");
        });
    }
}
