//! Why failsh does not start: one sentence and the exit code of `failsh(8)`.

use std::fmt::{self, Display};

/// A sentence and a code.
#[derive(Debug)]
pub struct Failure {
    /// See `EXIT STATUS` in `failsh(8)`.
    pub code: u8,
    sentence: String,
}

impl Failure {
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
