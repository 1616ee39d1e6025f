//! Names to addresses, without holding up the loop.
//!
//! `getaddrinfo` blocks for seconds when a name server is silent, so a few threads call it;
//! questions and answers carry a number. The queue is bounded, and a question that finds it
//! full is answered so at once. Every question is answered exactly once. An address in
//! numbers needs no thread. Of several addresses the system's first is taken: the order is
//! the administrator's (`gai.conf`).
//!
//! The standard library's lookup does not say whether a name does not exist or nobody could
//! say so; to a failover that is the difference between a typing error and a bad night.

#![allow(unsafe_code, reason = "getaddrinfo tells its errors only to C")]

use std::ffi::CString;
use std::net::{IpAddr, SocketAddr};
use std::ptr;
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::{io, thread};

use nix::sys::socket::{SockaddrLike, SockaddrStorage};

use crate::poller::Waker;

/// Threads, so that one silent name server does not hold up the names of others.
const THREADS: usize = 4;

/// Questions that wait: every host of the largest policy.
const QUESTIONS_MAX: usize = fail_core::limits::HOSTS_MAX;

/// Why there is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// Asking again is of no use until somebody changes something.
    #[error("the name does not exist")]
    NoSuchName,
    /// Asking again may help.
    #[error("no answer now ({0})")]
    NoAnswer(String),
}

/// What came of a question, with its number.
pub type Answer = (u64, Result<SocketAddr, Unresolved>);

struct Question {
    no: u64,
    name: String,
    port: u16,
}

/// Asks for the loop. Its threads end with it, as soon as `getaddrinfo` lets them.
pub struct Resolver {
    questions: SyncSender<Question>,
    answers: mpsc::Receiver<Answer>,
    at_once: mpsc::Sender<Answer>,
    waker: Waker,
}

impl Resolver {
    /// Starts its threads: to be built after the process became a daemon.
    pub fn new(waker: Waker) -> io::Result<Resolver> {
        let (questions, asked) = mpsc::sync_channel::<Question>(QUESTIONS_MAX);
        // Not bounded itself: there are never more answers than questions were taken.
        let (at_once, answers) = mpsc::channel();
        let asked = Arc::new(Mutex::new(asked));
        for _ in 0..THREADS {
            let (asked, answers, waker) = (asked.clone(), at_once.clone(), waker.clone());
            thread::Builder::new()
                .name("resolve".into())
                .spawn(move || {
                    // The lock is held while waiting, not while asking.
                    let next = || asked.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    while let Ok(Question { no, name, port }) = next() {
                        if answers.send((no, lookup(&name, port))).is_err() {
                            return;
                        }
                        waker.wake();
                    }
                })?;
        }
        Ok(Resolver {
            questions,
            answers,
            at_once,
            waker,
        })
    }

    /// Asks for the address of a host. The answer comes by [`Resolver::poll`].
    pub fn ask(&self, no: u64, name: &str, port: u16) {
        let refused = match name.parse::<IpAddr>() {
            Ok(address) => Some(Ok(SocketAddr::new(address, port))),
            Err(_) => {
                let name = name.to_owned();
                let question = self.questions.try_send(Question { no, name, port });
                let full = "too many names are being looked up";
                question
                    .err()
                    .map(|_| Err(Unresolved::NoAnswer(full.into())))
            }
        };
        if let Some(answer) = refused {
            // By the same way as all others, so that the loop needs to look in one place.
            let _ = self.at_once.send((no, answer));
            self.waker.wake();
        }
    }

    /// The next answer; nothing: that was all for now.
    pub fn poll(&mut self) -> Option<Answer> {
        self.answers.try_recv().ok()
    }
}

/// Looks a name up, however long that takes.
pub fn lookup(name: &str, port: u16) -> Result<SocketAddr, Unresolved> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SocketAddr::new(address, port));
    }
    let name = CString::new(name).map_err(|_| Unresolved::NoSuchName)?;
    // SAFETY: zeros are a valid addrinfo. getaddrinfo gets a string and hints that outlive
    // the call, and on success gives a list that stays valid until freeaddrinfo, which is
    // called once, after the only use; `first` copies the address.
    unsafe {
        let mut hints: libc::addrinfo = std::mem::zeroed();
        hints.ai_socktype = libc::SOCK_DGRAM;
        let mut list = ptr::null_mut();
        let code = libc::getaddrinfo(name.as_ptr(), ptr::null(), &raw const hints, &raw mut list);
        if code != 0 {
            return Err(unresolved(code));
        }
        let found = first(list, port);
        libc::freeaddrinfo(list);
        found.ok_or(Unresolved::NoSuchName)
    }
}

/// The first address of the list.
///
/// # Safety
///
/// `list` is null or what getaddrinfo gave and nobody has freed.
unsafe fn first(mut list: *const libc::addrinfo, port: u16) -> Option<SocketAddr> {
    // SAFETY: each entry is valid until the list is freed, and ai_addr points to ai_addrlen
    // bytes of address.
    while let Some(entry) = unsafe { list.as_ref() } {
        let address = unsafe { SockaddrStorage::from_raw(entry.ai_addr, Some(entry.ai_addrlen)) };
        if let Some(mut address) = address.as_ref().and_then(crate::udp::std_address) {
            address.set_port(port);
            return Some(address);
        }
        list = entry.ai_next;
    }
    None
}

fn unresolved(code: libc::c_int) -> Unresolved {
    match code {
        libc::EAI_NONAME | libc::EAI_NODATA => Unresolved::NoSuchName,
        libc::EAI_SYSTEM => Unresolved::NoAnswer(crate::reason::words(&io::Error::last_os_error())),
        _ => {
            // SAFETY: gai_strerror gives a constant string for any number.
            let text = unsafe { std::ffi::CStr::from_ptr(libc::gai_strerror(code)) };
            Unresolved::NoAnswer(text.to_string_lossy().to_lowercase())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::poller::Poller;
    use fail_core::time::Span;
    use std::collections::BTreeMap;

    #[test]
    fn every_question_is_answered_once() {
        let mut poller = Poller::new().unwrap();
        let mut resolver = Resolver::new(poller.waker()).unwrap();
        resolver.ask(1, "192.0.2.7", 1847);
        resolver.ask(2, "::1", 1847);
        resolver.ask(3, "localhost", 1848);
        resolver.ask(4, "bad\0name", 1);
        let mut answers = BTreeMap::new();
        let limit = clock::now().mono + Span::from_secs(30);
        while answers.len() < 4 {
            assert_eq!(poller.wait(Some(limit)).unwrap().count(), 0);
            assert!(clock::now().mono < limit, "only {answers:?}");
            while let Some((no, answer)) = resolver.poll() {
                assert!(answers.insert(no, answer).is_none(), "{no} twice");
            }
        }
        assert_eq!(answers[&1], Ok("192.0.2.7:1847".parse().unwrap()));
        assert_eq!(answers[&2], Ok("[::1]:1847".parse().unwrap()));
        let local = answers[&3].clone().unwrap();
        assert!(local.ip().is_loopback() && local.port() == 1848, "{local}");
        assert_eq!(answers[&4], Err(Unresolved::NoSuchName));
    }

    #[test]
    fn a_wrong_name_and_a_silent_server_are_told_apart() {
        assert_eq!(unresolved(libc::EAI_NONAME), Unresolved::NoSuchName);
        assert_eq!(unresolved(libc::EAI_NODATA), Unresolved::NoSuchName);
        let again = unresolved(libc::EAI_AGAIN);
        assert!(matches!(again, Unresolved::NoAnswer(_)), "{again}");
        assert!(again.to_string().starts_with("no answer now ("), "{again}");
    }
}
