//! The monitor stream: what a failsh shows of itself, one JSON object per line.
//!
//! These types are the stream's one description; `failover-monitor(7)` tells it in words.
//! The same views are what `fail why`, `fail health`, the dump on SIGINT and `failc why` show.
//! Times are milliseconds since 1970 UTC, for people. A reader skips fields that he does not
//! know and types that he has never heard of, so that a later version may add to both.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The version of the stream: it grows when a field changes its meaning.
pub const MONITOR_VERSION: u32 = 1;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Update {
    /// The first line.
    Hello(Hello),
    /// A service as it is now.
    Service(Box<ServiceView>),
    /// Another host as it is now.
    Host(HostView),
    /// How well this failsh does its own work.
    Health(HealthView),
    /// Something has happened.
    Event(EventView),
    /// No longer in the policy.
    Gone {
        /// `service` or `host`.
        what: String,
        /// Its name.
        name: String,
    },
    /// Everything has been told once; what follows is news.
    Ready,
    /// The only line: there is no place for one more, and nothing follows.
    Refused {
        /// One sentence with the name of the limit.
        reason: String,
    },
    /// A type that a later version has added.
    #[serde(other)]
    Unknown,
}

/// Who speaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// [`MONITOR_VERSION`].
    pub stream: u32,
    /// The program, `failsh`.
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
    /// How often the policy has been read.
    pub policy: u64,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ServiceView {
    /// Its name.
    pub name: String,
    /// `UP`, `RECOVER`, `FAIL`; nothing: not known yet.
    pub state: Option<String>,
    /// Since when.
    pub since: i64,
    /// The wishes and facts of the local record, such as `held`.
    pub marks: Vec<String>,
    /// The reason in the local record.
    pub reason: String,
    /// Why it is or is not served here, in one sentence.
    pub why: String,
    /// What is being waited for, if anything.
    pub waiting: Option<String>,
    /// Until when at the latest.
    pub until: Option<i64>,
    /// The script that runs.
    pub script: Option<ScriptView>,
    /// The other hosts of the service, masters first, in the policy's order.
    pub peers: Vec<PeerView>,
    /// How its check does; nothing: it has none.
    pub check: Option<CheckView>,
    /// When it leaves `FAIL` by itself; nothing: it will not.
    pub retry: Option<RetryView>,
    /// All settings as `failsvc` gives them.
    pub settings: BTreeMap<String, String>,
    /// Settings that were changed at the console, and until when; nothing: until the policy
    /// is read again.
    pub console: BTreeMap<String, Option<i64>>,
    /// The last decisions, oldest first.
    pub journal: Vec<Note>,
}

/// A script that runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScriptView {
    /// Which: `start`, `stop`, `reclaim` or `check`.
    pub task: String,
    /// Since when.
    pub since: i64,
    /// When it is ended if it does not end by itself.
    pub until: i64,
}

/// A service on another host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeerView {
    /// The host.
    pub host: String,
    /// `master` or `slave`.
    pub role: String,
    /// Its state there; nothing: not asked yet, or unreachable.
    pub state: Option<String>,
    /// Whether it answered when it was asked last; nothing: not asked yet.
    pub reachable: Option<bool>,
    /// Its wishes and facts there.
    pub marks: Vec<String>,
    /// The reason it gave.
    pub reason: String,
    /// Since when it is so, by its own account.
    pub since: Option<i64>,
}

/// How the checks of a service do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckView {
    /// Good ones in a row.
    pub good: u32,
    /// Bad ones since they were last forgotten.
    pub bad: u32,
    /// When the last one ended; nothing: there was none.
    pub last: Option<i64>,
    /// What it said.
    pub said: String,
}

/// A service that will leave `FAIL` by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetryView {
    /// How often it has failed in a row.
    pub failures: u32,
    /// When it becomes `RECOVER`.
    pub at: i64,
}

/// One entry of a service's journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: i64,
    /// `state`, `decision`, `script`, `check`, `hand`, `wish` or `policy`.
    pub kind: String,
    /// One sentence.
    pub text: String,
}

/// Another host.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct HostView {
    /// Its name in the policy.
    pub name: String,
    /// Where it is asked; nothing: its name could not be looked up yet.
    pub address: Option<String>,
    /// Whether it answers; nothing: not asked yet.
    pub reachable: Option<bool>,
    /// Since when.
    pub since: i64,
    /// When it was asked last.
    pub last_call: Option<i64>,
    /// When it answered last.
    pub last_answer: Option<i64>,
    /// The round trip, smoothed, in microseconds.
    pub trip_us: Option<u64>,
    /// Of the last questions, how many of a thousand were not answered in time.
    pub lost_permille: u32,
    /// What somebody there said who could not prove it.
    pub hint: Option<String>,
    /// Whom the failsh of that host hears; empty: it has not said.
    pub hears: Vec<HearView>,
    /// When it said so.
    pub heard: Option<i64>,
}

/// Whether one host hears another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HearView {
    /// The other host, by the name that the first one uses.
    pub host: String,
    /// Whether it hears it.
    pub reachable: bool,
}

/// How well a failsh does its own work.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct HealthView {
    /// How late it was for its deadlines, in microseconds: half of the last ones were not
    /// later than this.
    pub late_p50_us: u64,
    /// Ninety-nine of a hundred were not later than this.
    pub late_p99_us: u64,
    /// The worst since it was started.
    pub late_max_us: u64,
    /// How often it was so late that it doubted itself and asked everybody anew.
    pub doubts: u64,
    /// Its last pauses, oldest first.
    pub pauses: Vec<Pause>,
    /// Questions and changes sent.
    pub sent: u64,
    /// Datagrams that were not the answer to an open question.
    pub dropped: u64,
    /// Scripts that run.
    pub scripts: u32,
    /// Scripts run so far.
    pub scripts_run: u64,
    /// Whether the local faild answers; nothing: not asked yet.
    pub faild: Option<bool>,
}

/// A time in which this failsh did not run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pause {
    /// When it was over.
    pub at: i64,
    /// How long it was, in milliseconds.
    pub ms: u64,
}

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventView {
    /// When.
    pub at: i64,
    /// What, as in `failtrap`.
    pub event: String,
    /// The service or the host.
    pub subject: String,
    /// More of it.
    pub data: BTreeMap<String, String>,
}
