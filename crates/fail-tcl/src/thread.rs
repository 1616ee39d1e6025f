//! The Tcl thread: its start, its loop, its end, and the handle by which others reach it.
//!
//! The interpreter is made, used and deleted there. Tcl itself is never finalised: a program
//! that ends just exits.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use fail_core::job::JobNo;

use crate::board::Board;
use crate::job::Room;
use crate::limits::{CALLBACK_MS, POLICY_MAX, STACK_BYTES};
use crate::mail::{FromTcl, Mail, Mailbox, ToTcl};
use crate::policy::{self, Loaded, PolicyError, Read, Site};
use crate::tcl::{Doorbell, Hooks, Interp, serve_one_event};

/// Where messages to the engine go.
pub(crate) type Out = Rc<dyn Fn(FromTcl)>;

/// Reaches the Tcl thread from any other. Clones reach the same one.
#[derive(Clone)]
pub struct TclHandle {
    mailbox: Arc<Mailbox>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl TclHandle {
    /// Posts a message. Never blocks; after the end of the thread nothing comes of it.
    pub fn send(&self, message: ToTcl) {
        self.mailbox.post(Mail::Engine(message));
    }

    /// Who has held the thread since the last call, and for how long: time in which no other
    /// script could go on, whatever it waited for. Turns of a few milliseconds are left out.
    /// A callback that has held it for too long is ended: nobody else looks after its time.
    pub fn held(&self) -> Vec<(JobNo, Duration)> {
        self.mailbox.hurry(Duration::from_millis(CALLBACK_MS));
        self.mailbox.turns.take()
    }

    /// Waits until the thread has ended, after [`ToTcl::Quit`]. A script that blocks inside
    /// one C operation (a read from a pipe, say) blocks this as well: a program that is
    /// about to exit need not call it.
    pub fn join(&self) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            // The thread's own panic has been printed by then.
            let _ = thread.join();
        }
    }

    /// Ends the thread and waits for that: [`ToTcl::Quit`], then [`TclHandle::join`].
    pub fn quit(&self) {
        self.send(ToTcl::Quit);
        self.join();
    }
}

/// Starts a Tcl thread and reads the policy `files` in their order there; a directory means
/// its `*.tcl` in theirs. `program` is the path by which this program was called. Messages to
/// the engine go to `out`, which is called on the Tcl thread and must not block.
///
/// # Errors
/// The first thing that is wrong with the policy, also that it takes too long. Nothing is left
/// running then, but for a policy that blocks inside one C operation: it ends with that.
pub fn start(
    files: &[PathBuf],
    program: &str,
    board: &Board,
    out: Box<dyn Fn(FromTcl) + Send>,
) -> Result<(Loaded, TclHandle), PolicyError> {
    start_within(POLICY_MAX, files, program, board, out)
}

/// The same with another limit on the time that reading takes.
///
/// # Errors
/// As [`start`].
pub fn start_within(
    limit: Duration,
    files: &[PathBuf],
    program: &str,
    board: &Board,
    out: Box<dyn Fn(FromTcl) + Send>,
) -> Result<(Loaded, TclHandle), PolicyError> {
    let mailbox = Arc::new(Mailbox::default());
    let (answer, answered) = mpsc::sync_channel(1);
    let (files, program, inside) = (files.to_vec(), program.to_string(), Arc::clone(&mailbox));
    let board = board.clone();
    let thread = std::thread::Builder::new()
        .name("tcl".to_string())
        .stack_size(STACK_BYTES)
        .spawn(move || run(&files, &program, board, Rc::new(out), &inside, &answer))
        .map_err(|e| PolicyError::without_file(format!("the Tcl thread could not start: {e}")))?;
    let thread = Arc::new(Mutex::new(Some(thread)));
    let handle = TclHandle { mailbox, thread };
    match answered.recv_timeout(limit) {
        Ok(Ok(loaded)) => Ok((loaded, handle)),
        Ok(Err(error)) => {
            handle.join();
            Err(error)
        }
        Err(RecvTimeoutError::Timeout) => {
            handle.send(ToTcl::Quit);
            Err(PolicyError::without_file(format!(
                "reading the policy takes longer than {} seconds (POLICY_MAX): does it wait for \
                 something, or go in a circle?",
                limit.as_secs_f64()
            )))
        }
        Err(RecvTimeoutError::Disconnected) => Err(PolicyError::without_file(
            "the Tcl thread ended while it read the policy",
        )),
    }
}

/// The thread, from its first line to its last.
fn run(
    files: &[PathBuf],
    program: &str,
    board: Board,
    out: Out,
    mailbox: &Arc<Mailbox>,
    answer: &mpsc::SyncSender<Result<Loaded, PolicyError>>,
) {
    let answer_with = |result| {
        // `start` waits for it; if it is gone, so is everybody else.
        let _ = answer.send(result);
    };
    let interp = match Interp::new(program) {
        Ok(interp) => interp,
        Err(e) => return answer_with(Err(PolicyError::without_file(e.message))),
    };
    let site = Rc::new(Site::new(Rc::clone(&out), board));
    let room = Rc::new(Room::new(
        interp,
        Rc::clone(&site),
        out,
        Arc::clone(mailbox),
    ));
    let read: Vec<Read> = files.iter().cloned().map(Read::File).collect();
    // From here on a policy that does not come to its end can be ended.
    mailbox.open(Doorbell::new(hooks(&room)));
    let loaded = Room::furnish(&room).and_then(|()| policy::load(room.interp(), &site, &read));
    if loaded.is_ok() {
        answer_with(loaded);
        while !mailbox.quitting() {
            serve_one_event();
        }
        let bell = mailbox.close();
        room.close();
        drop(room);
        if let Some(bell) = bell {
            bell.close();
        }
    } else {
        let bell = mailbox.close();
        drop(room);
        if let Some(bell) = bell {
            bell.close();
        }
        answer_with(loaded);
    }
}

/// The hooks know the room weakly, so that dropping it deletes the interpreter.
fn hooks(room: &Rc<Room>) -> Hooks {
    let (turn, interrupt) = (Rc::downgrade(room), Rc::downgrade(room));
    Hooks {
        turn: Box::new(move || {
            if let Some(room) = turn.upgrade() {
                room.turn();
            }
        }),
        interrupt: Box::new(move || interrupt.upgrade()?.interrupt()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_policy_that_does_not_end_is_given_up() {
        let path = std::env::temp_dir().join(format!("failover-tcl-{}.tcl", std::process::id()));
        let files = [path.clone()];
        for (text, limit_ms, ends) in [
            ("while 1 {}", 300, true),
            ("while 1 {catch {while 1 {}}}", 300, true),
            ("vwait never", 300, true),
            ("exec sleep 60", 300, false),
            ("exec sleep 0.1", 30_000, true),
        ] {
            std::fs::write(&path, text).unwrap();
            let alive = Arc::new(());
            let there = Arc::clone(&alive);
            let out = Box::new(move |_| drop(Arc::clone(&there)));
            let limit = Duration::from_millis(limit_ms);
            let started = start_within(limit, &files, "test", &Board::default(), out);
            match started {
                Ok((_, tcl)) => tcl.quit(),
                Err(e) if limit_ms > 1_000 => panic!("{text}: {e}"),
                Err(e) => assert!(e.sentence.contains("takes longer than 0.3 s"), "{e}"),
            }
            // Its thread has gone.
            let late = Instant::now() + Duration::from_secs(30);
            while ends && Arc::strong_count(&alive) > 1 {
                assert!(Instant::now() < late, "{text}");
                std::thread::yield_now();
            }
        }
        std::fs::remove_file(&path).unwrap();
    }
}
