//! The numbers of a faild: what it has counted, how much there is now, and its limits.

use fail_wire::{AskFigures, Body, Code, FIGURES_BYTES_MIN, Figure, Figures, Reason, What, emit};

use super::changes::cramped;
use super::page::Page;
use super::{Asker, Node};
use crate::limits;
use crate::time::Now;

/// What has happened so far, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Messages that arrived.
    pub received: u64,
    /// Questions that were answered.
    pub answered: u64,
    /// Changes that took effect.
    pub changed: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Messages that got no answer.
    pub dropped: u64,
    /// New notifies to subscribers.
    pub notified: u64,
    /// Notifies that were repeated.
    pub repeated: u64,
    /// Acknowledgements of notifies.
    pub acknowledged: u64,
    /// Subscriptions that ended because nobody acknowledged.
    pub unheard: u64,
    /// Writes of the state file.
    pub saved: u64,
    /// Writes that failed.
    pub unsaved: u64,
    /// Refusals by their codes; of the codes that this version does not have there are none.
    pub refusals: [u64; Code::ALL.len()],
}

impl Counters {
    /// One more refusal.
    pub(super) fn refused(&mut self, code: Result<Code, u8>) {
        self.refused += 1;
        let at = code
            .ok()
            .and_then(|code| Code::ALL.iter().position(|c| *c == code));
        if let Some(count) = at.and_then(|at| self.refusals.get_mut(at)) {
            *count += 1;
        }
    }
}

/// Every limit of a faild, by the name that a refusal gives it where one does.
pub const LIMITS: [(&str, u64); 24] = [
    ("services", limits::SERVICES_MAX as u64),
    ("bytes in a name", fail_wire::NAME_BYTES_MAX as u64),
    ("bytes in a reason", fail_wire::REASON_BYTES_MAX as u64),
    (
        "bytes in a community",
        fail_wire::COMMUNITY_BYTES_MAX as u64,
    ),
    ("bytes in a request", limits::REQUEST_BYTES_MAX as u64),
    ("communities", limits::COMMUNITIES_MAX as u64),
    ("lines in a community file", limits::RULES_MAX as u64),
    ("unsaved changes", limits::UNSAVED_MAX as u64),
    (
        "refusals that wait for the disk",
        limits::REFUSALS_WAITING_MAX as u64,
    ),
    ("connections", limits::STREAMS_MAX as u64),
    (
        "connections of one address",
        limits::STREAMS_EACH_MAX as u64,
    ),
    (
        "bytes in an answer over a connection",
        limits::STREAM_ANSWER_BYTES_MAX as u64,
    ),
    (
        "seconds until a message over a connection is whole",
        limits::STREAM_WHOLE_S,
    ),
    ("seconds of silence of a connection", limits::STREAM_IDLE_S),
    (
        "seconds in which a connection takes nothing",
        limits::STREAM_PATIENCE_S,
    ),
    ("subscriptions", limits::SUBSCRIPTIONS_MAX as u64),
    (
        "subscriptions of one address",
        limits::SUBSCRIPTIONS_EACH_MAX as u64,
    ),
    ("names in a subscription", limits::PUSH_NAMES_MAX as u64),
    ("known peers", limits::KNOWN_PEERS_MAX as u64),
    (
        "known peers of one address",
        limits::KNOWN_PEERS_EACH_MAX as u64,
    ),
    ("history entries of a service", limits::HISTORY_MAX as u64),
    ("hosts in a report", limits::HEARS_MAX as u64),
    (
        "senders of bad messages told apart",
        limits::OFFENDERS_MAX as u64,
    ),
    ("levels of a debug facility", crate::debug::LEVEL_MAX as u64),
];

impl Node {
    fn figures(&self, what: What) -> Vec<(String, u64)> {
        let own = |(name, value): &(&str, u64)| ((*name).to_string(), *value);
        if what == What::Limits {
            return LIMITS.iter().map(own).collect();
        }
        let c = &self.counters;
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let figures = [
            ("messages received", c.received),
            ("questions answered", c.answered),
            ("changes done", c.changed),
            ("requests refused", c.refused),
            ("messages dropped", c.dropped),
            ("notifies sent", c.notified),
            ("notifies repeated", c.repeated),
            ("notifies acknowledged", c.acknowledged),
            ("subscribers given up", c.unheard),
            ("state file written", c.saved),
            ("state file not written", c.unsaved),
            ("services now", count(self.entries.len())),
            ("subscriptions now", count(self.pushes.len())),
            ("communities now", count(self.access.len())),
            ("unsaved changes now", count(self.unsaved_changes)),
        ];
        let mut all: Vec<_> = figures.iter().chain(&self.beside).map(own).collect();
        for (code, count) in Code::ALL.iter().zip(c.refusals) {
            all.push((format!("refused: {}", code.word()), count));
        }
        all
    }

    pub(super) fn show_figures(&mut self, now: Now, asker: &Asker, ask: &AskFigures) {
        let all = self.figures(ask.what);
        let after = all.iter().position(|(name, _)| name == ask.after.as_str());
        let mut page = Page::new(asker.room, FIGURES_BYTES_MIN, Figure::wire_bytes);
        let rest = all.iter().skip(after.map_or(0, |at| at + 1));
        page.fill(rest.map(|(name, value)| Figure {
            name: Reason::new(name),
            value: *value,
        }));
        if let Some(bytes) = page.wants() {
            return self.refuse(now, asker, cramped(bytes));
        }
        let (figures, more) = page.done();
        let answer = Figures {
            what: ask.what,
            more,
            figures,
        };
        self.counters.answered += 1;
        let bytes = emit(Some(&asker.key), asker.request, &Body::Figures(answer));
        self.send(asker.peer, bytes);
    }
}
