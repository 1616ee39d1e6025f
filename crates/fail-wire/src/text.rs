//! The short text that travels with a record: why it is as it is.

use std::fmt;

/// The longest reason in bytes.
pub const REASON_BYTES_MAX: usize = 200;

/// Whether this character is not seen, or turns around what stands beside it: on a terminal
/// the text would be another than the one that is compared and stored.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}')
}

/// Whether a reason can not have it.
fn is_refused(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// Whether a letter may do something to a terminal or to a line, instead of standing in it:
/// control characters, what turns the direction of writing, what ends a line, what is not seen.
pub fn is_odd(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// One line of text without control characters, at most [`REASON_BYTES_MAX`] bytes. It can
/// be shown on a terminal as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

/// A text that is no reason as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a reason is one line of at most {REASON_BYTES_MAX} bytes")]
pub struct BadReason;

impl Reason {
    /// Makes any text a reason: white space, control and invisible characters become single
    /// blanks, and what is too long ends in `…`.
    pub fn new(text: &str) -> Reason {
        let plain = text.split(|c: char| c.is_whitespace() || is_refused(c));
        let words: Vec<&str> = plain.filter(|word| !word.is_empty()).collect();
        let mut line = words.join(" ");
        if line.len() > REASON_BYTES_MAX {
            let mut end = REASON_BYTES_MAX - '…'.len_utf8();
            while !line.is_char_boundary(end) {
                end -= 1;
            }
            line.truncate(end);
            line.push('…');
        }
        Reason(line)
    }

    /// The text if it is a reason as it stands.
    pub(crate) fn exact(text: &str) -> Option<Reason> {
        let legal = text.len() <= REASON_BYTES_MAX && !text.chars().any(is_refused);
        legal.then(|| Reason(text.to_string()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reason {
    type Error = BadReason;
    fn try_from(text: String) -> Result<Reason, BadReason> {
        Reason::exact(&text).ok_or(BadReason)
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> String {
        reason.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_becomes_one_harmless_line() {
        assert_eq!(Reason::new("a\n  b\x1b[31m").as_str(), "a b [31m");
        let long = Reason::new(&"é".repeat(300));
        assert!(long.as_str().len() <= REASON_BYTES_MAX && long.as_str().ends_with('…'));
        assert_eq!(Reason::exact(long.as_str()), Some(long));
        assert_eq!(Reason::exact("a\tb"), None);
        for odd in ['\u{200b}', '\u{202e}', '\u{2066}', '\u{feff}'] {
            let text = format!("a{odd}b");
            assert_eq!(Reason::exact(&text), None);
            assert_eq!(Reason::new(&text).as_str(), "a b");
        }
    }
}
