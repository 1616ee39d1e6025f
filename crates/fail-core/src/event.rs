//! What a failsh tells of: events, which traps wait for and monitors show.
//!
//! An event changes nothing. Who wants to act on one says so with `failtrap`.

use std::fmt;

use fail_wire::Name;

/// What has happened.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// A service is `UP` here.
    Up,
    /// A service is `RECOVER` here.
    Recover,
    /// A service is `FAIL` here.
    Fail,
    /// A host no longer answers.
    Unreachable,
    /// A host answers again.
    Reachable,
    /// This host serves because the hosts that outrank it can not.
    Takeover,
    /// This host has stopped serving because one that outranks it can.
    Handback,
    /// Another host serves as well.
    Splitbrain,
    /// Nobody supervises a service on another host.
    Unsupervised,
    /// A script ended with an error, or in time it did not.
    Scripterror,
}

impl EventKind {
    /// All kinds and their words.
    pub const WORDS: [(EventKind, &str); 10] = [
        (EventKind::Up, "up"),
        (EventKind::Recover, "recover"),
        (EventKind::Fail, "fail"),
        (EventKind::Unreachable, "unreachable"),
        (EventKind::Reachable, "reachable"),
        (EventKind::Takeover, "takeover"),
        (EventKind::Handback, "handback"),
        (EventKind::Splitbrain, "splitbrain"),
        (EventKind::Unsupervised, "unsupervised"),
        (EventKind::Scripterror, "scripterror"),
    ];

    /// The word for it in `failtrap`.
    pub fn word(self) -> &'static str {
        EventKind::WORDS
            .into_iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, word)| word)
    }

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<EventKind> {
        EventKind::WORDS
            .into_iter()
            .find(|(_, known)| *known == word)
            .map(|(kind, _)| kind)
    }

    /// Whether it tells of a new state of a service.
    pub fn is_change(self) -> bool {
        matches!(self, EventKind::Up | EventKind::Recover | EventKind::Fail)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Something that has happened to a service or a host.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// The service or the host.
    pub subject: Name,
    /// More of it: names and values, as `::fail::data` has them.
    pub data: Vec<(&'static str, String)>,
}
