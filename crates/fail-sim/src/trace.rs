//! What happened, as lines of text. The hash covers all of them; the last ones are kept for
//! the report, all of them only when somebody wants to compare or to read.

use std::collections::VecDeque;

/// Lines that a report of a failure shows.
pub const TAIL_LINES: usize = 60;

/// The lines of one run.
#[derive(Debug, Clone)]
pub struct Trace {
    hash: u64,
    lines: VecDeque<String>,
    keep: usize,
}

impl Trace {
    /// A trace that keeps every line, or only the last [`TAIL_LINES`].
    pub fn new(all: bool) -> Trace {
        let keep = if all { usize::MAX } else { TAIL_LINES };
        Trace {
            hash: 0xcbf2_9ce4_8422_2325,
            lines: VecDeque::new(),
            keep,
        }
    }

    /// One more line, at this moment in nanoseconds.
    pub fn line(&mut self, at: u64, who: &str, what: &str) {
        let (s, us) = (at / 1_000_000_000, at / 1_000 % 1_000_000);
        let line = format!("{s:>4}.{us:06} {who:<11} {what}");
        // FNV-1a, eight bytes at a time: it has to be stable, not strong.
        for chunk in line.as_bytes().chunks(8) {
            let word = chunk
                .iter()
                .fold(1, |word, byte| word << 8 | u64::from(*byte));
            self.hash = (self.hash ^ word)
                .wrapping_mul(0x0100_0000_01b3)
                .rotate_left(29);
        }
        if self.lines.len() == self.keep {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// A number that two equal traces share.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The lines that were kept.
    pub fn into_lines(self) -> Vec<String> {
        self.lines.into()
    }
}
