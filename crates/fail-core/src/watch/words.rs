//! The words in which the machine and the world speak to each other.

use fail_wire::Name;
use serde::{Deserialize, Serialize};

use super::settings::Targets;
use crate::time::{Mono, Span, Wall};

/// What one check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It serves.
    Good,
    /// It serves, and somebody should look: counts as good.
    Warning,
    /// Could not be found out: counts as bad, unless the check says otherwise.
    Unknown,
    /// It does not serve.
    Bad,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What it came to.
    pub verdict: Verdict,
    /// Why, in words: one line of at most [`crate::limits::FINDING_BYTES_MAX`] bytes.
    pub why: String,
    /// How long it took, in nanoseconds.
    pub took: Span,
    /// What was measured, such as the days left of a certificate.
    pub figures: Vec<Figure>,
}

/// Something measured, with the meaning that the performance data of a Nagios plugin have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What: `time`, `days`, `/var`.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what: `s`, `ms`, `%`, `B`, `d`, or nothing.
    pub unit: String,
    /// The range beyond which it is a warning, as it was given; empty: none.
    pub warn: String,
    /// The range beyond which it is bad, as it was given; empty: none.
    pub bad: String,
    /// The least that it can be.
    pub min: Option<f64>,
    /// The most that it can be.
    pub max: Option<f64>,
}

/// How it is with a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not known yet.
    Pending,
    /// It serves.
    Up,
    /// It does not.
    Down,
    /// What it depends on does not: nobody asks it, and nothing is said about it.
    Dependency,
    /// It is worked on: it is asked, and nothing is said about it.
    Maintenance,
}

/// What a line of actions may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// From up to down; or found down as the first that is known.
    Down,
    /// From down to up. When it is found up as the first that is known, only lines with
    /// [`super::Line::newest`] are told: they say how it is, and nobody else wants thousands of
    /// mails because hc was installed.
    Up,
    /// Down or up, where the line is not about `down` or `up` itself.
    Change,
    /// It is up, and so many rounds in a row as make it down have found a warning.
    Warning,
    /// So many rounds in a row as make it up have found no warning any more. Not said when
    /// `down` or what flapping has come to was said since: that takes the place of the warning.
    Clear,
    /// It changes too often; nothing more is said until it has come to rest, when `down`,
    /// `up` and `change` say what it came to.
    Flapping,
    /// It is still down.
    Renotify,
}

impl Event {
    /// All of them.
    pub const ALL: [Event; 7] = [
        Event::Down,
        Event::Up,
        Event::Change,
        Event::Warning,
        Event::Clear,
        Event::Flapping,
        Event::Renotify,
    ];

    /// As it is written in an Hcfile.
    pub const fn word(self) -> &'static str {
        match self {
            Event::Down => "down",
            Event::Up => "up",
            Event::Change => "change",
            Event::Warning => "warning",
            Event::Clear => "clear",
            Event::Flapping => "flapping",
            Event::Renotify => "renotify",
        }
    }
}

/// What an action is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Which target.
    pub target: Name,
    /// What happened.
    pub event: Event,
    /// When. Nothing in what an earlier hc has kept.
    #[serde(default)]
    pub at: Option<Wall>,
    /// Whether the target serves now.
    pub good: bool,
    /// What was said about it before.
    pub from: State,
    /// What is said now.
    pub to: State,
    /// The first that is known of it: there was nothing before.
    pub first: bool,
    /// Why, in words.
    pub why: String,
    /// For how long it had been as it was before; with `Renotify`: for how long it is down; with
    /// `Clear`: since when its warning was said.
    pub lasted: Span,
    /// How many targets are not asked because of it.
    pub hides: usize,
    /// How many reports of this line were left out since its last, by its limits.
    pub left_out: u32,
}

/// How an action ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acted {
    /// It is done.
    Done,
    /// It is not: why.
    Failed(String),
    /// Nobody has got it, and it may go better later: why.
    Undelivered(String),
}

/// What is kept of a target over a restart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Which.
    pub target: Name,
    /// What was said about it last: `Up`, `Down` or nothing (`Pending`).
    pub state: State,
    /// Since when, in milliseconds since 1970 UTC.
    pub since: i64,
    /// Why.
    pub why: String,
    /// It was said since that it flaps.
    #[serde(default)]
    pub flapping: bool,
    /// It was said since that it warns: when, in milliseconds since 1970 UTC.
    #[serde(default)]
    pub warning: Option<i64>,
    /// When this was written, in milliseconds since 1970 UTC; 0: not known.
    #[serde(default)]
    pub at: i64,
    /// Its last changes, oldest first.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// For how long it was up and down, lately.
    #[serde(default)]
    pub available: Past,
    /// Its lines of actions, by their numbers.
    #[serde(default)]
    pub lines: Vec<KeptLine>,
}

/// A change of what is shown of a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// When, in milliseconds since 1970 UTC.
    pub at: i64,
    /// From which state.
    pub from: State,
    /// To which.
    pub to: State,
    /// Why.
    pub why: String,
}

/// For how long a target was up and down, in milliseconds: spans of equal length, newest first,
/// those alike and next to each other as one: (how many, up, down).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Past {
    /// Of the last hour.
    pub minutes: Vec<(u32, u32, u32)>,
    /// Of the last week.
    pub hours: Vec<(u32, u32, u32)>,
}

/// What is kept of a line of actions.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct KeptLine {
    /// Its words: what was kept is for this line only.
    #[serde(default)]
    pub what: String,
    /// What it was done about last, for a line of which only the newest counts: good, or bad.
    pub done: Option<bool>,
    /// What was not done yet, oldest first.
    pub waiting: Vec<Report>,
    /// How many reports were left out since.
    pub left_out: u32,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum In {
    /// The Hcfile was read, for the first time or again. A target of the same name goes on as
    /// it was, with its new settings.
    Targets(Targets),
    /// What was kept, before the first `Targets`.
    Restore(Vec<Kept>),
    /// A check has ended.
    Found {
        /// The number of [`Out::Check`].
        number: u64,
        /// What it found.
        finding: Finding,
    },
    /// An action has ended.
    Acted {
        /// The number of [`Out::Act`].
        number: u64,
        /// How.
        acted: Acted,
    },
    /// A maintenance window of this name has opened or closed.
    Window {
        /// As [`super::Target::windows`] has it.
        window: String,
        /// Whether it is open now.
        open: bool,
    },
    /// Somebody wants a target checked now.
    Ask(Name),
    /// What runs the checks stands still, or did until now, for so long: what it has not heard in
    /// time says nothing.
    Stalled(Option<Span>),
}

/// Something that is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Out {
    /// Run a check, and say what it found. By `deadline` it has ended, whatever it found.
    Check {
        /// The number of the question.
        number: u64,
        /// Which target.
        target: Name,
        /// Which of its checks, counted from 0.
        check: usize,
        /// Until when.
        deadline: Mono,
    },
    /// Nobody waits for this check any more.
    Drop(u64),
    /// Do something about a change, and say when it is done.
    Act {
        /// The number of the question.
        number: u64,
        /// Which line of `report.target`, counted from 0.
        line: usize,
        /// What it is about.
        report: Report,
        /// Until when.
        deadline: Mono,
    },
    /// Nobody waits for this action any more.
    Forget(u64),
    /// One line for the log, in the fixed shape
    /// `target www: up -> down (status 500) after 3h12m`.
    Log(String),
    /// What is shown of these is no longer what was shown.
    Shown(Vec<Name>),
    /// What is kept over a restart is no longer what was kept.
    Keep,
}
