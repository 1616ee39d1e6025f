//! Time as plain numbers, so that it can be printed, recorded, replayed and invented.

use std::fmt;
use std::ops::{Add, Sub};

/// Nanoseconds on a clock that never goes back and keeps running while the host sleeps.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct Mono(pub u64);

/// Milliseconds since 1970 UTC. Only for people; nothing is decided by it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct Wall(pub i64);

/// What both clocks said when an input arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// For every deadline and interval.
    pub mono: Mono,
    /// For people.
    pub wall: Wall,
}

/// A length of time in nanoseconds.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct Span(pub u64);

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// So many microseconds.
    pub const fn from_micros(n: u64) -> Span {
        Span(n.saturating_mul(1_000))
    }

    /// So many milliseconds.
    pub const fn from_millis(n: u64) -> Span {
        Span(n.saturating_mul(1_000_000))
    }

    /// So many seconds.
    pub const fn from_secs(n: u64) -> Span {
        Span(n.saturating_mul(1_000_000_000))
    }

    /// Whole milliseconds, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// This many times as long; the longest possible when that is too long to say.
    #[must_use]
    pub const fn times(self, n: u64) -> Span {
        Span(self.0.saturating_mul(n))
    }

    /// An n-th of it.
    #[must_use]
    pub const fn part(self, n: u64) -> Span {
        Span(self.0 / n)
    }

    /// Reads `0.05`, `1`, `50ms`, `2m`, `1h`, `10s`, `250us`: seconds unless a unit says
    /// otherwise. Nothing for anything else, for a negative number, and for more than
    /// a hundred years.
    pub fn parse(text: &str) -> Option<Span> {
        let digits = text
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let unit_ns: u64 = match unit {
            "us" => 1_000,
            "ms" => 1_000_000,
            "" | "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.len() > 9 || fraction.contains('.') {
            return None;
        }
        let parse = |part: &str| {
            if part.is_empty() {
                Some(0)
            } else {
                part.parse::<u64>().ok()
            }
        };
        let scale = 10u64.pow(u32::try_from(fraction.len()).ok()?);
        let fraction_ns = u128::from(parse(fraction)?) * u128::from(unit_ns) / u128::from(scale);
        let ns = u128::from(parse(whole)?) * u128::from(unit_ns) + fraction_ns;
        const CENTURY: u128 = 100 * 365 * 86_400_000_000_000;
        u64::try_from(ns).ok().filter(|_| ns <= CENTURY).map(Span)
    }
}

/// The shortest text that [`Span::parse`] reads back to the same: `50ms`, `2m`, `1.5s`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 6] = [
            (86_400_000_000_000, "d"),
            (3_600_000_000_000, "h"),
            (60_000_000_000, "m"),
            (1_000_000_000, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
        ];
        for (ns, unit) in UNITS {
            if self.0 != 0 && self.0 % ns == 0 {
                return f.pad(&format!("{}{unit}", self.0 / ns));
            }
        }
        let text = format!("{}.{:09}", self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        f.pad(&format!(
            "{}s",
            text.trim_end_matches('0').trim_end_matches('.')
        ))
    }
}

impl Add<Span> for Mono {
    type Output = Mono;
    fn add(self, span: Span) -> Mono {
        Mono(self.0.saturating_add(span.0))
    }
}

impl Sub<Mono> for Mono {
    type Output = Span;
    /// How much later this is than `earlier`; nothing if it is not.
    fn sub(self, earlier: Mono) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, ns) in [
            ("1", 1_000_000_000),
            ("0.05", 50_000_000),
            ("50ms", 50_000_000),
            (".5", 500_000_000),
            ("2m", 120_000_000_000),
            ("1.5m", 90_000_000_000),
            ("10us", 10_000),
            ("0", 0),
        ] {
            assert_eq!(Span::parse(text), Some(Span(ns)), "{text}");
        }
        for bad in [
            "",
            ".",
            "x",
            "1 s",
            "-1",
            "1.2.3",
            "1sec",
            "1e3",
            "99999999999999999999",
            "37000d",
        ] {
            assert_eq!(Span::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_printed_reads_back_to_the_same() {
        for ns in [
            0,
            1,
            999,
            1_000,
            50_000_000,
            1_500_000_000,
            90_000_000_000,
            86_400_000_000_000,
        ] {
            let text = Span(ns).to_string();
            assert_eq!(Span::parse(&text), Some(Span(ns)), "{text}");
        }
        assert_eq!(Span::from_millis(50).to_string(), "50ms");
        assert_eq!(Span::from_millis(1500).to_string(), "1500ms");
        assert_eq!(Span::ZERO.to_string(), "0s");
    }
}
