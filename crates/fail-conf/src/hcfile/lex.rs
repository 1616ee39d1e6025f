//! Text to lines, lines to words, each with its place.
//!
//! What is decided by letters is decided here: continued lines, comments, quotes, references to
//! variables, and which letters may stand in a file at all. Nothing odd gets past this.

use super::limits::LINE_BYTES_MAX;
use super::place::{At, Problem, SAID, Wrong, is_odd, meant, shown};
use super::variables::Variables;

/// A letter and where it stands. What comes out of a variable stands where that is named.
pub(crate) type Letter = (char, At);

/// Stands for `$@` until the target is known. No file can have this letter.
const TARGET: char = '\u{1}';

/// Stands for `$*`.
const STEM: char = '\u{2}';

/// A line with all its continuations, without comment.
#[derive(Debug)]
pub(crate) struct Line {
    /// It begins with a blank or tab.
    pub indented: bool,
    /// One at least that is no blank.
    pub letters: Vec<Letter>,
}

/// A word, quotes taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub text: String,
    pub at: At,
}

impl Word {
    /// With the names filled in for which `$@` and `$*` stand.
    pub fn fill(&self, target: &str, stem: &str) -> Word {
        let text = self.text.replace(TARGET, target).replace(STEM, stem);
        Word { text, at: self.at }
    }

    /// Whether there is a name to fill in.
    pub fn is_open(&self) -> bool {
        self.text.contains([TARGET, STEM])
    }

    /// An error about it.
    pub fn wrong(&self, problem: impl Into<Problem>) -> Wrong {
        (self.at, problem.into())
    }

    /// Its text in quotes.
    pub fn shown(&self) -> String {
        shown(&self.text)
    }
}

/// The lines of a file that have something in them.
pub(crate) struct Lines<'a> {
    rest: &'a str,
    at: At,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a str, file: u16) -> Lines<'a> {
        let (line, column) = (0, 0);
        Lines {
            rest: text.strip_prefix('\u{feff}').unwrap_or(text),
            at: At { file, line, column },
        }
    }

    /// The next line of the file, without its end.
    fn physical(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        self.at.line += 1;
        self.at.column = 0;
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        Some(line.strip_suffix('\r').unwrap_or(line))
    }
}

/// What a line has come to so far.
struct Gathered {
    line: Line,
    bytes: usize,
    quote: Option<Letter>,
    in_word: bool,
    wrong: Option<Wrong>,
}

impl Gathered {
    /// Takes one letter; false: a comment begins.
    fn take(&mut self, letter: char, at: At) -> bool {
        let blank = letter == ' ' || letter == '\t';
        match self.quote {
            Some((open, _)) if open == letter => self.quote = None,
            Some(_) => {}
            None if letter == '#' && !self.in_word => return false,
            None if letter == '"' || letter == '\'' => self.quote = Some((letter, at)),
            None => {}
        }
        self.in_word = self.quote.is_some() || !blank;
        self.bytes += letter.len_utf8();
        if self.bytes > LINE_BYTES_MAX {
            let problem = format!("a line has at most {LINE_BYTES_MAX} bytes");
            self.wrong.get_or_insert((at, problem));
            return true;
        }
        if let Some(problem) = refused(letter, self.quote.is_some()) {
            self.wrong.get_or_insert((at, problem));
        }
        self.line.letters.push((letter, at));
        true
    }

    fn end(mut self) -> Result<Line, Wrong> {
        if let Some((quote, at)) = self.quote {
            let problem = format!("the quote {quote} is not closed");
            self.wrong.get_or_insert((at, problem));
        }
        self.wrong.map_or(Ok(self.line), Err)
    }
}

/// Why a letter can not stand here.
fn refused(letter: char, quoted: bool) -> Option<Problem> {
    let code = letter.escape_unicode();
    match letter {
        '\t' if quoted => Some("a tab can not stand in quotes".to_string()),
        ' ' | '\t' => None,
        letter if letter.is_control() => Some(format!("a control character, {code}")),
        letter if is_odd(letter) => Some(format!("a character that is not seen, {code}")),
        letter if letter.is_whitespace() && !quoted => {
            Some(format!("a character that looks like a blank, {code}"))
        }
        _ => None,
    }
}

impl Iterator for Lines<'_> {
    type Item = Result<Line, Wrong>;

    fn next(&mut self) -> Option<Result<Line, Wrong>> {
        loop {
            let mut text = self.physical()?;
            let indented = text.starts_with([' ', '\t']);
            let letters = Vec::new();
            let mut gathered = Gathered {
                line: Line { indented, letters },
                bytes: 0,
                quote: None,
                in_word: false,
                wrong: None,
            };
            loop {
                let goes_on = text.strip_suffix('\\');
                let mut comment = false;
                for letter in goes_on.unwrap_or(text).chars() {
                    self.at.column += 1;
                    comment = !gathered.take(letter, self.at);
                    if comment {
                        break;
                    }
                }
                let next = match goes_on {
                    Some(_) if !comment => self.physical(),
                    _ => None,
                };
                let Some(next) = next else { break };
                gathered.take(' ', self.at);
                text = next.trim_start_matches([' ', '\t']);
                self.at.column = (next.len() - text.len()) as u32;
            }
            let blank = |(letter, _): &Letter| *letter == ' ' || *letter == '\t';
            if !gathered.line.letters.iter().all(blank) || gathered.wrong.is_some() {
                return Some(gathered.end());
            }
        }
    }
}

/// Which of the names that come by themselves may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Automatic {
    /// None: this is no line of a target.
    None,
    /// `$@`
    Target,
    /// `$@` and `$*`
    Stem,
}

/// Puts the values of variables in their places.
pub(crate) fn expand(
    letters: &[Letter],
    variables: &mut Variables,
    automatic: Automatic,
) -> Result<Vec<Letter>, Wrong> {
    let mut expanded = Vec::with_capacity(letters.len());
    let mut bytes = 0;
    let mut quote = None;
    let mut rest = letters;
    while let Some(((letter, at), after)) = rest.split_first() {
        rest = after;
        match (quote, *letter) {
            (Some(open), letter) if open == letter => quote = None,
            (None, '"' | '\'') => quote = Some(*letter),
            _ => {}
        }
        let mut push = |letter: char| {
            bytes += letter.len_utf8();
            expanded.push((letter, *at));
        };
        if *letter != '$' || quote == Some('\'') {
            push(*letter);
            continue;
        }
        let (value, len) = reference(after, variables, automatic).map_err(|p| (*at, p))?;
        rest = &after[len..];
        value.chars().for_each(&mut push);
        if bytes > LINE_BYTES_MAX {
            let problem = format!("with this, the line has more than {LINE_BYTES_MAX} bytes");
            return Err((*at, problem));
        }
    }
    Ok(expanded)
}

/// What stands behind a `$`: its value, and how many letters it has.
fn reference<'a>(
    after: &[Letter],
    variables: &'a mut Variables,
    automatic: Automatic,
) -> Result<(&'a str, usize), Problem> {
    let only = |what: &str, where_: &str| Err(format!("{what} has a meaning only in {where_}"));
    let close = match after.first().map(|(letter, _)| *letter) {
        Some('$') => return Ok(("$", 1)),
        Some('@') if automatic == Automatic::None => return only("$@", "the lines of a target"),
        Some('@') => return Ok(("\u{1}", 1)),
        Some('*') if automatic != Automatic::Stem => return only("$*", "the lines of a pattern"),
        Some('*') => return Ok(("\u{2}", 1)),
        Some('(') => ')',
        Some('{') => '}',
        _ => {
            return Err("a $ must be followed by (name), {name}, @ or *; \
                        for the sign itself write $$"
                .to_string());
        }
    };
    let Some(len) = after.iter().position(|(letter, _)| *letter == close) else {
        return Err(format!("a reference that is not closed by {close}"));
    };
    let name: String = after[1..len].iter().map(|(letter, _)| *letter).collect();
    if !is_name(&name) {
        return Err(format!("{} is no name of a variable", shown(&name)));
    }
    if variables.is_broken(&name) {
        return Err(SAID.to_string());
    }
    // Looked up twice, since what is not there is a question of its own.
    if !variables.is_set(&name) {
        let near = meant(&name, variables.names());
        return Err(format!("the variable {} is not set{near}", shown(&name)));
    }
    Ok((variables.value(&name), len + 1))
}

/// Whether this can be the name of a variable.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(in_name)
}

fn in_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.')
}

/// If a line sets a variable: its name, the sign (`=`, `?=`, `+=`), and what follows.
pub(crate) fn assignment(letters: &[Letter]) -> Option<(String, char, &[Letter])> {
    let name: String = letters
        .iter()
        .map(|(letter, _)| *letter)
        .take_while(|letter| in_name(*letter))
        .collect();
    let blank = |(letter, _): &&Letter| *letter == ' ' || *letter == '\t';
    let mut rest = letters.get(name.len()..)?;
    rest = &rest[rest.iter().take_while(blank).count()..];
    let sign = match rest {
        [('=', _), ..] => '=',
        [(sign @ ('?' | '+' | ':'), _), ('=', _), ..] => *sign,
        _ => return None,
    };
    let len = if sign == '=' { 1 } else { 2 };
    let sign = if sign == ':' { '=' } else { sign };
    is_name(&name).then_some((name, sign, &rest[len..]))
}

/// The letters as text, without the blanks around them.
pub(crate) fn text(letters: &[Letter]) -> String {
    let text: String = letters.iter().map(|(letter, _)| *letter).collect();
    text.trim_matches([' ', '\t']).to_string()
}

/// Cuts a line into words.
pub(crate) fn words(letters: &[Letter]) -> Result<Vec<Word>, Wrong> {
    let mut words: Vec<Word> = Vec::new();
    let mut quote: Option<Letter> = None;
    let mut in_word = false;
    for (letter, at) in letters {
        let blank = quote.is_none() && (*letter == ' ' || *letter == '\t');
        if !blank && !in_word {
            words.push(Word {
                text: String::new(),
                at: *at,
            });
        }
        in_word = !blank;
        match quote {
            Some((open, _)) if open == *letter => quote = None,
            Some(_) if *letter == '\t' => {
                return Err((*at, "a tab can not stand in quotes".to_string()));
            }
            None if *letter == '"' || *letter == '\'' => quote = Some((*letter, *at)),
            _ if blank => {}
            _ => words
                .iter_mut()
                .last()
                .into_iter()
                .for_each(|w| w.text.push(*letter)),
        }
    }
    match quote {
        Some((quote, at)) => Err((at, format!("the quote {quote} is not closed"))),
        None => Ok(words),
    }
}

/// A word as it must be written to be this word; of a key only the value is in quotes.
pub(crate) fn printed(text: &str) -> String {
    let key = text.split_once('=').filter(|(key, _)| is_name(key));
    match key {
        Some((key, value)) => format!("{key}={}", quoted(value)),
        None => quoted(text),
    }
}

fn quoted(text: &str) -> String {
    let plain = |c: char| !(c.is_whitespace() || matches!(c, '"' | '\'' | '$'));
    if !text.is_empty()
        && text.chars().all(plain)
        && !text.starts_with('#')
        && !text.ends_with('\\')
    {
        return text.to_string();
    }
    if !text.contains(['"', '$']) {
        return format!("\"{text}\"");
    }
    let runs = text.split('\'').map(|run| match run {
        "" => String::new(),
        run => format!("'{run}'"),
    });
    runs.collect::<Vec<_>>().join("\"'\"")
}
