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
use tokio::task::yield_now;
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
    ///
    /// # Errors
    /// It can not be asked.
    fn say(&mut self) -> Result<Vec<u8>, Finding>;

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
    ask_all(net::addresses(host, terms.family).await?, question).await
}

async fn ask_all<Q: Question>(
    addresses: Vec<SocketAddr>,
    question: &mut Q,
) -> Result<(Q::Answer, SocketAddr), Finding> {
    let mut so_far = SoFar {
        silent: addresses.clone(),
        failures: Vec::new(),
        odd: None,
    };
    let mut next = addresses.into_iter();
    let mut ways: Vec<Way> = Vec::new();
    so_far.note();
    loop {
        match next.next() {
            Some(at) => match open(at, &question.say()?).await {
                Ok(socket) => ways.push(Way { socket, at }),
                Err(e) => so_far.failed(&e, at),
            },
            None => {
                for way in &ways {
                    // Whether it arrives shows by the answer.
                    let _ = way.socket.send(&question.say()?).await;
                }
            }
        }
        let pause = if next.len() > 0 { HEAD_START } else { AGAIN };
        let until = Instant::now() + pause;
        // Also where there is always something that has come.
        while Instant::now() < until {
            if ways.is_empty() && next.len() == 0 {
                return Err(net::all(so_far.failures));
            } else if ways.is_empty() {
                break;
            }
            match timeout_at(until, received(&ways)).await {
                Err(_) => break,
                Ok((_, Err(e))) if e.kind() == io::ErrorKind::WouldBlock => {}
                Ok((n, Err(e))) => {
                    let way = ways.swap_remove(n);
                    so_far.failed(&e, way.at);
                }
                Ok((n, Ok(bytes))) => match question.hear(&bytes) {
                    Ok(answer) => return Ok((answer, ways[n].at)),
                    Err(why) => {
                        so_far.came(why);
                        // Anybody can send so many that there is always one: others are to have
                        // their turn, and the deadline its.
                        yield_now().await;
                    }
                },
            }
        }
    }
}

/// What came until now, for the reason at the deadline.
struct SoFar {
    /// Who may still answer.
    silent: Vec<SocketAddr>,
    failures: Vec<Finding>,
    /// How many did not fit, and why the last did not.
    odd: Option<(u64, String)>,
}

impl SoFar {
    fn failed(&mut self, error: &io::Error, at: SocketAddr) {
        self.silent.retain(|silent| *silent != at);
        self.failures.push(net::failed(error, at));
        self.note();
    }

    fn came(&mut self, why: String) {
        let before = self.odd.take().map_or(0, |(count, _)| count);
        self.odd = Some((before + 1, why));
        self.note();
    }

    fn note(&self) {
        note::waits(self.text());
    }

    fn text(&self) -> String {
        let names: Vec<String> = self.silent.iter().map(ToString::to_string).collect();
        let mut parts = vec![format!("an answer of {}", names.join(" or "))];
        if !self.failures.is_empty() {
            parts.push(net::all(self.failures.clone()).why);
        }
        if let Some((count, why)) = &self.odd {
            parts.push(format!("{count} came that did not fit, the last {why}"));
        }
        parts.join("; ")
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

#[cfg(test)]
mod tests {
    use std::net::UdpSocket as Blocking;

    use super::*;

    /// A question that no answer fits.
    struct Any;

    impl Question for Any {
        type Answer = ();

        fn say(&mut self) -> Result<Vec<u8>, Finding> {
            Ok(b"?".to_vec())
        }

        fn hear(&mut self, _: &[u8]) -> Result<(), String> {
            Err("is odd".to_string())
        }
    }

    /// What was waited for when this has come.
    async fn waited(addresses: Vec<SocketAddr>, until: &str) -> String {
        let asks = async {
            let mut question = Any;
            let mut asks = std::pin::pin!(ask_all(addresses, &mut question));
            poll_fn(|cx| {
                assert!(asks.as_mut().poll(cx).is_pending());
                match note::waited() {
                    waited if waited.contains(until) => Poll::Ready(waited),
                    _ => Poll::Pending,
                }
            })
            .await
        };
        note::taken(asks).await.0
    }

    #[tokio::test]
    async fn who_refuses_while_others_are_silent_is_told() {
        let silent = Blocking::bind("127.0.0.1:0").unwrap();
        let silent = (silent.local_addr().unwrap(), silent);
        let gone = Blocking::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let refused = format!("connection refused by {gone}");
        let waited = waited(vec![gone, silent.0], &refused).await;
        assert_eq!(waited, format!("an answer of {}; {refused}", silent.0));
    }

    #[tokio::test]
    async fn others_have_their_turn_between_datagrams_that_do_not_fit() {
        const SENT: usize = 5;
        let liar = Blocking::bind("127.0.0.1:0").unwrap();
        let at = liar.local_addr().unwrap();
        liar.set_nonblocking(true).unwrap();
        let came = |n: usize| note::waited().contains(&format!("; {n} came"));
        let asks = async {
            let mut question = Any;
            let mut asks = std::pin::pin!(ask_all(vec![at], &mut question));
            let mut asked = false;
            let mut seen = 0;
            poll_fn(|cx| {
                assert!(asks.as_mut().poll(cx).is_pending());
                if !asked {
                    // All are there before it looks.
                    if let Ok((_, from)) = liar.recv_from(&mut [0; 8]) {
                        (0..SENT).for_each(|_| assert!(liar.send_to(b"!", from).is_ok()));
                        asked = true;
                    }
                    cx.waker().wake_by_ref();
                } else if !came(seen) && note::waited().contains(" came ") {
                    seen += 1;
                    assert!(came(seen), "more than one: {}", note::waited());
                }
                match seen {
                    SENT => Poll::Ready(()),
                    _ => Poll::Pending,
                }
            })
            .await;
        };
        note::taken(asks).await;
    }
}
