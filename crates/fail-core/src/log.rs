//! One line for the log, as a value. The program decides where it goes.

/// How much a line matters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something is lost or not done.
    Error,
    /// Something is not as it should be.
    Warn,
    /// Something changed.
    Info,
    /// For whoever looks for a fault.
    Debug,
}

impl Level {
    /// All levels and their words, the gravest first.
    pub const WORDS: [(Level, &str); 4] = [
        (Level::Error, "error"),
        (Level::Warn, "warn"),
        (Level::Info, "info"),
        (Level::Debug, "debug"),
    ];

    /// The level with this word, if there is one.
    pub fn from_word(word: &str) -> Option<Level> {
        Level::WORDS
            .into_iter()
            .find(|(_, known)| *known == word)
            .map(|(level, _)| level)
    }
}

/// A line without a newline.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    /// How much it matters.
    pub level: Level,
    /// Which part of the program says so, for `-d facility`.
    pub facility: &'static str,
    /// What happened.
    pub text: String,
}
