//! The three states of a service, as in the original.

use std::fmt;

/// What a host says about a service. Ordered from least to most able.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// Can not be brought up. A host that can not be reached counts as this.
    Fail = 0,
    /// Could be brought up at any moment and is not performing.
    Recover = 1,
    /// Performs its duty.
    Up = 2,
}

impl State {
    /// All states, in the order of their codes.
    pub const ALL: [State; 3] = [State::Fail, State::Recover, State::Up];

    /// The word that people, scripts and files use.
    pub fn word(self) -> &'static str {
        match self {
            State::Fail => "FAIL",
            State::Recover => "RECOVER",
            State::Up => "UP",
        }
    }

    /// The state with this code on the wire, if there is one.
    pub fn from_code(code: u8) -> Option<State> {
        State::ALL.get(usize::from(code)).copied()
    }

    /// The state with this word; only the exact, upper-case word is one.
    pub fn from_word(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|s| s.word() == word)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
