//! A Tcl error as a value: the message, and either a code for `errorCode` or the whole
//! dict of return options of an error that Tcl raised itself. Handing the dict back keeps
//! `errorInfo` as it was, instead of doubling it at each level.

use super::Obj;

/// What a command answers.
pub(crate) type Reply = Result<Obj, TclError>;

/// What went wrong.
#[derive(Debug, Clone)]
pub(crate) struct TclError {
    /// Tcl's result.
    pub(crate) message: String,
    /// For `errorCode`, when it is ours.
    pub(super) code: Vec<String>,
    /// From Tcl, when it is Tcl's.
    pub(super) options: Option<Obj>,
}

impl TclError {
    /// An error of ours.
    pub(crate) fn new(message: impl Into<String>) -> TclError {
        TclError {
            message: message.into(),
            code: Vec::new(),
            options: None,
        }
    }

    /// With this `errorCode`.
    pub(crate) fn code(mut self, words: &[&str]) -> TclError {
        self.code = words.iter().map(ToString::to_string).collect();
        self
    }

    /// The same without where Tcl raised it: as if it were ours.
    pub(crate) fn plain(self) -> TclError {
        let code = self.code_words();
        TclError {
            message: self.message,
            code,
            options: None,
        }
    }

    /// Its `errorCode`, word by word.
    pub(crate) fn code_words(&self) -> Vec<String> {
        if !self.code.is_empty() {
            return self.code.clone();
        }
        let code = self.options.as_ref();
        let code = code.and_then(|options| options.field("-errorcode")?.elements());
        code.unwrap_or_default().iter().map(Obj::to_text).collect()
    }

    /// Tcl's `errorInfo`; the message when there is none.
    pub(crate) fn info(&self) -> String {
        self.options
            .as_ref()
            .and_then(|options| options.field("-errorinfo"))
            .map_or_else(|| self.message.clone(), |info| info.to_text())
    }

    /// `wrong # args: should be "..."`.
    pub(crate) fn usage(line: &str) -> TclError {
        TclError::new(format!("wrong # args: should be \"{line}\"")).code(&["TCL", "WRONGARGS"])
    }

    /// `bad option "x": must be a, b, or c`.
    pub(crate) fn bad(what: &str, word: &str, choices: &[&str]) -> TclError {
        TclError::new(format!(
            "bad {what} \"{word}\": must be {}",
            either(choices)
        ))
    }
}

impl<T: std::error::Error> From<T> for TclError {
    fn from(error: T) -> TclError {
        TclError::new(error.to_string())
    }
}

/// `a`, `a or b`, `a, b, or c`, as Tcl writes it.
fn either(choices: &[&str]) -> String {
    match choices {
        [] => String::new(),
        [one] => (*one).to_string(),
        [one, two] => format!("{one} or {two}"),
        [most @ .., last] => format!("{}, or {last}", most.join(", ")),
    }
}
