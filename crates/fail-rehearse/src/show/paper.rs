//! Lines of a terminal: pieces of text in inks, wrapped at words to so many columns, painted
//! only where colours are wanted.
//!
//! Widths are counted in columns, where a letter of Chinese takes two. Whatever comes from a
//! policy or a program is cleaned on its way in: it can neither steer the terminal nor turn
//! the direction of a line.

use unicode_width::UnicodeWidthChar;

use super::Look;

/// How a piece is written where there are colours; the first colours of every terminal, as
/// failstat has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// As everything else.
    Plain,
    /// A heading.
    Head,
    /// As it should be.
    Good,
    /// Ready, and nothing to look at.
    Faint,
    /// Something is being done.
    Busy,
    /// Broken.
    Bad,
    /// What must be seen first.
    Loud,
}

impl Ink {
    fn code(self) -> Option<&'static str> {
        match self {
            Ink::Plain => None,
            Ink::Head => Some("1"),
            Ink::Good => Some("32"),
            Ink::Faint => Some("2"),
            Ink::Busy => Some("33"),
            Ink::Bad => Some("31"),
            Ink::Loud => Some("1;31"),
        }
    }
}

/// A text that is cleaned when it is written, and its ink.
pub type Piece<'a> = (&'a str, Ink);

/// A blank at which no line is parted.
pub const UNBROKEN: &str = "\u{a0}";

type Letters = Vec<(char, Ink)>;

/// What is written, line by line; no line is wider than the look allows or ends in blanks.
pub struct Paper {
    look: Look,
    text: String,
}

impl Paper {
    /// Nothing is written yet.
    pub fn new(look: Look) -> Paper {
        let text = String::new();
        Paper { look, text }
    }

    /// All that was written.
    pub fn finish(self) -> String {
        self.text
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A line, or as many as it needs.
    pub fn write(&mut self, pieces: &[Piece]) {
        self.hang(&[], pieces);
    }

    /// What stands before the first line, and then the rest, whose further lines begin below
    /// where the first one did.
    pub fn hang(&mut self, before: &[Piece], pieces: &[Piece]) {
        let mut line = letters(before, self.look.ascii);
        let indent = width(&line);
        let room = self.look.width.saturating_sub(indent).max(2);
        for part in wrap(letters(pieces, self.look.ascii), room) {
            line.extend(part);
            self.put(&line);
            line = vec![(' ', Ink::Plain); indent];
        }
    }

    fn put(&mut self, line: &Letters) {
        let end = line.iter().rposition(|(letter, _)| *letter != ' ');
        let line = &line[..end.map_or(0, |end| end + 1)];
        let shown = |letter: &char| if *letter == '\u{a0}' { ' ' } else { *letter };
        for run in line.chunk_by(|(_, ink), (_, next)| ink == next) {
            let text: String = run.iter().map(|(letter, _)| shown(letter)).collect();
            match run[0].1.code().filter(|_| self.look.colour) {
                Some(code) => self.text += &format!("\x1b[{code}m{text}\x1b[0m"),
                None => self.text += &text,
            }
        }
        self.text.push('\n');
    }
}

/// Cut or filled up to so many columns.
pub fn fit(text: &str, columns: usize, ascii: bool) -> String {
    let mut text = letters(&[(text, Ink::Plain)], ascii);
    if width(&text) > columns {
        let room = columns.saturating_sub(1);
        let mut used = 0;
        text.retain(|(letter, _)| {
            used += wide(*letter);
            used <= room
        });
        if columns > 0 {
            text.push((if ascii { '~' } else { '…' }, Ink::Plain));
        }
    }
    let rest = columns.saturating_sub(width(&text));
    let text: String = text.into_iter().map(|(letter, _)| letter).collect();
    text + &" ".repeat(rest)
}

/// The columns that a text takes when it is written.
pub fn columns(text: &str, ascii: bool) -> usize {
    width(&letters(&[(text, Ink::Plain)], ascii))
}

fn wide(letter: char) -> usize {
    match letter {
        // Makes the letter before it a picture, which takes two.
        '\u{fe0f}' => 1,
        _ => letter.width().unwrap_or(0),
    }
}

fn width(letters: &[(char, Ink)]) -> usize {
    letters.iter().map(|(letter, _)| wide(*letter)).sum()
}

/// What steers a terminal or turns the direction of a line.
fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// With the codes of letters that would steer or turn it; line feeds and tabs stay.
pub fn steady(text: &str) -> String {
    let mut steady = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => steady.push(letter),
            _ if steers(letter) => steady.extend(letter.escape_unicode()),
            _ => steady.push(letter),
        }
    }
    steady
}

fn letters(pieces: &[Piece], ascii: bool) -> Letters {
    let mut letters = Letters::new();
    for (text, ink) in pieces {
        for letter in text.chars() {
            match letter {
                '\n' | '\t' => letters.push((' ', *ink)),
                _ if steers(letter) || (ascii && !letter.is_ascii() && letter != '\u{a0}') => {
                    letters.extend(letter.escape_unicode().map(|letter| (letter, *ink)));
                }
                _ => letters.push((letter, *ink)),
            }
        }
    }
    letters
}

/// Lines of at most so many columns, parted at blanks, or within a word that is too long.
fn wrap(letters: Letters, room: usize) -> Vec<Letters> {
    let mut lines = vec![Letters::new()];
    let mut used = 0;
    for word in letters.chunk_by(|(one, _), (next, _)| (*one == ' ') == (*next == ' ')) {
        let needs = width(word);
        let blank = word[0].0 == ' ';
        if used + needs > room && used > 0 {
            lines.push(Letters::new());
            used = 0;
            if blank {
                continue;
            }
        } else if blank && used == 0 && lines.len() > 1 {
            continue;
        }
        for letter in word {
            let needs = wide(letter.0);
            if used + needs > room {
                lines.push(Letters::new());
                used = 0;
            }
            used += needs;
            if let Some(line) = lines.last_mut() {
                line.push(*letter);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(width: usize, before: &str, text: &str, ascii: bool) -> String {
        let mut paper = Paper::new(Look {
            width,
            ascii,
            ..Look::default()
        });
        paper.hang(&[(before, Ink::Plain)], &[(text, Ink::Plain)]);
        paper.finish()
    }

    #[test]
    fn further_lines_begin_below_the_first() {
        let text = written(16, "10s  ", "one two three four", false);
        assert_eq!(text, "10s  one two\n     three four\n");
    }

    #[test]
    fn a_word_that_is_too_long_is_parted_and_wide_letters_take_two() {
        let text = written(9, "a ", "网站网站网 x", false);
        assert_eq!(text, "a 网站网\n  站网 x\n");
    }

    #[test]
    fn nothing_steers_the_terminal() {
        let text = written(80, "", "a\x1b[31mb\u{202e}c\nd\u{9b}e", false);
        assert_eq!(text, "a\\u{1b}[31mb\\u{202e}c d\\u{9b}e\n");
        assert_eq!(written(80, "", "网 ok", true), "\\u{7f51} ok\n");
    }

    #[test]
    fn names_fit_their_column() {
        assert_eq!(fit("web", 5, false), "web  ");
        assert_eq!(fit("网站网站", 6, false), "网站… ");
        assert_eq!(fit("website", 4, true), "web~");
    }
}
