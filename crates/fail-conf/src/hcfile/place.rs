//! Where something stands, and what is said about it: errors and warnings, in the order of the
//! places, each place once.
//!
//! What is shown of a file is cut and has no letter that could do something to a terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

pub(crate) use fail_wire::is_odd;

use super::limits::{FAULTS_MAX, SHOWN_MAX};

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The name of the file, as it is shown.
    pub file: Arc<str>,
    /// Counted from 1; 0 is the file as a whole.
    pub line: u32,
    /// Counted from 1, in letters.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.file),
            line => write!(f, "{}:{line}:{}", self.file, self.column),
        }
    }
}

/// One thing that is wrong, or worth a warning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What, in a sentence that names the word.
    pub problem: String,
}

/// Something that is worth a look and no error.
pub type Warning = Fault;

/// What kind of thing is wrong, in words of ours: nothing of the file is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file can not be read.
    File,
    /// A line is none of an Hcfile, or what it says of variables or defaults is wrong.
    Line,
    /// A name of a target, or a whole target.
    Target,
    /// What targets depend on.
    Dependency,
    /// A setting of a target.
    Setting,
    /// A line of a check.
    Check,
    /// A line of an action.
    Action,
    /// A limit of all together is reached.
    Limit,
    /// There is none of what it is for.
    Empty,
}

impl Kind {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Kind::Empty => "there is no target in it",
            Kind::File => "a file can not be read",
            Kind::Line => "a line is wrong",
            Kind::Target => "a target is wrong",
            Kind::Dependency => "a dependency is wrong",
            Kind::Setting => "a setting is wrong",
            Kind::Check => "a check is wrong",
            Kind::Action => "an action is wrong",
            Kind::Limit => "there is more than an Hcfile can have",
        }
    }
}

/// All that is wrong: at most [`SHOWN_MAX`] of them, sorted by their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errors {
    /// The first ones.
    pub faults: Vec<Fault>,
    /// How many more there are, at least.
    pub more: usize,
    /// Of what kind the first is.
    pub kind: Kind,
    /// The Hcfile itself can not be read.
    pub unread: bool,
}

impl Errors {
    /// Where the first is, of what kind, and how many more there are: for everybody. Words of the
    /// file are not in it, since what is taken for a name may be a password whose quotes were
    /// forgotten.
    pub fn public(&self) -> String {
        let first = self.faults.first();
        let place = first.map_or(String::new(), |first| format!("{}: ", first.place));
        let more = match self.more + self.faults.len().saturating_sub(1) {
            0 => String::new(),
            1 => ", and 1 more error".to_string(),
            more => format!(", and {more} more errors"),
        };
        format!("{place}{}{more}", self.kind.words())
    }
}

impl std::error::Error for Errors {}

/// A line for each, and `and 7 more`.
impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.faults.iter().enumerate() {
            let end = if at == 0 { "" } else { "\n" };
            write!(f, "{end}{fault}")?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

/// A place as the reader has it: files have numbers, in the order in which they were opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct At {
    pub file: u16,
    pub line: u32,
    pub column: u32,
}

impl At {
    /// The beginning of a file.
    pub fn start(file: u16) -> At {
        let (line, column) = (1, 1);
        At { file, line, column }
    }

    /// A file as a whole.
    pub fn whole(file: u16) -> At {
        let (line, column) = (0, 0);
        At { file, line, column }
    }
}

/// What is wrong with a word, said where the place is known.
pub(crate) type Problem = String;

/// What follows from something that was said already.
pub(crate) const SAID: &str = "";

/// What is wrong, and where.
pub(crate) type Wrong = (At, Problem);

/// Gathers what is wrong. Of each place the first is kept: a line of a pattern is read again for
/// each target.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    files: Vec<Arc<str>>,
    places: BTreeSet<At>,
    first: BTreeMap<At, (Kind, Problem)>,
    /// Of each kind one for each place.
    warnings: BTreeMap<(At, Advice), Problem>,
    /// For which targets a line is wrong that several have: the first ones, and how many.
    whose: BTreeMap<At, (Vec<String>, usize)>,
    /// The Hcfile itself can not be read.
    pub unread: bool,
}

/// What a warning is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Advice {
    /// What stands there.
    Line,
    /// The files that it names.
    Files,
}

/// Targets that are named with one error. More are not read.
const WHOSE_MAX: usize = 4;

impl Faults {
    /// A new file, and its number. There are few enough for that
    /// ([`super::limits::FILES_MAX`]).
    pub fn file(&mut self, name: &str) -> u16 {
        self.files.push(Arc::from(shown_path(name)));
        (self.files.len() - 1) as u16
    }

    pub fn add(&mut self, kind: Kind, (at, problem): Wrong) {
        if problem == SAID || self.is_full() || !self.places.insert(at) {
            return;
        }
        self.first.insert(at, (kind, problem));
        if self.first.len() > SHOWN_MAX {
            self.first.pop_last();
        }
    }

    /// What is wrong there is so for this target, and may be right for others.
    pub fn concerns(&mut self, at: At, target: &str) {
        if self.is_full() {
            return;
        }
        let (names, count) = self.whose.entry(at).or_default();
        *count += 1;
        if names.len() < WHOSE_MAX {
            names.push(target.to_string());
        }
    }

    fn targets(&self, at: At) -> String {
        let Some((names, count)) = self.whose.get(&at) else {
            return String::new();
        };
        match count - names.len() {
            0 => format!(" (in {})", names.join(", ")),
            more => format!(" (in {} and {more} more)", names.join(", ")),
        }
    }

    pub fn warn(&mut self, at: At, problem: Problem) {
        self.advise(at, Advice::Line, problem);
    }

    pub fn advise(&mut self, at: At, about: Advice, problem: Problem) {
        if self.warnings.len() < FAULTS_MAX {
            self.warnings.entry((at, about)).or_insert(problem);
        }
    }

    /// Whether there is any use in looking for more.
    pub fn is_full(&self) -> bool {
        self.places.len() >= FAULTS_MAX
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub fn place(&self, at: At) -> Place {
        let file = self.files.get(usize::from(at.file));
        Place {
            file: file.cloned().unwrap_or_else(|| Arc::from("")),
            line: at.line,
            column: at.column,
        }
    }

    fn fault(&self, at: At, problem: &Problem) -> Fault {
        Fault {
            place: self.place(at),
            problem: format!("{problem}{}", self.targets(at)),
        }
    }

    pub fn warnings(&self) -> Vec<Warning> {
        let all = self.warnings.iter();
        all.map(|((at, _), problem)| self.fault(*at, problem))
            .collect()
    }

    pub fn errors(&self) -> Errors {
        let first = self.first.iter();
        let faults = first.map(|(at, (_, problem))| self.fault(*at, problem));
        Errors {
            faults: faults.collect(),
            more: self.places.len() - self.first.len(),
            kind: self
                .first
                .first_key_value()
                .map_or(Kind::Line, |(_, (kind, _))| *kind),
            unread: self.unread,
        }
    }
}

/// Letters of a word that are shown. A sentence should fit into a line or two.
const SHOWN_LETTERS: usize = 60;

fn clean(text: &str, letters: usize) -> String {
    let mut clean = String::new();
    for (at, letter) in text.chars().enumerate() {
        if at == letters {
            clean.push('…');
            break;
        }
        match is_odd(letter) {
            true => clean.extend(letter.escape_default()),
            false => clean.push(letter),
        }
    }
    clean
}

/// A word of a file, as errors show it: in quotes, cut, nothing odd in it.
pub(crate) fn shown(word: &str) -> String {
    format!("\"{}\"", clean(word, SHOWN_LETTERS))
}

/// The name of a file, as it is shown.
pub(crate) fn shown_path(path: &str) -> String {
    clean(path, 500)
}

/// `; did you mean http?` if one of these is nearly the word.
pub(crate) fn meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let wanted: Vec<char> = word.chars().take(SHOWN_LETTERS).collect();
    let allowed = match wanted.len() {
        0..=1 => 0,
        2..=4 => 1,
        _ => 2,
    };
    let near = known
        .into_iter()
        .filter(|name| name.len().abs_diff(word.len()) <= 2 * allowed)
        .map(|name| (changes(&wanted, name), name))
        .filter(|(changes, _)| *changes <= allowed)
        .min();
    near.map(|(_, name)| format!("; did you mean {}?", clean(name, SHOWN_LETTERS)))
        .unwrap_or_default()
}

/// How many letters must be changed, put in, left out or swapped to make one of the other.
fn changes(one: &[char], other: &str) -> usize {
    let other: Vec<char> = other.chars().take(SHOWN_LETTERS + 2).collect();
    let mut before: Vec<usize> = vec![];
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let change = last[j] + usize::from(a != b);
            let mut least = change.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nearly_a_word_is_meant() {
        let known = ["http", "https", "icmp", "interval", "tcp"];
        for (word, said) in [
            ("htpp", "; did you mean http?"),
            ("intervall", "; did you mean interval?"),
            ("inetrval", "; did you mean interval?"),
            ("tpc", "; did you mean tcp?"),
            ("x", ""),
            ("", ""),
            ("udp", ""),
            ("something", ""),
        ] {
            assert_eq!(meant(word, known), said, "{word}");
        }
    }

    #[test]
    fn errors_are_sorted_each_place_has_one_and_the_rest_is_counted() {
        let mut faults = Faults::default();
        faults.file("Hc\u{1b}file");
        let at = |line| At {
            file: 0,
            line,
            column: 3,
        };
        for line in (1..=27).rev() {
            faults.add(Kind::Line, (at(line), format!("problem {line}")));
            faults.add(Kind::File, (at(line), "again".to_string()));
        }
        let errors = faults.errors();
        assert_eq!((errors.faults.len(), errors.more), (20, 7));
        let text = errors.to_string();
        assert!(text.starts_with("Hc\\u{1b}file:1:3: problem 1\nHc"));
        assert!(text.ends_with(":20:3: problem 20\nand 7 more"), "{text}");
        for line in 100..5_000 {
            faults.add(Kind::Line, (at(line), "more".to_string()));
        }
        assert!(faults.is_full());
        assert_eq!(faults.errors().more, FAULTS_MAX - SHOWN_MAX);
    }

    #[test]
    fn what_is_shown_is_cut_and_clean() {
        assert_eq!(shown("a\u{1b}[2Jb\0"), "\"a\\u{1b}[2Jb\\u{0}\"");
        assert!(shown(&"x".repeat(1 << 20)).len() < 100);
    }
}
