//! The timers of a rehearsed policy: scripts by the moment at which they are due.

use std::collections::BTreeMap;

use crate::tcl::Obj;

/// Scripts that wait, in the order in which they will run.
#[derive(Default)]
pub(super) struct Timers {
    waiting: BTreeMap<(i64, u64), Obj>,
    last: u64,
}

impl Timers {
    /// One more. Gives its name, as Tcl's `after` does.
    pub(super) fn add(&mut self, at: i64, script: Obj) -> String {
        let key = (at, self.last);
        self.last += 1;
        self.waiting.insert(key, script);
        format!("after#{}", key.1)
    }

    /// Takes out the first one that is due.
    pub(super) fn due(&mut self, now: i64) -> Option<Obj> {
        let entry = self.waiting.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    /// When the first one is due.
    pub(super) fn next(&self) -> Option<i64> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes one out by its name or, as Tcl does, by its script.
    pub(super) fn cancel(&mut self, which: &str) {
        let mut known = self.waiting.iter();
        let found = known
            .find(|((_, no), script)| format!("after#{no}") == which || script.to_text() == which);
        if let Some(key) = found.map(|(key, _)| *key) {
            self.waiting.remove(&key);
        }
    }

    /// The names of all, the latest first.
    pub(super) fn ids(&self) -> Vec<String> {
        let mut numbers: Vec<u64> = self.waiting.keys().map(|(_, no)| *no).collect();
        numbers.sort_unstable();
        numbers
            .iter()
            .rev()
            .map(|no| format!("after#{no}"))
            .collect()
    }

    /// The script of one.
    pub(super) fn script(&self, id: &str) -> Option<Obj> {
        let mut known = self.waiting.iter();
        let found = known.find(|((_, no), _)| format!("after#{no}") == id);
        found.map(|(_, script)| script.clone())
    }
}
