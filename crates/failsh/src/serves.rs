//! What failsh serves to others: monitors, consoles. The engine knows of them only this much:
//! events of their sockets go in, what they want done comes out as an [`EngineRequest`], and
//! what became of that goes back as a [`Reply`].
//!
//! Nothing here may hold up the engine: see [`Monitor`] and [`Control`] for what becomes of
//! who reads slowly.

use std::fmt::Display;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;

use fail_cli::{DEFAULT_SOCKET, Failsh, Failure, Listen, exit, ports};
use fail_core::debug::DebugPort;
use fail_core::job::JobNo;
use fail_core::time::Mono;
use fail_rt::clients::ListenFailed;
use fail_rt::clock::earliest;
use fail_rt::debug::Debug;
use fail_rt::log::Log;
use fail_rt::poller::{Poller, Token};
use fail_tcl::Board;
use fail_wire::Key;
use fail_wire::monitor::Update;

use crate::control::Control;
use crate::monitor::Monitor;

/// What a console wants done. Numbers are given by who serves it, and never twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineRequest {
    /// Run this; the answer is [`Reply::Evaluated`], once, after all that it prints.
    Eval {
        /// A [`JobNo::console`].
        job: JobNo,
        /// Tcl.
        script: String,
    },
    /// How could this line go on? The answer is [`Reply::Completions`], once, unless Tcl is
    /// busy for ever.
    Complete {
        /// Brings the answer back.
        no: u64,
        /// The line up to the cursor.
        line: String,
    },
    /// End this command: it ends with an error. Once more: at once.
    Cancel {
        /// Which.
        job: JobNo,
    },
    /// Stop what is served here and end. [`Reply::Released`] goes to everybody who asked.
    Release,
    /// Read the policy again. The answer is [`Reply::Reloaded`] or [`Reply::Compared`], once.
    Reload {
        /// Brings the answer back.
        no: u64,
        /// Only to see what it would have decided.
        dry_run: bool,
    },
    /// End as after SIGTERM: the console of this very process has been left.
    End,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A command writes something.
    Printed {
        /// Which.
        job: JobNo,
        /// What.
        text: String,
    },
    /// A command has ended.
    Evaluated {
        /// Which.
        job: JobNo,
        /// Tcl's return code; 0 is well.
        code: i32,
        /// Its result, or its error message.
        result: String,
        /// `errorInfo` after an error.
        info: Option<String>,
    },
    /// How a line could go on.
    Completions {
        /// The number that the question came with.
        no: u64,
        /// From which byte of the line on it would be replaced.
        from: usize,
        /// By what.
        words: Vec<String>,
    },
    /// Nothing is served here any more, and failsh ends after this.
    Released {
        /// What could not be released, one sentence for each service.
        left: Vec<String>,
    },
    /// A policy was read again.
    Reloaded {
        /// The number that the wish came with.
        no: u64,
        /// What it changes in one line, or why the old one stays.
        result: Result<String, Unread>,
    },
    /// What a policy would have decided.
    Compared {
        /// The number that the wish came with.
        no: u64,
        /// Or why nobody knows.
        result: Result<Compared, Unread>,
    },
}

/// Why a policy is not read, or not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It has an error.
    Bad(String),
    /// It is not read now.
    NotNow(String),
}

/// What a policy would have decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The same, all the time.
    pub same: bool,
    /// For people.
    pub text: String,
    /// For programs.
    pub report: serde_json::Value,
}

/// Everybody who is served.
pub struct Serves {
    monitor: Monitor,
    control: Control,
    debug: Debug,
}

/// Who may be served, and what with.
pub struct Means<'a> {
    /// The control socket by its full path, or `none`; nothing: the default.
    pub socket: Option<&'a Path>,
    /// What faildebug must know.
    pub key: Key,
    /// Random.
    pub stamp: u64,
    /// What monitors are shown first.
    pub board: Board,
}

impl Serves {
    /// Listens where the options say, the socket by its full path. Who comes is told first what stands on the board.
    ///
    /// # Errors
    /// A socket that was asked for can not be had. One that is only the default and that
    /// somebody else has is worth a warning.
    pub fn open(
        options: &Failsh,
        means: Means,
        poller: &mut Poller,
        log: &Log,
    ) -> Result<Serves, Failure> {
        let mut desk = || {
            let failed = |e| Failure::new(exit::OSERR, format!("can not make an event loop: {e}"));
            poller.desk().map_err(failed)
        };
        let port = DebugPort::new("failsh", means.key, means.stamp);
        let mut serves = Serves {
            monitor: Monitor::new(desk()?, means.board),
            control: Control::new(desk()?),
            debug: Debug::new(desk()?, port, log),
        };
        // Who has a console of his own here beside the failsh of this host wants nothing more.
        let alone = options.console.is_some();
        match options.monitor {
            Some(at) => serves.serve_monitors(at, log).map_err(taken)?,
            None if alone => {}
            None => warn(
                log,
                serves.serve_monitors(Listen::Loopback(ports::MONITOR), log),
            )?,
        }
        match options.debug_port {
            Some(at) => serves.serve_debug(at).map_err(taken)?,
            None if alone => {}
            None => warn(log, serves.serve_debug(Listen::Loopback(ports::DEBUG)))?,
        }
        match means.socket {
            Some(path) if path.as_os_str() == "none" => {}
            Some(path) => serves.control.listen(path).map_err(taken)?,
            None if alone => {}
            None => warn(log, serves.control.listen(Path::new(DEFAULT_SOCKET)))?,
        }
        Ok(serves)
    }

    fn serve_monitors(&mut self, at: Listen, log: &Log) -> Result<(), ListenFailed> {
        let Some(address) = at.addr() else {
            return Ok(());
        };
        let bound = self.monitor.listen(address)?;
        log.info(format_args!("monitor: listening on {bound}"));
        if matches!(at, Listen::Loopback(_)) {
            let six = (std::net::Ipv6Addr::LOCALHOST, bound.port()).into();
            match self.monitor.listen(six) {
                Ok(bound) => log.info(format_args!("monitor: listening on {bound}")),
                // A host without IPv6, or a free port that is not free there.
                Err(e) if e.is_elsewhere() || address.port() == 0 => {
                    log.facility("net").debug(format_args!("monitor: {e}"));
                }
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn serve_debug(&mut self, at: Listen) -> Result<(), impl Display + use<>> {
        at.addr()
            .map_or(Ok(()), |address| self.debug.listen(address))
    }

    /// The other end of this is the console of this process.
    pub fn adopt(&mut self, stream: UnixStream) -> io::Result<()> {
        self.control.adopt(stream)
    }

    /// Whether this event is for [`Serves::on_event`].
    pub fn owns(&self, token: Token) -> bool {
        self.monitor.owns(token) || self.control.owns(token) || self.debug.owns(token)
    }

    /// A socket can be read or written.
    pub fn on_event(&mut self, token: Token, now: Mono) {
        if self.monitor.owns(token) {
            self.monitor.on_event(token, now);
        } else if self.debug.owns(token) {
            self.debug.on_event(token, now);
        } else {
            self.control.on_event(token, now);
        }
    }

    /// When to call [`Serves::expire`].
    pub fn deadline(&self) -> Option<Mono> {
        earliest([self.monitor.deadline(), self.control.deadline()])
    }

    /// Acts on the deadlines that have come.
    pub fn expire(&mut self, now: Mono) {
        self.monitor.expire(now);
        self.control.expire(now);
    }

    /// The next thing that somebody wants done; nothing: that was all for now.
    pub fn request(&mut self) -> Option<EngineRequest> {
        self.control.request()
    }

    /// What became of a request. Who has gone meanwhile is not told.
    pub fn reply(&mut self, reply: Reply) {
        self.control.reply(reply);
    }

    /// SIGINT: says whether it was meant for a command of the console of this process.
    pub fn interrupt(&mut self) -> bool {
        self.control.interrupt()
    }

    /// News for everybody who watches. The board shows them already.
    pub fn changed(&mut self, update: &Update) {
        self.monitor.changed(update);
    }

    /// Writes to everybody what he has room for. Once in each turn, after all that is new.
    pub fn write(&mut self, now: Mono) {
        self.monitor.write(now);
        self.control.write(now);
    }

    /// Whether somebody watches: then he is told of the health once a second.
    pub fn is_watched(&self) -> bool {
        self.monitor.is_watched()
    }

    /// So many times the policy has been read.
    pub fn renewed(&mut self, count: u64) {
        self.monitor.renewed(count);
    }

    /// Whether something still has to be written before failsh may end.
    pub fn is_writing(&self) -> bool {
        self.control.is_writing()
    }
}

fn taken(failed: impl Display) -> Failure {
    Failure::new(exit::CANTCREAT, failed)
}

/// A default that can not be had, because somebody else has it or our user may not.
fn warn(log: &Log, listening: Result<(), impl Display>) -> Result<(), Failure> {
    if let Err(e) = listening {
        log.warn(format_args!("{e}; failsh goes on without"));
    }
    Ok(())
}
