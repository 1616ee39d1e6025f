//! Somebody who uses the service all the time: a connection every few milliseconds, begun whether
//! or not the others have ended, so that the length of an outage can be read from when they began.

use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::limits::{PROBE_EVERY, PROBE_PATIENCE, PROBES_KEPT, PROBES_MAX};

/// How many there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    pub all: usize,
    pub failed: usize,
}

/// When an attempt began, and whether it succeeded.
type Attempt = (Instant, bool);

/// Goes on until it is dropped.
pub struct Probe {
    done: Arc<Mutex<Vec<Attempt>>>,
    leave: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Tries once, at one address after the other.
pub fn once(at: &[SocketAddr]) -> Result<(), String> {
    let mut last = "it has no address".to_string();
    for at in at {
        match TcpStream::connect_timeout(at, PROBE_PATIENCE) {
            Ok(_) => return Ok(()),
            Err(error) => last = fail_client::words(&error),
        }
    }
    Err(last)
}

impl Probe {
    /// Begins.
    pub fn start(at: Vec<SocketAddr>) -> Probe {
        let done = Arc::new(Mutex::new(Vec::new()));
        let leave = Arc::new(AtomicBool::new(false));
        let (into, end) = (Arc::clone(&done), Arc::clone(&leave));
        let thread = std::thread::spawn(move || {
            let (under_way, at) = (Arc::new(AtomicUsize::new(0)), Arc::new(at));
            let mut next = Instant::now();
            while !end.load(Ordering::Relaxed) {
                // What is too much is an attempt that was not made, and no success either.
                if under_way.load(Ordering::Relaxed) < PROBES_MAX {
                    under_way.fetch_add(1, Ordering::Relaxed);
                    let (into, under_way) = (Arc::clone(&into), Arc::clone(&under_way));
                    let at = Arc::clone(&at);
                    std::thread::spawn(move || {
                        let began = Instant::now();
                        let is_done = once(&at).is_ok();
                        let mut done = into.lock().unwrap_or_else(PoisonError::into_inner);
                        if done.len() < PROBES_KEPT {
                            done.push((began, is_done));
                        }
                        under_way.fetch_sub(1, Ordering::Relaxed);
                    });
                }
                next += PROBE_EVERY;
                std::thread::park_timeout(next.saturating_duration_since(Instant::now()));
            }
        });
        Probe {
            done,
            leave,
            thread: Some(thread),
        }
    }

    fn attempts(&self) -> Vec<Attempt> {
        let mut done = self
            .done
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        done.sort_unstable();
        done
    }

    /// How many there were, and how many failed.
    pub fn count(&self) -> Attempts {
        let done = self.attempts();
        let failed = done.iter().filter(|(_, is_done)| !is_done).count();
        let all = done.len();
        Attempts { all, failed }
    }

    /// Whether one that began after this moment succeeded.
    pub fn has_succeeded_since(&self, then: Instant) -> bool {
        let done = self.attempts();
        done.iter()
            .any(|(began, is_done)| *is_done && *began >= then)
    }

    /// The longest outage of a way.
    pub fn outage(&self, begun: Instant, done: Instant) -> Duration {
        outage(&self.attempts(), begun, done, Instant::now())
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.leave.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // What is still under way ends by itself, and nobody waits for it.
            drop(thread.join());
        }
    }
}

/// The longest time between the beginnings of two successes, from the last one before `begun` to
/// the first one after `done`, less the time that is always between two. Without one after it,
/// it has lasted until now.
fn outage(attempts: &[Attempt], begun: Instant, done: Instant, now: Instant) -> Duration {
    let good = || {
        attempts
            .iter()
            .filter(|(_, is_done)| *is_done)
            .map(|(at, _)| *at)
    };
    let before = good().rfind(|at| *at <= begun).unwrap_or(begun);
    let after = good().find(|at| *at >= done).unwrap_or(now.max(done));
    let within = good().filter(|at| *at > before && *at < after);
    let mut last = before;
    let mut longest = Duration::ZERO;
    for at in within.chain([after]) {
        longest = longest.max(at - last);
        last = at;
    }
    longest.saturating_sub(PROBE_EVERY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn an_outage_is_what_lies_between_two_successes() {
        let zero = Instant::now();
        let at = |ms: u64| zero + Duration::from_millis(ms);
        let attempts: Vec<Attempt> = (0..50)
            .map(|no| (at(no * 20), !(200..300).contains(&(no * 20)) && no != 30))
            .collect();
        let outage = |begun, done| {
            let found = outage(&attempts, at(begun), at(done), at(1_500));
            found.as_millis()
        };
        assert_eq!(outage(150, 250), 100);
        assert_eq!(outage(320, 900), 20, "the one that failed by itself");
        assert_eq!(outage(320, 500), 0);
        assert_eq!(outage(970, 1_200), 500, "until now");
    }

    #[test]
    fn it_sees_a_door_open_and_close() {
        let door = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = door.local_addr().unwrap();
        assert_eq!(once(&[at]), Ok(()));
        let probe = Probe::start(vec![at]);
        let limit = Instant::now() + Duration::from_secs(20);
        let wait = |what: &dyn Fn() -> bool| {
            while !what() {
                assert!(Instant::now() < limit);
                std::thread::park_timeout(Duration::from_millis(1));
            }
        };
        let begun = Instant::now();
        wait(&|| probe.has_succeeded_since(begun));
        drop(door);
        wait(&|| probe.count().failed > 2);
        let closed = Instant::now();
        assert!(once(&[at]).unwrap_err().contains("refused"));
        assert!(!probe.has_succeeded_since(closed));
        assert!(probe.outage(begun, closed) > Duration::ZERO);
    }
}
