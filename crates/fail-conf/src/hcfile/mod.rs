//! The Hcfile: what hc checks, how, and what is done about it. `Hcfile(5)` tells it in words.
//!
//! [`parse`] reads one, through a [`Source`] that has its files; [`print`] prints it in its
//! normal form, which is read to the same. [`check`], [`action`] and [`window`] are what its
//! lines come to, [`modules`] and [`actions`] what they may have. Nothing is opened here.

pub mod action;
pub mod check;
pub mod limits;
pub mod window;

mod acts;
mod advice;
mod args;
mod build;
mod checks;
mod hidden;
mod lex;
mod links;
mod modules;
mod place;
mod print;
mod read;
mod settings;
mod source;
mod template;
mod values;
mod variables;

use std::collections::BTreeMap;

use fail_core::watch::{Targets, Verdict};
use fail_wire::Name;
use sha2::{Digest, Sha256};

pub use modules::{ACTION_KEYS, CHECK_KEYS, Key, Module, Times, actions, modules};
pub use place::{Errors, Fault, Kind, Place, Warning};
pub use print::print;
pub use settings::SETTINGS;
pub use source::{Source, Use, fits, split};
pub use template::{CONTENT_TYPE, Form, REPORTED, Template};

/// What an Hcfile comes to.
#[derive(Debug, Clone, Default)]
pub struct Hcfile {
    /// Who is checked how, and when something is done about it.
    pub targets: Targets,
    /// What that is: for each target.
    pub bodies: BTreeMap<Name, Body>,
    /// All maintenance windows, by the text that [`fail_core::watch::Target::windows`] has.
    pub windows: BTreeMap<String, window::Window>,
    /// Where each target stands.
    pub places: BTreeMap<Name, Place>,
}

/// Where a target stands is no part of what it is.
impl PartialEq for Hcfile {
    fn eq(&self, other: &Hcfile) -> bool {
        self.targets.iter().eq(other.targets.iter())
            && self.bodies == other.bodies
            && self.windows == other.windows
    }
}

/// Checks and actions of a target, by the numbers that [`fail_core::watch`] gives them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Body {
    /// What is checked.
    pub checks: Vec<check::Line>,
    /// What counts when a check that says nothing of it can not find out what it asks; its
    /// terms have it already.
    pub unknown: Option<Verdict>,
    /// That it is down is nothing to worry about.
    pub quiet: bool,
    /// What is done.
    pub actions: Vec<action::Action>,
    /// The lines of the actions, as they are printed: `on down mail admin@example.org`.
    pub shown: Vec<String>,
    /// The same, as everybody may see them.
    pub public: Vec<String>,
}

impl Body {
    /// A number that is another one when the checks are others, or in another order. It is the
    /// same in every run of every version that shows them in the same words.
    pub fn fingerprint(&self) -> u64 {
        let mut sum = Sha256::new();
        for line in &self.checks {
            sum.update(line.shown.as_bytes());
            sum.update(b"\n");
        }
        let bytes = sum.finalize();
        bytes
            .iter()
            .take(8)
            .fold(0, |n, byte| n << 8 | u64::from(*byte))
    }
}

/// Reads an Hcfile and all that it includes.
///
/// # Errors
/// Everything that is wrong, sorted by its place: the first [`limits::SHOWN_MAX`], and how many
/// more.
pub fn parse(name: &str, source: &dyn Source) -> Result<(Hcfile, Vec<Warning>), Errors> {
    let mut faults = place::Faults::default();
    let script = read::read(name, source, &mut faults);
    let hcfile = build::build(&script, source, &mut faults);
    match faults.is_empty() {
        true => Ok((hcfile, faults.warnings())),
        false => Err(faults.errors()),
    }
}

/// Reads a single check, as a line of an Hcfile has it, without variables. Its paths are what
/// they are where the program runs.
///
/// # Errors
/// What is wrong with it; the place is one in the text.
pub fn parse_check(text: &str) -> Result<check::Line, Fault> {
    single("check", text, |words| {
        checks::check(words, &|path| path.to_string())
    })
}

/// Reads a single line `on EVENT ACTION`, as [`Body::shown`] has it.
///
/// # Errors
/// What is wrong with it; the place is one in the text.
pub fn parse_action(text: &str) -> Result<action::Action, Fault> {
    let on = single("action", text, |words| {
        acts::on(words, &|path| path.to_string())
    });
    on.map(|on| on.action)
}

/// Reads the only line of a text.
fn single<T>(
    what: &str,
    text: &str,
    read: impl Fn(&[lex::Word]) -> Result<T, place::Wrong>,
) -> Result<T, Fault> {
    let mut faults = place::Faults::default();
    let file = faults.file(what);
    let mut variables = variables::Variables::default();
    let mut lines = lex::Lines::new(text, file);
    let read = match lines.next() {
        None => Err((place::At::start(file), format!("there is no {what}"))),
        Some(line) => line.and_then(|line| {
            let automatic = lex::Automatic::None;
            let letters = lex::expand(&line.letters, &mut variables, automatic)?;
            let words = lex::words(&letters)?;
            match lines.next() {
                None => read(&words),
                Some(_) => Err((words[0].at, "more than one line".to_string())),
            }
        }),
    };
    read.map_err(|(at, problem)| Fault {
        place: faults.place(at),
        problem,
    })
}
