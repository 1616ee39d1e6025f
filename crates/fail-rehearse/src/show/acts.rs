//! What was done to the hosts, for a picture: a letter for each different act, and a lane for
//! each that still lasts when the next one begins.

use crate::report::{Done, Report};

/// Letters for the acts; the rest share the last one.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#";

/// An act, each time it was done.
pub struct Named<'a> {
    /// What stands for it in a chart.
    pub letter: char,
    /// In the words of the scenario.
    pub text: &'a str,
    /// From when, to when if it lasted.
    pub times: Vec<(u64, Option<u64>)>,
}

/// The acts by their words, in the order in which each was first done.
pub fn named(report: &Report) -> Vec<Named<'_>> {
    let mut known: Vec<Named> = Vec::new();
    let mut letters = LETTERS.chars();
    let mut letter = 'A';
    for Done { from, to, text, .. } in &report.acts {
        let time = (*from, *to);
        if let Some(act) = known.iter_mut().find(|act| act.text == text) {
            act.times.push(time);
            continue;
        }
        letter = letters.next().unwrap_or(letter);
        let times = vec![time];
        known.push(Named {
            letter,
            text,
            times,
        });
    }
    known
}

/// For each of these spans, in order of their beginning, a lane in which it touches no other:
/// the first that is free, but none beyond `most`.
pub fn lanes(spans: impl IntoIterator<Item = (usize, usize)>, most: usize) -> Vec<usize> {
    let mut ends: Vec<usize> = Vec::new();
    let mut lane_of = |(first, last): (usize, usize)| {
        let free = ends.iter().position(|end| *end < first);
        let lane = free.unwrap_or(ends.len()).min(most.saturating_sub(1));
        ends.resize(ends.len().max(lane + 1), 0);
        ends[lane] = ends[lane].max(last);
        lane
    };
    spans.into_iter().map(&mut lane_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_touch_have_lanes_of_their_own() {
        assert_eq!(lanes([(0, 4), (2, 3), (4, 6), (5, 5)], 9), [0, 1, 1, 0]);
        assert_eq!(lanes([(0, 4), (1, 4), (2, 4)], 2), [0, 1, 1]);
    }
}
