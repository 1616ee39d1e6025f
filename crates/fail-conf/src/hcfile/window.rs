//! Maintenance windows: when people work on a target, by the clock on the wall.

use std::collections::BTreeSet;
use std::fmt;

use super::place::{Problem, meant, shown};

/// When a window is open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// When.
    pub when: When,
    /// By UTC; otherwise by the time zone of the host.
    pub utc: bool,
}

/// Again and again, or once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// `maintenance Sat,Sun 22:00-02:00`: from a minute to another, which may be of the next day.
    Weekly {
        /// The days on which it opens, Monday is 1; all, if none was said.
        days: BTreeSet<u8>,
        /// Minutes since midnight.
        from: u16,
        /// Minutes since midnight, excluded. Not after `from`: of the next day.
        to: u16,
    },
    /// `maintenance 2026-12-01T22:00/2026-12-02T06:00`
    Once {
        /// From then on.
        from: Minute,
        /// Until then, excluded.
        to: Minute,
    },
}

/// A minute on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minute {
    /// The year.
    pub year: i16,
    /// From 1.
    pub month: u8,
    /// From 1.
    pub day: u8,
    /// Since midnight.
    pub minute: u16,
}

/// The days of a week, Monday first.
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Minutes of a day.
const DAY: u16 = 24 * 60;

impl Minute {
    /// A minute that is on some calendar.
    pub fn new(year: i16, month: u8, day: u8, minute: u16) -> Option<Minute> {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 => 28 + u8::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let good = (1..=9999).contains(&year) && (1..=days).contains(&day) && minute < DAY;
        good.then_some(Minute {
            year,
            month,
            day,
            minute,
        })
    }

    /// The day of the week, Monday is 1. By Sakamoto's method.
    pub fn weekday(self) -> u8 {
        const SHIFT: [i32; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
        let year = i32::from(self.year) - i32::from(self.month < 3);
        let shift = SHIFT[usize::from(self.month.clamp(1, 12)) - 1];
        let sunday_is_0 =
            (year + year / 4 - year / 100 + year / 400 + shift + i32::from(self.day)) % 7;
        // Within 0 and 6, since no year is below 1.
        match sunday_is_0.rem_euclid(7) as u8 {
            0 => 7,
            day => day,
        }
    }
}

/// `2026-12-01T22:00`
impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute) = (self.minute / 60, self.minute % 60);
        let (year, month, day) = (self.year, self.month, self.day);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}")
    }
}

impl Window {
    /// Whether it is open at this minute, which is of UTC if the window is ([`Window::utc`]), and
    /// otherwise of the host's zone.
    pub fn is_open(&self, now: Minute) -> bool {
        match &self.when {
            When::Once { from, to } => (*from..*to).contains(&now),
            When::Weekly { days, from, to } => {
                let on = |day: u8| days.is_empty() || days.contains(&day);
                let today = now.weekday();
                let yesterday = if today == 1 { 7 } else { today - 1 };
                if from < to {
                    on(today) && (*from..*to).contains(&now.minute)
                } else {
                    on(today) && now.minute >= *from || on(yesterday) && now.minute < *to
                }
            }
        }
    }

    /// Whether it was open for the last time before this minute, which is as that of
    /// [`Window::is_open`].
    pub fn is_over(&self, now: Minute) -> bool {
        matches!(self.when, When::Once { to, .. } if to <= now)
    }

    /// Reads one window; [`Window`]'s text is what it is printed as.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence that names the word.
    pub fn parse(text: &str) -> Result<Window, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match Window::take(&words)? {
            (window, len) if len == words.len() => Ok(window),
            (_, len) => Err(format!("{} is a word too many", shown(words[len]))),
        }
    }

    /// The window that these words begin with, and how many of them it is.
    pub(crate) fn take(words: &[&str]) -> Result<(Window, usize), Problem> {
        let (when, len) = match words {
            [once, ..] if once.contains('/') => (self::once(once)?, 1),
            [time, ..] if time.starts_with(|c: char| c.is_ascii_digit()) => {
                (weekly(BTreeSet::new(), time)?, 1)
            }
            [days, time, ..] => (weekly(self::days(days)?, time)?, 2),
            [days] => {
                self::days(days)?;
                return Err(format!(
                    "{} without hours, such as 22:00-02:00",
                    shown(days)
                ));
            }
            [] => return Err("there is no window".to_string()),
        };
        let utc = words.get(len) == Some(&"utc");
        Ok((Window { when, utc }, len + usize::from(utc)))
    }
}

/// As an Hcfile has it; [`Window::parse`] reads it to the same.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.when {
            When::Once { from, to } => write!(f, "{from}/{to}")?,
            When::Weekly { days, from, to } => {
                let day = |day: &u8| DAYS.get(usize::from(*day).wrapping_sub(1)).copied();
                let names: Vec<&str> = days.iter().filter_map(day).collect();
                let gap = if names.is_empty() { "" } else { " " };
                let (h, m) = (from / 60, from % 60);
                write!(f, "{}{gap}{h:02}:{m:02}", names.join(","))?;
                let to = if *to == 0 { DAY } else { *to };
                write!(f, "-{:02}:{:02}", to / 60, to % 60)?;
            }
        }
        f.write_str(if self.utc { " utc" } else { "" })
    }
}

fn day(text: &str) -> Result<u8, Problem> {
    match DAYS.iter().position(|day| *day == text) {
        // Of seven.
        Some(at) => Ok(at as u8 + 1),
        None if text.eq_ignore_ascii_case("utc") => {
            Err(format!("{} is written utc, behind a window", shown(text)))
        }
        None => {
            let near = meant(text, DAYS);
            Err(format!("{} is no day, such as Mon{near}", shown(text)))
        }
    }
}

/// `Mon-Fri,Sun`
fn days(text: &str) -> Result<BTreeSet<u8>, Problem> {
    let mut days = BTreeSet::new();
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (mut at, to) = (day(from)?, day(to)?);
        days.insert(at);
        while at != to {
            at = at % 7 + 1;
            days.insert(at);
        }
    }
    Ok(days)
}

fn digits(text: &str, len: usize) -> Option<u16> {
    let good = text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| good)
}

/// `22:00` in minutes since midnight; 24:00 is one.
fn clock(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (digits(hour, 2)?, digits(minute, 2)?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY).then_some(minutes)
}

fn weekly(days: BTreeSet<u8>, text: &str) -> Result<When, Problem> {
    let times = text
        .split_once('-')
        .and_then(|(from, to)| Some((clock(from)?, clock(to)?)));
    match times {
        Some((from, to)) if from < DAY => Ok(When::Weekly {
            days,
            from,
            to: to % DAY,
        }),
        _ => Err(format!(
            "{} is no time of a day, such as 22:00-02:00",
            shown(text)
        )),
    }
}

fn minute(text: &str) -> Option<Minute> {
    let (date, time) = text.split_once('T')?;
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let year = i16::try_from(digits(year, 4)?).ok()?;
    // Of two digits.
    let (month, day) = (digits(month, 2)? as u8, digits(day, 2)? as u8);
    let end = parts.next().is_none();
    Minute::new(year, month, day, clock(time)?).filter(|_| end)
}

fn once(text: &str) -> Result<When, Problem> {
    let ends = text
        .split_once('/')
        .and_then(|(from, to)| Some((minute(from)?, minute(to)?)));
    match ends {
        Some((from, to)) if from < to => Ok(When::Once { from, to }),
        Some(_) => Err(format!("{} ends before it begins", shown(text))),
        None => Err(format!(
            "{} is no time, such as 2026-12-01T22:00/2026-12-02T06:00",
            shown(text)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Minute {
        minute(text).unwrap()
    }

    fn window(text: &str) -> Window {
        Window::parse(text).unwrap()
    }

    #[test]
    fn days_of_the_week() {
        for (date, day) in [
            ("2026-11-27", 5),
            ("2000-02-29", 2),
            ("1970-01-01", 4),
            ("2024-12-31", 2),
            ("2025-01-01", 3),
            ("2026-03-01", 7),
            ("0001-01-01", 1),
            ("9999-12-31", 5),
        ] {
            assert_eq!(at(&format!("{date}T00:00")).weekday(), day, "{date}");
        }
    }

    #[test]
    fn a_window_over_midnight_is_of_the_day_on_which_it_opens() {
        let weekend = window("Sat,Sun 22:00-02:00");
        for (now, open) in [
            ("2026-11-28T21:59", false), // Saturday
            ("2026-11-28T22:00", true),
            ("2026-11-29T01:59", true),
            ("2026-11-29T02:00", false),
            ("2026-11-29T22:00", true),
            ("2026-11-30T01:59", true), // Monday
            ("2026-11-30T02:00", false),
            ("2026-11-30T22:00", false),
            ("2026-11-28T01:00", false),
        ] {
            assert_eq!(weekend.is_open(at(now)), open, "{now}");
        }
    }

    #[test]
    fn whole_days_and_once() {
        let all = window("00:00-24:00");
        assert!(all.is_open(at("2026-11-28T00:00")) && all.is_open(at("2026-11-28T23:59")));
        let friday = window("Fri 00:00-24:00");
        assert!(friday.is_open(at("2026-11-27T23:59")) && !friday.is_open(at("2026-11-28T00:00")));
        let evening = window("22:00-24:00");
        assert!(
            evening.is_open(at("2026-11-28T23:59")) && !evening.is_open(at("2026-11-28T00:00"))
        );
        let once = window("2026-12-31T22:00/2027-01-01T06:00");
        assert!(once.is_open(at("2026-12-31T22:00")) && once.is_open(at("2027-01-01T05:59")));
        assert!(!once.is_open(at("2027-01-01T06:00")) && !once.is_open(at("2026-12-31T21:59")));
    }

    #[test]
    fn what_is_printed_is_read_to_the_same() {
        for (text, printed) in [
            ("Mon-Fri 08:00-17:30", "Mon,Tue,Wed,Thu,Fri 08:00-17:30"),
            ("Sun-Tue,Sat 22:00-00:00", "Mon,Tue,Sat,Sun 22:00-24:00"),
            ("00:00-24:00 utc", "00:00-24:00 utc"),
            ("10:00-10:00", "10:00-10:00"),
            (
                "2026-12-01T22:00/2026-12-02T06:00 utc",
                "2026-12-01T22:00/2026-12-02T06:00 utc",
            ),
        ] {
            assert_eq!(window(text).to_string(), printed);
            assert_eq!(window(printed), window(text));
        }
        for bad in [
            "",
            "Sat",
            "Sat 22:00",
            "sat 22:00-02:00",
            "22:00",
            "22:00-25:00",
            "22:60-23:00",
            "24:00-02:00",
            "2:00-3:00",
            "2026-02-29T00:00/2026-03-01T00:00",
            "Mon- 01:00-02:00",
            "2026-12-02T00:00/2026-12-02T00:00",
            "2026-12-02/2026-12-03",
            "22:00-23:00 gmt",
            "2026-12-01T24:00/2026-12-02T06:00",
            "Mon,, 01:00-02:00",
            "2026-1-01T00:00/2027-01-01T00:00",
        ] {
            assert!(Window::parse(bad).is_err(), "{bad}");
        }
    }
}
