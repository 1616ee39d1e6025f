//! The `errorCode`s of the commands, one table, which `failover(n)` has as well.
//!
//! Usage errors have Tcl's own: `TCL WRONGARGS`, `TCL LOOKUP SUBCOMMAND word`.

use crate::tcl::TclError;

/// What is wrong, for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Code {
    /// No such option.
    Option { command: &'static str, word: String },
    /// Not a value for this option.
    Value { option: String, value: String },
    /// Not a name.
    Name(String),
    /// No such service.
    Service(String),
    /// No such host.
    Host(String),
    /// Nothing waits by this id.
    Timer(String),
    /// One too many.
    Limit { what: &'static str, max: usize },
    /// Nothing can be set from here.
    Closed,
    /// Not known yet.
    Unknown(String),
}

impl Code {
    /// The list in `errorCode`.
    fn words(&self) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        match self {
            Code::Option { command, word } => words(&["FAIL", "OPTION", command, word]),
            Code::Value { option, value } => words(&["FAIL", "VALUE", option, value]),
            Code::Name(word) => words(&["FAIL", "NAME", word]),
            Code::Service(name) => words(&["FAIL", "LOOKUP", "SERVICE", name]),
            Code::Host(name) => words(&["FAIL", "LOOKUP", "HOST", name]),
            Code::Timer(id) => words(&["FAIL", "LOOKUP", "TIMER", id]),
            Code::Limit { what, max } => words(&["FAIL", "LIMIT", what, &max.to_string()]),
            Code::Closed => words(&["FAIL", "CLOSED"]),
            Code::Unknown(name) => words(&["FAIL", "UNKNOWN", name]),
        }
    }

    /// With this sentence, an error.
    pub(super) fn error(&self, sentence: impl Into<String>) -> TclError {
        let words = self.words();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        TclError::new(sentence).code(&words)
    }
}

/// What is wrong with the value of an option: a sentence, and a code unless it is just a bad
/// value.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) sentence: String,
    pub(super) code: Option<Code>,
}

impl From<String> for Fault {
    fn from(sentence: String) -> Fault {
        Fault {
            sentence,
            code: None,
        }
    }
}

impl Fault {
    pub(super) fn new(code: Code, sentence: String) -> Fault {
        Fault {
            sentence,
            code: Some(code),
        }
    }

    /// As an error of a command, with what it is about in front.
    pub(super) fn error(self, about: &str, otherwise: impl FnOnce() -> Code) -> TclError {
        let code = self.code.unwrap_or_else(otherwise);
        code.error(format!("{about}: {}", self.sentence))
    }
}
