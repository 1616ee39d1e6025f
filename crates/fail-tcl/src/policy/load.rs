//! Reading the policy's files: all of them or none, and if none, which word on which line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use fail_core::policy::{BadPolicy, Policy};
use fail_wire::Name;

use super::Site;
use super::normal::list;
use super::place::{Blame, Place};
use crate::packages;
use crate::tcl::{Interp, Obj, TclError};

/// A policy and what its scripts need beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loaded {
    /// The settings.
    pub policy: Policy,
    /// The procs that the policy defined in the global namespace: the commands that define
    /// them again, in order of their names.
    pub procs: Vec<String>,
    /// The ready-made packages that the policy has required.
    pub packages: Vec<&'static str>,
    /// Where each host is named, for [`Loaded::blame_host`].
    host_places: BTreeMap<Name, PolicyError>,
}

impl Loaded {
    /// Something is wrong with a host that only shows when the policy is used: its name can
    /// not be looked up, say. Names the line that speaks of it.
    pub fn blame_host(&self, host: &Name, sentence: &str) -> PolicyError {
        let place = self.host_places.get(host).cloned();
        let place = place.unwrap_or_else(|| PolicyError::without_file(""));
        PolicyError {
            sentence: sentence.to_string(),
            ..place
        }
    }
}

/// What is wrong with a policy, and where. Prints as one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PolicyError {
    /// The file, by the path that was given; empty when it is about none.
    pub file: String,
    /// The line in it, if that can be known.
    pub line: Option<u32>,
    /// What is wrong, as one sentence that names the word.
    pub sentence: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.file.as_str(), self.line) {
            ("", _) => f.write_str(&self.sentence),
            (file, Some(line)) => write!(f, "{file}:{line}: {}", self.sentence),
            (file, None) => write!(f, "{file}: {}", self.sentence),
        }
    }
}

impl PolicyError {
    /// About no file in particular.
    pub(crate) fn without_file(sentence: impl Into<String>) -> PolicyError {
        PolicyError {
            file: String::new(),
            line: None,
            sentence: sentence.into(),
        }
    }

    /// About a line of a file. A word that is quoted in it may have more lines than one, and
    /// still it is one sentence.
    pub fn at_line(file: &Path, line: u32, sentence: &str) -> PolicyError {
        PolicyError {
            file: file.to_string_lossy().into_owned(),
            line: Some(line),
            sentence: sentence.replace(char::is_control, " "),
        }
    }

    /// About a file as a whole.
    fn about(file: &Path, sentence: String) -> PolicyError {
        PolicyError {
            file: file.to_string_lossy().into_owned(),
            line: None,
            sentence,
        }
    }
}

/// What is read of a policy, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// A file, or the `*.tcl` of a directory in their order.
    File(PathBuf),
    /// A variable is set: its name, which may be that of an element, and its value.
    Set(String, String),
    /// A script that stands in no file is evaluated.
    Eval(String),
}

/// Reads everything in its order and closes the site.
pub(crate) fn load(interp: &Interp, site: &Site, read: &[Read]) -> Result<Loaded, PolicyError> {
    let mut files = Vec::new();
    for path in read {
        if let Read::File(path) = path {
            files.append(&mut expand(std::slice::from_ref(path))?);
        }
    }
    let before = procs(interp);
    for read in read {
        site.blame.replace(None);
        let aside = |what: String| {
            move |e: TclError| {
                PolicyError::without_file(format!("{what}: {}", one_line(&e.message)))
            }
        };
        match read {
            Read::File(path) => {
                for file in expand(std::slice::from_ref(path))? {
                    site.blame.replace(None);
                    interp
                        .eval_file(&file)
                        .map_err(|e| explain(interp, site, &files, &file, &e))?;
                }
            }
            Read::Set(name, value) => {
                let set = interp.command(["set", name, value]);
                set.map_err(aside(format!("set {name}")))?;
            }
            Read::Eval(script) => {
                interp.eval(script).map_err(aside("eval".to_string()))?;
            }
        }
    }
    let (policy, host_places) = {
        let draft = site.draft.borrow();
        let policy = draft.finished();
        if let Err(bad) = policy.check() {
            let place = draft.place(&bad.service, bad.option).cloned();
            drop(draft);
            return Err(senseless(interp, &files, &bad, place));
        }
        let place = |host: &Name| {
            let place = draft.host_place(host)?;
            Some((host.clone(), at(interp, &files, place, String::new())))
        };
        let host_places = policy.hosts.keys().filter_map(place).collect();
        (policy, host_places)
    };
    site.closed.set(true);
    site.blame.replace(None);
    let procs = procs(interp)
        .difference(&before)
        .filter_map(|name| definition(interp, name))
        .collect();
    Ok(Loaded {
        policy,
        procs,
        packages: packages::required(interp),
        host_places,
    })
}

/// The files themselves, with each directory replaced by what is in it.
fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>, PolicyError> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let failed = |e: std::io::Error| {
            PolicyError::about(path, format!("the directory can not be read: {e}"))
        };
        let mut inside = Vec::new();
        for entry in path.read_dir().map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            if file.extension().is_some_and(|e| e == "tcl") {
                inside.push(file);
            }
        }
        if inside.is_empty() {
            let sentence = "no file in this directory ends in .tcl".to_string();
            return Err(PolicyError::about(path, sentence));
        }
        inside.sort();
        files.append(&mut inside);
    }
    Ok(files)
}

/// Says where a Tcl error comes from, as closely as can be known.
fn explain(
    interp: &Interp,
    site: &Site,
    files: &[PathBuf],
    file: &Path,
    error: &TclError,
) -> PolicyError {
    let sentence = one_line(&error.message);
    let blame = site.blame.take();
    if let Some(Blame { place, .. }) = blame.filter(|b| b.message == error.message) {
        return at(interp, files, &place, sentence);
    }
    let info = error.info();
    let Some((inside, place)) = outermost(&info) else {
        return PolicyError::about(file, sentence);
    };
    // Tcl only says at which line of the file the outermost command begins; where inside it
    // the error happened is worth a word.
    let sentence = match inside {
        Some(inside) => format!("{sentence} ({inside})"),
        None => sentence,
    };
    at(interp, files, &place, sentence)
}

/// From an `errorInfo`: the first `(file "x" line n)`, and the first other place, such as
/// `procedure "p" line 3`, if one stands before it.
fn outermost(info: &str) -> Option<(Option<&str>, Place)> {
    let mut inside = None;
    for line in info.lines() {
        let Some(note) = line.strip_prefix("    (").and_then(|l| l.strip_suffix(')')) else {
            continue;
        };
        let Some((what, number)) = note.rsplit_once(" line ") else {
            continue;
        };
        let Ok(line) = number.parse() else { continue };
        let file = what
            .strip_prefix("file \"")
            .and_then(|f| f.strip_suffix('"'));
        if let Some(file) = file {
            let file = file.to_string();
            return Some((inside, Place { file, line }));
        }
        inside = inside.or(Some(note));
    }
    None
}

fn senseless(
    interp: &Interp,
    files: &[PathBuf],
    bad: &BadPolicy,
    place: Option<Place>,
) -> PolicyError {
    let sentence = bad.to_string();
    match (place, files.first()) {
        (Some(place), _) => at(interp, files, &place, sentence),
        (None, Some(file)) => PolicyError::about(file, sentence),
        (None, None) => PolicyError::without_file(sentence),
    }
}

/// An error at a place. A file is called what the administrator called it: Tcl knows it by
/// its full path.
fn at(interp: &Interp, files: &[PathBuf], place: &Place, sentence: String) -> PolicyError {
    let given = files.iter().map(|f| f.to_string_lossy()).find(|given| {
        **given == *place.file
            || interp
                .command(["file", "normalize", given])
                .is_ok_and(|full| full.to_text() == place.file)
    });
    PolicyError {
        file: given.map_or_else(|| place.file.clone(), |g| g.into_owned()),
        line: Some(place.line),
        sentence,
    }
}

/// The same for a file that is no policy.
pub(crate) fn explain_file(interp: &Interp, file: &Path, error: &TclError) -> PolicyError {
    let sentence = one_line(&error.message);
    match outermost(&error.info()) {
        Some((_, place)) => at(interp, &[file.to_path_buf()], &place, sentence),
        None => PolicyError::about(file, sentence),
    }
}

fn one_line(message: &str) -> String {
    match message.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => line.trim_end().to_string(),
        None => "an error without a message".to_string(),
    }
}

fn procs(interp: &Interp) -> BTreeSet<String> {
    let names = interp.command(["info", "procs"]).ok();
    let names = names.and_then(|names| names.elements()).unwrap_or_default();
    names.iter().map(Obj::to_text).collect()
}

fn definition(interp: &Interp, name: &str) -> Option<String> {
    let words = interp.command(["::fail::definition", name]).ok()?;
    Some(list(words.elements()?.iter().map(Obj::to_text)))
}
