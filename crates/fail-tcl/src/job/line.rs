//! Where in a line of Tcl the cursor stands: in which word of which command, or in the name
//! of a variable.
//!
//! A line at a console is seldom complete, so this is no parser: what opens a brace, a
//! bracket or a quote counts as open, and what stands in braces counts as a script, which it
//! mostly is.

/// The end of a line, where somebody goes on typing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Spot {
    /// The words of the command before the one that is being typed.
    pub(super) words: Vec<String>,
    /// The words before the brace in which that command stands.
    pub(super) around: Vec<String>,
    /// Where what is being typed begins, as a byte of the line.
    pub(super) from: usize,
    /// So far.
    pub(super) part: String,
    /// It is the name of a variable, without its `$`.
    pub(super) variable: bool,
    /// It stands in quotes, which are not part of it.
    pub(super) quoted: bool,
    /// It is a comment: nobody wants to know.
    pub(super) comment: bool,
}

/// A command while it is being read.
#[derive(Default)]
struct Open {
    words: Vec<String>,
    /// Where its current word begins.
    word: Option<usize>,
    /// In quotes.
    quoted: bool,
    /// What closes it.
    closer: Option<char>,
    comment: bool,
}

/// Looks at a line up to the cursor.
pub(super) fn look(line: &str) -> Spot {
    let mut open = vec![Open::default()];
    // Where the name of a variable begins that may still go on.
    let mut variable: Option<usize> = None;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        let end = at + c.len_utf8();
        if variable.is_some_and(|from| !goes_on(&line[from..], &line[from..end])) {
            variable = None;
        }
        let depth = open.len();
        let Some(now) = open.last_mut() else { break };
        if now.comment && c != '\n' {
            continue;
        }
        if std::mem::take(&mut escaped) {
            now.word.get_or_insert(at);
            continue;
        }
        let begins = now.word.is_none();
        match c {
            '\\' => {
                now.word.get_or_insert(at);
                escaped = true;
            }
            '\n' | ';' if !now.quoted => {
                let closer = now.closer;
                *now = Open {
                    closer,
                    ..Open::default()
                };
            }
            c if c.is_whitespace() && !now.quoted => now.end_word(line, at),
            '#' if begins && now.words.is_empty() => now.comment = true,
            '"' if begins => {
                now.word = Some(at);
                now.quoted = true;
            }
            '"' if now.quoted => now.quoted = false,
            '[' => {
                now.word.get_or_insert(at);
                open.push(Open {
                    closer: Some(']'),
                    ..Open::default()
                });
            }
            '{' if begins => {
                now.word = Some(at);
                open.push(Open {
                    closer: Some('}'),
                    ..Open::default()
                });
            }
            c if Some(c) == now.closer && !now.quoted && depth > 1 => {
                open.pop();
            }
            '$' => {
                now.word.get_or_insert(at);
                variable = Some(end);
            }
            _ => {
                now.word.get_or_insert(at);
            }
        }
    }
    let around = open.len().checked_sub(2).map(|n| open.swap_remove(n));
    let now = open.pop().unwrap_or_default();
    spot(line, now, around.unwrap_or_default(), variable)
}

fn spot(line: &str, now: Open, around: Open, variable: Option<usize>) -> Spot {
    let quoted = now.quoted;
    let from = match (variable, now.word) {
        (Some(from), _) => from + usize::from(line[from..].starts_with('{')),
        (None, Some(from)) => from + usize::from(quoted),
        (None, None) => line.len(),
    };
    Spot {
        words: now.words,
        around: around.words,
        from,
        part: line[from..].to_string(),
        variable: variable.is_some(),
        quoted,
        comment: now.comment,
    }
}

/// Whether a name of a variable that began so is still one.
fn goes_on(rest: &str, name: &str) -> bool {
    match name.strip_prefix('{') {
        Some(inside) => rest.starts_with('{') && !inside.contains('}'),
        None => name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == ':'),
    }
}

impl Open {
    fn end_word(&mut self, line: &str, at: usize) {
        if let Some(from) = self.word.take() {
            let word = line[from..at].trim_matches(['"', '{', '}']);
            self.words.push(word.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words before, what is being typed, and how: `$` a variable, `"` in quotes.
    fn at(line: &str) -> (String, String, &'static str) {
        let spot = look(line);
        assert_eq!(&line[spot.from..], spot.part, "{line}");
        let how = match (spot.variable, spot.quoted, spot.comment) {
            (true, _, _) => "$",
            (_, true, _) => "\"",
            (_, _, true) => "#",
            _ => "",
        };
        (spot.words.join(" "), spot.part, how)
    }

    #[test]
    fn the_word_at_the_cursor_is_found() {
        for (line, words, part, how) in [
            ("", "", "", ""),
            ("fa", "", "fa", ""),
            ("  fa", "", "fa", ""),
            ("fail ", "fail", "", ""),
            ("fail s", "fail", "s", ""),
            ("set x 1; fail s", "fail", "s", ""),
            ("set x 1\nfail s", "fail", "s", ""),
            ("set x [fail s", "fail", "s", ""),
            (
                "set x [fail state web] y",
                "set x [fail state web]",
                "y",
                "",
            ),
            ("if {$x} {fail s", "fail", "s", ""),
            ("proc p {} {\n  fail s", "fail", "s", ""),
            ("if {$x} {fail s} els", "if $x fail s", "els", ""),
            ("fail \"two words\" x", "fail two words", "x", ""),
            ("exec cat \"/etc/pa", "exec cat", "/etc/pa", "\""),
            ("exec cat \"/a b/c", "exec cat", "/a b/c", "\""),
            ("exec cat /a\\ b/c", "exec cat", "/a\\ b/c", ""),
            ("puts $", "puts", "", "$"),
            ("puts $fo", "puts", "fo", "$"),
            ("puts ${fo", "puts", "fo", "$"),
            ("puts $::fail::re", "puts", "::fail::re", "$"),
            ("puts $foo/b", "puts", "$foo/b", ""),
            ("puts ${foo}b", "puts", "${foo}b", ""),
            ("puts \"a $fo", "puts", "fo", "$"),
            ("puts a$fo", "puts", "fo", "$"),
            ("# com", "", "# com", "#"),
            ("# com\nfa", "", "fa", ""),
            ("puts \\$fo", "puts", "\\$fo", ""),
            ("]}\"", "", "]}\"", ""),
            (
                "puts \u{e9}\u{1F600} \u{e9}",
                "puts \u{e9}\u{1F600}",
                "\u{e9}",
                "",
            ),
        ] {
            let expected = (words.to_string(), part.to_string(), how);
            let (words, part, how) = at(line);
            let part = if how == "#" { line.to_string() } else { part };
            assert_eq!((words, part, how), expected, "{line}");
        }
        assert_eq!(
            look("failsvc web masters {a b").around,
            ["failsvc", "web", "masters"]
        );
    }
}
