//! Words for people: what comes from outside made fit for a line, and spans of time.

use fail_wire::is_odd;

use super::words::{Figure, Finding, Kept};
use crate::limits;
use crate::time::Span;

/// One line of at most so many bytes, without letters that do something to a terminal.
pub(super) fn clean(text: &mut String, most: usize) {
    if text.len() > most {
        let mut end = most;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    if text.chars().any(is_odd) {
        *text = text
            .chars()
            .map(|c| if is_odd(c) { ' ' } else { c })
            .collect();
        // Some of them take several bytes, a blank takes one: it has not grown.
    }
}

/// The same of all that was kept: whoever wrote the file, no more comes out of it than from a
/// check.
pub(super) fn clean_kept(kept: &mut Kept) {
    let old = kept.changes.len().saturating_sub(limits::CHANGES_MAX);
    kept.changes.drain(..old);
    let waiting = kept.lines.iter_mut().flat_map(|line| &mut line.waiting);
    let whys = waiting.map(|report| &mut report.why);
    let whys = whys.chain(kept.changes.iter_mut().map(|change| &mut change.why));
    for why in whys.chain([&mut kept.why]) {
        clean(why, limits::FINDING_BYTES_MAX);
    }
}

/// The same of all that a check has found.
pub(super) fn clean_finding(finding: &mut Finding) {
    clean(&mut finding.why, limits::FINDING_BYTES_MAX);
    finding.figures.truncate(limits::FIGURES_MAX);
    for figure in &mut finding.figures {
        let Figure {
            name,
            unit,
            warn,
            bad,
            ..
        } = figure;
        for text in [name, unit, warn, bad] {
            clean(text, limits::FIGURE_BYTES_MAX);
        }
    }
}

/// The two largest units: `3h12m`, `12m5s`, `2d3h`; below a second `350ms`.
pub(super) fn lasted(span: Span) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let seconds = span.as_millis() / 1_000;
    let Some(first) = UNITS.iter().position(|(unit, _)| seconds >= *unit) else {
        return format!("{}ms", span.as_millis());
    };
    let (unit, word) = UNITS[first];
    let mut text = format!("{}{word}", seconds / unit);
    if let Some((next, word)) = UNITS.get(first + 1) {
        let rest = seconds % unit / next;
        if rest > 0 {
            text += &format!("{rest}{word}");
        }
    }
    text
}

/// `1 target`, `2 targets`.
pub(super) fn count(count: usize, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_by_their_two_largest_units() {
        for (ms, text) in [
            (0, "0ms"),
            (350, "350ms"),
            (1_999, "1s"),
            (725_000, "12m5s"),
            (3_600_000, "1h"),
            (11_520_000, "3h12m"),
            (183_600_000, "2d3h"),
        ] {
            assert_eq!(lasted(Span::from_millis(ms)), text);
        }
    }

    #[test]
    fn what_comes_from_outside_is_one_line_that_ends() {
        let mut text = "a\x1b[2J\nb\u{9b}ä".to_string();
        clean(&mut text, 100);
        assert_eq!(text, "a [2J b ä");
        let mut text = "a\u{202e}b\u{200b}".to_string();
        clean(&mut text, 100);
        assert_eq!(text, "a b ");
        let mut text = "ä".repeat(300);
        clean(&mut text, 9);
        assert_eq!(text, "ääää");
    }
}
