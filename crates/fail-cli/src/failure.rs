//! Why a program does not start or does not go on: one sentence and the exit code.

use std::fmt::{self, Display};

/// A sentence for standard error, and a code of [`crate::exit`].
#[derive(Debug)]
pub struct Failure {
    /// See `EXIT STATUS` in the program's man page.
    pub code: u8,
    sentence: String,
}

impl Failure {
    /// Anything that prints as one sentence.
    pub fn new(code: u8, sentence: impl Display) -> Failure {
        Failure {
            code,
            sentence: sentence.to_string(),
        }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}
