//! Records in the words and in the JSON that all tools share.

use std::io::{self, Write};

use fail_wire::Record;
use serde_json::{Value, json};

/// How long ago, in the one or two largest units: `850ms`, `12s`, `3m20s`, `2h5m`, `4d1h`.
pub fn age(ms: u64) -> String {
    let (s, m, h, d) = (ms / 1000, ms / 60_000, ms / 3_600_000, ms / 86_400_000);
    match (d, h, m, s) {
        (0, 0, 0, 0) => format!("{ms}ms"),
        (0, 0, 0, s) => format!("{s}s"),
        (0, 0, m, s) => format!("{m}m{}s", s % 60),
        (0, h, m, _) => format!("{h}h{}m", m % 60),
        (d, h, _, _) => format!("{d}d{}h", h % 24),
    }
}

/// A record as a JSON object. Names of fields are stable.
pub fn json(record: &Record) -> Value {
    json!({
        "service": record.name.as_str(),
        "state": record.state.word(),
        "marks": record.marks.words().collect::<Vec<_>>(),
        "version": record.version,
        "age_ms": record.age_ms,
        "last_change_ms": record.last_change,
        "reason": record.reason.as_str(),
    })
}

/// Why a system call failed, in words that fit behind a colon, without `(os error 2)`.
pub fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let Some(number) = error.raw_os_error() else {
        return text;
    };
    let text = text.strip_suffix(&format!(" (os error {number})"));
    let text = text.map_or_else(|| error.to_string(), str::to_string);
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        // `I/O error` stays as it is.
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().collect::<String>() + &text[first.len_utf8()..]
        }
        _ => text,
    }
}

/// Writes to standard output. A reader that went away is no error (`failstat | head`), but
/// there is nobody left to write for: then it says `false`.
pub fn print(text: &str) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_no_number() {
        let refused = io::Error::from(io::ErrorKind::Other);
        assert_eq!(words(&refused), refused.to_string());
        // ECONNREFUSED
        let refused = io::Error::from_raw_os_error(111);
        assert_eq!(words(&refused), "connection refused");
    }

    #[test]
    fn ages_are_short() {
        for (ms, text) in [
            (0, "0ms"),
            (999, "999ms"),
            (12_345, "12s"),
            (200_000, "3m20s"),
            (7_500_000, "2h5m"),
            (349_200_000, "4d1h"),
        ] {
            assert_eq!(age(ms), text);
        }
    }
}
