//! Records in the words and in the JSON that all tools share.

use std::borrow::Cow;
use std::io::{self, Write};

use fail_wire::Record;
pub use fail_wire::is_odd;
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

/// A moment in milliseconds since 1970 as `2026-11-27T01:32:37Z`: UTC, so that what two hosts
/// say can be put side by side.
pub fn utc(ms: i64) -> String {
    let (days, s) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000) / 1000);
    // Years that begin on the first of March, in eras of 400 years of which all are alike: so
    // the day that comes in leap years is the last one.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = era * 400 + year + next;
    let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
    format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}Z")
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

/// A text in one line, with its odd letters ([`is_odd`]) shown by their codes. It is not
/// escaped for HTML.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_odd) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match is_odd(letter) {
            true => clean.extend(letter.escape_default()),
            false => clean.push(letter),
        }
    }
    Cow::Owned(clean)
}

/// A name as it is shown: an empty one could not be seen.
pub fn named(name: &str) -> &str {
    match name {
        "" => "\"\"",
        name => name,
    }
}

/// JSON that means the same, without odd letters but for the line feeds between its lines.
pub fn clean_json(text: String) -> String {
    // In strings of JSON there are no line feeds.
    let odd = |letter: char| letter != '\n' && is_odd(letter);
    if !text.chars().any(odd) {
        return text;
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match odd(letter) {
            true => {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    clean += &format!("\\u{unit:04x}");
                }
            }
            false => clean.push(letter),
        }
    }
    clean
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
    fn what_is_odd_is_shown_and_the_rest_stays() {
        assert_eq!(clean("wéb <b> 日本"), "wéb <b> 日本");
        assert_eq!(
            clean("a\u{1b}[2Jb\u{9b}c\u{202e}d\n"),
            r"a\u{1b}[2Jb\u{9b}c\u{202e}d\n"
        );
        let odd = "\0\t\u{1b}\u{7f}\u{9b}\u{61c}\u{200b}\u{200d}\u{200e}\u{200f}\u{2028}\u{2029}\
            \u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{feff}\u{fff9}\u{fffb}\u{e0000}\u{e007f}";
        assert!(odd.chars().all(is_odd));
        assert!(!clean(odd).chars().any(is_odd));
        assert!(!"aé服\u{301}\u{fe0f}👍\u{fffd}".chars().any(is_odd));
    }

    #[test]
    fn json_without_odd_letters_means_the_same() {
        let value = json!({"a\u{9b}": "\u{202e}\u{1b}x\u{e0041}\n\\", "b": ["日本👍"]});
        let text = clean_json(value.to_string() + "\n");
        assert!(!text.trim_end().chars().any(is_odd), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn moments_are_those_of_the_calendar() {
        // As date -u -d @... says it.
        for (s, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_709_164_799, "2024-02-28T23:59:59Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_795_743_157, "2026-11-27T01:32:37Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(s * 1000), text);
        }
        // Whatever the other side says.
        utc(i64::MIN);
        utc(i64::MAX);
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
