//! A number of bytes on the command line.

use std::fmt;
use std::str::FromStr;

/// 64 kB to 1 TB: bytes unless a unit says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

/// The units, the greatest first.
const UNITS: [(&str, u32); 4] = [("T", 40), ("G", 30), ("M", 20), ("k", 10)];

/// Less than this has no room for a recording that is worth it.
const LEAST: u64 = 64 << 10;

/// More is a typing error.
const MOST: u64 = 1 << 40;

impl FromStr for Size {
    type Err = String;

    /// Reads `1000000`, `64k`, `200M`, `1G`.
    fn from_str(text: &str) -> Result<Size, String> {
        let bad = || format!("\"{text}\" is no size; write bytes, or 500k, 200M, 1G");
        let unit = UNITS.iter().find(|(unit, _)| text.ends_with(unit));
        let (digits, shift) = unit.map_or((text, 0), |(unit, shift)| {
            (&text[..text.len() - unit.len()], *shift)
        });
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(bad());
        }
        let number: u64 = digits.parse().map_err(|_| bad())?;
        let bytes = number.checked_mul(1 << shift);
        let bytes = bytes.filter(|bytes| (LEAST..=MOST).contains(bytes));
        bytes
            .map(Size)
            .ok_or_else(|| format!("\"{text}\" is not between 64k and 1T"))
    }
}

/// As it may be typed: `1G`.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, shift): &&(&str, u32)| self.0 % (1 << shift) == 0 && self.0 > 0;
        match UNITS.iter().find(fits) {
            Some((unit, shift)) => write!(f, "{}{unit}", self.0 >> shift),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("65536", 64 << 10),
            ("64k", 64 << 10),
            ("200M", 200 << 20),
            ("1G", 1 << 30),
            ("1T", 1 << 40),
            ("100001", 100_001),
        ] {
            let size: Size = text.parse().unwrap();
            assert_eq!(size.0, bytes, "{text}");
            assert_eq!(size.to_string().parse(), Ok(size), "{text}");
        }
        for bad in [
            "",
            "k",
            "63k",
            "2T",
            "-1G",
            "1.5G",
            "1 G",
            "1g",
            "é",
            "99999999999T",
            "0",
        ] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
    }
}
