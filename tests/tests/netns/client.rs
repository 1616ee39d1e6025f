//! Somebody who uses the service all the time, from a namespace of his own: one request every
//! 25 ms, begun whether or not the others have ended, so that the length of an outage can
//! be read from when requests began.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub use failover_tests::netns::enter;

use super::process::wait;

/// Between the beginnings of two requests.
const EVERY: Duration = Duration::from_millis(25);

/// A request that takes longer has failed.
const PATIENCE: Duration = Duration::from_millis(300);

/// So many answers in a row from one host are no accident.
const IN_A_ROW: usize = 8;

/// One request and its outcome.
#[derive(Debug, Clone)]
pub struct Request {
    pub began: Instant,
    /// The host that answered, or why there is none.
    pub answer: Result<String, String>,
}

/// The client, until it is dropped.
#[derive(Debug)]
pub struct Client {
    done: Arc<Mutex<Vec<Request>>>,
    leave: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Client {
    pub fn start(namespace: &str, service: SocketAddr) -> Client {
        let done = Arc::new(Mutex::new(Vec::new()));
        let leave = Arc::new(AtomicBool::new(false));
        let (into, end) = (Arc::clone(&done), Arc::clone(&leave));
        let namespace = namespace.to_string();
        let thread = thread::spawn(move || {
            enter(&namespace);
            while !end.load(Ordering::Relaxed) {
                let into = Arc::clone(&into);
                thread::spawn(move || {
                    let began = Instant::now();
                    let answer = ask(service).map_err(|error| error.to_string());
                    let mut done = into.lock().unwrap_or_else(PoisonError::into_inner);
                    done.push(Request { began, answer });
                });
                thread::park_timeout(EVERY);
            }
        });
        let thread = Some(thread);
        Client {
            done,
            leave,
            thread,
        }
    }

    /// The requests begun since then that have ended, in the order of their beginnings.
    pub fn since(&self, then: Instant) -> Vec<Request> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let mut requests: Vec<Request> = done.iter().filter(|r| r.began >= then).cloned().collect();
        requests.sort_by_key(|request| request.began);
        requests
    }

    /// Waits until several requests in a row, begun since then, were answered by this host.
    /// Gives when the first of the row began.
    pub fn served_by(&self, who: &str, then: Instant, limit: Duration) -> Instant {
        wait(&format!("the client to be served by {who}"), limit, || {
            let requests = self.since(then);
            let by_him = |request: &Request| request.answer.as_deref() == Ok(who);
            let row = requests
                .iter()
                .rev()
                .take_while(|request| by_him(request))
                .count();
            match row >= IN_A_ROW {
                true => Ok(requests[requests.len() - row].began),
                false => Err(format!("{:?}", requests.last())),
            }
        })
    }

    /// Who answered the requests begun since then, one after the other.
    pub fn servers(&self, then: Instant) -> Vec<String> {
        let answers = self.since(then).into_iter();
        let mut servers: Vec<String> = answers.filter_map(|request| request.answer.ok()).collect();
        servers.dedup();
        servers
    }

    /// How many requests begun since then failed, and of how many.
    pub fn failed(&self, then: Instant) -> (usize, usize) {
        let requests = self.since(then);
        let failed = requests
            .iter()
            .filter(|request| request.answer.is_err())
            .count();
        (failed, requests.len())
    }

    /// Waits until so many more requests were answered, and gives how many failed meanwhile.
    pub fn goes_on(&self, requests: usize, limit: Duration) -> usize {
        let then = Instant::now();
        wait(&format!("{requests} more answers"), limit, || {
            let (failed, of) = self.failed(then);
            match of - failed >= requests {
                true => Ok(failed),
                false => Err(format!("{failed} failed of {of}")),
            }
        })
    }

    /// The longest time between the beginnings of two requests that were answered, since then.
    pub fn outage(&self, then: Instant) -> Duration {
        let mut last = then;
        let mut longest = Duration::ZERO;
        for request in self.since(then) {
            if request.answer.is_ok() {
                longest = longest.max(request.began - last);
                last = request.began;
            }
        }
        longest
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.leave.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            drop(thread.join());
        }
    }
}

fn ask(service: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&service, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    // A server that is killed with the request in its hands closes the connection.
    let page = text.lines().last().filter(|page| !page.is_empty());
    page.map(String::from)
        .ok_or_else(|| ErrorKind::UnexpectedEof.into())
}
