//! The monitor stream of hc: what it shows of its targets, one JSON object per line.
//!
//! As [`crate::monitor`], of which it has the rules: `hc-monitor(7)` tells it in words, times are
//! milliseconds since 1970 UTC, spans are milliseconds, and a reader skips what he does not know.
//! What a reader may ask for is one line: nothing (everything, and then news) or
//! `{"targets":["www"]}` (these only).

use serde::{Deserialize, Deserializer, Serialize};

/// The version of the stream: it grows when a field changes its meaning.
pub const HEALTH_VERSION: u32 = 1;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Update {
    /// The first line.
    Hello(Hello),
    /// A target as it is now.
    Target(Box<TargetView>),
    /// How hc does its own work; a moment after anything of it has changed.
    Health(HealthView),
    /// No longer in the Hcfile.
    Gone {
        /// The target.
        name: String,
    },
    /// Everything has been told once; what follows is news.
    Ready,
    /// The last line: the reader is not served, and nothing follows.
    Refused {
        /// One sentence, with the name of the limit if there is one.
        reason: String,
    },
    /// A type that a later version has added.
    #[serde(other)]
    Unknown,
}

/// The only line that a reader may say: from then on he is told of these targets only.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Question {
    /// Their names.
    pub targets: Vec<String>,
}

/// JSON has no word for what is no number but `null`, which must not cost a reader the rest.
fn number<'de, D: Deserializer<'de>>(value: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or(f64::NAN))
}

/// Who speaks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Hello {
    /// [`HEALTH_VERSION`].
    pub stream: u32,
    /// The program, `hc`.
    pub program: String,
    /// The version of the suite.
    pub version: String,
    /// The name of the host it runs on.
    pub host: String,
    /// Its process id.
    pub pid: u32,
    /// When it was started.
    pub started: i64,
    /// Now.
    pub now: i64,
    /// How often the Hcfile has been read.
    pub file: u64,
}

/// A target.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TargetView {
    /// Its name.
    pub name: String,
    /// `pending`, `up`, `down`, `dependency`, `maintenance`.
    pub state: String,
    /// Up, but a check warns.
    pub warning: bool,
    /// It changes too often.
    pub flapping: bool,
    /// It is down, or waits for what is, and that is nothing to worry about.
    pub quiet: bool,
    /// Since when it is in this state.
    pub since: i64,
    /// Why, in words.
    pub why: String,
    /// What it depends on.
    pub depends: Vec<String>,
    /// How many of those must be up; nothing: all.
    pub need: Option<usize>,
    /// What it waits for: with `dependency`, the targets that are down at the bottom of it.
    pub blocked: Vec<String>,
    /// How many in a row were good (`rise`) or bad (`fall`), against the state.
    pub streak: u32,
    /// How many in a row change the state.
    pub wanted: u32,
    /// When it was checked last.
    pub checked: Option<i64>,
    /// When it is checked next.
    pub next: Option<i64>,
    /// Its checks, in the order of the file.
    pub checks: Vec<CheckView>,
    /// Its last changes, oldest first.
    pub changes: Vec<ChangeView>,
    /// How much of the time it was up.
    pub available: Available,
    /// What was done about it, newest for each line.
    pub actions: Vec<ActionView>,
}

/// A check.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CheckView {
    /// The line of the Hcfile.
    pub line: String,
    /// `good`, `warning`, `unknown`, `bad`; nothing: not known yet.
    pub verdict: Option<String>,
    /// Why, in words.
    pub why: String,
    /// How long it took, in milliseconds.
    #[serde(deserialize_with = "number")]
    pub took: f64,
    /// What was measured.
    pub figures: Vec<FigureView>,
}

/// Something measured.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FigureView {
    /// What.
    pub name: String,
    /// How much.
    #[serde(deserialize_with = "number")]
    pub value: f64,
    /// Of what.
    pub unit: String,
    /// The range beyond which it is a warning; empty: none.
    pub warn: String,
    /// The range beyond which it is bad; empty: none.
    pub bad: String,
    /// The least that it can be.
    pub min: Option<f64>,
    /// The most that it can be.
    pub max: Option<f64>,
}

/// A change.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangeView {
    /// When.
    pub at: i64,
    /// From which state.
    pub from: String,
    /// To which.
    pub to: String,
    /// Why.
    pub why: String,
}

/// How much of the known time a target was up, in percent. Nothing: nothing is known of that time.
/// Time in `pending`, `dependency` and `maintenance` is not known and does not count.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Available {
    /// Of the last hour.
    pub hour: Option<f64>,
    /// Of the last day.
    pub day: Option<f64>,
    /// Of the last week.
    pub week: Option<f64>,
}

/// What a line of actions has done last.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ActionView {
    /// The line of the Hcfile.
    pub line: String,
    /// When it began last.
    pub at: Option<i64>,
    /// It is under way.
    pub runs: bool,
    /// Why it failed; nothing: it did not.
    pub failed: Option<String>,
    /// How many reports its limits have left out.
    pub left_out: u64,
}

/// How hc does its own work.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthView {
    /// Targets.
    pub targets: usize,
    /// Checks that have ended since the start.
    pub checks: u64,
    /// Checks under way.
    pub running: usize,
    /// How late checks began, of the last 1,000 to 2,000: the middle, in milliseconds.
    #[serde(deserialize_with = "number")]
    pub late_median: f64,
    /// The same: of a hundred the one that was latest but one.
    #[serde(deserialize_with = "number")]
    pub late_p99: f64,
    /// How often hc itself stood still, so that what it found did not count.
    pub stalls: u64,
    /// The Hcfile could not be read again: why; the old one holds.
    pub broken: Option<String>,
}
