//! Signals as events of the loop: HUP, INT, TERM, CHLD and USR1.
//!
//! To be built before the first child is started, or its end may be missed, and before other
//! threads are: they inherit the signal mask. An ignored or blocked signal that this process
//! inherited (`nohup`, a careless parent) is taken all the same. Several of one kind that
//! come before the loop looks are one.

use std::io;
use std::os::unix::net::UnixStream;

use mio::{Interest, Token};
use nix::sys::signal::SigSet;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

use crate::inherited;
use crate::poller::Desk;

/// A signal that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Read the files again.
    Hup,
    /// Ctrl-C, or whatever the program makes of it.
    Int,
    /// End.
    Term,
    /// A child may have ended: call [`Children::reap`](crate::children::Children::reap).
    Child,
    /// Free for the program.
    Usr1,
}

/// The signals of this process; there can be only one.
pub struct Signals {
    desk: Desk,
    delivery: SignalDelivery<UnixStream, SignalOnly>,
}

impl Signals {
    /// From now on those signals are events; SIGPIPE is ignored, as a write tells enough.
    pub fn new(desk: Desk) -> io::Result<Signals> {
        let caught = [SIGHUP, SIGINT, SIGTERM, SIGCHLD, SIGUSR1];
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        desk.watch(&read, 0, Interest::READABLE)?;
        let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, caught)?;
        inherited::reset_signals();
        SigSet::all().thread_unblock()?;
        Ok(Signals { desk, delivery })
    }

    /// Whether this event is for [`Signals::pending`].
    pub fn owns(&self, token: Token) -> bool {
        self.desk.number(token).is_some()
    }

    /// What came since the last call.
    pub fn pending(&mut self) -> impl Iterator<Item = Signal> + use<> {
        self.delivery.pending().filter_map(|number| match number {
            SIGHUP => Some(Signal::Hup),
            SIGINT => Some(Signal::Int),
            SIGTERM => Some(Signal::Term),
            SIGCHLD => Some(Signal::Child),
            SIGUSR1 => Some(Signal::Usr1),
            _ => None,
        })
    }
}

/// Calls this for each SIGINT, on a thread of its own: for a tool without a loop.
pub fn on_interrupt(mut act: impl FnMut() + Send + 'static) -> io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGINT])?;
    let thread = std::thread::Builder::new().name("interrupt".to_string());
    thread.spawn(move || signals.forever().for_each(|_| act()))?;
    Ok(())
}
