//! A file of statements in Tcl that are no policy: the scenario of a rehearsal.
//!
//! The file is evaluated with all of Tcl that does nothing outside (`statements.tcl`), and each call of one of the given commands is written
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
    interp.eval(include_str!("statements.tcl")).map_err(wrong)?;
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
    fn what_would_change_something_is_refused_with_its_line() {
        let folder = std::env::temp_dir().join(format!("scenario-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("scenario.tcl");
        let mark = folder.join("mark");
        let mark = mark.display();
        for (line, what) in [
            (format!("exec touch {mark}"), "exec"),
            ("exit 0".to_string(), "exit"),
            ("socket localhost 80".to_string(), "socket"),
            ("load x.so".to_string(), "load"),
            ("cd /".to_string(), "cd"),
            ("interp create".to_string(), "interp create"),
            (format!("open {mark} w"), "open for anything but reading"),
            (
                format!("open \"|touch {mark}\""),
                "open for anything but reading",
            ),
            (format!("file mkdir {mark}"), "file mkdir"),
            (format!("file delete {mark}"), "file delete"),
            (format!("file rename {mark} {mark}2"), "file rename"),
            (format!("file copy scenario.tcl {mark}"), "file copy"),
            (format!("file link {mark} scenario.tcl"), "file link"),
            (format!("file tempfile x {mark}"), "file tempfile"),
            (format!("file mtime {} 1", path.display()), "file mtime"),
            (
                format!("file attributes {} -permissions 0", path.display()),
                "file attributes",
            ),
            ("chan pipe".to_string(), "chan pipe"),
            ("close stdout".to_string(), "close stdout"),
        ] {
            std::fs::write(&path, format!("host a\n{line}\n")).unwrap();
            let error = statements(&path, &["host"], "test").unwrap_err();
            let said = format!("{what} is not done in a scenario: it only tells what is to happen");
            assert_eq!((error.line, error.sentence), (Some(2), said), "{line}");
            let names = std::fs::read_dir(&folder).unwrap().count();
            assert_eq!(names, 1, "{line}");
        }
        std::fs::write(folder.join("more.tcl"), "host b\n").unwrap();
        let reads = "set here [file dirname [info script]]
source [file join $here more.tcl]
set file [open [file join $here more.tcl]]
host [lindex [gets $file] 1]
close $file
if {![file exists $here] || [glob -directory $here *] eq {}} {error no}
file mtime $here
file attributes $here
";
        std::fs::write(&path, reads).unwrap();
        let said = statements(&path, &["host"], "test").unwrap();
        assert_eq!(said.len(), 2);
        std::fs::remove_dir_all(&folder).unwrap();
    }

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
