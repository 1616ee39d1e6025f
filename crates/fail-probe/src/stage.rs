//! Checks whose server is some bytes or a function: what hc makes of any answer, without a
//! network.
//!
//! Everything from the first word of a check to its finding is the code of the checks; what is
//! left out are names, sockets and, for `https` and `ldaps`, TLS. Certificates are judged by
//! [`certificate`]. For tests of what must hold whatever a server says (`fail-fuzz`).

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use fail_conf::hcfile::check::{Check, Line as CheckLine};
use fail_core::watch::Finding;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use crate::certificate::Judge;
use crate::found::{Found, bad, unknown};
use crate::{dns, http, icmp, ldap, mail, ntp, prober, tcp, tls};

/// Nothing here waits, but for what is read in a circle.
const LIMIT: Duration = Duration::from_secs(60);

/// Who answers, where a check does not name an address.
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// What answers a question: the datagram that comes back.
pub type Answers<'a> = &'a mut dyn FnMut(&[u8]) -> Vec<u8>;

/// One connection, when all is over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Where it led: the URL, for `http`.
    pub place: String,
    /// What the check has said on it.
    pub said: Vec<u8>,
    /// How many bytes the check has read of what the server said.
    pub read: usize,
}

/// Runs a check over connections: on each the server says these bytes, whatever it is told, at
/// most `piece` at a time (0: as it likes), and hangs up. There is no server behind the last.
/// `secret` stands for the lines of the file of `login=`, `bind=` or `auth=`.
///
/// # Panics
/// There is no runtime to be had.
pub fn over_tcp(
    line: &CheckLine,
    secret: Option<[String; 2]>,
    says: Vec<Vec<u8>>,
    piece: usize,
) -> (Finding, Vec<Told>) {
    let mut says = VecDeque::from(says);
    let mut lines: Vec<(String, Line)> = Vec::new();
    let asks = async {
        let mut open = |place: &str, asked_first: bool| {
            let mut line = Line::new(says.pop_front().unwrap_or_default());
            line.piece = piece;
            line.asked_first = asked_first;
            lines.push((place.to_string(), line.clone()));
            line
        };
        match &line.check {
            Check::Tcp {
                host, send, expect, ..
            } => {
                let at = at(&host.name, host.port);
                let (send, expect) = (send.as_deref(), expect.as_deref());
                tcp::talk(open("", false), at, send, expect).await
            }
            Check::Mail { host, .. } => {
                let at = at(&host.name, host.port);
                let login = secret.map(|[user, password]| (user, password));
                mail::talk(&line.check, login, open("", false), (at, at)).await
            }
            Check::Ldap { .. } => {
                let at = at("127.0.0.1", 389);
                ldap::talk(&line.check, secret, open("", false), at).await
            }
            Check::Http(http) => {
                let secret = secret.map(|[user, password]| format!("{user}:{password}"));
                let open = |url: &url::Url| open(url.as_str(), true);
                http::on_stage(http, &line.terms, secret, at("", 80), open).await
            }
            _ => Err(unknown("not over a connection")),
        }
    };
    let finding = run(line, asks);
    let told = lines.into_iter().map(|(place, line)| {
        let kept = line.kept();
        Told {
            place,
            said: kept.said.clone(),
            read: kept.read,
        }
    });
    (finding, told.collect())
}

/// Runs a check that asks by datagrams, once each. Over TCP, for `dns`, the answer is what comes
/// on the connection. `raw`: for `icmp`, the header of IPv4 comes too.
///
/// # Panics
/// There is no runtime to be had.
pub fn over_udp(line: &CheckLine, raw: bool, answers: Answers<'_>) -> Finding {
    let asks = async {
        match &line.check {
            Check::Dns { server, .. } => {
                let at = at(&server.name, server.port);
                dns::on_stage(&line.check, at, answers).await
            }
            Check::Ntp { host, .. } => ntp::on_stage(&line.check, at(&host.name, 123), answers),
            Check::Icmp { host, .. } => icmp::on_stage(&line.check, at(host, 0), raw, answers),
            _ => Err(unknown("not by datagrams")),
        }
    };
    run(line, asks)
}

/// What becomes of a certificate that is shown as that of `name`, with those between it and
/// `authority`, the only one that is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// It will do.
    pub accepted: bool,
    /// Its days, and why it will not do; nothing: it can not be read.
    pub shown: Option<(i64, Option<String>)>,
}

/// Judges what was shown, `now` seconds after 1970. None: that is no name or no authority.
#[must_use]
pub fn certificate(chain: &[&[u8]], name: &str, authority: &[u8], now: u64) -> Option<Judged> {
    let wanted = ServerName::try_from(name.to_string()).ok()?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.to_vec())).ok()?;
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), tls::provider());
    let verifier = verifier.build().ok()?;
    let judge = Judge::new(tls::provider(), Some(verifier), Vec::new());
    let mut chain = chain.iter().map(|der| CertificateDer::from(der.to_vec()));
    let end = chain.next()?;
    let between: Vec<_> = chain.collect();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
    let accepted = judge.verify_server_cert(&end, &between, &wanted, &[], now);
    let shown = judge.shown(name).map(|shown| {
        let why = shown.wrong.clone().map(|why| bad(why).why);
        (shown.days(), why)
    });
    Some(Judged {
        accepted: accepted.is_ok(),
        shown,
    })
}

/// What did not count, where nobody is waited for any more.
pub(crate) fn odd(why: String) -> Finding {
    bad(format!("what came did not fit: it {why}"))
}

fn at(name: &str, port: u16) -> SocketAddr {
    SocketAddr::new(name.parse().unwrap_or(THERE), port)
}

#[expect(clippy::expect_used, reason = "for tests only, which may fail")]
fn run(line: &CheckLine, asks: impl Future<Output = Found>) -> Finding {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_time().build().expect("a runtime");
    runtime
        .block_on(prober::finished(asks, line, LIMIT))
        .finding
}

/// A connection to nobody, on which these bytes come.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    kept: Arc<Mutex<Kept>>,
    piece: usize,
    /// Nothing comes before something was said.
    asked_first: bool,
}

#[derive(Debug, Default)]
struct Kept {
    says: Vec<u8>,
    read: usize,
    said: Vec<u8>,
    waits: Option<Waker>,
}

impl Line {
    pub(crate) fn new(says: Vec<u8>) -> Line {
        let kept = Kept {
            says,
            ..Kept::default()
        };
        Line {
            kept: Arc::new(Mutex::new(kept)),
            piece: 0,
            asked_first: false,
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        // Nothing is left half done under this lock.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let piece = if self.piece == 0 {
            usize::MAX
        } else {
            self.piece
        };
        let mut kept = self.kept();
        if self.asked_first && kept.said.is_empty() {
            kept.waits = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let left = &kept.says[kept.read..];
        let count = left.len().min(piece).min(buffer.remaining());
        buffer.put_slice(&left[..count]);
        kept.read += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut kept = self.kept();
        kept.said.extend_from_slice(bytes);
        if let Some(waker) = kept.waits.take() {
            waker.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
