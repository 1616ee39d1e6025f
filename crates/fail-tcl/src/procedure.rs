//! One procedure of a Tcl file, called once: what hc's checks and actions in Tcl are.
//!
//! In a plain interpreter on the caller's thread: `exec`, `socket`, `after` are Tcl's own. What
//! the procedure found goes back as a value; nothing is printed here. It may run as long as
//! it likes, so who calls it is a process that may be ended.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use crate::tcl::{Interp, TclError};

/// Figures of one call; more are left out.
const FIGURES_MAX: usize = 64;

const FIGURE: &str = "hc::figure name value ?unit? ?warn? ?bad?";

/// What a procedure came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// Its result.
    Good(String),
    /// `throw {HC WARNING} text`
    Warning(String),
    /// `throw {HC UNKNOWN} text`
    Unknown(String),
    /// Any other error, by its message.
    Bad(String),
}

/// What was measured: the words of `hc::figure`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// What.
    pub name: String,
    /// How much: a number.
    pub value: String,
    /// Of what; empty: nothing.
    pub unit: String,
    /// The range beyond which it is a warning; empty: none.
    pub warn: String,
    /// The range beyond which it is bad; empty: none.
    pub bad: String,
}

/// Reads the file and calls the procedure: its name and its arguments are `words`, of which
/// none is read as Tcl. `program` is as for [`crate::start`].
///
/// # Errors
/// There is no interpreter, or the file has an error: with its line.
pub fn call(program: &str, file: &Path, words: &[String]) -> Result<(Came, Vec<Measured>), String> {
    let interp = Interp::new(program).map_err(|e| e.message)?;
    let figures = Rc::new(RefCell::new(Vec::new()));
    let measured = Rc::clone(&figures);
    let ready = interp.command(["namespace", "eval", "::hc", ""]);
    ready.map_err(|e| e.message)?;
    interp.define("::hc::figure", move |interp, words| {
        let figure = figure(
            interp,
            &words.iter().map(|w| w.to_text()).collect::<Vec<_>>(),
        )?;
        let mut figures = measured.borrow_mut();
        if figures.len() < FIGURES_MAX {
            figures.push(figure);
        }
        Ok(crate::tcl::Obj::text(""))
    });
    // Whoever ends the process has not said what was found, and 0 would look well.
    let exit = [
        "proc",
        "::exit",
        "args",
        "error {exit: a procedure returns what it has found}",
    ];
    interp.command(exit).map_err(|e| e.message)?;
    interp.eval_file(file).map_err(|e| {
        let info = e.info();
        let place = info
            .lines()
            .find(|line| line.trim_start().starts_with("(file"));
        let place = place.map_or(String::new(), |line| format!(" {}", line.trim()));
        format!("{}: {}{place}", file.display(), e.message)
    })?;
    let words: Vec<_> = words
        .iter()
        .map(|word| crate::tcl::Obj::text(word))
        .collect();
    let came = match interp.call(&words) {
        Ok(result) => Came::Good(result.to_text()),
        Err(error) => {
            let code = error.code_words();
            let code: Vec<&str> = code.iter().map(String::as_str).collect();
            match code.as_slice() {
                ["HC", "WARNING", ..] => Came::Warning(error.message),
                ["HC", "UNKNOWN", ..] => Came::Unknown(error.message),
                _ => Came::Bad(error.message),
            }
        }
    };
    let figures = figures.borrow().clone();
    Ok((came, figures))
}

fn figure(interp: &Interp, words: &[String]) -> Result<Measured, TclError> {
    let [name, value, rest @ ..] = words else {
        return Err(TclError::usage(FIGURE));
    };
    if rest.len() > 3 {
        return Err(TclError::usage(FIGURE));
    }
    let number = interp.command(["string", "is", "double", "-strict", value])?;
    if number.to_text() != "1" {
        return Err(TclError::new(format!("\"{value}\" is no number")));
    }
    let word = |n: usize| rest.get(n).cloned().unwrap_or_default();
    Ok(Measured {
        name: name.clone(),
        value: value.clone(),
        unit: word(0),
        warn: word(1),
        bad: word(2),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(script: &str, words: &[&str]) -> Result<(Came, Vec<Measured>), String> {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let no = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("procedure-{}-{no}.tcl", std::process::id());
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, script).unwrap();
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        let came = call("test", &file, &words);
        std::fs::remove_file(&file).unwrap();
        came
    }

    #[test]
    fn what_a_procedure_returns_or_throws_is_what_it_came_to() {
        let script = "proc good x {return \"<$x>\"}
            proc warn x {throw {HC WARNING} $x}
            proc odd x {throw {HC UNKNOWN} $x}
            proc deep x {warn $x}
            proc bad x {error $x}";
        let word = "a [exit] $b;{ \"";
        for (name, expected) in [
            ("good", Came::Good(format!("<{word}>"))),
            ("warn", Came::Warning(word.to_string())),
            ("deep", Came::Warning(word.to_string())),
            ("odd", Came::Unknown(word.to_string())),
            ("bad", Came::Bad(word.to_string())),
        ] {
            assert_eq!(came(script, &[name, word]).unwrap().0, expected);
        }
        let (missing, _) = came(script, &["nope"]).unwrap();
        assert!(matches!(missing, Came::Bad(text) if text.contains("nope")));
        let error = came("set x 1\nfoo", &["good"]).unwrap_err();
        assert!(
            error.contains("\"foo\"") && error.contains("line 2"),
            "{error}"
        );
    }

    #[test]
    fn figures_are_numbers_with_units_and_ranges() {
        let script = "proc p {} {hc::figure used 12.5 % 80 90; hc::figure n 3; return ok}
            proc q {} {hc::figure n many}
            proc many {} {for {set i 0} {$i < 1000} {incr i} {hc::figure n $i}}";
        let (good, figures) = came(script, &["p"]).unwrap();
        assert_eq!(good, Came::Good("ok".to_string()));
        assert_eq!(
            (figures[0].unit.as_str(), figures[0].bad.as_str()),
            ("%", "90")
        );
        assert_eq!(
            (figures[1].value.as_str(), figures[1].warn.as_str()),
            ("3", "")
        );
        let (bad, _) = came(script, &["q"]).unwrap();
        assert_eq!(bad, Came::Bad("\"many\" is no number".to_string()));
        assert_eq!(came(script, &["many"]).unwrap().1.len(), FIGURES_MAX);
    }
}
