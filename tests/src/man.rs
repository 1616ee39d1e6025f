//! Reads what the tests need out of a page in mdoc. Not a parser of mdoc: the pages are
//! ours, and what is read here is written in one way only.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use crate::tree;

/// One man page.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where it lies.
    pub path: PathBuf,
    /// Its source.
    pub text: String,
}

/// One entry of the section OPTIONS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionItem {
    /// `-x`, `--long`.
    pub names: BTreeSet<String>,
    /// It has an argument.
    pub takes_value: bool,
    /// The source of its description.
    pub text: String,
}

impl Page {
    /// The page with this file name, such as `faild.8`.
    pub fn open(file: &str) -> Page {
        let path = tree::path("man").join(file);
        let text = tree::read(&path);
        Page { path, text }
    }

    /// Every page.
    pub fn all() -> Vec<Page> {
        let files = tree::list(&tree::path("man"));
        files
            .iter()
            .map(|path| Page::open(&tree::name(path)))
            .collect()
    }

    /// The lines of one section, such as `EXIT STATUS`; none if there is no such section.
    pub fn section(&self, title: &str) -> Vec<&str> {
        let head = format!(".Sh {title}");
        let after = self.text.lines().skip_while(|line| *line != head).skip(1);
        after.take_while(|line| !line.starts_with(".Sh ")).collect()
    }

    /// The entries of OPTIONS.
    pub fn options(&self) -> Vec<OptionItem> {
        let mut items: Vec<OptionItem> = Vec::new();
        for line in self.section("OPTIONS") {
            if line.starts_with(".It Fl ") {
                items.push(OptionItem {
                    names: flags(line),
                    takes_value: line.contains(" Ar "),
                    text: String::new(),
                });
            } else if let Some(item) = items.last_mut() {
                item.text.push_str(line);
                item.text.push('\n');
            }
        }
        items
    }

    /// The options of the SYNOPSIS, those in a row such as `-FhV` one by one.
    pub fn synopsis(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for flag in self.section("SYNOPSIS").into_iter().flat_map(flags) {
            if flag.starts_with("--") {
                names.insert(flag);
            } else {
                names.extend(flag.chars().skip(1).map(|letter| format!("-{letter}")));
            }
        }
        names
    }

    /// Code and first line of each entry of EXIT STATUS.
    pub fn exits(&self) -> Vec<(u8, &str)> {
        let section = self.section("EXIT STATUS");
        let entries = section.windows(2).filter_map(|pair| {
            let code = pair[0].strip_prefix(".It ")?.parse().ok()?;
            Some((code, pair[1]))
        });
        entries.collect()
    }

    /// The command lines of EXAMPLES after this prompt: `$` stands before those that a test
    /// can run, in their order, against a fresh faild of this host; `#` before all others.
    pub fn examples(&self, prompt: char) -> Vec<&str> {
        let head = format!(".Dl {prompt} ");
        let lines = self.section("EXAMPLES").into_iter();
        lines
            .filter_map(|line| line.strip_prefix(head.as_str()))
            .collect()
    }

    /// The words explained under a heading: `.Ss title`, then `.It Cm word`.
    pub fn entries(&self, title: &str) -> BTreeSet<String> {
        let head = format!(".Ss {title}");
        let after = self.text.lines().skip_while(|line| *line != head).skip(1);
        let section = after.take_while(|line| !is_head(line));
        let items = section.filter_map(|line| line.strip_prefix(".It Cm "));
        let words = items.filter_map(|item| item.split(' ').next());
        words.map(String::from).collect()
    }

    /// What stands as it is under a heading: `.Ss title`, then `.Bd -literal`.
    pub fn literal(&self, title: &str) -> Option<String> {
        let head = format!(".Ss {title}");
        let after = self.text.lines().skip_while(|line| *line != head).skip(1);
        let section = after.take_while(|line| !is_head(line));
        let mut block = section.skip_while(|line| !line.starts_with(".Bd -literal"));
        block.next()?;
        let lines = block.take_while(|line| *line != ".Ed");
        Some(lines.map(|line| format!("{line}\n")).collect())
    }

    /// Holds a page about lines of JSON to all kinds of values in them, each with its heading:
    /// the same fields on both sides. A value with a `type` is a line.
    pub fn describes(&self, all: &[(&str, Value)]) {
        let file = tree::name(&self.path);
        for (title, value) in all {
            let fields = value
                .as_object()
                .into_iter()
                .flat_map(|object| object.keys());
            let fields = fields.filter(|field| *field != "type").cloned();
            assert_eq!(
                self.entries(title),
                fields.collect(),
                "{file}, {title} (left); the type (right)"
            );
            if let Some(kind) = value.get("type") {
                assert_eq!(kind, title);
            }
        }
        let known: BTreeSet<&str> = all.iter().map(|(title, _)| *title).collect();
        let titles = self.section("DESCRIPTION").into_iter();
        let titles = titles.filter_map(|line| line.strip_prefix(".Ss "));
        assert_eq!(titles.collect::<BTreeSet<_>>(), known, "{file}");
    }

    /// Holds its lines of JSON to the types: one of each is there, and one that was read and is
    /// written `again` has every field and no other.
    pub fn shows_each(&self, all: &[(&str, Value)], again: impl Fn(&str) -> Value) {
        let file = tree::name(&self.path);
        let text = self.literal("Some lines of a stream").unwrap_or_default();
        let kind = |value: &Value| Some(value.get("type")?.as_str()?.to_string());
        let mut kinds = BTreeSet::new();
        for line in text.replace("\n ", "").lines() {
            let value: Value = serde_json::from_str(line).unwrap_or_default();
            assert_eq!(again(line), value, "{file}: {line}");
            kinds.extend(kind(&value));
        }
        let all = all.iter().filter_map(|(_, value)| kind(value));
        assert_eq!(kinds, all.collect(), "{file}: one of each");
    }
}

fn is_head(line: &str) -> bool {
    line.starts_with(".Sh ") || line.starts_with(".Ss ")
}

/// The options in one line of mdoc: `Fl x` is `-x`, `Fl Fl long` is `--long`.
fn flags(line: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut dashes = String::new();
    for word in line.split_whitespace() {
        match word.trim_start_matches('.') {
            "Fl" => dashes.push('-'),
            word if !dashes.is_empty() => {
                names.insert(dashes + word);
                dashes = String::new();
            }
            _ => {}
        }
    }
    names
}
