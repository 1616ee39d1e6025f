//! What held when: values, each from a moment on. Who asks for one before the first is given
//! the first: the nearest that is known.

use std::collections::VecDeque;

use fail_core::time::Mono;

use crate::limits::CHANGES_MAX;

/// Values by time. Only changes are kept.
#[derive(Debug, Clone)]
pub struct Timeline<T>(VecDeque<(Mono, T)>);

impl<T> Default for Timeline<T> {
    fn default() -> Timeline<T> {
        Timeline(VecDeque::new())
    }
}

impl<T: PartialEq> Timeline<T> {
    /// From this moment on it is this, until what is known of later moments.
    pub fn note(&mut self, at: Mono, value: T) {
        let after = self.0.partition_point(|(from, _)| *from <= at);
        let before = after.checked_sub(1).and_then(|n| self.0.get(n));
        if before.is_none_or(|(_, before)| *before != value) {
            self.0.insert(after, (at, value));
        }
    }
}

impl<T> Timeline<T> {
    /// What held at this moment, and since when.
    pub fn at(&self, at: Mono) -> Option<&(Mono, T)> {
        let after = self.0.partition_point(|(from, _)| *from <= at);
        self.0.get(after.saturating_sub(1))
    }

    /// What holds now.
    pub fn last(&self) -> Option<&T> {
        self.0.back().map(|(_, value)| value)
    }

    /// All that changed after this moment.
    pub fn after(&self, at: Mono) -> impl Iterator<Item = &(Mono, T)> {
        self.0.iter().filter(move |(from, _)| *from > at)
    }

    /// Forgets what was no more at this moment. Gives from when on everything is still known,
    /// which is later if there were too many changes.
    pub fn trim(&mut self, at: Mono) -> Mono {
        while self.0.get(1).is_some_and(|(from, _)| *from <= at) {
            self.0.pop_front();
        }
        let mut known = at;
        while self.0.len() > CHANGES_MAX {
            self.0.pop_front();
            known = self.0.front().map_or(at, |(from, _)| *from);
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_that_is_known_is_given_and_never_a_later_one_where_there_is_an_earlier() {
        let mut line = Timeline::default();
        assert!(line.at(Mono(5)).is_none());
        for (at, value) in [(10, 'a'), (20, 'a'), (30, 'b'), (40, 'c')] {
            line.note(Mono(at), value);
        }
        for (at, value) in [(0, 'a'), (10, 'a'), (29, 'a'), (30, 'b'), (99, 'c')] {
            assert_eq!(line.at(Mono(at)).map(|(_, v)| *v), Some(value), "{at}");
        }
        assert_eq!(line.trim(Mono(35)), Mono(35));
        assert_eq!(line.0, [(Mono(30), 'b'), (Mono(40), 'c')]);
        for n in 0..2 * CHANGES_MAX {
            line.note(Mono(100 + n as u64), if n % 2 == 0 { 'x' } else { 'y' });
        }
        let known = line.trim(Mono(50));
        assert_eq!(line.0.len(), CHANGES_MAX);
        assert_eq!(Some(known), line.0.front().map(|(at, _)| *at));
    }
}
