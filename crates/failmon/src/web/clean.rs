//! Text from the network, so that it can stand on a page, in a figure's label or on a terminal.
//!
//! What steers a terminal, turns the direction of a line or is not seen is shown by its code.
//! It is not escaped for HTML here: `maud` does that.

use std::borrow::Cow;

/// What steers a terminal, turns the direction of a line, or is not seen.
pub fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}')
}

/// With the codes of the letters that steer.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match steers(letter) {
            true => clean.extend(letter.escape_unicode()),
            false => clean.push(letter),
        }
    }
    Cow::Owned(clean)
}

/// JSON that means the same and can be shown on a terminal.
pub fn json(mut text: String) -> String {
    // Line feeds between the lines are ours: in strings there are none in JSON.
    let odd = |letter: char| letter != '\n' && steers(letter);
    if !text.chars().any(odd) {
        return text;
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for letter in text.drain(..) {
        match odd(letter) {
            // All of them are in the first plane of Unicode: one escape is enough.
            true => clean += &format!("\\u{:04x}", u32::from(letter)),
            false => clean.push(letter),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_is_shown_and_the_rest_stays() {
        assert_eq!(clean("wéb <b> 日本"), "wéb <b> 日本");
        assert_eq!(
            clean("a\u{1b}[2Jb\u{9b}c\u{202e}d\n"),
            r"a\u{1b}[2Jb\u{9b}c\u{202e}d\u{a}"
        );
        let value = serde_json::json!({"a\u{9b}": "\u{202e}\u{1b}x"});
        let text = json(value.to_string());
        assert!(!text.chars().any(steers), "{text}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
    }
}
