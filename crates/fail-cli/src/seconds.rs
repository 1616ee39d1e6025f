//! A length of time on the command line.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use crate::{Failure, exit};

/// More than nothing, at most a day: seconds unless a unit says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seconds(pub Duration);

/// Longer than this is a typing error.
const LONGEST: Duration = Duration::from_secs(86_400);

/// How often a page may be read again, in seconds.
pub const REFRESH: RangeInclusive<u64> = 1..=3_600;

impl Seconds {
    /// How often a page is to be read again: browsers know whole seconds only.
    ///
    /// # Errors
    /// It is no such time.
    pub fn refresh(self) -> Result<u64, Failure> {
        let Seconds(time) = self;
        let whole = time.subsec_nanos() == 0 && REFRESH.contains(&time.as_secs());
        let time = whole.then_some(time.as_secs());
        time.ok_or_else(|| Failure::new(exit::USAGE, every()))
    }
}

/// How often a page is read again, as somebody has typed it.
///
/// # Errors
/// It is no such time.
pub(crate) fn refresh(text: &str) -> Result<Seconds, String> {
    let time = text.parse().ok();
    let time = time.filter(|time: &Seconds| time.refresh().is_ok());
    time.ok_or_else(every)
}

/// How often it may be.
fn every() -> String {
    let (least, most) = (REFRESH.start(), REFRESH.end());
    format!("a page can be read again every {least} to {most} whole seconds")
}

impl FromStr for Seconds {
    type Err = String;

    /// Reads `1`, `0.5`, `500ms`, `250us`, `10s`, `2m`, `1h`.
    fn from_str(text: &str) -> Result<Seconds, String> {
        let bad = || format!("\"{text}\" is no time; write seconds, or 500ms, 10s, 2m");
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let unit_s = match unit {
            "us" => 1e-6,
            "ms" => 1e-3,
            "" | "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(bad()),
        };
        let seconds = number.parse::<f64>().map_err(|_| bad())? * unit_s;
        let time = Duration::try_from_secs_f64(seconds).map_err(|_| bad())?;
        if time.is_zero() || time > LONGEST {
            let rule = "it must be more than 0 and at most 24h";
            return Err(format!("\"{text}\" is no time to wait: {rule}"));
        }
        Ok(Seconds(time))
    }
}

/// As it may be typed: `0.5s`.
impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.0.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_again_in_whole_seconds_of_an_hour() {
        let refresh = |ms| Seconds(Duration::from_millis(ms)).refresh();
        for good in [1, 5, 3_600] {
            assert_eq!(refresh(good * 1_000).unwrap(), good);
        }
        for bad in [500, 1_500, 3_600_001, 3_601_000] {
            let failure = refresh(bad).unwrap_err();
            assert_eq!(failure.code, exit::USAGE);
            assert!(failure.to_string().contains("1 to 3600 whole seconds"));
        }
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, us) in [
            ("1", 1_000_000),
            ("0.5", 500_000),
            (".5", 500_000),
            ("500ms", 500_000),
            ("250us", 250),
            ("2m", 120_000_000),
            ("24h", 86_400_000_000),
        ] {
            let time: Seconds = text.parse().unwrap();
            assert_eq!(time.0, Duration::from_micros(us), "{text}");
            assert_eq!(time.to_string().parse(), Ok(time), "{text}");
        }
        for bad in [
            "", ".", "x", "0", "-1", "1 s", "1e3", "1.2.3", "25h", "inf", "é",
        ] {
            assert!(bad.parse::<Seconds>().is_err(), "{bad}");
        }
    }
}
