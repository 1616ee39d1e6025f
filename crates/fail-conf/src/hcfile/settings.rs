//! Settings: their values, who said them, and what they come to. A target's own win over those of
//! patterns, these over the defaults of the file, these over what is built in.

use fail_core::limits::RISE_FALL_MAX;
use fail_core::time::Span;
use fail_core::watch::{Backoff, Flap, Pace, Verdict};

use super::lex::Word;
use super::limits::{DAY, FACTOR_MAX, FLAP_MAX, SECOND, SHORT, WEEK, WINDOWS_MAX};
use super::place::{At, Problem, Wrong, shown};
use super::values::{number, time, word};
use super::window::Window;

/// The names of all settings.
pub const SETTINGS: [&str; 12] = [
    "interval",
    "retry",
    "timeout",
    "rise",
    "fall",
    "backoff",
    "flap",
    "renotify",
    "need",
    "unknown",
    "quiet",
    "maintenance",
];

/// What may count when something can not be found out.
pub(crate) const UNKNOWN: [(&str, Verdict); 3] = [
    ("bad", Verdict::Bad),
    ("warning", Verdict::Warning),
    ("good", Verdict::Good),
];

/// Something that was said: where, and how near to the target. A default of the file is 1, its
/// patterns come next, its own is the most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Said<T> {
    pub value: T,
    pub at: At,
    pub near: usize,
}

/// Maintenance windows, and where each stands.
pub(crate) type Windows = Vec<(Window, At)>;

/// What was said about settings, in one place or, put over each other, in several.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    interval: Option<Said<Span>>,
    retry: Option<Said<Span>>,
    timeout: Option<Said<Span>>,
    rise: Option<Said<u32>>,
    fall: Option<Said<u32>>,
    backoff: Option<Said<Option<Backoff>>>,
    flap: Option<Said<Option<Flap>>>,
    renotify: Option<Said<Option<Span>>>,
    pub need: Option<Said<Option<usize>>>,
    unknown: Option<Said<Verdict>>,
    quiet: Option<Said<bool>>,
    maintenance: Option<Said<Windows>>,
}

/// Puts one thing over another.
fn over<T: Clone>(mine: &mut Option<Said<T>>, other: &Option<Said<T>>, near: usize) {
    if let Some(said) = other {
        *mine = Some(Said {
            near,
            ..said.clone()
        });
    }
}

impl Settings {
    /// A line of a target. The same setting twice is an error, but for windows, which add up.
    pub fn say(&mut self, name: &Word, values: &[Word]) -> Result<(), Wrong> {
        let mut line = Settings::default();
        line.read(name, values)?;
        if let (Some(first), false) = (self.place(&name.text), name.text == "maintenance") {
            let problem = format!("{} is set twice, first in line {}", name.text, first.line);
            return Err(name.wrong(problem));
        }
        if let (Some(mine), Some(more)) = (&mut self.maintenance, &line.maintenance) {
            let none = mine.value.is_empty() || more.value.is_empty();
            if none || mine.value.len() + more.value.len() > WINDOWS_MAX {
                let problem = match none {
                    true => "maintenance is none and a window".to_string(),
                    false => format!("a target has at most {WINDOWS_MAX} windows"),
                };
                return Err(name.wrong(problem));
            }
            mine.value.extend(more.value.iter().cloned());
            line.maintenance = None;
        }
        self.put(&line, 0);
        Ok(())
    }

    /// A default of the file: what it was is replaced.
    pub fn default_is(&mut self, name: &Word, values: &[Word]) -> Result<(), Wrong> {
        let mut line = Settings::default();
        line.read(name, values)?;
        self.put(&line, 0);
        Ok(())
    }

    /// Puts `other` over this.
    pub fn put(&mut self, other: &Settings, near: usize) {
        over(&mut self.interval, &other.interval, near);
        over(&mut self.retry, &other.retry, near);
        over(&mut self.timeout, &other.timeout, near);
        over(&mut self.rise, &other.rise, near);
        over(&mut self.fall, &other.fall, near);
        over(&mut self.backoff, &other.backoff, near);
        over(&mut self.flap, &other.flap, near);
        over(&mut self.renotify, &other.renotify, near);
        over(&mut self.need, &other.need, near);
        over(&mut self.unknown, &other.unknown, near);
        over(&mut self.quiet, &other.quiet, near);
        over(&mut self.maintenance, &other.maintenance, near);
    }

    /// Where a setting was said.
    fn place(&self, name: &str) -> Option<At> {
        fn at<T>(said: &Option<Said<T>>) -> Option<At> {
            said.as_ref().map(|said| said.at)
        }
        match name {
            "interval" => at(&self.interval),
            "retry" => at(&self.retry),
            "timeout" => at(&self.timeout),
            "rise" => at(&self.rise),
            "fall" => at(&self.fall),
            "backoff" => at(&self.backoff),
            "flap" => at(&self.flap),
            "renotify" => at(&self.renotify),
            "need" => at(&self.need),
            "unknown" => at(&self.unknown),
            "quiet" => at(&self.quiet),
            _ => at(&self.maintenance),
        }
    }

    fn read(&mut self, name: &Word, values: &[Word]) -> Result<(), Wrong> {
        let said = Line { name, values };
        match name.text.as_str() {
            "interval" => self.interval = said.one(|text| time(text, SHORT, DAY))?,
            "retry" => self.retry = said.one(|text| time(text, SHORT, DAY))?,
            "timeout" => self.timeout = said.one(|text| time(text, SHORT, DAY))?,
            "rise" => self.rise = said.one(|text| number(text, 1, RISE_FALL_MAX))?,
            "fall" => self.fall = said.one(|text| number(text, 1, RISE_FALL_MAX))?,
            "backoff" => self.backoff = said.several("INITIAL FACTOR MAXIMUM", backoff)?,
            "flap" => self.flap = said.several("N TIME", flap)?,
            "renotify" => {
                self.renotify = said.one(|text| match text {
                    "none" => Ok(None),
                    text => time(text, SECOND, WEEK).map(Some),
                })?;
            }
            "need" => {
                let most = fail_core::limits::DEPENDS_MAX as u32;
                self.need = said.one(|text| match text {
                    "all" => Ok(None),
                    text => number(text, 1, most).map(|n| Some(n as usize)),
                })?;
            }
            "unknown" => self.unknown = said.one(|text| word(text, &UNKNOWN))?,
            "quiet" => self.quiet = said.one(|text| word(text, &[("yes", true), ("no", false)]))?,
            _ => self.maintenance = said.windows()?,
        }
        Ok(())
    }

    /// What counts when a check can not find out what it asks, if anything was said.
    pub fn unknown(&self) -> Option<Verdict> {
        self.unknown.map(|said| said.value)
    }

    /// Whether that it is down is nothing to worry about.
    pub fn quiet(&self) -> bool {
        self.quiet.is_some_and(|said| said.value)
    }

    /// What they come to.
    pub fn pace(&self) -> Result<Pace, Wrong> {
        let built_in = Pace::default();
        let value = |said: &Option<Said<Span>>| said.map(|said| said.value);
        let interval = value(&self.interval).unwrap_or(built_in.interval);
        if let Some(retry) = self.retry.filter(|retry| retry.value > interval) {
            // A nearer interval shortens a retry from farther away.
            if self
                .interval
                .is_none_or(|interval| interval.near <= retry.near)
            {
                let problem = format!("retry is more than interval, {interval}");
                return Err((retry.at, problem));
            }
        }
        Ok(Pace {
            interval,
            retry: value(&self.retry).unwrap_or(built_in.retry).min(interval),
            timeout: value(&self.timeout).unwrap_or(built_in.timeout.min(interval)),
            rise: self.rise.map_or(built_in.rise, |said| said.value),
            fall: self.fall.map_or(built_in.fall, |said| said.value),
            backoff: self.backoff.and_then(|said| said.value),
            flap: self.flap.and_then(|said| said.value),
            renotify: self.renotify.and_then(|said| said.value),
        })
    }

    /// The windows, each once, in their order, and where each stands.
    pub fn windows(&self) -> Windows {
        let mut windows: Windows = vec![];
        for window in self.maintenance.iter().flat_map(|said| &said.value) {
            if !windows.iter().any(|(known, _)| *known == window.0) {
                windows.push(window.clone());
            }
        }
        windows
    }
}

/// A setting with its values.
struct Line<'a> {
    name: &'a Word,
    values: &'a [Word],
}

impl Line<'_> {
    fn said<T>(&self, value: T) -> Option<Said<T>> {
        let (at, near) = (self.name.at, 0);
        Some(Said { value, at, near })
    }

    /// The only value.
    fn one<T>(&self, read: impl Fn(&str) -> Result<T, Problem>) -> Result<Option<Said<T>>, Wrong> {
        let name = &self.name.text;
        match self.values {
            [value] => match read(&value.text) {
                Ok(value) => Ok(self.said(value)),
                Err(problem) => Err(value.wrong(format!("{name}: {problem}"))),
            },
            [] => Err(self.name.wrong(format!("{name} needs a value"))),
            [_, more, ..] => {
                Err(more.wrong(format!("{name}: {} is a word too many", more.shown())))
            }
        }
    }

    /// `none`, or several values. What is wrong with one is said where it stands.
    fn several<T>(
        &self,
        usage: &str,
        read: impl Fn(&[&str]) -> Result<T, (usize, Problem)>,
    ) -> Result<Option<Said<Option<T>>>, Wrong> {
        let name = &self.name.text;
        let texts: Vec<&str> = self.values.iter().map(|word| word.text.as_str()).collect();
        if texts == ["none"] {
            return Ok(self.said(None));
        }
        if texts.len() != usage.split(' ').count() {
            return Err(self.name.wrong(format!("{name} needs {usage}, or none")));
        }
        match read(&texts) {
            Ok(value) => Ok(self.said(Some(value))),
            Err((at, problem)) => {
                let word = self.values.get(at).unwrap_or(self.name);
                Err(word.wrong(format!("{name}: {problem}")))
            }
        }
    }

    fn windows(&self) -> Result<Option<Said<Windows>>, Wrong> {
        let texts: Vec<&str> = self.values.iter().map(|word| word.text.as_str()).collect();
        let mut windows = vec![];
        if texts == ["none"] {
            return Ok(self.said(windows));
        }
        if texts.is_empty() {
            return Err(self.name.wrong("maintenance needs a window, or none"));
        }
        let mut at = 0;
        while at < texts.len() {
            let (window, len) = Window::take(&texts[at..])
                .map_err(|problem| self.values[at].wrong(format!("maintenance: {problem}")))?;
            windows.push((window, self.values[at].at));
            at += len;
        }
        if windows.len() > WINDOWS_MAX {
            let problem = format!("a target has at most {WINDOWS_MAX} windows");
            return Err(self.name.wrong(problem));
        }
        Ok(self.said(windows))
    }
}

/// In hundredths, from `1`, `1.5` or `1.25`.
fn factor(text: &str) -> Result<u32, Problem> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let hundredths = digits(whole) && digits(part) && part.len() <= 2 && whole.len() <= 4;
    let parse = |text: &str| text.parse::<u32>().unwrap_or(0);
    let part = if part.len() == 1 {
        parse(part) * 10
    } else {
        parse(part)
    };
    let factor = if hundredths {
        parse(whole) * 100 + part
    } else {
        0
    };
    match (100..=FACTOR_MAX).contains(&factor) {
        true => Ok(factor),
        false => Err(format!(
            "{} is no factor from 1 to {}, with at most two decimals",
            shown(text),
            FACTOR_MAX / 100
        )),
    }
}

/// A factor as it is printed.
pub(crate) fn print_factor(hundredths: u32) -> String {
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

fn backoff(texts: &[&str]) -> Result<Backoff, (usize, Problem)> {
    let span = |at: usize| time(texts[at], SHORT, WEEK).map_err(|problem| (at, problem));
    let (initial, maximum) = (span(0)?, span(2)?);
    let factor = factor(texts[1]).map_err(|problem| (1, problem))?;
    if maximum < initial {
        return Err((2, format!("{maximum} is less than {initial}")));
    }
    Ok(Backoff {
        initial,
        factor,
        maximum,
    })
}

fn flap(texts: &[&str]) -> Result<Flap, (usize, Problem)> {
    Ok(Flap {
        changes: number(texts[0], 2, FLAP_MAX).map_err(|problem| (0, problem))?,
        within: time(texts[1], SECOND, WEEK).map_err(|problem| (1, problem))?,
    })
}
