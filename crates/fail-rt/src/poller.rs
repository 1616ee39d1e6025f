//! The one place where a program waits: for sockets, pipes, signals, other threads and time.
//!
//! [`Poller::wait`] takes an absolute deadline, kept by a timer of the kernel on the clock of
//! [`clock::now`](crate::clock::now). So a wait is exact to microseconds, where a timeout of
//! `epoll` is rounded to milliseconds, and it ends when the host wakes up after the deadline.
//!
//! Each part of a program gets a [`Desk`]: the right to register descriptors under numbers of
//! its own, which no other desk uses. Readiness is told once per change (edge triggered):
//! who stops reading before `WouldBlock`, to be fair to others, calls [`Desk::rearm`], and is
//! told again in the next turn.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::Duration;

use fail_core::time::Mono;
pub use mio::Token;
use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{Expiration, TimerFd, TimerSetTimeFlags};

use crate::clock;

/// Events taken from the kernel at once. The others come in the next turn, in which the
/// timers had their chance: a bound on the length of a turn, not on what is served.
const EVENTS_PER_TURN: usize = 256;

/// The upper half of a token says whose it is, the lower half is the owner's own number.
const OWNER_SHIFT: u32 = usize::BITS / 2;

const TIMER: Token = Token(0);
const WAKER: Token = Token(1);

/// Waits for everything.
pub struct Poller {
    poll: Poll,
    events: Events,
    timer: TimerFd,
    timer_at: Option<Mono>,
    waker: Waker,
    desks: usize,
}

/// Ends the current or the next [`Poller::wait`] from any thread. What there is to do then is
/// found in the queues; a waker carries nothing.
#[derive(Clone, Debug)]
pub struct Waker(Arc<mio::Waker>);

impl Waker {
    /// Wakes the loop. Many calls before it looks are one.
    pub fn wake(&self) {
        // The kernel's counter can not overflow, and there is nobody to tell of anything else.
        let _ = self.0.wake();
    }
}

/// A range of tokens, and the registry they are for.
#[derive(Debug)]
pub struct Desk {
    registry: Registry,
    owner: usize,
}

impl Poller {
    /// Three descriptors: the selector, the timer, the waker.
    pub fn new() -> io::Result<Poller> {
        let poll = Poll::new()?;
        let timer = clock::timer()?;
        let fd = timer.as_fd().as_raw_fd();
        poll.registry()
            .register(&mut SourceFd(&fd), TIMER, Interest::READABLE)?;
        let waker = Waker(Arc::new(mio::Waker::new(poll.registry(), WAKER)?));
        Ok(Poller {
            poll,
            events: Events::with_capacity(EVENTS_PER_TURN),
            timer,
            timer_at: None,
            waker,
            desks: 0,
        })
    }

    /// A new range of tokens.
    pub fn desk(&mut self) -> io::Result<Desk> {
        let registry = self.poll.registry().try_clone()?;
        self.desks += 1;
        Ok(Desk {
            registry,
            owner: self.desks,
        })
    }

    /// For other threads.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Waits until something happened or the deadline has come, and says what happened:
    /// nothing, when it was the deadline, a [`Waker`] or a signal handler.
    pub fn wait(&mut self, deadline: Option<Mono>) -> io::Result<impl Iterator<Item = &Event>> {
        let due = deadline.is_some_and(|at| at <= clock::now().mono);
        if !due && deadline != self.timer_at {
            set(&self.timer, deadline)?;
            self.timer_at = deadline;
        }
        let timeout = due.then_some(Duration::ZERO);
        match self.poll.poll(&mut self.events, timeout) {
            Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(e),
            Err(_) => self.events.clear(),
            Ok(()) => {}
        }
        let own = [TIMER, WAKER];
        Ok(self
            .events
            .iter()
            .filter(move |e| !own.contains(&e.token())))
    }
}

fn set(timer: &TimerFd, deadline: Option<Mono>) -> io::Result<()> {
    let Some(Mono(ns)) = deadline else {
        return Ok(timer.unset()?);
    };
    let at = TimeSpec::from_duration(Duration::from_nanos(ns));
    Ok(timer.set(
        Expiration::OneShot(at),
        TimerSetTimeFlags::TFD_TIMER_ABSTIME,
    )?)
}

impl Desk {
    /// The token of this desk's number `n`.
    pub fn token(&self, n: usize) -> Token {
        debug_assert!(n >> OWNER_SHIFT == 0, "{n} would be another desk's number");
        Token(self.owner << OWNER_SHIFT | n)
    }

    /// The number behind a token, if it is of this desk.
    pub fn number(&self, token: Token) -> Option<usize> {
        let (owner, n) = (token.0 >> OWNER_SHIFT, token.0 & ((1 << OWNER_SHIFT) - 1));
        (owner == self.owner).then_some(n)
    }

    /// For the sources that mio brings, with tokens of this desk.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Tells of this descriptor, which must not block, under the number `n`.
    pub fn watch(&self, fd: impl AsFd, n: usize, interest: Interest) -> io::Result<()> {
        let fd = fd.as_fd().as_raw_fd();
        self.registry
            .register(&mut SourceFd(&fd), self.token(n), interest)
    }

    /// Tells once more in the next turn, if there is still something. When even that fails,
    /// for want of memory, the next change tells.
    pub fn rearm(&self, fd: impl AsFd, n: usize, interest: Interest) {
        let fd = fd.as_fd().as_raw_fd();
        let _ = self
            .registry
            .reregister(&mut SourceFd(&fd), self.token(n), interest);
    }

    /// No longer tells of this descriptor. To be called before it is closed.
    pub fn forget(&self, fd: impl AsFd) {
        let fd = fd.as_fd().as_raw_fd();
        let _ = self.registry.deregister(&mut SourceFd(&fd));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fail_core::time::Span;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_wait_ends_at_its_deadline_and_not_before() {
        let mut poller = Poller::new().unwrap();
        for ms in [0, 1, 3, 10] {
            let deadline = clock::now().mono + Span::from_millis(ms);
            while clock::now().mono < deadline {
                assert_eq!(poller.wait(Some(deadline)).unwrap().count(), 0);
            }
            let late = clock::now().mono - deadline;
            assert!(late < Span::from_secs(2), "{late} late");
        }
    }

    #[test]
    fn a_waker_ends_a_wait_without_end() {
        let mut poller = Poller::new().unwrap();
        let waker = poller.waker();
        let thread = std::thread::spawn(move || waker.wake());
        assert_eq!(poller.wait(None).unwrap().count(), 0);
        thread.join().unwrap();
    }

    #[test]
    fn desks_do_not_collide_and_what_is_rearmed_is_told_again() {
        let mut poller = Poller::new().unwrap();
        let (one, two) = (poller.desk().unwrap(), poller.desk().unwrap());
        assert_ne!(one.token(7), two.token(7));
        assert_eq!(one.number(two.token(7)), None);

        let (mut near, mut far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        two.watch(&near, 7, Interest::READABLE).unwrap();
        far.write_all(b"ab").unwrap();
        let soon = || Some(clock::now().mono + Span::from_secs(10));
        for _ in 0..2 {
            let tokens: Vec<_> = poller.wait(soon()).unwrap().map(Event::token).collect();
            assert_eq!(tokens, [two.token(7)]);
            near.read_exact(&mut [0]).unwrap();
            two.rearm(&near, 7, Interest::READABLE);
        }
        let past = Some(Mono(1));
        assert_eq!(poller.wait(past).unwrap().count(), 0, "all has been read");
        two.forget(&near);
    }
}
