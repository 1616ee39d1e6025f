//! A script run as plain values: what `plan` orders, what the Tcl side reports back.

use std::fmt;

use fail_wire::{Name, State};

use crate::event::Event;

/// The number of one script run. Never used twice by one failsh.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct JobNo(pub u64);

impl JobNo {
    /// Numbers of commands that come from a console; those of scripts are far below.
    const CONSOLE: u64 = 1 << 63;

    /// The n-th command from a console.
    pub fn console(n: u64) -> JobNo {
        JobNo(JobNo::CONSOLE | n)
    }

    /// Whether it is a command from a console.
    pub fn is_console(self) -> bool {
        self.0 & JobNo::CONSOLE != 0
    }
}

impl fmt::Display for JobNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job {}", self.0)
    }
}

/// Which of a service's scripts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Bring the service up.
    Start,
    /// Take it down.
    Stop,
    /// Take it back after somebody else has served as well.
    Reclaim,
    /// Look whether it is well.
    Check,
}

impl Task {
    /// The name of the setting that holds the script.
    pub fn word(self) -> &'static str {
        match self {
            Task::Start => "start",
            Task::Stop => "stop",
            Task::Reclaim => "reclaim",
            Task::Check => "check",
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One script to run.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[error("{sentence}")]
pub struct ScriptError {
    /// One line for the record's reason.
    pub sentence: String,
    /// Tcl's `errorInfo`, for the log.
    pub detail: String,
}

/// A trap to run: nobody waits for what comes of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fired {
    /// The number that its end brings back.
    pub job: JobNo,
    /// What has happened (`::fail::event`, `::fail::data`).
    pub event: Event,
    /// What to run.
    pub script: String,
}

/// What a script or a console asks the engine to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ByHand {
    /// This is its state now.
    State(State),
    /// Observe it and change nothing.
    Hold,
    /// No longer.
    Release,
    /// It is to be served elsewhere.
    Away,
    /// It may be served here again.
    Back,
}

impl ByHand {
    /// In words, as a person would type it.
    pub fn words(self) -> String {
        match self {
            ByHand::State(state) => state.to_string(),
            ByHand::Hold => "hold".to_string(),
            ByHand::Release => "release".to_string(),
            ByHand::Away => "away".to_string(),
            ByHand::Back => "back".to_string(),
        }
    }
}
