//! The table of rules that are broken on purpose: `mutants.txt` read, and a file changed as
//! one of its rows says. Not here: running anything; see the example of that name.

use std::iter::Peekable;
use std::str::Lines;

/// A change of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// From the root of the source tree.
    pub file: String,
    /// What stands there, once.
    pub was: String,
    /// What stands there instead.
    pub is: String,
}

/// One rule, broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// What it breaks.
    pub what: String,
    /// How.
    pub patches: Vec<Patch>,
}

impl Patch {
    /// The text of the file, changed.
    ///
    /// # Errors
    /// What is to be changed is not there, or more than once.
    pub fn apply(&self, text: &str) -> Result<String, String> {
        match text.matches(&self.was).count() {
            1 => Ok(text.replacen(&self.was, &self.is, 1)),
            n => Err(format!(
                "{}: {n} times instead of once:\n{}",
                self.file, self.was
            )),
        }
    }
}

/// Reads the table.
///
/// # Errors
/// One sentence with the line that can not be understood.
pub fn parse(text: &str) -> Result<Vec<Mutant>, String> {
    let mut mutants: Vec<Mutant> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(what) = line.strip_prefix("== ") {
            mutants.push(Mutant {
                what: what.to_string(),
                patches: Vec::new(),
            });
            continue;
        }
        let patch = Patch {
            file: line.to_string(),
            was: block(&mut lines, "- "),
            is: block(&mut lines, "+ "),
        };
        match mutants.last_mut() {
            Some(mutant) if !patch.was.is_empty() && !patch.is.is_empty() => {
                mutant.patches.push(patch);
            }
            _ => {
                return Err(format!(
                    "{line}: not a file with its lines (-) and new ones (+)"
                ));
            }
        }
    }
    match mutants.iter().find(|mutant| mutant.patches.is_empty()) {
        Some(mutant) => Err(format!("{}: it changes nothing", mutant.what)),
        None => Ok(mutants),
    }
}

/// The next lines with this prefix, without it.
fn block(lines: &mut Peekable<Lines>, prefix: &str) -> String {
    let mut block = String::new();
    while let Some(line) = lines.next_if(|line| line.starts_with(prefix)) {
        block += &line[prefix.len()..];
        block.push('\n');
    }
    block
}
