//! What a running program writes, line by line, as it comes.

#![expect(clippy::panic, reason = "a line that does not come is a failure")]

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::wait::LIMIT;

/// All lines so far, and whether more can come.
#[derive(Debug, Default)]
struct Seen {
    lines: Vec<String>,
    ended: bool,
}

/// The lines of one stream, read by a thread of their own.
#[derive(Debug, Clone, Default)]
pub struct Lines(Arc<(Mutex<Seen>, Condvar)>);

impl Lines {
    /// Reads this stream to its end.
    pub fn of(stream: impl Read + Send + 'static) -> Lines {
        let lines = Lines::default();
        let for_thread = lines.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                for_thread.change(|seen| seen.lines.push(line));
            }
            for_thread.change(|seen| seen.ended = true);
        });
        lines
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen());
        self.0.1.notify_all();
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All lines so far.
    pub fn all(&self) -> Vec<String> {
        self.seen().lines.clone()
    }

    /// Waits for a line that contains this, and gives it. One that came already counts.
    pub fn wait_for(&self, text: &str) -> String {
        self.wait(text, |lines| {
            lines.iter().find(|line| line.contains(text)).cloned()
        })
    }

    /// Waits for so many lines.
    pub fn wait_for_count(&self, count: usize) -> Vec<String> {
        self.wait(&format!("{count} lines"), |lines| {
            (lines.len() >= count).then(|| lines.to_vec())
        })
    }

    /// Waits for the end of the stream, which may come after that of the program: all its lines.
    pub fn whole(&self) -> Vec<String> {
        let end = Instant::now() + LIMIT;
        let mut seen = self.seen();
        while !seen.ended {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                panic!("no end came; it said:\n{}", seen.lines.join("\n"));
            }
            let waited = self.0.1.wait_timeout(seen, left);
            seen = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        seen.lines.clone()
    }

    fn wait<T>(&self, what: &str, find: impl Fn(&[String]) -> Option<T>) -> T {
        let end = Instant::now() + LIMIT;
        let mut seen = self.seen();
        loop {
            if let Some(found) = find(&seen.lines) {
                return found;
            }
            let left = end.saturating_duration_since(Instant::now());
            if seen.ended || left.is_zero() {
                panic!(
                    "\"{what}\" did not come; it said:\n{}",
                    seen.lines.join("\n")
                );
            }
            let waited = self.0.1.wait_timeout(seen, left);
            seen = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
