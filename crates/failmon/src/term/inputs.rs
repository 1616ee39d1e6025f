//! What comes to the terminal's loop, from threads of their own into one channel: keys, signals,
//! the end of the terminal. What the failshs send comes the same way.

use std::io::{self, stdin};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ratatui::crossterm::event;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;

use super::run::In;
use super::screen::give_back;

/// Signals that have come and were not looked at yet.
#[derive(Debug, Clone, Default)]
pub struct Pending(Arc<AtomicU32>);

/// We are to end.
pub const END: u32 = 1;
/// We are to stop.
pub const STOP: u32 = 2;
/// We go on after a stop.
pub const GO_ON: u32 = 4;

impl Pending {
    /// All of them; they are looked at then.
    pub fn take(&self) -> u32 {
        self.0.swap(0, Ordering::SeqCst)
    }

    /// One has come. Says whether it had before.
    fn add(&self, what: u32) -> bool {
        self.0.fetch_or(what, Ordering::SeqCst) & what != 0
    }
}

/// Begins to listen to signals. The loop may be waiting for a terminal that takes nothing: a
/// second signal to end does not wait for it.
///
/// # Errors
/// The system gives no thread or no pipe.
pub fn signals(post: SyncSender<In>) -> io::Result<Pending> {
    let pending = Pending::default();
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT])?;
    let seen = pending.clone();
    let run = move || {
        for signal in signals.forever() {
            let what = match signal {
                SIGTSTP => STOP,
                SIGCONT => GO_ON,
                _ => END,
            };
            if seen.add(what) && what == END {
                give_back();
                std::process::exit(i32::from(fail_cli::exit::OK));
            }
            // When it is full, the loop comes by anyway.
            let _ = post.try_send(In::Signal);
        }
    };
    thread::Builder::new()
        .name("signals".to_string())
        .spawn(run)?;
    Ok(pending)
}

/// Begins to listen to the terminal.
///
/// # Errors
/// The system gives no thread.
pub fn keys(post: SyncSender<In>) -> io::Result<()> {
    let gone = post.clone();
    let run = move || {
        loop {
            let next = match event::read() {
                Ok(event) => In::Event(event),
                Err(_) => In::Gone,
            };
            let last = matches!(next, In::Gone);
            if post.send(next).is_err() || last {
                return;
            }
        }
    };
    thread::Builder::new().name("keys".to_string()).spawn(run)?;
    // crossterm does not see the end of a terminal: it reads nothing for ever.
    let run = move || {
        let terminal = stdin();
        loop {
            // A hang-up is told unasked.
            let mut asked = [PollFd::new(terminal.as_fd(), PollFlags::empty())];
            match poll(&mut asked, PollTimeout::NONE) {
                Err(nix::errno::Errno::EINTR) | Ok(0) => {}
                _ => break,
            }
        }
        let _ = gone.send(In::Gone);
    };
    thread::Builder::new()
        .name("hang-up".to_string())
        .spawn(run)?;
    Ok(())
}
