//! Files to rules: variables are put in, files included, defaults kept as they are at each rule.
//! What the lines of a target mean is looked at afterwards ([`super::build`]), when it is known
//! which targets there are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::checks::module;
use super::lex::{Automatic, Letter, Line, Lines, Word, assignment, expand, text, words};
use super::limits::{BYTES_MAX, DEPTH_MAX, FILES_MAX};
use super::modules::modules;
use super::place::{At, Faults, Kind, Problem, Wrong, meant, shown};
use super::settings::{SETTINGS, Settings};
use super::source::{Source, is_pattern, join, split};
use super::variables::Variables;

/// Targets, what they depend on, and their lines, in which names are not filled in yet.
#[derive(Debug)]
pub(crate) struct Rule {
    pub names: Vec<Word>,
    pub depends: Vec<Word>,
    pub lines: Vec<Vec<Word>>,
    /// The defaults of the file at this place.
    pub defaults: Arc<Settings>,
    /// A line or dependency could not be read, which was said.
    pub broken: bool,
}

/// All that was read.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub rules: Vec<Rule>,
    /// Modules, and where each was loaded first.
    pub loaded: BTreeMap<&'static str, At>,
    /// The names of the files by their numbers, as the source knows them.
    pub files: Vec<String>,
    /// A rule or file could not be read: there are targets that are not known.
    pub gaps: bool,
    /// Words of lines that are wrong, which may be the names of those targets.
    pub perhaps: BTreeSet<String>,
}

/// To what an indented line belongs.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Under {
    Nothing,
    /// The last rule.
    Rule(Automatic),
    /// A rule that could not be read, which was said.
    Broken,
}

struct Reader<'a> {
    source: &'a dyn Source,
    faults: &'a mut Faults,
    script: Script,
    variables: Variables,
    defaults: Arc<Settings>,
    bytes: usize,
    /// The files that are being read, each included by the one before it.
    way: Vec<String>,
    under: Under,
}

/// Reads a file and all that it includes.
pub(crate) fn read(name: &str, source: &dyn Source, faults: &mut Faults) -> Script {
    let mut reader = Reader {
        source,
        faults,
        script: Script::default(),
        variables: Variables::default(),
        defaults: Arc::default(),
        bytes: 0,
        way: vec![],
        under: Under::Nothing,
    };
    if let Err(problem) = reader.file(name) {
        let file = match reader.script.files.is_empty() {
            true => reader.faults.file(name),
            false => 0,
        };
        reader.script.gaps = true;
        reader.faults.add(Kind::File, (At::whole(file), problem));
    }
    for (name, at) in reader.variables.unused() {
        if !SETTINGS.contains(&name) {
            let problem = format!("the variable {} is not used", shown(name));
            reader.faults.warn(at, problem);
        }
    }
    reader.script
}

impl Reader<'_> {
    fn file(&mut self, name: &str) -> Result<(), Problem> {
        if self.way.iter().any(|open| open == name) {
            let way: Vec<String> = self.way.iter().map(|open| shown(open)).collect();
            return Err(format!(
                "{} includes itself: {} -> {}",
                shown(name),
                way.join(" -> "),
                shown(name)
            ));
        }
        if self.way.len() >= DEPTH_MAX {
            return Err(format!("files are included more than {DEPTH_MAX} deep"));
        }
        if self.script.files.len() >= FILES_MAX {
            return Err(format!("more than {FILES_MAX} files"));
        }
        let bytes = self.source.read(name);
        let bytes = bytes.map_err(|why| match self.way.is_empty() {
            // Its name is the place.
            true => {
                self.faults.unread = true;
                format!("can not be read: {}", plain(&why))
            }
            false => format!("can not read {}: {}", shown(name), plain(&why)),
        })?;
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > BYTES_MAX {
            return Err(format!(
                "with {} there are more than {BYTES_MAX} bytes",
                shown(name)
            ));
        }
        let file = self.faults.file(name);
        self.script.files.push(name.to_string());
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text,
            Err(bad) => {
                let good = String::from_utf8_lossy(&bytes[..bad.valid_up_to()]);
                let before = good.rsplit('\n').next().unwrap_or_default();
                let at = At {
                    file,
                    line: good.matches('\n').count() as u32 + 1,
                    column: before.chars().count() as u32 + 1,
                };
                self.script.gaps = true;
                let problem = "this is no UTF-8".to_string();
                self.faults.add(Kind::File, (at, problem));
                return Ok(());
            }
        };
        self.way.push(name.to_string());
        self.under = Under::Nothing;
        for line in Lines::new(text, file) {
            if self.faults.is_full() {
                break;
            }
            let done = match line {
                Ok(line) if line.indented => self.indented(&line),
                Ok(line) => self.statement(&line),
                Err(wrong) => {
                    self.script.gaps |= self.under == Under::Broken;
                    Err(wrong)
                }
            };
            if let Err(wrong) = done {
                if let (Under::Rule(_), Some(rule)) = (self.under, self.script.rules.last_mut()) {
                    rule.broken = true;
                }
                self.faults.add(Kind::Line, wrong);
            }
        }
        self.under = Under::Nothing;
        self.way.pop();
        Ok(())
    }

    fn indented(&mut self, line: &Line) -> Result<(), Wrong> {
        let automatic = match self.under {
            Under::Broken => return Ok(()),
            Under::Rule(automatic) => automatic,
            Under::Nothing => {
                let problem = "an indented line belongs to the target above it, and there is none";
                let first = line.letters.iter().find(|(c, _)| *c != ' ' && *c != '\t');
                let at = first.map(|(_, at)| *at).unwrap_or_default();
                return Err((at, problem.to_string()));
            }
        };
        let expanded = expand(&line.letters, &mut self.variables, automatic);
        let words = expanded.and_then(|letters| words(&letters));
        let Some(rule) = self.script.rules.last_mut() else {
            return Ok(());
        };
        rule.lines.push(words?);
        Ok(())
    }

    /// A line that begins at the first column.
    fn statement(&mut self, line: &Line) -> Result<(), Wrong> {
        self.under = Under::Nothing;
        if let Some((name, sign, value)) = assignment(&line.letters) {
            let at = line.letters.first().map(|(_, at)| *at).unwrap_or_default();
            let name = Word { text: name, at };
            return self.assign(&name, sign, value).inspect_err(|_| {
                self.variables.break_off(&name.text);
            });
        }
        // Until it is known to be something.
        self.under = Under::Broken;
        let expanded = expand(&line.letters, &mut self.variables, Automatic::None);
        let words = expanded.and_then(|letters| words(&letters));
        let words = words.inspect_err(|_| self.script.gaps = true)?;
        let Some((head, rest)) = words.split_first() else {
            self.under = Under::Nothing;
            return Ok(());
        };
        let rule = rest.first().is_some_and(|word| word.text == ":");
        match head.text.as_str() {
            "load" if !rule => self.load(head, rest),
            "include" if !rule => self.include(head, rest),
            _ => self.rule(&words).inspect_err(|_| {
                let names = words.iter().map(|word| word.text.trim_matches(':'));
                self.script.perhaps.extend(names.map(str::to_string));
            }),
        }
    }

    fn assign(&mut self, name: &Word, sign: char, value: &[Letter]) -> Result<(), Wrong> {
        let own = expand(value, &mut self.variables, Automatic::None)?;
        let added = text(&own);
        let set = self.variables.set(&name.text, sign, added.clone(), name.at);
        let Some(value) = set.map_err(|problem| name.wrong(problem))? else {
            return Ok(());
        };
        if SETTINGS.contains(&name.text.as_str()) {
            // What was there before `+=` was right, so where it stands does not matter.
            let before = value.strip_suffix(&added).unwrap_or_default().chars();
            let mut letters: Vec<Letter> = before.map(|letter| (letter, name.at)).collect();
            letters.extend(own);
            Arc::make_mut(&mut self.defaults).default_is(name, &words(&letters)?)?;
        }
        Ok(())
    }

    fn load(&mut self, head: &Word, names: &[Word]) -> Result<(), Wrong> {
        self.under = Under::Nothing;
        if names.is_empty() {
            return Err(head.wrong("load needs the name of a module"));
        }
        for name in names {
            match module(&name.text) {
                Some(module) => {
                    self.script.loaded.entry(module.name).or_insert(name.at);
                }
                None => {
                    let near = meant(&name.text, modules().iter().map(|module| module.name));
                    let problem = format!("there is no module {}{near}", name.shown());
                    self.faults.add(Kind::Line, name.wrong(problem));
                }
            }
        }
        Ok(())
    }

    fn include(&mut self, head: &Word, names: &[Word]) -> Result<(), Wrong> {
        self.under = Under::Nothing;
        if names.is_empty() {
            return Err(head.wrong("include needs the name of a file"));
        }
        for name in names {
            let beside = self.way.last().map_or("", String::as_str);
            let path = join(beside, &name.text);
            let (folder, last) = split(&name.text);
            if last.is_empty() || is_pattern(folder) {
                let problem = "is no file: only its last part may have *, ? or []";
                let wrong = name.wrong(format!("{} {problem}", name.shown()));
                self.faults.add(Kind::Line, wrong);
                continue;
            }
            let files = match is_pattern(last) {
                false => vec![path.clone()],
                true => match self.source.list(&path) {
                    Ok(files) => files,
                    Err(why) => {
                        let problem = format!("can not list {}: {}", shown(&path), plain(&why));
                        self.faults.add(Kind::File, name.wrong(problem));
                        continue;
                    }
                },
            };
            if files.is_empty() {
                let problem = format!("there is no file {}", shown(&path));
                self.faults.warn(name.at, problem);
            }
            for file in files {
                if let Err(problem) = self.file(&file) {
                    self.script.gaps = true;
                    self.faults.add(Kind::File, name.wrong(problem));
                    break;
                }
            }
        }
        self.under = Under::Nothing;
        Ok(())
    }

    fn rule(&mut self, words: &[Word]) -> Result<(), Wrong> {
        let Some(colon) = words.iter().position(|word| word.text.ends_with(':')) else {
            return Err(words[0].wrong(no_rule(words)));
        };
        let mut names = words[..=colon].to_vec();
        let mut depends = words[colon + 1..].to_vec();
        if let Some(last) = names.last_mut() {
            last.text.pop();
        }
        names.retain(|word| !word.text.is_empty());
        if names.is_empty() {
            return Err(words[colon].wrong("there is no target before the colon"));
        }
        if let Some(second) = depends.iter().find(|word| word.text.ends_with(':')) {
            return Err(second.wrong(format!("{} is a second colon", second.shown())));
        }
        let patterns = names.iter().all(|word| word.text.contains('%'));
        let automatic = match patterns {
            true => Automatic::Stem,
            false => Automatic::Target,
        };
        let (most, problem) = match patterns {
            true => (1, "has more than one %"),
            false => (
                0,
                "has a %, which has a meaning only where all targets are patterns",
            ),
        };
        let stray = { depends.iter() }.find(|word| word.text.matches('%').count() > most);
        let stray = stray.map(|word| word.wrong(format!("{} {problem}", word.shown())));
        let broken = stray.is_some();
        if let Some(wrong) = stray {
            self.faults.add(Kind::Dependency, wrong);
            depends.clear();
        }
        self.script.rules.push(Rule {
            names,
            depends,
            lines: vec![],
            defaults: self.defaults.clone(),
            broken,
        });
        self.under = Under::Rule(automatic);
        Ok(())
    }
}

/// What a line without a colon may have been meant to be.
fn no_rule(words: &[Word]) -> Problem {
    let head = &words[0];
    let text = head.text.as_str();
    if SETTINGS.contains(&text) {
        return format!("for all targets that follow it is {text} = ..., for one it is indented");
    }
    if text == "on" || module(text).is_some() {
        return "a line of a target is indented".to_string();
    }
    if let Some(at @ 2..) = words.iter().position(|word| word.text == "=") {
        let before: Vec<&str> = words[..at].iter().map(|word| word.text.as_str()).collect();
        let before = shown(&before.join(" "));
        return format!("{before} is no name of a variable: a name is one word");
    }
    if words.iter().any(|word| word.text.contains(':')) {
        return "the colon behind targets is at the end of a word".to_string();
    }
    let near = meant(text, ["load", "include"].into_iter().chain(SETTINGS));
    format!(
        "{} begins nothing: a variable has a =, targets have a colon behind them{near}",
        head.shown()
    )
}

/// What the system said, without anything odd in it.
fn plain(why: &str) -> String {
    super::place::shown_path(why)
}
