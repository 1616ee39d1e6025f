//! Where the text of an Hcfile comes from. Nothing is opened here: the caller does that.

use std::collections::BTreeMap;

use super::window::Minute;

/// What a file that a line names is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// `ca=`: certificates to trust.
    Certificates,
    /// `auth=`: in its first line a password or a token.
    Auth,
    /// `login=`: in its first line `user:password`.
    Login,
    /// `bind=`: a name and a password, a line each.
    Bind,
    /// `community=`: in its first line the community of a faild.
    Community,
}

/// Files, by the names that are asked for.
pub trait Source {
    /// The bytes of a file.
    ///
    /// # Errors
    /// Why it can not be read, in words.
    fn read(&self, name: &str) -> Result<Vec<u8>, String>;

    /// The names of the files that a pattern fits, in their order; it has `*`, `?` or `[…]` in
    /// its last part only ([`fits`]).
    ///
    /// # Errors
    /// Why the folder can not be read, in words. A folder that is not there has no files.
    fn list(&self, pattern: &str) -> Result<Vec<String>, String>;

    /// A path that stands in a line, beside the folder of its file by now. Who changes the
    /// working directory later makes it absolute.
    fn path(&self, path: &str) -> String {
        path.to_string()
    }

    /// Whether something is there. Who can not say, or need not, says that it is.
    fn is_there(&self, _path: &str) -> bool {
        true
    }

    /// Whether the system finds a program by this name, which has no `/`. Who can not say, or
    /// need not, says that it does.
    fn finds(&self, _program: &str) -> bool {
        true
    }

    /// Why a file can not be used for this, in the sentence that is said when it is needed;
    /// nothing: it can, or nobody knows.
    fn unusable(&self, _path: &str, _what: Use) -> Option<String> {
        None
    }

    /// What the clock on the wall shows, here or in UTC; nothing: it does not matter.
    fn now(&self, _utc: bool) -> Option<Minute> {
        None
    }
}

/// Texts that are there already: their names and bytes.
impl Source for BTreeMap<String, Vec<u8>> {
    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        let bytes = self.get(name);
        bytes.cloned().ok_or_else(|| "no such file".to_string())
    }

    fn list(&self, pattern: &str) -> Result<Vec<String>, String> {
        let (folder, last) = split(pattern);
        let fit = |name: &&String| {
            let (beside, name) = split(name);
            beside == folder && fits(last, name)
        };
        Ok(self.keys().filter(fit).cloned().collect())
    }
}

/// The folder of a path with its `/`, if it has one, and the rest.
pub fn split(path: &str) -> (&str, &str) {
    let at = path.rfind('/').map_or(0, |at| at + 1);
    path.split_at(at)
}

/// A path as it is from where the file `beside` is: the same if it begins with `/`.
pub(crate) fn join(beside: &str, path: &str) -> String {
    match path.starts_with('/') {
        true => path.to_string(),
        false => format!("{}{path}", split(beside).0),
    }
}

/// Whether a text has letters that fit several names.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Whether a name without folders fits a pattern: `*` is any text, `?` any letter, `[a-z]` one of
/// these, `[!a-z]` none of them. What begins with a dot is only fitted by what does so, too.
pub fn fits(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    // Where the last star was, and how far it reaches.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
        } else if let Some(len) = pattern.get(p..).and_then(|rest| one(rest, name[n])) {
            p += len;
            n += 1;
        } else if let Some((at, reach)) = star {
            star = Some((at, reach + 1));
            (p, n) = (at + 1, reach + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|letter| *letter == '*')
}

/// If the first part of a pattern fits this letter: how long that part is.
fn one(pattern: &[char], letter: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => {
            let end = pattern.iter().skip(2).position(|c| *c == ']');
            let Some(end) = end.map(|at| at + 2) else {
                return (letter == '[').then_some(1);
            };
            let no = pattern[1] == '!';
            let mut set = &pattern[1 + usize::from(no)..end];
            let mut within = false;
            while let Some(first) = set.first() {
                let (last, len) = match set {
                    [_, '-', last, ..] => (last, 3),
                    _ => (first, 1),
                };
                within |= (first..=last).contains(&&letter);
                set = &set[len..];
            }
            (within != no).then_some(end + 1)
        }
        same => (*same == letter).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pattern_fits() {
        for (pattern, name) in [
            ("*.hc", "web.hc"),
            ("*", "x"),
            ("a*b*c", "a-b-b-c"),
            ("w?b", "wéb"),
            ("[a-c]x", "bx"),
            ("[!a-c]x", "dx"),
            ("[]x", "[]x"),
            (".*", ".hidden"),
            ("[a-]", "-"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("*.hc", ".web.hc"),
            ("*.hc", "web.hc~"),
            ("?", ""),
            ("a*b", "a"),
            ("[a-c]x", "dx"),
            ("[!a-c]x", "ax"),
            ("*a*a*a*a*a*a*a*b", &"a".repeat(500)),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn texts_by_name() {
        let texts: BTreeMap<String, Vec<u8>> = ["a.hc", "d/b.hc", "d/c.hc", "d/e/f.hc"]
            .into_iter()
            .map(|name| (name.to_string(), vec![]))
            .collect();
        assert_eq!(texts.list("d/*.hc").unwrap(), ["d/b.hc", "d/c.hc"]);
        assert_eq!(texts.list("*.hc").unwrap(), ["a.hc"]);
        assert!(texts.read("d").is_err());
        assert_eq!(join("d/b.hc", "x"), "d/x");
        assert_eq!(join("b.hc", "/x"), "/x");
    }
}
