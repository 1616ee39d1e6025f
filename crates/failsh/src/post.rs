//! What the Tcl thread tells the engine, on its way.
//!
//! Two queues, so that a script that writes to the log in a loop can lose its own lines and
//! nothing else: what decides about scripts and their programs is never refused and is read
//! first; log lines that come faster than they can be written are thrown away and counted,
//! and the engine takes only some of them in one turn. What a console prints is on the first
//! way, so that it keeps its place before the end of its command, but only so much of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fail_core::job::JobNo;
use fail_core::limits::POLICY_SERVICES_MAX;
use fail_core::log::{Level, Line};
use fail_core::time::{Mono, Span};
use fail_rt::clock::earliest;
use fail_rt::log::Log;
use fail_rt::poller::Waker;
use fail_rt::queue::{self, Receiver, Refused, Sender};
use fail_tcl::FromTcl;

use crate::minds::Generation;

/// Messages about scripts that wait. A service has one script at a time, and its next one is
/// ordered when its end has been read. What a script says until it must wait for us: that it
/// began, one `exec`, and after each of two cancels a kill and an `exec` to clean up, and its
/// end. That is seven; nothing of it may be refused. Traps and consoles are fewer than
/// services can be.
const CONTROL_MAX: usize = 9 * POLICY_SERVICES_MAX;

/// Pieces of output of consoles that wait, and their bytes: a command in a loop prints faster
/// than anybody reads.
const PRINTED_MAX: usize = 2_000;
const PRINTED_BYTES_MAX: usize = 1 << 20;

/// Messages that are read in one turn of the loop: a command that prints in a loop is read
/// on in the next.
pub const CONTROL_PER_TURN: usize = 1_000;

/// Log lines of scripts that wait: more than anybody reads of one moment.
const LINES_MAX: usize = 1_000;

/// Log lines that are written in one turn of the loop: a few milliseconds, also when each is
/// a system call.
const LINES_PER_TURN: usize = 256;

/// Log lines of scripts in one [`WINDOW`]. The log has a limit too, and what failsh itself
/// has to say must not be lost there because a script fills it.
const LINES_PER_WINDOW: usize = 1_000;

/// Lost lines are told of once in it: one line each second is no flood itself.
const WINDOW: Span = Span::from_secs(1);

/// A Tcl thread's end.
#[derive(Clone)]
pub struct Outbox {
    generation: Generation,
    control: Sender<(Generation, FromTcl)>,
    lines: Sender<Line>,
    dropped: Arc<AtomicU64>,
    printed: Arc<Printed>,
    log: Log,
}

/// Output of consoles that waits, and how many pieces each command has lost.
#[derive(Default)]
struct Printed {
    pieces: AtomicUsize,
    bytes: AtomicUsize,
    lost: Mutex<BTreeMap<JobNo, usize>>,
}

/// The engine's end.
pub struct Inbox {
    control: Receiver<(Generation, FromTcl)>,
    /// A message that a word about lost output goes before.
    next: Option<(Generation, FromTcl)>,
    lines: Receiver<Line>,
    dropped: Arc<AtomicU64>,
    printed: Arc<Printed>,
    /// When lost lines may be told of again.
    tell_after: Option<Mono>,
    /// The end of the present window, and the lines that it has left.
    window: (Mono, usize),
    waker: Waker,
}

/// Both ends. The first is that of the Tcl thread of the start; see [`Outbox::of`].
pub fn office(waker: &Waker, log: &Log) -> (Outbox, Inbox) {
    let (to_control, control) = queue::bounded(waker, CONTROL_MAX + PRINTED_MAX);
    let (to_lines, lines) = queue::bounded(waker, LINES_MAX);
    let dropped = Arc::new(AtomicU64::new(0));
    let printed = Arc::new(Printed::default());
    let outbox = Outbox {
        generation: Generation(1),
        control: to_control,
        lines: to_lines,
        dropped: Arc::clone(&dropped),
        printed: Arc::clone(&printed),
        log: log.facility("tcl"),
    };
    let inbox = Inbox {
        control,
        next: None,
        lines,
        dropped,
        printed,
        tell_after: None,
        window: (Mono(0), LINES_PER_WINDOW),
        waker: waker.clone(),
    };
    (outbox, inbox)
}

impl Outbox {
    /// The end of another Tcl thread.
    pub fn of(&self, generation: Generation) -> Outbox {
        Outbox {
            generation,
            ..self.clone()
        }
    }

    /// Hands a message over. Never waits.
    pub fn send(&self, message: FromTcl) {
        match message {
            FromTcl::Printed { job, text } if !self.printed.take(job, text.len()) => {}
            FromTcl::Log { level, text } => {
                let line = Line {
                    level,
                    facility: "tcl",
                    text,
                };
                if self.lines.send(line).is_err() {
                    self.dropped.fetch_add(1, Ordering::Relaxed);
                }
            }
            message => match self.control.send((self.generation, message)) {
                Ok(()) | Err(Refused::Gone(_)) => {}
                Err(Refused::Full((_, lost))) => {
                    self.log
                        .error(format_args!("a fault of failsh: {lost:?} is lost"));
                }
            },
        }
    }
}

impl Printed {
    fn lost(&self) -> MutexGuard<'_, BTreeMap<JobNo, usize>> {
        // A number is not left half counted.
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is room for this piece of a command's.
    fn take(&self, job: JobNo, bytes: usize) -> bool {
        let full = self.pieces.load(Ordering::Relaxed) >= PRINTED_MAX
            || self.bytes.load(Ordering::Relaxed).saturating_add(bytes) > PRINTED_BYTES_MAX;
        if full {
            *self.lost().entry(job).or_default() += 1;
        } else {
            self.pieces.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        !full
    }

    fn give_back(&self, bytes: usize) {
        self.pieces.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Inbox {
    /// The next message about a script, and of which Tcl thread; nothing: that was all for now.
    pub fn control(&mut self) -> Option<(Generation, FromTcl)> {
        let (generation, message) = self.next.take().or_else(|| self.control.poll())?;
        match &message {
            FromTcl::Printed { text, .. } => self.printed.give_back(text.len()),
            FromTcl::Evaluated { job, .. } => {
                let job = *job;
                let lost = self.printed.lost().remove(&job);
                if let Some(lost) = lost {
                    self.next = Some((generation, message));
                    let text = format!(
                        "({lost} pieces of output are lost, as they came faster than they are read)\n"
                    );
                    return Some((generation, FromTcl::Printed { job, text }));
                }
            }
            _ => {}
        }
        Some((generation, message))
    }

    /// There may be more than was read in this turn.
    pub fn read_on(&self) {
        self.waker.wake();
    }

    /// When to call [`Inbox::lines`], if nothing wakes the loop before.
    pub fn deadline(&self) -> Option<Mono> {
        let (end, left) = self.window;
        let lost = self.dropped.load(Ordering::Relaxed) > 0;
        let tell = self.tell_after.filter(|_| lost);
        earliest([tell, (left == 0).then_some(end)])
    }

    /// The log lines for this turn. If there are more, the loop is woken for the next.
    pub fn lines(&mut self, now: Mono) -> Vec<Line> {
        if now >= self.window.0 {
            self.window = (now + WINDOW, LINES_PER_WINDOW);
        }
        let left = &mut self.window.1;
        let mut lines: Vec<_> = std::iter::from_fn(|| self.lines.poll())
            .take(LINES_PER_TURN.min(*left))
            .collect();
        *left -= lines.len();
        if lines.len() == LINES_PER_TURN {
            self.waker.wake();
        }
        if self.tell_after.is_some_and(|at| now < at) {
            return lines;
        }
        match self.dropped.swap(0, Ordering::Relaxed) {
            0 => self.tell_after = None,
            dropped => {
                self.tell_after = Some(now + WINDOW);
                lines.push(Line {
                    level: Level::Warn,
                    facility: "tcl",
                    text: format!(
                        "lines of scripts that are lost, as they came faster than they may be \
                         written: {dropped}"
                    ),
                });
            }
        }
        lines
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
mod tests {
    use super::*;
    use fail_rt::poller::Poller;

    fn line(outbox: &Outbox, n: usize) {
        outbox.send(FromTcl::Log {
            level: Level::Info,
            text: n.to_string(),
        });
    }

    #[test]
    fn a_flood_of_lines_loses_lines_and_nothing_else() {
        let poller = Poller::new().unwrap();
        let (outbox, mut inbox) = office(&poller.waker(), &Log::stderr("test"));
        for n in 0..LINES_MAX + 7 {
            line(&outbox, n);
        }
        outbox.send(FromTcl::Began { job: JobNo(1) });
        outbox.send(FromTcl::Kill { exec: 2 });
        assert!(matches!(inbox.control(), Some((_, FromTcl::Began { .. }))));
        assert!(matches!(inbox.control(), Some((_, FromTcl::Kill { .. }))));
        assert!(inbox.control().is_none());
        let mut told = Vec::new();
        for _ in 0..=LINES_MAX / LINES_PER_TURN {
            told.extend(inbox.lines(Mono(0)).into_iter().map(|line| line.text));
        }
        let lost = told.remove(LINES_PER_TURN);
        assert!(lost.ends_with(": 7"), "{lost}");
        let kept: Vec<_> = (0..LINES_MAX).map(|n| n.to_string()).collect();
        assert_eq!(told, kept);

        for n in 0..LINES_MAX + 3 {
            line(&outbox, n);
        }
        // That was all for this second.
        assert!(inbox.lines(Mono(1)).is_empty());
        let later = inbox.deadline().unwrap();
        assert_eq!(later, Mono(0) + WINDOW);
        assert!(inbox.lines(later).pop().unwrap().text.ends_with(": 3"));
        for _ in 0..LINES_MAX / LINES_PER_TURN {
            let lines = inbox.lines(later);
            assert!(lines.iter().all(|line| line.level == Level::Info));
        }
        let last = inbox.deadline().unwrap();
        assert_eq!(last, later + WINDOW);
        assert!(inbox.lines(last).is_empty());
        assert_eq!(inbox.deadline(), None);
        line(&outbox, 0);
        assert_eq!(inbox.lines(last).len(), 1);
    }

    #[test]
    fn all_that_the_largest_policy_can_say_has_room() {
        let poller = Poller::new().unwrap();
        let (outbox, mut inbox) = office(&poller.waker(), &Log::stderr("test"));
        for n in 0..7 * POLICY_SERVICES_MAX as u64 {
            outbox.send(FromTcl::Kill { exec: n });
        }
        for n in 0..7 * POLICY_SERVICES_MAX as u64 {
            assert!(matches!(inbox.control(), Some((_, FromTcl::Kill { exec })) if exec == n));
        }
    }

    #[test]
    fn a_flood_at_a_console_loses_output_and_nothing_else() {
        let poller = Poller::new().unwrap();
        let (outbox, mut inbox) = office(&poller.waker(), &Log::stderr("test"));
        let outbox = outbox.of(Generation(2));
        let job = JobNo::console(1);
        let print = |text: &str| {
            let text = text.to_string();
            outbox.send(FromTcl::Printed { job, text });
        };
        (0..PRINTED_MAX + 5).for_each(|_| print("x"));
        let (code, result, info) = (0, String::new(), None);
        outbox.send(FromTcl::Evaluated {
            job,
            code,
            result,
            info,
        });
        for _ in 0..PRINTED_MAX {
            let got = inbox.control();
            assert!(
                matches!(got, Some((Generation(2), FromTcl::Printed { text, .. })) if text == "x")
            );
        }
        let lost = inbox.control();
        assert!(
            matches!(lost, Some((_, FromTcl::Printed { text, .. })) if text.contains("(5 pieces"))
        );
        assert!(matches!(
            inbox.control(),
            Some((_, FromTcl::Evaluated { .. }))
        ));
        assert!(inbox.control().is_none());
        print(&"y".repeat(PRINTED_BYTES_MAX));
        print("z");
        assert!(inbox.control().is_some());
        assert!(inbox.control().is_none());
    }
}
