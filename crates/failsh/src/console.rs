//! The console of a failsh: `failsh -`, `failsh --attach` and `failsh --release`.
//!
//! All three speak with a failsh over a socket, as [`words`] has it; with `-` the failsh runs
//! in this process, on a thread of its own, as the line editor wants the signals of the first. What is typed is Tcl, and
//! is run by the failsh: this side only edits, sends and prints.

mod history;
mod link;
mod script;
mod terminal;
mod whole;
pub mod words;

use std::fs;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fail_cli::{Failsh, Failure, exit};
use fail_rt::log::{Level, Log};
use fail_rt::{reason, signals};

use crate::engine;
use crate::setup::{self, Parts};
use link::{Link, Lost};
use terminal::{Notes, Terminal};

/// The console of this process, for the failsh in it.
pub struct Own {
    /// The failsh's end.
    pub stream: UnixStream,
    /// Where its log goes.
    pub log: Log,
}

/// Runs a failsh in this process until its console is left. Gives the exit code.
pub fn own(options: &Failsh) -> Result<u8, Failure> {
    let os = |e: io::Error| {
        let why = reason::words(&e);
        Failure::new(exit::OSERR, format!("can not open a console: {why}"))
    };
    let (near, far) = UnixStream::pair().map_err(os)?;
    let terminal = Terminal::found();
    let log = match &terminal {
        Some(_) => Log::to("failsh", Notes),
        None => Log::stderr("failsh"),
    };
    // What goes well is seen at the console itself.
    let log = match options.debug.is_empty() {
        true => log.only(Level::Warn),
        false => log,
    };
    let parts = setup::open(options, Some(Own { stream: near, log }))?;
    if let Some(terminal) = &terminal {
        terminal.without_stop();
    }
    let left = Arc::new(AtomicBool::new(false));
    let engine = {
        let (terminal, left) = (terminal.clone(), Arc::clone(&left));
        move || run_beside(parts, terminal, &left)
    };
    let thread = std::thread::Builder::new().name("engine".to_string());
    let engine = thread.spawn(engine).map_err(os)?;
    let done = Link::open(far, || {}).map_err(lost);
    let done = done.and_then(|link| talk(link, terminal.is_some()));
    left.store(true, Ordering::Release);
    // The link is gone, so the failsh ends. Its own panic has been printed by then.
    let _ = engine.join();
    if let Some(terminal) = &terminal {
        terminal.restore();
    }
    done
}

/// The failsh of a console in the same process. When it is told to end while somebody edits a
/// line, nobody else can end the editor.
fn run_beside(parts: Parts, terminal: Option<Terminal>, left: &AtomicBool) {
    let code = match engine::run(parts) {
        Ok(()) => exit::OK,
        Err(e) => {
            eprintln!("failsh: {}", reason::words(&e));
            exit::OSERR
        }
    };
    if let Some(terminal) = terminal.filter(|_| !left.load(Ordering::Acquire)) {
        terminal.restore();
        println!();
        std::process::exit(i32::from(code));
    }
}

/// Is the console of the failsh at this socket. Gives the exit code.
pub fn attach(socket: &Path) -> Result<u8, Failure> {
    let terminal = Terminal::found();
    let stream = knock(socket)?;
    let place = socket.display().to_string();
    let at_end = {
        let terminal = terminal.clone();
        move || {
            // Whoever edits a line at this moment can not be told otherwise.
            if let Some(terminal) = terminal {
                terminal.restore();
                eprintln!("\nfailsh: the failsh at {place} has ended");
                std::process::exit(i32::from(exit::UNAVAILABLE));
            }
        }
    };
    let link = Link::open(stream, at_end).map_err(lost)?;
    let breaker = link.breaker();
    // Without it Ctrl-C ends the console, and with it the command.
    let _ = signals::on_interrupt(move || {
        breaker.press();
    });
    talk(link, terminal.is_some())
}

/// Has the failsh at this socket stop what it serves, and end. Gives the exit code.
pub fn release(socket: &Path) -> Result<u8, Failure> {
    let link = Link::open(knock(socket)?, || {}).map_err(lost)?;
    let left = link.release().map_err(lost)?;
    if left.is_empty() {
        return Ok(exit::OK);
    }
    let left = left.join("; ");
    let sentence = format!("not everything could be released: {left}");
    Err(Failure::new(exit::TEMPFAIL, sentence))
}

fn talk(link: Link, on_terminal: bool) -> Result<u8, Failure> {
    match on_terminal {
        true => terminal::converse(link).map_err(lost),
        false => script::run(&link, io::stdin().lock()),
    }
}

fn lost(Lost(sentence): Lost) -> Failure {
    Failure::new(exit::UNAVAILABLE, sentence)
}

/// A connection to the failsh that listens there.
fn knock(socket: &Path) -> Result<UnixStream, Failure> {
    let shown = socket.display();
    let is_name = !shown.to_string().contains('/') && fs::symlink_metadata(socket).is_err();
    if is_name {
        let sentence = format!(
            "there is no socket \"{shown}\" here; another host's failsh is reached there: \
             ssh {shown} failsh --attach"
        );
        return Err(Failure::new(exit::UNAVAILABLE, sentence));
    }
    UnixStream::connect(socket).map_err(|e| {
        let why = reason::words(&e);
        let sentence = match e.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                format!("no failsh answers at {shown}: {why}")
            }
            io::ErrorKind::PermissionDenied => {
                format!("only root and the user of that failsh may open {shown}: {why}")
            }
            _ => format!("can not reach the failsh at {shown}: {why}"),
        };
        let code = match e.kind() {
            io::ErrorKind::PermissionDenied => exit::NOPERM,
            _ => exit::UNAVAILABLE,
        };
        Failure::new(code, sentence)
    })
}
