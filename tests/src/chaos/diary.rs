//! What has happened in a chaos run, and when: faults from their beginning until they were
//! mended, and since when each host was not in order or somebody held a service there.

use std::collections::BTreeMap;

use fail_core::time::Mono;

use super::fault::Kind;

/// From one moment to another.
pub type Stretch = (Mono, Mono);

/// One fault.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What.
    pub kind: Kind,
    /// When it began.
    pub from: Mono,
    /// When it was mended; nothing: not yet, or it was over at once.
    pub to: Option<Mono>,
    /// In words.
    pub text: String,
}

/// A round: its storm, from the moment when all was mended until all was at rest.
#[derive(Debug, Clone, Copy)]
pub struct Calm {
    /// All was mended.
    pub mended: Mono,
    /// All was at rest, as the hosts themselves say.
    pub settled: Mono,
    /// The next storm began.
    pub end: Mono,
}

/// A state that comes and goes, as stretches.
#[derive(Debug, Clone, Default)]
pub struct Spell {
    done: Vec<Stretch>,
    since: Option<Mono>,
}

impl Spell {
    /// It is so now, or not.
    pub fn is(&mut self, now: Mono, so: bool) {
        match (so, self.since) {
            (true, None) => self.since = Some(now),
            (false, Some(since)) => {
                self.done.push((since, now));
                self.since = None;
            }
            _ => {}
        }
    }

    /// When it was so.
    pub fn stretches(&self) -> Vec<Stretch> {
        let open = self.since.map(|since| (since, Mono(u64::MAX)));
        self.done.iter().copied().chain(open).collect()
    }
}

/// Everything that the run has done.
#[derive(Debug, Clone, Default)]
pub struct Diary {
    /// In the order of their beginnings.
    pub entries: Vec<Entry>,
    /// One for each round.
    pub calms: Vec<Calm>,
    /// By host: its faild or failsh did not run, or its disk was full.
    pub broken: BTreeMap<usize, Spell>,
    /// By host and service: somebody held it.
    pub held: BTreeMap<(usize, String), Spell>,
    /// By host and service: somebody said something.
    pub typed: Vec<(Mono, usize, String)>,
    /// By host: its failsh stood still, and with it what it ran.
    pub stopped: BTreeMap<usize, Spell>,
    /// What the run itself saw that must not be, and which property that is.
    pub wrong: Vec<(Mono, &'static str, String)>,
}

impl Diary {
    /// Something happens; gives its number.
    pub fn begins(&mut self, now: Mono, kind: Kind, text: String) -> usize {
        self.entries.push(Entry {
            kind,
            from: now,
            to: None,
            text,
        });
        self.entries.len() - 1
    }

    /// It is mended.
    pub fn ends(&mut self, now: Mono, entry: usize) {
        if let Some(entry) = self.entries.get_mut(entry) {
            entry.to = Some(now);
        }
    }

    /// Something that must not be.
    pub fn is_wrong(&mut self, now: Mono, what: String) {
        self.wrong.push((now, "run", what));
    }

    /// It does not come to rest; since then nothing has changed.
    pub fn is_unsettled(&mut self, since: Mono, what: String) {
        self.wrong.push((since, "settled", what));
    }
}
