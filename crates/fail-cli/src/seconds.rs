//! A length of time on the command line.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// More than nothing, at most a day: seconds unless a unit says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seconds(pub Duration);

/// Longer than this is a typing error.
const LONGEST: Duration = Duration::from_secs(86_400);

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
            return Err(format!("\"{text}\" is not between 1us and 24h"));
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
