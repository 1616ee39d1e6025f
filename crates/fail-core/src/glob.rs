//! Patterns as Tcl's `string match` has them, for traps.
//!
//! `*` is any text, `?` one character, `[a-z09]` one of these, `\x` just x. There is no
//! negation, and within brackets a backslash is a character like others. A pattern is matched
//! against the whole text, in time that grows with the product of their lengths and no faster.
//! `tests/golden/glob.txt` has cases with what a real Tcl says of them.

/// Whether the pattern fits the whole text.
pub fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where to go on when the rest does not fit: after the last `*`, one character later.
    let mut again: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&'*') {
            p += 1;
            again = Some((p, t));
            continue;
        }
        match (pattern.get(p), text.get(t)) {
            (None, None) => return true,
            (Some(_), Some(c)) => {
                if let Some(width) = one(&pattern[p..], *c) {
                    (p, t) = (p + width, t + 1);
                    continue;
                }
            }
            // A pattern that wants more than there is wants more after any longer `*`, too.
            (Some(_), None) => return false,
            (None, Some(_)) => {}
        }
        let Some((star, from)) = again else {
            return false;
        };
        if from >= text.len() {
            return false;
        }
        again = Some((star, from + 1));
        (p, t) = (star, from + 1);
    }
}

/// Whether the pattern's first element, which is no `*`, fits this character: then how many
/// characters of the pattern it takes.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['[', set @ ..] => bracket(set, c).map(|width| width + 1),
        ['\\', quoted, ..] => (*quoted == c).then_some(2),
        ['\\'] => None,
        [plain, ..] => (*plain == c).then_some(1),
        [] => None,
    }
}

/// The same for what follows `[`. Tcl looks for the end only once something has fitted, so a
/// set that is not closed fits all the same.
fn bracket(set: &[char], c: char) -> Option<usize> {
    let mut at = 0;
    loop {
        let low = *set.get(at).filter(|c| **c != ']')?;
        at += 1;
        let high = match set.get(at) {
            Some('-') => {
                at += 2;
                *set.get(at - 1)?
            }
            _ => low,
        };
        if (low.min(high)..=low.max(high)).contains(&c) {
            break;
        }
    }
    let rest = set[at..].iter().position(|c| *c == ']');
    Some(rest.map_or(set.len(), |end| at + end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test reads its golden file")]
    fn patterns_fit_what_they_fit_in_tcl() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/glob.txt");
        let table = std::fs::read_to_string(path).unwrap();
        let mut count = [0, 0];
        for row in table.lines().filter(|row| !row.starts_with("# ")) {
            let [says, pattern, text] = row.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{row}")
            };
            let fits = says == "1";
            assert_eq!(matches(pattern, text), fits, "{row}");
            count[usize::from(fits)] += 1;
        }
        assert!(count[0] > 100 && count[1] > 100, "{count:?}");
    }

    #[test]
    fn a_pattern_with_many_stars_takes_no_time() {
        let pattern = "*a".repeat(30) + "*b";
        assert!(!matches(&pattern, &"a".repeat(10_000)));
        assert!(matches(&pattern, &("a".repeat(10_000) + "b")));
    }
}
