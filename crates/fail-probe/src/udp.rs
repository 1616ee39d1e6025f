//! Questions over UDP: asked again when nobody answers, of every address that the name has,
//! until there is an answer that fits. What does not fit is counted and told, and changes
//! nothing: anybody can send it.

use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::Poll;
use std::time::Duration;

use fail_conf::hcfile::check::{Host, Terms};
use fail_core::watch::Finding;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use crate::net::{self, HEAD_START};
use crate::note;

/// After so long it is asked again: a datagram may be lost without anybody being down.
const AGAIN: Duration = Duration::from_secs(1);

/// The largest datagram there is.
const DATAGRAM_MAX: usize = 65_535;

/// A question and what it takes for an answer.
pub(crate) trait Question {
    /// What an answer comes to.
    type Answer;

    /// What is sent; called each time it is.
    fn say(&mut self) -> Vec<u8>;

    /// Reads what has come.
    ///
    /// # Errors
    /// It is not the answer: why not, behind `the last`.
    fn hear(&mut self, bytes: &[u8]) -> Result<Self::Answer, String>;
}

struct Way {
    socket: UdpSocket,
    at: SocketAddr,
}

/// Asks until somebody answers, and says who.
///
/// # Errors
/// Nobody can.
pub(crate) async fn ask<Q: Question>(
    host: &Host,
    terms: &Terms,
    question: &mut Q,
) -> Result<(Q::Answer, SocketAddr), Finding> {
    let addresses = net::addresses(host, terms.family).await?;
    let names: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let waits = format!("an answer of {}", names.join(" or "));
    note::waits(waits.clone());
    let mut next = addresses.into_iter();
    let mut ways: Vec<Way> = Vec::new();
    let mut failures = Vec::new();
    let mut odd = 0u64;
    loop {
        match next.next() {
            Some(at) => match open(at, &question.say()).await {
                Ok(socket) => ways.push(Way { socket, at }),
                Err(e) => failures.push(net::failed(&e, at)),
            },
            None => {
                for way in &ways {
                    // Whether it arrives shows by the answer.
                    let _ = way.socket.send(&question.say()).await;
                }
            }
        }
        let pause = if next.len() > 0 { HEAD_START } else { AGAIN };
        let until = Instant::now() + pause;
        loop {
            if ways.is_empty() && next.len() == 0 {
                return Err(net::all(failures));
            } else if ways.is_empty() {
                break;
            }
            match timeout_at(until, received(&ways)).await {
                Err(_) => break,
                Ok((_, Err(e))) if e.kind() == io::ErrorKind::WouldBlock => {}
                Ok((n, Err(e))) => {
                    let way = ways.swap_remove(n);
                    failures.push(net::failed(&e, way.at));
                }
                Ok((n, Ok(bytes))) => match question.hear(&bytes) {
                    Ok(answer) => return Ok((answer, ways[n].at)),
                    Err(why) => {
                        odd += 1;
                        note::waits(format!(
                            "{waits}; {odd} came that did not fit, the last {why}"
                        ));
                    }
                },
            }
        }
    }
}

/// A socket that hears this address only, from a port that nobody can know, which has asked.
async fn open(at: SocketAddr, bytes: &[u8]) -> io::Result<UdpSocket> {
    let any: SocketAddr = match at {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(at).await?;
    socket.send(bytes).await?;
    Ok(socket)
}

/// What comes first on any of them.
async fn received(ways: &[Way]) -> (usize, io::Result<Vec<u8>>) {
    let mut all: Vec<_> = ways.iter().map(|way| Box::pin(recv(&way.socket))).collect();
    let (n, ready) = poll_fn(|cx| {
        for (n, one) in all.iter_mut().enumerate() {
            if let Poll::Ready(ready) = one.as_mut().poll(cx) {
                return Poll::Ready((n, ready));
            }
        }
        Poll::Pending
    })
    .await;
    let received = ready.and_then(|()| {
        // Room is made when there is something: thousands may wait.
        let mut buffer = vec![0; DATAGRAM_MAX];
        let length = ways[n].socket.try_recv(&mut buffer)?;
        buffer.truncate(length);
        Ok(buffer)
    });
    (n, received)
}

/// Waits until there is something to be received. An error is one, such as that nobody listens
/// there: tokio wakes nobody for it who waits for datagrams only.
pub(crate) async fn recv(socket: &UdpSocket) -> io::Result<()> {
    loop {
        let ready = socket.ready(Interest::READABLE | Interest::ERROR).await?;
        if ready.is_error() {
            let none = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
            if let Some(error) = socket.take_error()? {
                return Err(error);
            }
            // There is none any more: this is how tokio is told.
            let _ = socket.try_io(Interest::ERROR, none);
        }
        if ready.is_readable() {
            return Ok(());
        }
    }
}
