//! A script run as plain values: what `plan` orders, what the Tcl side reports back.

use std::fmt;

use fail_wire::{Name, State};

/// The number of one script run. Never used twice by one failsh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobNo(pub u64);

impl fmt::Display for JobNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job {}", self.0)
    }
}

/// Which of a service's scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// Bring the service up.
    Start,
    /// Take it down.
    Stop,
    /// Take it back after somebody else has served as well.
    Reclaim,
}

impl Task {
    /// The name of the setting that holds the script.
    pub fn word(self) -> &'static str {
        match self {
            Task::Start => "start",
            Task::Stop => "stop",
            Task::Reclaim => "reclaim",
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One script to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The number that the outcome brings back.
    pub job: JobNo,
    /// For which service (`::fail::service`).
    pub service: Name,
    /// Which script.
    pub task: Task,
    /// Why, in words (`::fail::reason`).
    pub reason: String,
    /// The local state before it (`::fail::from`).
    pub from: State,
}

/// How a script ended: with the new local state, or without one.
pub type Outcome = Result<State, ScriptError>;

/// A script that did not return a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct ScriptError {
    /// One line for the record's reason.
    pub sentence: String,
    /// Tcl's `errorInfo`, for the log.
    pub detail: String,
}
