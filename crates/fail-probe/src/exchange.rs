//! One request of HTTP/1.1 and its answer, by hyper, on a connection that is there.
//!
//! The connection lives as long as the [`Answer`], and no longer. Of its head and its body no
//! more is kept than these limits allow, whatever comes. What is read and not kept has limits as
//! well ([`Ration`]): hyper reads heads with a status of 1xx, which are no answer, for ever.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use fail_core::watch::Finding;
use hyper::Request;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header;
use hyper::http::response::Parts;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

use crate::found::bad;
use crate::net;
use crate::note;
use crate::ration::{Ration, Rationed, UsedUp};

/// Bytes of a status line with all headers: browsers take a quarter of a megabyte, servers send
/// some kilobytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Headers of an answer.
const HEADERS_MAX: usize = 200;

/// Bytes of a body that are looked at; the rest is not read.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// So many times the limits above may be read: what is around a head and a body.
const AROUND: usize = 4;

/// What a server has answered, its body still to be read.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Status and headers.
    pub head: Parts,
    body: Incoming,
    at: SocketAddr,
    /// What drives the connection; it ends when this is dropped.
    _drives: JoinSet<()>,
}

/// A body, or as much of it as is looked at.
#[derive(Debug)]
pub(crate) struct Read {
    pub bytes: Vec<u8>,
    /// That is all of it.
    pub whole: bool,
}

/// Sends a request and waits for the head of the answer.
///
/// # Errors
/// There is none.
pub(crate) async fn exchange<S>(
    stream: S,
    at: SocketAddr,
    request: Request<String>,
) -> Result<Answer, Finding>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    note::waits(format!("an answer of {at}"));
    let mut builder = http1::Builder::new();
    builder
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX);
    let ration = Ration::new(AROUND * HEAD_BYTES_MAX);
    let stream = Rationed::new(stream, ration.clone());
    let joined = builder.handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = joined.map_err(|e| failed(&e, at))?;
    let mut drives = JoinSet::new();
    drives.spawn(async {
        // What goes wrong is told to who waits for the answer or the body.
        let _ = connection.await;
    });
    let answer = sender.send_request(request).await;
    let (head, body) = answer.map_err(|e| failed(&e, at))?.into_parts();
    ration.set(AROUND * BODY_BYTES_MAX);
    Ok(Answer {
        head,
        body,
        at,
        _drives: drives,
    })
}

impl Answer {
    /// Its status.
    pub(crate) fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    /// Whether its status is one that leads elsewhere.
    pub(crate) fn redirects(&self) -> bool {
        matches!(self.status(), 301 | 302 | 303 | 307 | 308)
    }

    /// How the body is encoded, though nobody has asked for that.
    pub(crate) fn encoded(&self) -> Option<String> {
        let how = self.head.headers.get(header::CONTENT_ENCODING)?;
        let how = how.to_str().ok()?;
        (!how.eq_ignore_ascii_case("identity")).then(|| how.to_string())
    }

    /// The body to its end, or to what is looked at.
    ///
    /// # Errors
    /// It breaks off before.
    pub(crate) async fn body(mut self) -> Result<Read, Finding> {
        note::waits(format!("the body of the answer of {}", self.at));
        let mut bytes = Vec::new();
        loop {
            let frame = poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx)).await;
            let data = match frame {
                None => return Ok(Read { bytes, whole: true }),
                Some(Err(e)) => {
                    let finding = failed(&e, self.at);
                    let why = format!("in the body, after {} bytes: {}", bytes.len(), finding.why);
                    return Err(Finding { why, ..finding });
                }
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            };
            let room = BODY_BYTES_MAX - bytes.len();
            if data.len() > room {
                bytes.extend_from_slice(&data[..room]);
                let whole = false;
                return Ok(Read { bytes, whole });
            }
            bytes.extend_from_slice(&data);
        }
    }
}

/// Why there is no answer.
fn failed(error: &hyper::Error, at: SocketAddr) -> Finding {
    let io = error.source().and_then(|e| e.downcast_ref::<io::Error>());
    if io.is_some_and(UsedUp::is) {
        return bad(format!(
            "{at} sends more around its answer than anybody would"
        ));
    }
    if let Some(io) = io {
        return net::failed(io, at);
    }
    if error.is_parse_too_large() {
        return bad(format!("{at} sends more headers than anybody would"));
    }
    if error.is_parse() || error.is_parse_status() {
        return bad(format!("{at} does not speak HTTP"));
    }
    // Also before it was asked: hyper has nobody then to ask.
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return bad(format!("{at} has hung up"));
    }
    bad(format!("no answer of {at}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Line;

    #[tokio::test]
    async fn who_hangs_up_before_it_is_asked_has_hung_up() {
        let at = SocketAddr::from(([192, 0, 2, 1], 80));
        let silent = Line::new(Vec::new());
        let failed = exchange(silent, at, Request::new(String::new())).await;
        assert_eq!(failed.unwrap_err().why, "192.0.2.1:80 has hung up");
    }
}
