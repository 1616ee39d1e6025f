//! Who really has which service address, looked at all the time from within each namespace:
//! what nobody has to be believed for.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use fail_core::time::Mono;
use fail_rt::clock;
use nix::ifaddrs::getifaddrs;

use super::settings::{SERVICES, service_address};
use crate::netns::enter;

/// Between two looks.
const PACE: Duration = Duration::from_millis(20);

/// Since when a host has, or has not, each of the addresses.
pub type Changes = Vec<(Mono, [bool; SERVICES.len()])>;

/// Who looks at one host, until it is dropped.
#[derive(Debug)]
pub struct Owner {
    seen: Arc<Mutex<Changes>>,
    leave: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

fn has(address: Ipv4Addr) -> bool {
    let mut all = getifaddrs().into_iter().flatten();
    all.any(|interface| {
        let own = interface
            .address
            .and_then(|at| at.as_sockaddr_in().map(|at| at.ip()));
        own == Some(address)
    })
}

impl Owner {
    /// Begins to look.
    pub fn of(namespace: &str) -> Owner {
        let seen: Arc<Mutex<Changes>> = Arc::default();
        let leave = Arc::new(AtomicBool::new(false));
        let (into, end, namespace) = (Arc::clone(&seen), Arc::clone(&leave), namespace.to_string());
        let thread = thread::spawn(move || {
            enter(&namespace);
            let mut last = None;
            while !end.load(Ordering::Relaxed) {
                let now = [has(service_address(0)), has(service_address(1))];
                if last != Some(now) {
                    last = Some(now);
                    let mut into = into.lock().unwrap_or_else(PoisonError::into_inner);
                    into.push((clock::now().mono, now));
                }
                thread::park_timeout(PACE);
            }
        });
        Owner {
            seen,
            leave,
            thread: Some(thread),
        }
    }

    /// What it has seen.
    pub fn changes(&self) -> Changes {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether the host has the address of this service now.
    pub fn owns(&self, place: usize) -> bool {
        self.changes().last().is_some_and(|(_, owns)| owns[place])
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.leave.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}
