//! `--serve`: the page with live updates, JSON, figures and a health check, over HTTP/1.1.
//!
//! One thread, `hyper` on `tokio`, serves all; it only reads. Every client costs a place of a
//! fixed number, and loses it when he stands still. SIGTERM and SIGINT end it.

mod answer;
mod body;
mod door;
mod draft;
mod guard;
mod picture;
mod tls;

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use fail_cli::{Failmon, Failure, Listen, exit};
use fail_client::words;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::record::post;
use crate::source::Source;

use answer::{EVENTS_MAX, House};
use body::Reply;
use door::{Door, warning};
use fail_client::clean;
use guard::Guard;
use picture::Picture;

/// Connections at a time: some hundred people who look, and what asks for figures.
const CONNECTIONS_MAX: usize = 256;

/// A connection on which nothing moves for so long is closed. Longer than a live page is
/// silent ([`body::TICK`]).
const IDLE: Duration = Duration::from_secs(30);

/// Updates that may wait until they are taken; then the failsh waits.
const WAITING_MAX: usize = 1_000;

/// How long the head of a request may take to come, however slowly it drips.
const HEAD: Duration = Duration::from_secs(10);

/// The same for the beginning of TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The bytes of the head of a request. Browsers send one or two thousand; the least that
/// `hyper` takes is 8192.
const HEAD_BYTES_MAX: usize = 16_384;

/// The headers of a request.
const HEADERS_MAX: usize = 64;

/// When it ends, answers that are on their way have so long.
const GRACE: Duration = Duration::from_secs(2);

/// When the system gives no connection, for want of descriptors, it is asked again after this.
const BREATH: Duration = Duration::from_millis(100);

/// `--serve`: until a signal.
///
/// # Errors
/// It can not begin: one sentence.
pub fn serve(options: &Failmon) -> Result<u8, Failure> {
    let at = options.serve.unwrap_or(Listen::None);
    let Some(address) = at.addr() else {
        return Err(Failure::new(
            exit::USAGE,
            "--serve needs a port, or an address and a port",
        ));
    };
    let door = Door::new(address.ip(), options.token_file.as_deref())?;
    let tls = match (&options.tls_cert, &options.tls_key) {
        (Some(cert), Some(key)) => Some(tls::acceptor(cert, key)?),
        _ => None,
    };
    let secrets = [&options.token_file, &options.tls_key];
    for sentence in secrets.into_iter().flatten().filter_map(|p| warning(p)) {
        eprintln!("failmon: {sentence}");
    }
    if !address.ip().is_loopback() {
        let open = match (&options.token_file, &tls) {
            (None, _) => Some("whoever reaches it can read everything; see --token-file"),
            (Some(_), None) => Some("the token travels in the clear; see --tls-cert"),
            _ => None,
        };
        if let Some(open) = open {
            eprintln!("failmon: warning: {}: {open}", address.ip());
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|e| refused("no event loop", &e))?;
    runtime.block_on(async {
        let listeners = listen(at, address).await?;
        let (send, receive) = sync_channel(WAITING_MAX);
        let post = post(move |came| send.send(came).is_ok());
        let source = Source::begin(options, &post)?;
        let picture = Picture::keep(source, receive).map_err(|e| refused("no thread", &e))?;
        let server = Arc::new(Server {
            house: House {
                picture,
                door,
                places: Arc::new(Semaphore::new(EVENTS_MAX)),
            },
            tls,
            room: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            end: watch::Sender::new(false),
            tell: options.debug.iter().any(|facility| facility == "web"),
        });
        run(&server, listeners).await
    })
}

fn refused(what: &str, error: &io::Error) -> Failure {
    Failure::new(exit::OSERR, format!("{what}: {}", words(error)))
}

async fn listen(at: Listen, address: SocketAddr) -> Result<Vec<TcpListener>, Failure> {
    let taken = |e: io::Error| refused(&format!("can not serve on {address}"), &e);
    let listener = TcpListener::bind(address).await.map_err(taken)?;
    let bound = listener.local_addr().map_err(taken)?;
    let mut listeners = vec![listener];
    if matches!(at, Listen::Loopback(_)) {
        // A host without IPv6, or a port that somebody else has there: the one is enough.
        let six = (Ipv6Addr::LOCALHOST, bound.port());
        listeners.extend(TcpListener::bind(six).await);
    }
    Ok(listeners)
}

/// What all connections share.
struct Server {
    house: House,
    tls: Option<TlsAcceptor>,
    room: Arc<Semaphore>,
    /// Whether it ends.
    end: watch::Sender<bool>,
    /// Requests are told of.
    tell: bool,
}

async fn run(server: &Arc<Server>, listeners: Vec<TcpListener>) -> Result<u8, Failure> {
    let mut signals = [SignalKind::terminate(), SignalKind::interrupt()]
        .map(signal)
        .into_iter()
        .collect::<io::Result<Vec<_>>>()
        .map_err(|e| refused("no signals", &e))?;
    let picture = &server.house.picture;
    let mut tasks = JoinSet::new();
    let drawn = Arc::clone(picture);
    tasks.spawn(async move { drawn.draw().await });
    for listener in listeners {
        if let Ok(address) = listener.local_addr() {
            let scheme = if server.tls.is_some() {
                "https"
            } else {
                "http"
            };
            eprintln!("failmon: serving {scheme}://{address}/");
        }
        tasks.spawn(accept(Arc::clone(server), listener));
    }
    poll_fn(|cx| {
        let mut came = signals.iter_mut().map(|signal| signal.poll_recv(cx));
        match came.any(|poll| poll.is_ready()) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    picture.end();
    server.end.send_replace(true);
    // Nobody is let in any more; who is in has a place until he is done.
    tasks.abort_all();
    let all = u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX);
    let _ = timeout(GRACE, server.room.acquire_many(all)).await;
    Ok(exit::OK)
}

async fn accept(server: Arc<Server>, listener: TcpListener) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(e) => {
                if server.tell {
                    eprintln!("failmon: web: no connection: {}", words(&e));
                }
                sleep(BREATH).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&server.room).try_acquire_owned() else {
            full(&server, &stream);
            continue;
        };
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            meet(&server, stream, peer).await;
            drop(place);
        });
    }
}

/// Says so to one for whom there is no place, if it can be said at once.
fn full(server: &Server, stream: &TcpStream) {
    const TEXT: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n\
        Retry-After: 10\r\nContent-Length: 36\r\nConnection: close\r\n\r\n\
        There is no place for one more now.\n";
    if server.tls.is_none() {
        let _ = stream.try_write(TEXT);
    }
}

async fn meet(server: &Arc<Server>, stream: TcpStream, peer: SocketAddr) {
    // What is new is sent at once.
    let _ = stream.set_nodelay(true);
    let stream = Guard::new(stream, IDLE);
    let Some(tls) = &server.tls else {
        return talk(server, stream, peer).await;
    };
    if let Ok(Ok(stream)) = timeout(HANDSHAKE, tls.accept(stream)).await {
        talk(server, stream, peer).await;
    }
}

async fn talk(server: &Arc<Server>, stream: impl AsyncRead + AsyncWrite + Unpin, peer: SocketAddr) {
    let service = service_fn(|request: Request<Incoming>| {
        let response = server.house.answer(&request);
        if server.tell {
            told(peer, &request, &response);
        }
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut end = server.end.subscribe();
    let mut end = pin!(end.wait_for(|end| *end));
    let mut asked = false;
    poll_fn(|cx| {
        if !asked && end.as_mut().poll(cx).is_ready() {
            asked = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    })
    .await
    // Whoever hangs up in the middle, or says what is not HTTP, is no news.
    .unwrap_or_default();
}

fn told(peer: SocketAddr, request: &Request<Incoming>, response: &Response<Reply>) {
    let path = request.uri().path();
    let (method, status) = (request.method(), response.status().as_u16());
    eprintln!("failmon: web: {peer}: {method} {} {status}", clean(path));
}
