//! What came of a rehearsal, as plain values: who was in which state when, what was run and
//! why, what was done to the hosts, and whether the expectations held.
//!
//! The world fills it in, `judge` reads it, `show` prints it as text, JSON and HTML. Times are
//! nanoseconds from the beginning of the rehearsal.

use serde::Serialize;

/// A whole rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The scenario's file, as it was given.
    pub scenario: String,
    /// From which all chance was drawn.
    pub seed: u64,
    /// The hosts, in the order of the scenario.
    pub hosts: Vec<String>,
    /// The services, by name.
    pub services: Vec<String>,
    /// How long the hosts lived.
    #[serde(rename = "length_ns")]
    pub length: u64,
    /// What the set-up looks like before anything happens: where the hosts' policies do not
    /// fit together.
    pub notes: Vec<String>,
    /// The states of each service on each host: services by name, hosts as above.
    pub tracks: Vec<Track>,
    /// What each host had of the world: addresses, daemons, file systems.
    pub things: Vec<ThingTrack>,
    /// What was done to the hosts, in order of time.
    pub acts: Vec<Done>,
    /// Everything that happened, in order of time.
    pub entries: Vec<Entry>,
    /// What came of each expectation, in the order of the scenario.
    pub verdicts: Vec<Verdict>,
    /// The rehearsals by chance, if there were any.
    pub chance: Option<Chance>,
}

/// Rehearsals in which things happened by chance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Chance {
    /// How many were played.
    pub seeds: u64,
    /// How long their hosts lived, all together.
    #[serde(rename = "lived_ns")]
    pub lived: u64,
    /// How many of them broke an expectation.
    pub broken_seeds: u64,
    /// The shortest one of those that broke an expectation, made as short as could be.
    pub story: Option<Story>,
}

/// What happened by chance and broke an expectation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Story {
    /// From which seed.
    pub seed: u64,
    /// What happens in it, as statements of a scenario.
    pub statements: Vec<String>,
    /// How many there were before it was made shorter.
    pub before: usize,
    /// What came of it.
    pub report: Box<Report>,
}

/// One service on one host.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Track {
    /// The service.
    pub service: String,
    /// The host.
    pub host: String,
    /// Its states, without gaps, from the beginning to the end.
    pub spans: Vec<StateSpan>,
    /// The scripts that ran, in order of their beginning.
    pub work: Vec<Work>,
}

/// A state and how long it lasted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StateSpan {
    /// From when.
    #[serde(rename = "from_ns")]
    pub from: u64,
    /// To when.
    #[serde(rename = "to_ns")]
    pub to: u64,
    /// Which.
    pub state: Shown,
    /// Why it came to be so, in the words of failsh.
    pub why: String,
}

/// What a service is on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Shown {
    /// It serves.
    Up,
    /// It could serve.
    Recover,
    /// It can not serve.
    Fail,
    /// The host runs, and nothing is known of the service yet.
    Unknown,
    /// The host has no power, or is not of this service.
    Down,
}

impl Shown {
    /// All and their words.
    pub const WORDS: [(Shown, &str); 5] = [
        (Shown::Up, "UP"),
        (Shown::Recover, "RECOVER"),
        (Shown::Fail, "FAIL"),
        (Shown::Unknown, "UNKNOWN"),
        (Shown::Down, "DOWN"),
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        let known = Shown::WORDS.into_iter().find(|(shown, _)| *shown == self);
        known.map_or("", |(_, word)| word)
    }
}

/// One script of a service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Work {
    /// From when.
    #[serde(rename = "from_ns")]
    pub from: u64,
    /// To when; nothing: it still ran at the end.
    #[serde(rename = "to_ns")]
    pub to: Option<u64>,
    /// `start`, `stop`, `reclaim` or `check`.
    pub task: String,
    /// Why it was run.
    pub why: String,
    /// What it returned (`UP`), or its error; empty while it runs.
    pub outcome: String,
    /// Whether that was an error.
    pub failed: bool,
}

/// Something a host has or has not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ThingTrack {
    /// Such as `address 192.0.2.10`.
    pub thing: String,
    /// The host.
    pub host: String,
    /// When it had it: from, to.
    #[serde(serialize_with = "crate::show::json::spans")]
    pub spans: Vec<(u64, u64)>,
}

/// Something that was done to the hosts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Done {
    /// When it began.
    #[serde(rename = "from_ns")]
    pub from: u64,
    /// When it ended, if it lasts: a partition, a crash until the return.
    #[serde(rename = "to_ns")]
    pub to: Option<u64>,
    /// In the words of the scenario: `crash hosta`.
    pub text: String,
    /// The hosts that it is about; empty: all.
    pub hosts: Vec<String>,
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// When.
    #[serde(rename = "at_ns")]
    pub at: u64,
    /// On which host; nothing: it is about all of them.
    pub host: Option<String>,
    /// Of which service.
    pub service: Option<String>,
    /// What kind of thing happened.
    pub kind: Kind,
    /// What happened, in one line.
    pub text: String,
    /// Why, if there is a reason to tell.
    pub why: String,
}

/// What kind of line it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The scenario did something.
    Act,
    /// A service changed its state.
    State,
    /// A script began or ended.
    Script,
    /// A command that a script would have run, and how it was answered.
    Command,
    /// Something that a host has or has no more.
    Thing,
    /// An event, as for traps and monitors.
    Event,
    /// A line of a log.
    Log,
    /// An expectation did not hold.
    Violation,
}

/// What came of one expectation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// In the words of the scenario.
    pub text: String,
    /// The scenario's line.
    pub line: u32,
    /// Whether it held.
    pub held: bool,
    /// How often it was put to the test; 0: never, and then it does not count as held.
    pub tested: u32,
    /// Each time it did not hold: when, and what was seen.
    #[serde(serialize_with = "crate::show::json::broken")]
    pub broken: Vec<(u64, String)>,
    /// How often more it did not hold.
    pub more: usize,
    /// What was measured where it held: the longest, such as `1.2s of 3s`.
    pub measured: String,
}

impl Report {
    /// Whether everything that was expected held, here and by chance.
    pub fn held(&self) -> bool {
        let story = self
            .chance
            .as_ref()
            .and_then(|chance| chance.story.as_ref());
        story.is_none() && self.verdicts.iter().all(|verdict| verdict.held)
    }
}
