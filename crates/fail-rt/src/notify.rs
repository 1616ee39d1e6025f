//! What the service manager wants to hear (`sd_notify(3)`): that we are ready, that we read our
//! files again, that we end, how we are, and, if it keeps a watchdog, that we are alive.
//!
//! Without `NOTIFY_SOCKET` in the environment all of it does nothing. A message is one datagram
//! and is never waited for: a manager that does not read loses it. The variables are taken out
//! of the environment, so that neither a child nor a script can speak for us.

#![allow(
    unsafe_code,
    reason = "taking a variable out of the environment is only safe without other threads"
)]

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use fail_core::time::{Mono, Span};
use nix::time::{ClockId, clock_gettime};

use crate::daemon::is_alone;
use crate::log::Log;
use crate::reason;

/// What the manager told this process and nobody else: no child either.
pub(crate) const VARIABLES: [&str; 6] = [
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
];

/// Speaks to the service manager, if there is one.
#[derive(Debug, Default)]
pub struct Notify {
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Span>,
}

impl Notify {
    /// From the environment, which is cleaned of it: to be called before there is any thread.
    ///
    /// # Errors
    /// The manager has named a socket that can not be used.
    pub fn from_env() -> io::Result<Notify> {
        let path = env::var_os("NOTIFY_SOCKET").filter(|path| !path.is_empty());
        let told = |name| env::var(name).ok()?.parse::<u64>().ok();
        let pid = told("WATCHDOG_PID").filter(|pid| *pid != u64::from(std::process::id()));
        let usec = told("WATCHDOG_USEC").filter(|usec| *usec > 0 && pid.is_none());
        if is_alone() {
            for variable in VARIABLES {
                // SAFETY: there is no other thread that could read the environment meanwhile.
                unsafe { env::remove_var(variable) };
            }
        }
        let Some(path) = path else {
            return Ok(Notify::default());
        };
        Notify::to(&path, usec.map(Span::from_micros))
    }

    /// What came [`Notify::from_env`]; where that is nothing that can be used, the log says so.
    pub fn or_warn(from_env: io::Result<Notify>, log: &Log) -> Notify {
        from_env.unwrap_or_else(|e| {
            let why = reason::words(&e);
            log.warn(format_args!(
                "the service manager is told nothing: NOTIFY_SOCKET: {why}"
            ));
            Notify::default()
        })
    }

    /// To this socket; a leading `@` means an abstract one.
    ///
    /// # Errors
    /// It is no name of a socket.
    pub fn to(path: &OsStr, watchdog: Option<Span>) -> io::Result<Notify> {
        let addr = match path.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            [b'/', ..] => SocketAddr::from_pathname(OsString::from(path))?,
            _ => {
                return Err(io::Error::other(
                    "it is neither a full path nor begins with @",
                ));
            }
        };
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Notify {
            socket: Some((socket, addr)),
            watchdog,
        })
    }

    /// Whether there is a service manager.
    pub fn is_heard(&self) -> bool {
        self.socket.is_some()
    }

    /// How long we may be silent; nothing: nobody watches.
    pub fn watchdog(&self) -> Option<Span> {
        self.watchdog.filter(|_| self.socket.is_some())
    }

    /// We work.
    pub fn ready(&self) {
        self.send("READY=1");
    }

    /// We read our files again; [`Notify::ready`] says when that is done.
    pub fn reloading(&self) {
        // The manager takes only this clock for it.
        let now = clock_gettime(ClockId::CLOCK_MONOTONIC);
        let usec = now.map_or(0, |now| now.tv_sec() * 1_000_000 + now.tv_nsec() / 1_000);
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={usec}"));
    }

    /// We end.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// We are alive.
    pub fn alive(&self) {
        self.send("WATCHDOG=1");
    }

    /// How we are, for people.
    pub fn status(&self, line: &str) {
        self.send(&format!("STATUS={}", line.replace('\n', " ")));
    }

    fn send(&self, message: &str) {
        if let Some((socket, addr)) = &self.socket {
            // Whoever does not listen is told again by the next message.
            let _ = socket.send_to_addr(message.as_bytes(), addr);
        }
    }

    /// Half of the time for which we may be silent: how often to say that we are alive.
    pub fn pace(&self) -> Option<Span> {
        self.watchdog().map(|span| span.part(2))
    }
}

/// When to say that we are alive: at [`Notify::pace`], but not before all that has to be alive
/// has shown it since the last time.
#[derive(Debug)]
pub struct Watchdog {
    pace: Span,
    next: Mono,
    shown: bool,
}

impl Watchdog {
    /// Says so for the first time at once.
    pub fn new(pace: Span, now: Mono) -> Watchdog {
        Watchdog {
            pace,
            next: now,
            shown: true,
        }
    }

    /// What has to be alive has answered.
    pub fn answered(&mut self) {
        self.shown = true;
    }

    /// Whether now is the time to say that we are alive, and to ask who has to be it again.
    pub fn is_due(&mut self, now: Mono) -> bool {
        let due = self.shown && now >= self.next;
        if due {
            self.next = now + self.pace;
            self.shown = false;
        }
        due
    }

    /// When to look; nothing: when there is an answer.
    pub fn deadline(&self) -> Option<Mono> {
        self.shown.then_some(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 200];
        let count = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }

    #[test]
    fn both_kinds_of_sockets_hear_us() {
        let name = format!("failover-notify-{}", std::process::id());
        let hidden = SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
        let path = env::temp_dir().join(&name);
        let _ = std::fs::remove_file(&path);
        let sockets = [
            (
                UnixDatagram::bind_addr(&hidden).unwrap(),
                format!("@{name}"),
            ),
            (
                UnixDatagram::bind(&path).unwrap(),
                path.display().to_string(),
            ),
        ];
        for (socket, path) in sockets {
            let notify = Notify::to(OsStr::new(&path), None).unwrap();
            notify.ready();
            assert_eq!(heard(&socket), "READY=1");
            notify.status("two\nlines");
            assert_eq!(heard(&socket), "STATUS=two lines");
            notify.reloading();
            let line = heard(&socket);
            let usec = line.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
            assert!(usec.parse::<u64>().unwrap() > 0, "{line}");
            assert_eq!(notify.watchdog(), None);
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn who_does_not_read_holds_up_nobody() {
        let name = format!("failover-notify-deaf-{}", std::process::id());
        let hidden = SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
        let _deaf = UnixDatagram::bind_addr(&hidden).unwrap();
        let notify = Notify::to(OsStr::new(&format!("@{name}")), None).unwrap();
        (0..10_000).for_each(|_| notify.alive());
        Notify::default().alive();
        assert!(Notify::to(OsStr::new("vsock:2:1"), None).is_err());
    }

    #[test]
    fn alive_is_who_has_answered_since() {
        let pace = Span::from_secs(1);
        let (start, mut dog) = (Mono(5), Watchdog::new(pace, Mono(5)));
        assert!(dog.is_due(start) && !dog.is_due(start));
        assert_eq!(dog.deadline(), None);
        assert!(!dog.is_due(start + Span::from_secs(9)), "no answer");
        dog.answered();
        assert_eq!(dog.deadline(), Some(start + pace));
        assert!(!dog.is_due(start), "too early");
        let late = start + Span::from_secs(10);
        assert!(dog.is_due(late));
        dog.answered();
        assert_eq!(dog.deadline(), Some(late + pace));
    }
}
