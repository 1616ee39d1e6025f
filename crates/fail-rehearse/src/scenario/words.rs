//! The words of a statement, taken one by one. What is wrong is said with the word.

use fail_core::time::Span;
use fail_tcl::Statement;
use fail_wire::{Name, State};

use super::HostSpec;
use crate::report::Shown;

/// One sentence.
pub(super) type Wrong = String;

/// The words that are left of a statement.
pub(super) struct Words<'a> {
    words: &'a [String],
    hosts: &'a [HostSpec],
    line: u32,
    /// The word before, for what is missing.
    last: &'a str,
}

impl<'a> Words<'a> {
    pub(super) fn new(statement: &'a Statement, hosts: &'a [HostSpec]) -> Words<'a> {
        let words = &statement.words;
        let last = words.first().map_or("", String::as_str);
        Words {
            words: words.get(1..).unwrap_or_default(),
            hosts,
            line: statement.line,
            last,
        }
    }

    /// The line of the scenario.
    pub(super) fn line(&self) -> u32 {
        self.line
    }

    /// The rest as it stands.
    pub(super) fn rest(&self) -> &'a [String] {
        self.words
    }

    /// The next word, which must be there.
    pub(super) fn need(&mut self, what: &str) -> Result<&'a str, Wrong> {
        let Some((first, rest)) = self.words.split_first() else {
            return Err(format!("{what} is missing after \"{}\"", self.last));
        };
        (self.words, self.last) = (rest, first);
        Ok(first)
    }

    /// Takes the next word if it is this one.
    pub(super) fn takes(&mut self, word: &str) -> bool {
        let is = self.words.first().is_some_and(|first| first == word);
        if is {
            (self.last, self.words) = (&self.words[0], &self.words[1..]);
        }
        is
    }

    /// The next word, which must be this one.
    pub(super) fn expect(&mut self, word: &str) -> Result<(), Wrong> {
        let got = self.need(&format!("\"{word}\""))?;
        if got == word {
            return Ok(());
        }
        Err(format!("expected \"{word}\" but got \"{got}\""))
    }

    /// Nothing may follow.
    pub(super) fn end(&self) -> Result<(), Wrong> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => Err(format!("\"{word}\" is one word too many")),
        }
    }

    /// One of several words.
    pub(super) fn one<T: Copy>(&mut self, what: &str, table: &[(&str, T)]) -> Result<T, Wrong> {
        let word = self.need(what)?;
        choose(what, word, table)
    }

    pub(super) fn time(&mut self) -> Result<u64, Wrong> {
        let word = self.need("a time")?;
        time(word)
    }

    /// `for T`, if it stands here.
    pub(super) fn lasting(&mut self) -> Result<Option<u64>, Wrong> {
        if !self.takes("for") {
            return Ok(None);
        }
        match self.time()? {
            0 => Err("\"for 0\" is no time: at least 1ms".to_string()),
            time => Ok(Some(time)),
        }
    }

    pub(super) fn host(&mut self) -> Result<usize, Wrong> {
        let word = self.need("a host")?;
        host(self.hosts, word)
    }

    /// A list of hosts, in one word.
    pub(super) fn hosts(&mut self) -> Result<Vec<usize>, Wrong> {
        let word = self.need("a list of hosts")?;
        let hosts = word.split_whitespace().map(|name| host(self.hosts, name));
        let hosts = hosts.collect::<Result<Vec<_>, _>>()?;
        if hosts.is_empty() {
            return Err("a list of hosts is empty".to_string());
        }
        Ok(hosts)
    }

    pub(super) fn percent(&mut self) -> Result<u64, Wrong> {
        let word = self.need("a percentage")?;
        percent(word)
    }

    pub(super) fn service(&mut self) -> Result<Name, Wrong> {
        let word = self.need("a service")?;
        Name::new(word).map_err(|e| format!("bad service \"{word}\": {e}"))
    }

    pub(super) fn number(&mut self, what: &str) -> Result<usize, Wrong> {
        let word = self.need(what)?;
        word.parse()
            .map_err(|_| format!("expected {what} but got \"{word}\""))
    }

    /// Everybody.
    pub(super) fn all(&self) -> Vec<usize> {
        (0..self.hosts.len()).collect()
    }
}

/// One of several words.
pub(super) fn choose<T: Copy>(what: &str, word: &str, table: &[(&str, T)]) -> Result<T, Wrong> {
    let known = table.iter().find(|(known, _)| *known == word);
    known.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = table.iter().map(|(word, _)| *word).collect();
        format!("{what}: bad word \"{word}\": must be {}", either(&words))
    })
}

fn either(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_string(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

pub(super) fn time(word: &str) -> Result<u64, Wrong> {
    Span::parse(word).map(|span| span.0).ok_or_else(|| {
        format!("bad time \"{word}\": must be a number with us, ms, s, m or h, such as 500ms")
    })
}

pub(super) fn percent(word: &str) -> Result<u64, Wrong> {
    let wrong = || format!("bad percentage \"{word}\": must be 0% to 100%");
    let number = word.strip_suffix('%').ok_or_else(wrong)?;
    let number: f64 = number.parse().map_err(|_| wrong())?;
    if !(0.0..=100.0).contains(&number) {
        return Err(wrong());
    }
    // Within 0 and 1000.
    Ok((number * 10.0).round() as u64)
}

fn host(hosts: &[HostSpec], name: &str) -> Result<usize, Wrong> {
    let known = hosts.iter().position(|host| host.name == name);
    known.ok_or_else(|| {
        let names: Vec<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
        match names.as_slice() {
            [] => format!("there is no host \"{name}\": no \"host\" stands before this line"),
            names => format!("there is no host \"{name}\": must be {}", either(names)),
        }
    })
}

/// `UP`, `RECOVER` or `FAIL`, as a service has it.
pub(super) const STATES: &[(&str, State)] = &[
    ("UP", State::Up),
    ("RECOVER", State::Recover),
    ("FAIL", State::Fail),
];

/// The same as it is shown.
pub(super) const SHOWN: &[(&str, Shown)] = &[
    ("UP", Shown::Up),
    ("RECOVER", Shown::Recover),
    ("FAIL", Shown::Fail),
];
