//! What stands behind the name of a module or an action: keys and words, held against its table.

use super::check::unescaped;
use super::hidden;
use super::lex::{Word, is_name, printed};
use super::modules::{FILE, Key, Module, Times, URL};
use super::place::{Problem, Wrong, meant};

/// What was said, sorted. Whoever reads it takes the keys and words that he knows.
#[derive(Debug)]
pub(crate) struct Args<'a> {
    module: &'static Module,
    /// The name of the module, for what is missing.
    head: &'a Word,
    keys: Vec<(&'static Key, Word)>,
    words: Vec<Word>,
    /// All of it as it is printed, paths as they are meant.
    pub shown: String,
    /// The same for everybody: what may be a secret is left out.
    pub public: String,
    /// That, in words.
    pub hidden: Vec<String>,
}

/// What stands for what is left out.
const LEFT_OUT: &str = "...";

/// How paths in a line are meant.
pub(crate) type Paths<'a> = &'a dyn Fn(&str) -> String;

impl<'a> Args<'a> {
    /// Sorts the words behind `head`.
    pub fn new(
        module: &'static Module,
        common: &'static [Key],
        head: &'a Word,
        words: &[Word],
        paths: Paths,
    ) -> Result<Args<'a>, Wrong> {
        let mut args = Args {
            module,
            head,
            keys: vec![],
            words: vec![],
            shown: printed(&head.text),
            public: printed(&head.text),
            hidden: vec![],
        };
        let mut left_out: Vec<String> = vec![];
        for word in words {
            let mut word = word.clone();
            let in_command = module.command && !args.words.is_empty();
            let split = word.text.split_once('=').filter(|(key, _)| is_name(key));
            match split.filter(|_| !in_command) {
                Some((name, value)) => {
                    let key = args.key(name, common).map_err(|p| word.wrong(p))?;
                    let mut value = value.to_string();
                    if key.value == FILE {
                        value = file(&value, paths).map_err(|p| word.wrong(p))?;
                    }
                    let public = match key.is_secret() {
                        true => {
                            left_out.push(secret(name, &value));
                            LEFT_OUT
                        }
                        false => &value,
                    };
                    args.show(&format!("{name}={value}"), &format!("{name}={public}"));
                    word.text = value;
                    args.keys.push((key, word));
                }
                None => {
                    if module.command && args.words.is_empty() {
                        word.text =
                            program(&word.text, module, paths).map_err(|p| word.wrong(p))?;
                    }
                    let (public, rest) = match module.takes {
                        URL => public_url(&word.text, module.name == "webhook"),
                        _ => (word.text.clone(), ""),
                    };
                    left_out.push(rest.to_string());
                    args.show(&word.text, &public);
                    args.words.push(word);
                }
            }
        }
        args.hidden = hidden::words(&left_out, &args.public);
        for key in module.keys.iter().filter(|key| key.times == Times::Once) {
            if !args.keys.iter().any(|(said, _)| *said == key) {
                return Err(args.missing(&format!("{}={}", key.name, key.value)));
            }
        }
        Ok(args)
    }

    fn show(&mut self, word: &str, public: &str) {
        for (line, word) in [(&mut self.shown, word), (&mut self.public, public)] {
            line.push(' ');
            *line += &printed(word);
        }
    }

    fn key(&self, name: &str, common: &'static [Key]) -> Result<&'static Key, Problem> {
        let all = || self.module.keys.iter().chain(common);
        let Some(key) = all().find(|key| key.name == name) else {
            let near = meant(name, all().map(|key| key.name));
            let head = self.module.name;
            return Err(format!(
                "{head} has no key {}{near}",
                super::place::shown(name)
            ));
        };
        let twice = self.keys.iter().any(|(said, _)| said.name == name);
        match twice && key.times != Times::Many {
            true => Err(format!("{name} is said twice")),
            false => Ok(key),
        }
    }

    /// What is missing, with how the module is used.
    fn missing(&self, what: &str) -> Wrong {
        let (name, usage) = (self.module.name, self.module.usage());
        self.head.wrong(format!("{name} needs {what}: {usage}"))
    }

    /// The value of a key, read.
    pub fn read<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Result<T, Problem>,
    ) -> Result<Option<T>, Wrong> {
        let said = self.keys.iter().find(|(key, _)| key.name == name);
        let read = |word: &Word| read(&word.text).map_err(|p| word.wrong(format!("{name}: {p}")));
        said.map(|(_, word)| read(word)).transpose()
    }

    /// All values of a key.
    pub fn read_all<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Wrong> {
        let said = self.keys.iter().filter(|(key, _)| key.name == name);
        said.map(|(_, word)| read(&word.text).map_err(|p| word.wrong(format!("{name}: {p}"))))
            .collect()
    }

    /// The value of a key as it is. An empty one is an error: it would mean nothing.
    pub fn text(&self, name: &str) -> Result<Option<String>, Wrong> {
        self.read(name, some)
    }

    /// The same, of all of its name.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, Wrong> {
        self.read_all(name, some)
    }

    /// An error about a key, if it was said.
    pub fn refuse(&self, names: &[&str], problem: &str) -> Result<(), Wrong> {
        let said = self.keys.iter().find(|(key, _)| names.contains(&key.name));
        match said {
            Some((key, word)) => Err(word.wrong(format!("{} {problem}", key.name))),
            None => Ok(()),
        }
    }

    /// The only word.
    pub fn only(&self) -> Result<&Word, Wrong> {
        match self.words.as_slice() {
            [] => Err(self.missing(self.module.takes)),
            [word] => Ok(word),
            [_, more, ..] => {
                let problem = format!("{} is a word too many: ", more.shown());
                Err(more.wrong(problem + &self.module.usage()))
            }
        }
    }

    /// All words, at least so many.
    pub fn all(&self, least: usize) -> Result<&[Word], Wrong> {
        match self.words.len() < least {
            true => Err(self.missing(self.module.takes)),
            false => Ok(&self.words),
        }
    }

    /// None at all.
    pub fn none(&self) -> Result<(), Wrong> {
        match self.words.first() {
            None => Ok(()),
            Some(more) => {
                let problem = format!("{} is a word too many: ", more.shown());
                Err(more.wrong(problem + &self.module.usage()))
            }
        }
    }

    /// The words of a command.
    pub fn command(&self) -> Result<Vec<String>, Wrong> {
        Ok(self.all(1)?.iter().map(|word| word.text.clone()).collect())
    }
}

/// What of the value of a key may be a secret, as it is sent.
fn secret(name: &str, value: &str) -> String {
    match (name, value.split_once(':')) {
        // What headers there are is known.
        ("header", Some((_, value))) => value.to_string(),
        ("send", _) => unescaped(value),
        _ => value.to_string(),
    }
}

/// A URL as everybody may see it, and what is left out: behind `?` or `#` may be a key, and the
/// path of a webhook often is its password.
fn public_url(text: &str, is_webhook: bool) -> (String, &str) {
    let host = text.find("://").map_or(0, |at| at + 3);
    let end = match is_webhook {
        true => text[host..].find(['/', '?', '#', '\\']).map(|at| host + at),
        false => text.find(['?', '#']).map(|at| at + 1),
    };
    match end {
        None => (text.to_string(), ""),
        Some(end) if is_webhook => (format!("{}/{LEFT_OUT}", &text[..end]), &text[end..]),
        Some(end) => (format!("{}{LEFT_OUT}", &text[..end]), &text[end..]),
    }
}

pub(crate) fn some(text: &str) -> Result<String, Problem> {
    match text.is_empty() {
        true => Err("there is nothing behind the =".to_string()),
        false => Ok(text.to_string()),
    }
}

fn file(path: &str, paths: Paths) -> Result<String, Problem> {
    match path.is_empty() {
        true => Err("the name of a file is missing".to_string()),
        false => Ok(paths(path)),
    }
}

/// The first word of a command: a program that is looked for or a path, or the file of a `tcl`.
fn program(text: &str, module: &Module, paths: Paths) -> Result<String, Problem> {
    match text.contains('/') || module.name == "tcl" {
        true => file(text, paths),
        false if text.is_empty() => Err("the name of a program is missing".to_string()),
        false => Ok(text.to_string()),
    }
}
