//! When two states of a machine are the same: a hash of what `Debug` shows of it, with times
//! counted from now, ids in the order in which they are met, and without what is only for
//! people or only costs time.
//!
//! What is left out must not be looked at by any decision; what is left in although nobody
//! looks at it makes more states than there are, and no mistake.

use std::collections::hash_map::DefaultHasher;
use std::fmt::{self, Debug, Write};
use std::hash::Hasher;

/// Fields that no decision looks at: what is the same in all states, what is for people, and
/// what is derived from the rest.
const LEFT_OUT: [&str; 32] = [
    "policy",
    "rule",
    "dice",
    "sent",
    "stats",
    "notes",
    "traps",
    "health",
    "hears",
    "news",
    "out",
    "rtt",
    "checks",
    "why",
    "complaint",
    "omens",
    "since",
    "age_ms",
    "last_change",
    "count",
    "beats",
    // Of a faild.
    "access",
    "offenders",
    "heard_hosts",
    "pushes",
    "regulars",
    "orders",
    "facilities",
    "beside",
    "counters",
    "pasts",
    "key",
];

/// What is longer ago than this is long ago. Whatever is compared with something else is
/// renewed in each round, and a round is over in less.
const LONG_AGO_MS: u64 = 250;

/// When a publisher was heard counts for longer: three of its intervals, of 200 ms at least.
const SILENCE_MS: u64 = 610;

/// Numbers that are greater, and no times, are ids of requests.
const ID_MIN: u64 = 1 << 40;

/// A hash of a machine at a moment, and the ids that it waits for, in order.
pub fn of(machine: &impl Debug, now: u64, ids: &mut Vec<u64>) -> u64 {
    let mut canon = Canon {
        hasher: DefaultHasher::new(),
        now,
        ids,
        word: String::new(),
        number: None,
        before: Before::Nothing,
        skipping: None,
        quoted: false,
    };
    // Writing to a hasher does not fail.
    let _ = write!(canon, "{machine:?}");
    canon.end_of_token();
    canon.hasher.finish()
}

/// What a number follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// `Mono(`
    Time,
    /// `heard: Mono(`
    Heard,
    /// `Wall(`
    Date,
    /// `nonce: ` or `Span(`: it stands for itself.
    Literal,
}

struct Canon<'a> {
    hasher: DefaultHasher,
    now: u64,
    ids: &'a mut Vec<u64>,
    /// The letters since the last sign.
    word: String,
    number: Option<u64>,
    before: Before,
    /// A field is left out: how many brackets are open in it.
    skipping: Option<u32>,
    quoted: bool,
}

impl Canon<'_> {
    fn end_of_token(&mut self) {
        if let Some(number) = self.number.take() {
            match self.before {
                Before::Time | Before::Heard => {
                    let long = match self.before {
                        Before::Heard => SILENCE_MS,
                        _ => LONG_AGO_MS,
                    };
                    let (ago, ahead) = (
                        self.now.saturating_sub(number),
                        number.saturating_sub(self.now),
                    );
                    self.hasher.write_u64(ahead);
                    self.hasher.write_u64(ago.min(long * 1_000_000));
                }
                Before::Date => {}
                Before::Nothing if number > ID_MIN => {
                    let known = self.ids.iter().position(|id| *id == number);
                    let at = known.unwrap_or(self.ids.len());
                    if known.is_none() {
                        self.ids.push(number);
                    }
                    self.hasher.write_usize(at);
                }
                Before::Nothing | Before::Literal => self.hasher.write_u64(number),
            }
        }
        self.hasher.write(self.word.as_bytes());
    }

    fn sign(&mut self, c: char) {
        self.end_of_token();
        match (c, self.word.as_str()) {
            (':', word) if LEFT_OUT.contains(&word) => self.skipping = Some(0),
            (':', "nonce") | ('(', "Span") => self.before = Before::Literal,
            (':', "heard") => self.before = Before::Heard,
            ('(', "Mono") if self.before == Before::Heard => {}
            ('(', "Mono") => self.before = Before::Time,
            ('(', "Wall") => self.before = Before::Date,
            // `nonce: Some(7)`
            ('(', "Some") | (' ', _) => {}
            _ => self.before = Before::Nothing,
        }
        self.word.clear();
        let mut buffer = [0; 4];
        self.hasher.write(c.encode_utf8(&mut buffer).as_bytes());
    }
}

impl Write for Canon<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if c == '"' {
                self.quoted = !self.quoted;
            }
            if let Some(open) = &mut self.skipping {
                match c {
                    _ if self.quoted => {}
                    '{' | '[' | '(' => *open += 1,
                    ',' if *open == 0 => self.skipping = None,
                    '}' | ']' | ')' if *open == 0 => self.skipping = None,
                    '}' | ']' | ')' => *open -= 1,
                    _ => {}
                }
                if self.skipping.is_some() {
                    continue;
                }
            }
            match c {
                '0'..='9' if self.word.is_empty() && !self.quoted => {
                    let digit = u64::from(c.to_digit(10).unwrap_or(0));
                    let number = self.number.unwrap_or(0);
                    self.number = Some(number.wrapping_mul(10).wrapping_add(digit));
                }
                'a'..='z' | 'A'..='Z' | '_' | '0'..='9' => self.word.push(c),
                _ => self.sign(c),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use fail_core::time::{Mono, Span};

    #[derive(Debug)]
    #[expect(dead_code, reason = "it is only shown")]
    struct Shown {
        at: Mono,
        wait: Span,
        id: u64,
        nonce: Option<u64>,
        why: &'static str,
        n: u32,
    }

    fn of(at: u64, id: u64, nonce: u64, why: &'static str, n: u32, now: u64) -> u64 {
        let shown = Shown {
            at: Mono(at),
            wait: Span::from_secs(3600),
            id,
            nonce: Some(nonce),
            why,
            n,
        };
        super::of(&shown, now, &mut Vec::new())
    }

    #[test]
    fn states_are_the_same_by_what_matters() {
        let (a, b) = (1 << 50, 1 << 51);
        let one = of(1_000, a, a, "so (or", 3, 900);
        assert_eq!(
            one,
            of(51_000, a, a, "so", 3, 50_900),
            "times count from now"
        );
        assert_eq!(one, of(1_000, b, a, "so", 3, 900), "ids have no meaning");
        assert_eq!(
            one,
            of(1_000, a, a, "}, else \\", 3, 900),
            "words are for people"
        );
        assert_ne!(one, of(1_001, a, a, "so", 3, 900));
        assert_ne!(one, of(1_000, a, b, "so", 3, 900), "a nonce has a meaning");
        assert_ne!(one, of(1_000, a, a, "so", 4, 900));
    }
}
