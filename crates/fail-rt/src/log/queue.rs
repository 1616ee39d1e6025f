//! The lines between whoever speaks and the thread that writes them: bounded, in order, and
//! never waited for but at the end.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{FLUSH_MAX, Level, QUEUE_LINES_MAX, Target};

/// A log's lines. Dropped, it waits a moment for them to be written.
pub(super) struct Queue(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    lines: VecDeque<(Level, String)>,
    /// Lines that found no room since the last one that did.
    lost: u64,
    /// Here until the first line, then in the hands of the thread.
    target: Option<Target>,
    started: bool,
    writing: bool,
    closed: bool,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queue")
    }
}

impl Queue {
    /// A queue without a thread.
    pub fn new(target: Target) -> Queue {
        Queue(Arc::new(Shared {
            state: Mutex::new(State {
                lines: VecDeque::new(),
                lost: 0,
                target: Some(target),
                started: false,
                writing: false,
                closed: false,
            }),
            changed: Condvar::new(),
        }))
    }

    /// Takes the line, or counts it as lost.
    pub fn push(&self, level: Level, text: String) {
        let mut state = self.0.lock();
        if let Some(target) = state.target.take() {
            state = self.start(state, target);
        }
        match state.target.as_mut() {
            // No thread is to be had: then as well as it goes.
            Some(target) => target.write(level, &text),
            None => state.push(level, text),
        }
        drop(state);
        self.0.changed.notify_all();
    }

    /// Waits until nothing is left to write, but not longer than this. Says whether it is so.
    pub fn flush(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        let mut state = self.0.lock();
        while !state.is_written() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let woken = self.0.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    #[cfg(test)]
    pub fn is_writing(&self) -> bool {
        self.0.lock().writing
    }

    #[cfg(test)]
    pub fn is_started(&self) -> bool {
        self.0.lock().started
    }

    fn start<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        target: Target,
    ) -> MutexGuard<'a, State> {
        if state.started {
            state.target = Some(target);
            return state;
        }
        state.started = true;
        let shared = Arc::clone(&self.0);
        let slot = Arc::new(Mutex::new(Some(target)));
        let theirs = Arc::clone(&slot);
        let thread = std::thread::Builder::new().name("log".to_owned());
        let spawned = thread.spawn(move || {
            let target = theirs.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(target) = target {
                shared.write_all(target);
            }
        });
        if spawned.is_err() {
            state.target = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
        state
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.flush(FLUSH_MAX);
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The life of the thread.
    fn write_all(&self, mut target: Target) {
        let mut state = self.lock();
        loop {
            if let Some((level, text)) = state.next() {
                state.writing = true;
                drop(state);
                target.write(level, &text);
                state = self.lock();
                state.writing = false;
            } else if state.closed {
                return;
            } else {
                self.changed.notify_all();
                let woken = self.changed.wait(state);
                state = woken.unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

impl State {
    fn push(&mut self, level: Level, text: String) {
        // The line that tells of the lost ones needs a place, too.
        if self.lines.len() + 1 >= QUEUE_LINES_MAX {
            self.lost += 1;
            return;
        }
        if let Some(line) = self.lost_line() {
            self.lines.push_back(line);
        }
        self.lines.push_back((level, text));
    }

    fn next(&mut self) -> Option<(Level, String)> {
        self.lines.pop_front().or_else(|| self.lost_line())
    }

    fn lost_line(&mut self) -> Option<(Level, String)> {
        let lost = std::mem::take(&mut self.lost);
        let text = format!("{lost} lines lost: whoever reads this log was too slow");
        (lost > 0).then_some((Level::Warn, text))
    }

    fn is_written(&self) -> bool {
        self.lines.is_empty() && self.lost == 0 && !self.writing
    }
}
