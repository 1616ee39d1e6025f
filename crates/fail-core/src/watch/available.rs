//! How much of the time a target was up: the last hour by minutes, the last week by hours.
//!
//! Of fixed size, and nothing is done while time passes: what has passed is entered when a
//! state changes or somebody looks. Time in which nobody knew does not count.

use std::collections::VecDeque;

use fail_wire::health::Available;

use super::words::Past;
use crate::time::{Mono, Span};

/// Minutes that are remembered.
const MINUTES: usize = 60;

/// Hours that are remembered, a week; and those of them that are a day.
const HOURS: usize = 7 * 24;
const DAY: usize = 24;

const MINUTE: Span = Span::from_secs(60);
const HOUR: Span = Span::from_secs(3_600);

/// How long up and how long down, in milliseconds.
type Part = (u32, u32);

/// Parts of equal length, newest first, always as many.
#[derive(Debug, Clone)]
struct Row {
    width: Span,
    parts: VecDeque<Part>,
    /// The number of the newest part, counted from the beginning of the clock.
    newest: u64,
}

impl Row {
    fn new(width: Span, len: usize, now: Mono) -> Row {
        Row {
            width,
            parts: vec![(0, 0); len].into(),
            newest: now.0 / width.0,
        }
    }

    /// So many new parts: as many old ones are forgotten.
    fn turn(&mut self, parts: u64) {
        for _ in 0..parts.min(self.parts.len() as u64) {
            self.parts.pop_back();
            self.parts.push_front((0, 0));
        }
    }

    /// It was so from then to then.
    fn enter(&mut self, from: Mono, to: Mono, up: Option<bool>) {
        let last = to.0 / self.width.0;
        self.turn(last.saturating_sub(self.newest));
        self.newest = self.newest.max(last);
        let Some(up) = up else { return };
        for (ago, part) in self.parts.iter_mut().enumerate() {
            let Some(number) = self.newest.checked_sub(ago as u64) else {
                break;
            };
            let begins = Mono(number * self.width.0);
            let within = to.min(begins + self.width) - from.max(begins);
            let ms = u32::try_from(within.as_millis()).unwrap_or(u32::MAX);
            let time = if up { &mut part.0 } else { &mut part.1 };
            *time = time.saturating_add(ms);
            if begins <= from {
                break;
            }
        }
    }

    fn kept(&self) -> Vec<(u32, u32, u32)> {
        let mut kept: Vec<(u32, u32, u32)> = Vec::new();
        for part in &self.parts {
            match kept.last_mut() {
                Some((count, up, down)) if (*up, *down) == *part => *count += 1,
                _ => kept.push((1, part.0, part.1)),
            }
        }
        if kept
            .last()
            .is_some_and(|(_, up, down)| (*up, *down) == (0, 0))
        {
            kept.pop();
        }
        kept
    }

    /// As it was kept so long ago.
    fn restore(&mut self, kept: &[(u32, u32, u32)], ago: Span) {
        let most = u32::try_from(self.width.as_millis()).unwrap_or(u32::MAX);
        let parts = kept.iter().flat_map(|&(count, up, down)| {
            let up = up.min(most);
            (0..count).map(move |_| (up, down.min(most - up)))
        });
        for (part, was) in self.parts.iter_mut().zip(parts) {
            *part = was;
        }
        self.turn(ago.0 / self.width.0);
    }

    /// Of the newest parts, the percentage that was up.
    fn share(&self, parts: usize) -> Option<f64> {
        let parts = self.parts.iter().take(parts);
        let (up, down) = parts.fold((0, 0), |(up, down), part| {
            (up + u64::from(part.0), down + u64::from(part.1))
        });
        (up + down > 0).then(|| 100.0 * up as f64 / (up + down) as f64)
    }
}

/// What is known of one target.
#[derive(Debug, Clone)]
pub(super) struct Times {
    minutes: Row,
    hours: Row,
    /// Until when it is entered.
    until: Mono,
}

impl Times {
    pub fn new(now: Mono) -> Times {
        Times {
            minutes: Row::new(MINUTE, MINUTES, now),
            hours: Row::new(HOUR, HOURS, now),
            until: now,
        }
    }

    /// As it was kept so long ago.
    pub fn restored(now: Mono, kept: &Past, ago: Span) -> Times {
        let mut times = Times::new(now);
        times.minutes.restore(&kept.minutes, ago);
        times.hours.restore(&kept.hours, ago);
        times
    }

    /// Until now it was up, down, or nobody knew.
    pub fn enter(&mut self, now: Mono, up: Option<bool>) {
        self.minutes.enter(self.until, now, up);
        self.hours.enter(self.until, now, up);
        self.until = now;
    }

    pub fn kept(&self) -> Past {
        Past {
            minutes: self.minutes.kept(),
            hours: self.hours.kept(),
        }
    }

    pub fn shares(&self) -> Available {
        Available {
            hour: self.minutes.share(MINUTES),
            day: self.hours.share(DAY),
            week: self.hours.share(HOURS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> Mono {
        Mono(0) + MINUTE.times(minutes)
    }

    #[test]
    fn what_nobody_knew_does_not_count() {
        let mut times = Times::new(at(1_000));
        assert_eq!(times.shares(), Available::default());
        times.enter(at(1_010), None);
        assert_eq!(times.shares(), Available::default());
        times.enter(at(1_040), Some(true));
        times.enter(at(1_050), Some(false));
        let shares = times.shares();
        assert_eq!(shares.hour, Some(75.0));
        assert_eq!((shares.day, shares.week), (Some(75.0), Some(75.0)));
    }

    #[test]
    fn an_hour_is_forgotten_by_the_minute_and_a_week_by_the_hour() {
        let mut times = Times::new(at(0));
        times.enter(at(60), Some(false));
        assert_eq!(times.shares().hour, Some(0.0));
        times.enter(at(90), Some(true));
        let half = times.shares().hour.unwrap();
        assert!((half - 50.0).abs() < 2.0, "{half}");
        times.enter(at(60 * 26), Some(true));
        assert_eq!(times.shares().hour, Some(100.0));
        assert_eq!(times.shares().day, Some(100.0));
        assert!(times.shares().week.unwrap() < 97.0);
        times.enter(at(60 * 24 * 9), Some(true));
        assert_eq!(times.shares().week, Some(100.0));
    }

    #[test]
    fn what_is_kept_comes_back_older_by_the_time_between() {
        let mut times = Times::new(at(0));
        times.enter(at(30), Some(true));
        times.enter(at(60), Some(false));
        let kept = times.kept();
        assert!(kept.minutes.len() <= 4, "{kept:?}");
        let back = Times::restored(at(5), &kept, Span::ZERO);
        assert_eq!(back.kept(), kept);
        assert_eq!(back.shares(), times.shares());
        let later = Times::restored(at(5), &kept, MINUTE.times(31));
        assert_eq!(later.shares().hour, Some(0.0));
        let weeks = Times::restored(at(5), &kept, HOUR.times(24 * 8));
        assert_eq!(weeks.shares(), Available::default());
        let wild = Past {
            minutes: vec![(u32::MAX, u32::MAX, u32::MAX)],
            hours: vec![(3, 1, u32::MAX); 1_000],
        };
        let wild = Times::restored(at(5), &wild, Span::ZERO);
        assert_eq!(wild.shares().hour, Some(100.0));
    }
}
