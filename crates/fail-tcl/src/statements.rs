//! A file of statements in Tcl that are no policy: the scenario of a rehearsal.
//!
//! The file is evaluated with all of Tcl, and each call of one of the given commands is written
//! down with its words and its line. What the words mean is the caller's.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use crate::limits::{STATEMENTS_MAX, STILL_TURN_MAX};
use crate::policy::{PolicyError, explain_file, here};
use crate::tcl::{Interp, Obj, TclError};

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The command and its words.
    pub words: Vec<String>,
    /// The line of the file where it stands, or where the proc that says it is called.
    pub line: u32,
}

impl Statement {
    /// Something is wrong with it.
    pub fn wrong(&self, file: &Path, sentence: impl Into<String>) -> PolicyError {
        PolicyError::at_line(file, self.line, &sentence.into())
    }
}

/// Evaluates a file in which `commands` are statements. `program` is the path by which this
/// program was called.
///
/// # Errors
/// The first thing that is wrong with it as Tcl, with its line.
pub fn statements(
    file: &Path,
    commands: &[&str],
    program: &str,
) -> Result<Vec<Statement>, PolicyError> {
    let wrong = |error: TclError| PolicyError::without_file(error.message);
    let interp = Interp::new(program).map_err(wrong)?;
    let said: Rc<RefCell<Vec<Statement>>> = Rc::default();
    for command in commands {
        // Some of these are known to Tcl by other names, or not at all.
        let (list, name) = (Rc::clone(&said), command.to_string());
        interp.define(command, move |interp, words| {
            let mut list = list.borrow_mut();
            if list.len() >= STATEMENTS_MAX {
                return Err(TclError::new(format!(
                    "more than {STATEMENTS_MAX} statements (STATEMENTS_MAX)"
                )));
            }
            let line = here(interp).map_or(0, |place| place.line);
            let words = words.iter().map(Obj::to_text);
            let words = std::iter::once(name.clone()).chain(words).collect();
            list.push(Statement { words, line });
            Ok(Obj::text(""))
        });
    }
    interp.limit(STILL_TURN_MAX);
    let read = interp.eval_file(file);
    interp.unlimited();
    read.map_err(|error| explain_file(&interp, file, &error))?;
    drop(interp);
    Ok(said.take())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_have_their_words_and_lines_and_all_of_tcl() {
        let path = std::env::temp_dir().join(format!("statements-{}.tcl", std::process::id()));
        let text = "host a -f x.tcl\nforeach n {1 2} {\n    at ${n}s crash a\n}\nproc p {} {\n  at 9s heal\n}\np\n";
        std::fs::write(&path, text).unwrap();
        let said = statements(&path, &["host", "at"], "test").unwrap();
        let texts: Vec<_> = said.iter().map(|s| (s.line, s.words.join(" "))).collect();
        let expected = [
            (1, "host a -f x.tcl"),
            (3, "at 1s crash a"),
            (3, "at 2s crash a"),
            (6, "at 9s heal"),
        ];
        let expected: Vec<_> = expected.map(|(n, t)| (n, t.to_string())).to_vec();
        assert_eq!(texts, expected);
        let wrong = said[1].wrong(&path, "bad word \"a\nb\"");
        assert_eq!(
            (wrong.line, &wrong.sentence[..]),
            (Some(3), "bad word \"a b\"")
        );
        std::fs::write(&path, "host a\nhots b\n").unwrap();
        let error = statements(&path, &["host"], "test").unwrap_err();
        assert_eq!(error.line, Some(2), "{error}");
        assert_eq!(error.sentence, "invalid command name \"hots\"");
        std::fs::remove_file(&path).unwrap();
    }
}
