//! The ears of a service manager: a real datagram socket stands in for systemd's.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that can not hear its subject has failed"
)]

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::folder::Folder;
use crate::wait::LIMIT;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// The manager's end.
#[derive(Debug)]
pub struct Ears {
    socket: UnixDatagram,
    /// How it is called in the environment.
    pub name: String,
}

impl Ears {
    /// A socket in this folder.
    pub fn at(folder: &Folder) -> Ears {
        let name = folder.file("notify");
        let socket = UnixDatagram::bind(&name).unwrap();
        Ears { socket, name }
    }

    /// An abstract one.
    pub fn hidden() -> Ears {
        let no = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("failover-test-{}-{no}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        let name = format!("@{name}");
        Ears { socket, name }
    }

    /// Tells a program about itself, and that it is watched.
    pub fn tell(&self, command: &mut Command, watchdog: Option<Duration>) {
        command.env("NOTIFY_SOCKET", &self.name);
        if let Some(span) = watchdog {
            command.env("WATCHDOG_USEC", span.as_micros().to_string());
        }
    }

    /// The next message within this time.
    pub fn next(&self, limit: Duration) -> Option<String> {
        let limit = limit.max(Duration::from_millis(1));
        self.socket.set_read_timeout(Some(limit)).unwrap();
        let mut bytes = [0; 4096];
        let count = self.socket.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..count]).into_owned())
    }

    /// Waits for a message that begins so.
    pub fn wait_for(&self, text: &str) -> String {
        let end = Instant::now() + LIMIT;
        let mut seen = Vec::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.next(left) {
                Some(message) if message.starts_with(text) => return message,
                Some(message) => seen.push(message),
                None => panic!("{text:?} did not come, but {seen:?}"),
            }
        }
    }

    /// Whether it says that it is alive within this time.
    pub fn is_fed(&self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.next(left) {
                Some(message) if message == "WATCHDOG=1" => return true,
                Some(_) => {}
                None => return false,
            }
        }
    }

    /// Reads what is there already.
    pub fn forget(&self) {
        while self.next(Duration::ZERO).is_some() {}
    }
}
