//! Text from a recording, made fit to be printed: a recording may come from anybody, and
//! nobody's terminal is to suffer from it.

/// The same in one line, without what a terminal takes for orders or does not show.
pub fn clean(text: &str) -> String {
    let odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.replace(odd, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_a_terminal_obeys() {
        let text = "a\u{1b}]0;x\u{7}b\u{9b}1m\nc\td\u{202e}e\u{200b}f\u{2028}\u{feff}\u{7f}";
        assert_eq!(clean(text), "a ]0;x b 1m c d e f   ");
        assert_eq!(clean("grün: 3 < 4 \u{1f600}"), "grün: 3 < 4 \u{1f600}");
    }
}
