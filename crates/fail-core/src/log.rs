//! One line for the log, as a value. The program decides where it goes.

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// A line without a newline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How much it matters.
    pub level: Level,
    /// Which part of the program says so, for `-d facility`.
    pub facility: &'static str,
    /// What happened.
    pub text: String,
}
