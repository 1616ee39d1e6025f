//! One way of a drill, there or back, as it was: who gave the service to whom, and how long each
//! part of that took. Made of the tracks of all hosts alone.

use fail_wire::{Marks, State};

use super::track::{Moment, Odd, Track, odd};

/// How long each part took, in microseconds; nothing: it was not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Who gave it away, by his place among the hosts.
    pub from: usize,
    /// Who got it.
    pub to: usize,
    /// When it was wished.
    pub begun: Moment,
    /// When it was UP there, and not with the one before.
    pub done: Moment,
    /// From the wish until it was no longer UP with him who gave it away.
    pub stop: Option<i64>,
    /// From then until the other claimed it.
    pub detection: Option<i64>,
    /// From the claim until it was UP.
    pub start: Option<i64>,
    /// When not just one was UP.
    pub odd: Vec<Odd>,
}

impl Way {
    /// The way that began then and ended with the first UP of `to` after that. Nothing: it was
    /// not seen there.
    pub fn measure(
        tracks: &[&Track],
        begun: Moment,
        from: usize,
        to: usize,
        finest: i64,
    ) -> Option<Way> {
        let (giver, taker) = (tracks.get(from)?, tracks.get(to)?);
        let is_up = |seen: &super::track::Seen| seen.state == State::Up;
        let up = taker.first(begun, is_up)?.at;
        let stopped = giver.first(begun, |seen| !is_up(seen)).map(|seen| seen.at);
        let claims = |seen: &super::track::Seen| {
            seen.at >= begun && !is_up(seen) && seen.marks.has(Marks::STARTING)
        };
        // The claim may be tried more than once; the last one is the one that came true.
        let claimed = taker.last(up, claims).map(|seen| seen.at);
        let between = |from: Option<Moment>, to: Option<Moment>| Some((to? - from?).max(0));
        let done = up.max(stopped.unwrap_or(up));
        Some(Way {
            from,
            to,
            begun,
            done,
            stop: between(Some(begun), stopped),
            detection: between(stopped, claimed),
            start: between(claimed, Some(up)),
            odd: odd(tracks, begun, done, finest),
        })
    }

    /// All of it.
    pub fn whole(&self) -> i64 {
        self.done - self.begun
    }

    /// How long it was UP nowhere.
    pub fn gap(&self) -> i64 {
        self.sum(|up| up == 0)
    }

    /// How long it was UP more than once.
    pub fn overlap(&self) -> i64 {
        self.sum(|up| up > 1)
    }

    fn sum(&self, is: impl Fn(usize) -> bool) -> i64 {
        let odd = self.odd.iter().filter(|odd| is(odd.up.len()));
        odd.map(|odd| odd.us).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::track::Seen;
    use super::*;

    const NONE: Marks = Marks(0);

    fn track(all: &[(Moment, State, Marks)]) -> Track {
        let mut track = Track::default();
        for (version, (at, state, marks)) in (1..).zip(all) {
            let (at, state, marks) = (*at, *state, *marks);
            track.note(version, Seen { at, state, marks });
        }
        track
    }

    fn giver(stopped: Moment) -> Track {
        track(&[
            (-900, State::Up, NONE),
            (10, State::Up, Marks::AWAY),
            (stopped, State::Fail, Marks::AWAY),
        ])
    }

    fn taker() -> Track {
        track(&[
            (-900, State::Recover, NONE),
            (45, State::Recover, Marks::STARTING),
            (95, State::Up, NONE),
        ])
    }

    #[test]
    fn the_parts_of_a_way_make_the_whole() {
        let (a, b) = (giver(40), taker());
        let way = Way::measure(&[&a, &b], 10, 0, 1, 0).unwrap();
        assert_eq!(
            (way.stop, way.detection, way.start),
            (Some(30), Some(5), Some(50))
        );
        assert_eq!((way.gap(), way.overlap(), way.whole()), (55, 0, 85));
    }

    #[test]
    fn who_stops_too_late_overlaps() {
        let (a, b) = (giver(120), taker());
        let way = Way::measure(&[&a, &b], 10, 0, 1, 0).unwrap();
        assert_eq!((way.gap(), way.overlap(), way.whole()), (0, 25, 110));
        assert_eq!((way.stop, way.detection), (Some(110), Some(0)));
        let way = Way::measure(&[&a, &b], 10, 0, 1, 25).unwrap();
        assert_eq!(way.overlap(), 0, "finer than can be seen");
        let late = track(&[
            (-9, State::Up, NONE),
            (90, State::Fail, NONE),
            (96, State::Up, NONE),
        ]);
        let way = Way::measure(&[&late, &b], 10, 0, 1, 0).unwrap();
        assert_eq!((way.gap(), way.overlap(), way.stop), (5, 0, Some(80)));
    }

    #[test]
    fn what_was_not_seen_is_nothing() {
        let a = giver(40);
        let b = track(&[(-900, State::Recover, NONE), (95, State::Up, NONE)]);
        let way = Way::measure(&[&a, &b], 10, 0, 1, 0).unwrap();
        assert_eq!((way.detection, way.start, way.gap()), (None, None, 55));
        let never = track(&[(-900, State::Recover, NONE)]);
        assert_eq!(Way::measure(&[&a, &never], 10, 0, 1, 0), None);
    }
}
