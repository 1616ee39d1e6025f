//! What was seen of a service on one host, in the order of its versions, and what follows of
//! all hosts together: when it was UP nowhere, or on two at once.
//!
//! A moment is a number of microseconds on this host's clock that never goes back, since the
//! drill began; what was before that is negative. Nothing here asks a clock or a faild.

use std::collections::BTreeMap;

use fail_wire::{Marks, State};

/// Microseconds since the drill began.
pub type Moment = i64;

/// How a record became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// When.
    pub at: Moment,
    /// Its state from then on.
    pub state: State,
    /// And its marks.
    pub marks: Marks,
}

/// One host.
#[derive(Debug, Default)]
pub struct Track(BTreeMap<u64, Seen>);

impl Track {
    /// A version of the record. Of what is said of it more than once the first word counts: later
    /// ones may have a mark that the faild adds by itself. But the earliest moment is the best
    /// one: news can only come too late, and an age is rounded down.
    pub fn note(&mut self, version: u64, seen: Seen) {
        let known = self.0.entry(version).or_insert(seen);
        known.at = known.at.min(seen.at);
    }

    /// All that was seen, in its order. What a faild says of ages is rounded, so that a later
    /// version could seem to be older by a moment.
    pub fn all(&self) -> impl Iterator<Item = Seen> {
        let mut last = Moment::MIN;
        self.0.values().map(move |seen| {
            last = last.max(seen.at);
            Seen { at: last, ..*seen }
        })
    }

    /// When this version came.
    pub fn at(&self, version: u64) -> Option<Moment> {
        let known = self.0.keys().position(|known| *known == version)?;
        self.all().nth(known).map(|seen| seen.at)
    }

    /// The first from then on that is so.
    pub fn first(&self, from: Moment, is: impl Fn(&Seen) -> bool) -> Option<Seen> {
        self.all().find(|seen| seen.at >= from && is(seen))
    }

    /// The last before then that is so.
    pub fn last(&self, until: Moment, is: impl Fn(&Seen) -> bool) -> Option<Seen> {
        let before = self.all().take_while(|seen| seen.at <= until);
        before.filter(|seen| is(seen)).last()
    }

    fn is_up(&self, at: Moment) -> bool {
        let is = self.last(at, |_| true);
        is.is_some_and(|seen| seen.state == State::Up)
    }
}

/// A time in which not just one host was UP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Odd {
    /// From when.
    pub at: Moment,
    /// How long.
    pub us: i64,
    /// Who was UP, by his place among the tracks.
    pub up: Vec<usize>,
}

/// All times between these moments in which not just one host was UP and that are longer than
/// `finest`, in their order.
pub fn odd(tracks: &[&Track], from: Moment, to: Moment, finest: i64) -> Vec<Odd> {
    let inside = |at: &Moment| from < *at && *at < to;
    let turns = tracks.iter().flat_map(|track| track.all());
    let mut turns: Vec<Moment> = turns.map(|seen| seen.at).filter(inside).collect();
    turns.extend([from, to]);
    turns.sort_unstable();
    turns.dedup();
    let mut odd: Vec<Odd> = Vec::new();
    for pair in turns.windows(2) {
        let (at, end) = (pair[0], pair[1]);
        let who = tracks.iter().enumerate();
        let up: Vec<usize> = who
            .filter(|(_, track)| track.is_up(at))
            .map(|(no, _)| no)
            .collect();
        match odd.last_mut() {
            Some(last) if last.up == up && last.at + last.us == at => last.us = end - last.at,
            _ if up.len() == 1 => {}
            _ => odd.push(Odd {
                at,
                us: end - at,
                up,
            }),
        }
    }
    odd.retain(|odd| odd.us > finest);
    odd
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(all: &[(Moment, State)]) -> Track {
        let mut track = Track::default();
        for (version, (at, state)) in (1..).zip(all) {
            let (at, state, marks) = (*at, *state, Marks(0));
            track.note(version, Seen { at, state, marks });
        }
        track
    }

    #[test]
    fn the_first_word_counts_and_the_earliest_moment_and_time_does_not_go_back() {
        let mut track = track(&[(-50, State::Up), (120, State::Fail)]);
        for (version, at) in [(2, 110), (2, 100), (3, 90)] {
            let (state, marks) = (State::Recover, Marks(0));
            track.note(version, Seen { at, state, marks });
        }
        let all: Vec<_> = track.all().map(|seen| (seen.at, seen.state)).collect();
        let expected = [(-50, State::Up), (100, State::Fail), (100, State::Recover)];
        assert_eq!(all, expected);
        assert_eq!((track.at(3), track.at(4)), (Some(100), None));
        let first = track.first(0, |seen| seen.state != State::Up);
        assert_eq!(first.map(|seen| seen.state), Some(State::Fail));
        assert_eq!(track.last(99, |_| true).map(|seen| seen.at), Some(-50));
    }

    #[test]
    fn nobody_and_two_at_once_are_found_with_their_lengths() {
        let a = track(&[(-9, State::Up), (100, State::Fail), (400, State::Up)]);
        let b = track(&[
            (-9, State::Recover),
            (150, State::Up),
            (430, State::Recover),
        ]);
        let c = track(&[(-9, State::Recover), (410, State::Up), (420, State::Fail)]);
        let found = odd(&[&a, &b, &c], 0, 500, 0);
        let odd_ones: Vec<_> = found.iter().map(|o| (o.at, o.us, o.up.clone())).collect();
        let expected = [
            (100, 50, vec![]),
            (400, 10, vec![0, 1]),
            (410, 10, vec![0, 1, 2]),
            (420, 10, vec![0, 1]),
        ];
        assert_eq!(odd_ones, expected);
        // What is finer than can be seen is not told.
        assert_eq!(odd(&[&a, &b, &c], 0, 500, 10).len(), 1);
        // Nothing of what was before and after.
        assert_eq!(
            odd(&[&a, &b], 120, 130, 0),
            [Odd {
                at: 120,
                us: 10,
                up: vec![]
            }]
        );
        assert_eq!(odd(&[&a, &b], 200, 300, 0), []);
    }
}
