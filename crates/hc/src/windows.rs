//! Maintenance windows by the clock on the wall: which are open now.
//!
//! Looked at when a minute begins, and when the wall clock was set: a window may then have
//! opened or closed. Times are those that the clock on the wall shows, so a window from 02:30 to
//! 02:45 is open twice in the night in which that hour is there twice, and not at all in the one
//! in which it is left out.

use std::collections::{BTreeMap, BTreeSet};

use fail_conf::hcfile::window::{Minute, When, Window};
use fail_core::time::{Mono, Now, Span, Wall};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

const MINUTE_MS: i64 = 60_000;

/// A step of the wall clock that is looked at: smaller ones are the work of who keeps it right.
const STEP_MS: i64 = 1_000;

/// All windows, and what was last said of them.
#[derive(Debug, Default)]
pub struct Windows {
    windows: BTreeMap<String, Window>,
    open: BTreeSet<String>,
    /// When the next minute begins.
    next: Option<Mono>,
    /// How far the two clocks were from each other.
    apart: i64,
}

impl Windows {
    /// From now on these. What was open of others is closed with the next look.
    pub fn set(&mut self, windows: BTreeMap<String, Window>) {
        self.windows = windows;
        self.next = Some(Mono(0));
    }

    /// When to look.
    pub fn deadline(&self) -> Option<Mono> {
        self.next
    }

    /// Those that have opened or closed.
    pub fn look(&mut self, now: Now) -> Vec<(String, bool)> {
        let apart = now.wall.0 - i64::try_from(now.mono.0 / 1_000_000).unwrap_or(i64::MAX);
        let stepped = (apart - self.apart).abs() >= STEP_MS;
        if self.next.is_none_or(|at| at > now.mono) && !(stepped && self.next.is_some()) {
            return Vec::new();
        }
        self.apart = apart;
        let left = MINUTE_MS - now.wall.0.rem_euclid(MINUTE_MS);
        let left = Span::from_millis(u64::try_from(left).unwrap_or(1));
        let empty = self.windows.is_empty() && self.open.is_empty();
        self.next = (!empty).then_some(now.mono + left);
        let Ok(at) = Timestamp::from_millisecond(now.wall.0) else {
            return Vec::new();
        };
        let here = at.to_zoned_datetime(TimeZone::system());
        let utc = at.to_zoned_datetime(TimeZone::UTC);
        let is_open = |window: &&Window| {
            let zone: &ZonedDateTime = if window.utc { &utc } else { &here };
            is_open(&window.when, zone.datetime())
        };
        let open = self.windows.iter().filter(|(_, window)| is_open(window));
        let open: BTreeSet<String> = open.map(|(text, _)| text.clone()).collect();
        let changed = open.symmetric_difference(&self.open);
        let changed = changed.map(|text| (text.clone(), open.contains(text)));
        let changed = changed.collect();
        self.open = open;
        changed
    }
}

/// What the clock on the wall shows at this moment, here or in UTC.
pub fn minute(now: Wall, utc: bool) -> Option<Minute> {
    let at = Timestamp::from_millisecond(now.0).ok()?;
    let zone = if utc {
        TimeZone::UTC
    } else {
        TimeZone::system()
    };
    Some(shown(at.to_zoned_datetime(zone).datetime()))
}

fn shown(now: DateTime) -> Minute {
    Minute {
        year: now.year(),
        month: u8::try_from(now.month()).unwrap_or(0),
        day: u8::try_from(now.day()).unwrap_or(0),
        minute: u16::try_from(i32::from(now.hour()) * 60 + i32::from(now.minute())).unwrap_or(0),
    }
}

/// Whether a window is open when the clock on the wall shows this.
fn is_open(when: &When, now: DateTime) -> bool {
    let Minute { minute, .. } = shown(now);
    match when {
        When::Once { from, to } => (*from..*to).contains(&shown(now)),
        When::Weekly { days, from, to } => {
            let today = u8::try_from(now.weekday().to_monday_one_offset()).unwrap_or(0);
            let yesterday = if today == 1 { 7 } else { today - 1 };
            let opens_on = |day: u8| days.is_empty() || days.contains(&day);
            if from < to {
                return opens_on(today) && (*from..*to).contains(&minute);
            }
            // Into the next day.
            (opens_on(today) && minute >= *from) || (opens_on(yesterday) && minute < *to)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not go on fails")]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn weekly(days: &[u8], from: u16, to: u16) -> When {
        When::Weekly {
            days: days.iter().copied().collect(),
            from,
            to,
        }
    }

    #[test]
    fn a_weekly_window_may_go_into_the_next_day() {
        // Saturday the 28th of November 2026.
        let at = |day: i8, hour: i8, minute: i8| date(2026, 11, day).at(hour, minute, 59, 0);
        let nights = weekly(&[6], 22 * 60, 2 * 60);
        for (day, hour, minute, open) in [
            (28, 21, 59, false),
            (28, 22, 0, true),
            (29, 0, 0, true),
            (29, 1, 59, true),
            (29, 2, 0, false),
            (29, 22, 0, false),
            (28, 1, 0, false),
        ] {
            assert_eq!(
                is_open(&nights, at(day, hour, minute)),
                open,
                "{day} {hour}:{minute}"
            );
        }
        let monday = weekly(&[7], 23 * 60, 60);
        assert!(is_open(&monday, at(30, 0, 30)), "sunday's, on monday");
        let daily = weekly(&[], 60, 120);
        assert!(is_open(&daily, at(25, 1, 0)) && !is_open(&daily, at(25, 2, 0)));
        let always = weekly(&[], 60, 60);
        assert!(is_open(&always, at(25, 0, 59)) && is_open(&always, at(25, 1, 0)));
    }

    fn minute(day: u8, minute: u16) -> Minute {
        Minute {
            year: 2026,
            month: 12,
            day,
            minute,
        }
    }

    #[test]
    fn windows_are_said_when_they_open_and_close_and_when_the_clock_was_set() {
        let when = When::Once {
            from: minute(1, 22 * 60),
            to: minute(2, 6 * 60),
        };
        let mut windows = Windows::default();
        let text = || "2026-12-01T22:00/2026-12-02T06:00 UTC".to_string();
        assert_eq!(windows.deadline(), None);
        windows.set([(text(), Window { when, utc: true })].into());
        let begin = date(2026, 12, 1)
            .at(21, 59, 30, 0)
            .to_zoned_datetime(TimeZone::UTC)
            .unwrap();
        let begin = begin.timestamp().as_millisecond();
        let now = |s: u64, set: i64| Now {
            mono: Mono(s * 1_000_000_000),
            wall: Wall(begin + i64::try_from(s).unwrap() * 1_000 + set),
        };
        assert_eq!(windows.look(now(0, 0)), []);
        assert_eq!(windows.deadline(), Some(now(30, 0).mono));
        assert_eq!(windows.look(now(29, 0)), []);
        assert_eq!(windows.look(now(30, 0)), [(text(), true)]);
        assert_eq!(windows.look(now(31, 0)), []);
        // Somebody has set the clock to the next day: seen without waiting for a minute.
        assert_eq!(windows.look(now(32, 86_400_000)), [(text(), false)]);
        assert_eq!(windows.look(now(33, 0)), [(text(), true)]);
        windows.set(BTreeMap::new());
        assert_eq!(windows.look(now(34, 0)), [(text(), false)]);
        assert_eq!(windows.look(now(35, 0)), []);
    }
}
