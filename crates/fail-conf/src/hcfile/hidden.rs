//! What is left out of a line for everybody, in words.
//!
//! Whoever is asked may repeat it, whole or in part: a web server sends one elsewhere with the
//! path that it was asked for, another says which command it does not know. A reason is for
//! everybody as well, so these words are hidden in it (`fail_probe`).

use std::collections::BTreeSet;

/// Shorter words are no secrets, but parts of any text: a reason without them can not be read.
const WORD_MIN: usize = 4;

/// So many words of one line, the longest. Each is looked for in what is told.
const WORDS_MAX: usize = 256;

/// What stands between the parts of a form or a query, of JSON, and of a command.
const ENDS: [char; 12] = ['&', ';', ',', '"', '\'', '`', '{', '}', '<', '>', '(', ')'];

/// What stands between smaller parts, any of which may be the secret.
const WITHIN: [char; 8] = ['=', ':', '/', '?', '#', '\\', '[', ']'];

/// The words of what is left out, the longest first, but for those that everybody sees in the
/// line all the same.
pub(crate) fn words(left_out: &[String], public: &str) -> Vec<String> {
    let seen: BTreeSet<String> = parts(public).map(str::to_lowercase).collect();
    let whole = left_out.iter().map(|text| text.trim());
    let all = whole.chain(left_out.iter().flat_map(|text| parts(text)));
    let hidden: BTreeSet<&str> = all
        .filter(|word| word.len() >= WORD_MIN && !seen.contains(&word.to_lowercase()))
        .collect();
    let mut hidden: Vec<String> = hidden.into_iter().map(str::to_string).collect();
    // A short word may be a part of a long one, of which the rest must not be left.
    hidden.sort_by_key(|word| std::cmp::Reverse(word.len()));
    hidden.truncate(WORDS_MAX);
    hidden
}

/// A text in words, these in parts, those with what stands behind their first `=` or `:`, and
/// all of it in its smallest parts.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(char::is_whitespace);
    let parts = || text.split(|c: char| c.is_whitespace() || ENDS.contains(&c));
    let values = parts().filter_map(|part| Some(part.split_once(['=', ':'])?.1));
    let smallest = parts().flat_map(|part| part.split(WITHIN));
    words.chain(parts()).chain(values).chain(smallest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(left_out: &str, public: &str) -> String {
        words(&[left_out.to_string()], public).join(" | ")
    }

    #[test]
    fn what_is_left_out_is_hidden_whole_and_in_words() {
        for (left_out, hidden) in [
            ("AUTH hunter2\r\n", "AUTH hunter2 | hunter2 | AUTH"),
            ("/T0/SECRETX", "/T0/SECRETX | SECRETX"),
            ("key=SECRETK&x=1", "key=SECRETK&x=1 | key=SECRETK | SECRETK"),
            ("k=ab/cd=", "k=ab/cd= | ab/cd="),
            ("x", ""),
            ("a b", ""),
            ("", ""),
            ("p@ss!word", "p@ss!word"),
        ] {
            assert_eq!(of(left_out, "tcp h:1"), hidden, "{left_out:?}");
        }
        let json = of("{\"user\":\"me\",\"pass\":\"hunt er2\"}", "");
        assert!(json.split(" | ").any(|word| word == "pass"), "{json}");
    }

    #[test]
    fn what_everybody_sees_in_the_line_is_not_hidden() {
        let public = "http http://WWW.example.org:8080/ header=... status=200";
        assert_eq!(of("www.example.org", public), "");
        assert_eq!(of("8080", public), "");
        assert_eq!(of("status token", public), "status token | token");
    }

    #[test]
    fn of_many_words_the_longest_are_hidden() {
        let many: Vec<String> = (0..1000).map(|n| format!("word{n}")).collect();
        let hidden = words(&[many.join(" ") + " longestofall"], "");
        assert_eq!(hidden.len(), WORDS_MAX);
        assert_eq!(hidden[1], "longestofall", "behind the whole");
    }
}
