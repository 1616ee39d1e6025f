//! Text for a terminal: what came from somebody else is made harmless, and everything is
//! measured and cut by columns.
//!
//! Widths are those of ratatui, which draws it: two opinions about a letter would shift a line.

use std::collections::VecDeque;

use fail_client::is_odd;
use ratatui::style::Style;
use ratatui::text::Span;

/// Marks that may stand on one letter. Languages take two or three; a name of a thousand marks
/// on one letter would paint over the lines above it.
const MARKS_MAX: usize = 3;

/// How many columns it takes.
pub fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// The same text with nothing in it that a terminal would obey: control characters are shown
/// by their symbols, what turns the direction of writing or joins letters is left out.
pub fn clean(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut marks = 0;
    for letter in text.chars() {
        let shown = match letter {
            // Symbols stand there in the same order.
            '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(letter)).unwrap_or('?'),
            '\x7f' => '\u{2421}',
            '\u{80}'..='\u{9f}' => '\u{fffd}',
            // Line and paragraph separators.
            '\u{2028}' | '\u{2029}' => '\u{240a}',
            // Of no width and no use here: what chooses the form of a letter, and where a word
            // may be broken.
            '\u{fe00}'..='\u{fe0f}' | '\u{ad}' | '\u{e0080}'..='\u{e0fff}' => continue,
            letter if is_odd(letter) => continue,
            letter => letter,
        };
        let mut bytes = [0; 4];
        if width(shown.encode_utf8(&mut bytes)) == 0 {
            marks += 1;
            if marks > MARKS_MAX {
                continue;
            }
        } else {
            marks = 0;
        }
        made.push(shown);
    }
    made
}

/// The beginning of it that fits into so many columns, with `…` if something is missing.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_string();
    }
    let room = columns.saturating_sub(1);
    let mut made = head(text, room).to_string();
    if columns > 0 {
        made.push('…');
    }
    made
}

/// The end of it that fits, for a line in which somebody types.
pub fn tail(text: &str, columns: usize) -> &str {
    let mut from = text;
    while width(from) > columns {
        let mut letters = from.chars();
        letters.next();
        from = letters.as_str();
    }
    from
}

/// As many whole letters from its beginning as fit.
fn head(text: &str, columns: usize) -> &str {
    let (mut used, mut end) = (0, 0);
    let span = Span::raw(text);
    for letter in span.styled_graphemes(Style::default()) {
        let next = width(letter.symbol);
        // It leaves out what is none of a line.
        let Some(at) = text[end..].find(letter.symbol) else {
            break;
        };
        if used + next > columns {
            break;
        }
        used += next;
        end += at + letter.symbol.len();
    }
    &text[..end]
}

/// Lines of so many columns at most, broken between words where that can be.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word;
        let space = usize::from(!line.is_empty());
        if width(&line) + space + width(word) <= columns {
            if space == 1 {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        while width(word) > columns {
            let mut part = head(word, columns);
            if part.is_empty() {
                // A letter of two columns where there is one.
                part = &word[..word.chars().next().map_or(0, char::len_utf8)];
            }
            lines.push(part.to_string());
            word = &word[part.len()..];
        }
        line = word.to_string();
    }
    lines.push(line);
    lines
}

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The last figures as a line of bars, the newest at the right; the highest of them is full.
pub fn spark(trail: &VecDeque<u64>, columns: usize) -> String {
    rows(trail, columns, 1).remove(0)
}

/// The same over several lines.
pub fn rows(trail: &VecDeque<u64>, columns: usize, lines: usize) -> Vec<String> {
    let lines = lines.max(1);
    let last = trail.iter().skip(trail.len().saturating_sub(columns));
    let top = last.clone().copied().max().unwrap_or(0).max(1);
    let steps = (lines * BARS.len()) as u128;
    let heights: Vec<usize> = last
        .map(|figure| {
            let height = u128::from(*figure) * steps / u128::from(top);
            usize::try_from(height).unwrap_or(0).max(1)
        })
        .collect();
    let line = |at: usize| {
        let below = (lines - 1 - at) * BARS.len();
        let bar = |height: &usize| match height.saturating_sub(below) {
            0 => ' ',
            here => BARS[here.min(BARS.len()) - 1],
        };
        heights.iter().map(bar).collect()
    };
    (0..lines).map(line).collect()
}

/// How long ago, in words that fit a column; in the future: now.
pub fn ago(now_ms: i64, then: i64) -> String {
    fail_client::age(u64::try_from(now_ms.saturating_sub(then)).unwrap_or(0))
}

/// Microseconds, as people say them.
pub fn micros(us: u64) -> String {
    match us {
        0..=999 => format!("{us}us"),
        1_000..=9_999 => format!("{}.{}ms", us / 1_000, us % 1_000 / 100),
        10_000..=999_999 => format!("{}ms", us / 1_000),
        _ => fail_client::age(us / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(
            clean("a\x1b[2Jb\r\n\tc\x7f\u{9b}31m"),
            "a␛[2Jb␍␊␉c␡\u{fffd}31m"
        );
        assert_eq!(clean("x\u{202e}y\u{200b}z\u{feff}"), "xyz");
        assert_eq!(clean("wéb-服务"), "wéb-服务");
        let stacked = format!("a{}b", "\u{301}".repeat(50));
        assert_eq!(clean(&stacked), format!("a{}b", "\u{301}".repeat(3)));
        for letter in (0..0x11_0000).filter_map(char::from_u32) {
            let shown = clean(&format!("a{letter}"));
            assert!(!shown.chars().any(is_odd), "{letter:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_cut_by_columns() {
        assert_eq!(cut("hosta", 5), "hosta");
        assert_eq!(cut("hosta", 4), "hos…");
        assert_eq!(cut("服务器", 6), "服务器");
        assert_eq!(cut("服务器", 5), "服务…");
        assert_eq!(cut("服务器", 4), "服…");
        assert_eq!(cut("hosta", 1), "…");
        assert_eq!(cut("hosta", 0), "");
        assert_eq!(tail("hosta", 3), "sta");
        for columns in 0..12 {
            assert!(width(&cut("a服b务\u{301}c器", columns)) <= columns);
        }
    }

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(wrap("no master can serve", 10), ["no master", "can serve"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(wrap("服务", 1), ["服", "务", ""]);
    }

    #[test]
    fn bars_are_as_high_as_their_figures() {
        let trail = |figures: &[u64]| figures.iter().copied().collect::<VecDeque<u64>>();
        assert_eq!(spark(&trail(&[0, 4, 8]), 10), "▁▄█");
        assert_eq!(spark(&trail(&[9, 4, 8]), 2), "▄█");
        assert_eq!(spark(&trail(&[]), 2), "");
        assert_eq!(spark(&trail(&[u64::MAX, 1]), 9), "█▁");
        assert_eq!(rows(&trail(&[8, 16]), 9, 2), [" █", "██"]);
        assert_eq!(micros(63), "63us");
        assert_eq!(micros(2_151), "2.1ms");
        assert_eq!(micros(20_151), "20ms");
        assert_eq!(micros(2_000_000), "2s");
    }
}
