//! Questions to a faild: when each was asked, whether it was answered, and how soon.

use std::collections::{BTreeSet, VecDeque};

use fail_core::time::{Mono, Span};

use crate::limits::CHANGES_MAX;

/// Answers that took about the same are kept as one: a network that is well costs nothing.
const CLOSE: Span = Span::from_millis(2);

/// In the order of time.
#[derive(Debug, Clone, Default)]
pub struct Questions(VecDeque<Row>);

/// Questions in a row with which the same came about.
#[derive(Debug, Clone)]
struct Row {
    first: Mono,
    last: Mono,
    took: Option<Span>,
}

impl Row {
    fn goes_on(&self, took: Option<Span>) -> bool {
        match (self.took, took) {
            (Some(a), Some(b)) => a.0.abs_diff(b.0) <= CLOSE.0,
            (None, None) => true,
            _ => false,
        }
    }

    fn is_worse(&self, other: &Row) -> bool {
        match (self.took, other.took) {
            (Some(ours), Some(others)) => ours > others,
            (ours, others) => ours.is_none() && others.is_some(),
        }
    }
}

impl Questions {
    /// One that was asked then, which is no earlier than what was said before, was answered
    /// so soon; nothing: never.
    pub fn note(&mut self, at: Mono, took: Option<Span>) {
        match self.0.back_mut().filter(|row| row.goes_on(took)) {
            Some(row) => row.last = at,
            None => self.0.push_back(Row {
                first: at,
                last: at,
                took,
            }),
        }
    }

    /// How soon one is answered that is asked at this moment: as the nearest that was, which
    /// may never have been. Nothing: there was none.
    ///
    /// That one message was lost or slow is not true of others beside it: it counts once, and
    /// `spent` keeps which did.
    pub fn nearest(&self, at: Mono, spent: &mut BTreeSet<Mono>) -> Option<Option<Span>> {
        let after = self.0.partition_point(|row| row.first <= at);
        let before = after.checked_sub(1).and_then(|n| self.0.get(n));
        let (row, other) = match (before, self.0.get(after)) {
            (Some(before), Some(next)) if next.first - at < at - before.last => {
                (next, Some(before))
            }
            (Some(before), next) => (before, next),
            (None, next) => (next?, None),
        };
        let Some(other) = other.filter(|other| row.is_worse(other)) else {
            return Some(row.took);
        };
        let within = row.first <= at && at <= row.last;
        let counts = spent.insert(row.first) || within;
        Some(if counts { row.took } else { other.took })
    }

    /// Forgets what was before this moment, but for the last of it. Gives from when on
    /// everything is still known, which is later if there was too much.
    pub fn trim(&mut self, at: Mono) -> Mono {
        while self.0.get(1).is_some_and(|row| row.first <= at) {
            self.0.pop_front();
        }
        let mut known = at;
        while self.0.len() > CHANGES_MAX {
            self.0.pop_front();
            known = self.0.front().map_or(at, |row| row.first);
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_has_its_own_answer_and_another_one_that_of_the_nearest() {
        let ms = Span::from_millis;
        let at = |ms: u64| Mono(ms * 1_000_000);
        let mut questions = Questions::default();
        let fresh = &mut BTreeSet::new();
        assert_eq!(questions.nearest(at(1), fresh), None);
        let all = [
            (10, Some(ms(271))),
            (20, Some(ms(1))),
            (30, Some(ms(1))),
            (40, Some(ms(2))),
            (50, None),
            (90, Some(ms(1))),
        ];
        for (asked, took) in all {
            questions.note(at(asked), took);
        }
        for (asked, took) in all {
            let close = questions.nearest(at(asked), fresh).unwrap_or_default();
            assert_eq!(close.is_some(), took.is_some(), "{asked}");
            let apart = close.zip(took).map(|(a, b)| a.0.abs_diff(b.0));
            assert!(apart.is_none_or(|apart| apart <= CLOSE.0), "{asked}");
        }
        let spent = &mut BTreeSet::new();
        for (asked, took) in [
            (0, Some(ms(271))),
            (14, Some(ms(271))),
            (14, Some(ms(1))),
            (16, Some(ms(1))),
            (44, Some(ms(1))),
            (46, None),
            (50, None),
            (50, None),
            (69, Some(ms(1))),
            (71, Some(ms(1))),
            (999, Some(ms(1))),
        ] {
            assert_eq!(questions.nearest(at(asked), spent), Some(took), "{asked}");
        }
        assert_eq!(questions.trim(at(45)), at(45));
        assert_eq!(questions.nearest(at(0), spent), Some(Some(ms(1))));
        for n in 0..2 * CHANGES_MAX as u64 {
            questions.note(at(100 + n), (n % 2 == 0).then_some(ms(1)));
        }
        assert!(questions.trim(at(45)) > at(100) && questions.0.len() == CHANGES_MAX);
    }
}
